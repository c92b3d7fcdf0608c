"""`make mutants`: plant each bug in a copy of the domain; the tests have to catch it. Ends with one line of JSON.

With words as arguments, only those whose names have one of them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.mutants.planted import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
DOMAIN = ROOT / "layers/fanfare/python"
TIMEOUT = 300  # seconds: a bug that makes the tests run on is caught too


def planted(source: str, mutant: Mutant) -> str:
    """The file with the bug in it. Raises ValueError where the good line is not there any more."""
    pieces = source.split(mutant.good)
    if len(pieces) <= mutant.nth + 1:
        raise ValueError(f"{mutant.file} has no {mutant.good!r} to spoil: bring the mutant up to date")
    before, after = mutant.good.join(pieces[: mutant.nth + 1]), mutant.good.join(pieces[mutant.nth + 1 :])
    return before + mutant.bad + after


def caught(mutant: Mutant) -> bool:
    """Whether the tests fail with the bug in place."""
    with tempfile.TemporaryDirectory(prefix="fanfare-mutant-") as folder:
        shutil.copytree(DOMAIN, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        file = Path(folder, "fanfare", mutant.file)
        file.write_text(planted(file.read_text(), mutant))
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant.tests]
        environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(  # noqa: S603 - our own tests
                command, cwd=ROOT, env=environment, capture_output=True, timeout=TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            return True
    if done.returncode not in (0, 1):  # neither passed nor failed: the mutant proves nothing
        raise RuntimeError(f"{mutant.name}: {done.stdout.decode()[-2000:]}")
    return done.returncode == 1


def main() -> int:
    words = sys.argv[1:]
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.name for word in words)]
    missed = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        running = {pool.submit(caught, mutant): mutant for mutant in chosen}
        for number, done in enumerate(as_completed(running), start=1):
            verdict = "caught" if done.result() else "MISSED"
            print(f"{number:3} {verdict}  {running[done].name}", file=sys.stderr, flush=True)
            if not done.result():
                missed.append(running[done].name)
    print(json.dumps({"planted": len(chosen), "caught": len(chosen) - len(missed)}))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
