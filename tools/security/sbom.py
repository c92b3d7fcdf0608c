"""Writes a software bill of materials (CycloneDX 1.6) from the locks: `make sbom`.

What is deployed is in the layer's lock; what only develops and tests has the scope `excluded`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tools.paths import ROOT

LAYER: Final = "layers/dependencies/requirements.txt"
PROJECT: Final = "requirements.lock"
CONSOLE: Final = "console/package-lock.json"
FILE: Final = ROOT / "dist" / "fanfare.cdx.json"
PIN: Final = re.compile(
    r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^\s;]+)[^\n]*\n(?P<hashes>(?: {4}--hash=\S+[^\n]*\n)*)", re.MULTILINE
)


def bill() -> dict[str, Any]:
    """The document, the same for the same locks."""
    deployed = {each["bom-ref"]: each for each in _python(LAYER, "required")}
    others = {each["bom-ref"]: each for each in (*_python(PROJECT, "excluded"), *_npm())}
    components = others | deployed
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "fanfare", "name": "fanfare"}},
        "components": [components[reference] for reference in sorted(components)],
        "dependencies": [{"ref": "fanfare", "dependsOn": sorted(deployed)}],
    }


def _python(lock: str, scope: str) -> Iterator[dict[str, Any]]:
    for pin in PIN.finditer((ROOT / lock).read_text(encoding="utf-8")):
        hashes = re.findall(r"sha256:([0-9a-f]{64})", pin["hashes"])
        yield _component(
            "pypi", pin["name"], pin["version"], scope, [{"alg": "SHA-256", "content": each} for each in hashes]
        )


def _npm() -> Iterator[dict[str, Any]]:
    packages: dict[str, Any] = json.loads((ROOT / CONSOLE).read_text(encoding="utf-8"))["packages"]
    for path, package in packages.items():
        if path:
            digest = base64.b64decode(package["integrity"].removeprefix("sha512-")).hex()
            name = path.rpartition("node_modules/")[2]
            yield _component("npm", name, package["version"], "excluded", [{"alg": "SHA-512", "content": digest}])


def _component(kind: str, name: str, version: str, scope: str, hashes: list[dict[str, str]]) -> dict[str, Any]:
    purl = f"pkg:{kind}/{name}@{version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "scope": scope,
        "purl": purl,
        # one hash per file of the release
        "externalReferences": [{"type": "distribution", "url": purl, "hashes": [each]} for each in hashes],
    }


def main(file: Path = FILE) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(bill(), indent=1) + "\n", encoding="utf-8")
    print(file.relative_to(ROOT))


if __name__ == "__main__":
    main()
