"""The bill of materials names what the locks name, and says what of it is deployed."""

from __future__ import annotations

import re

from tests.documents import ROOT
from tools.security.sbom import bill

COMPONENTS = {each["name"]: each for each in bill()["components"]}


def names(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / lock).read_text(), re.MULTILINE))


def test_every_locked_package_is_on_the_bill_once() -> None:
    layer, project = names("layers/dependencies/requirements.txt"), names("requirements.lock")
    assert COMPONENTS.keys() == layer | project | {"htmx.org"}
    references = [each["bom-ref"] for each in bill()["components"]]
    assert len(references) == len(set(references))  # one name may have two versions, for different Pythons


def test_what_is_deployed_is_what_is_in_the_layer() -> None:
    required = {name for name, each in COMPONENTS.items() if each["scope"] == "required"}
    assert required == names("layers/dependencies/requirements.txt")
    (root,) = bill()["dependencies"]
    assert len(root["dependsOn"]) == len(required)


def test_every_component_has_its_hashes() -> None:
    jinja, htmx = COMPONENTS["jinja2"], COMPONENTS["htmx.org"]
    assert re.fullmatch(r"pkg:pypi/jinja2@3\.\d+\.\d+", jinja["purl"])
    assert all(each["externalReferences"] for each in COMPONENTS.values())
    (algorithm,) = {ref["hashes"][0]["alg"] for ref in jinja["externalReferences"]}
    assert algorithm == "SHA-256"
    assert len(htmx["externalReferences"][0]["hashes"][0]["content"]) == 128
