"""Whether Fanfare can be installed here: `python tools/supported.py` says why not, and ends with 1.

It runs on the Python that is asked about, so it is written for old ones, too, and imports nothing of ours.
"""

import sys
import sysconfig
from typing import Tuple  # noqa: UP035 - see above

# The same as `requires-python` in pyproject.toml.
OLDEST = (3, 11)
NEWEST = (3, 14)


def fault(version: Tuple[int, int], abi: str) -> str:  # noqa: UP006 - see above
    """What is wrong with such a Python, and what to do; nothing if it will do. `abi` is its SOABI."""
    oldest, newest, is_ = ("{}.{}".format(*each) for each in (OLDEST, NEWEST, version))
    wanted = f"Fanfare needs Python {oldest} to {newest}"
    cure = "Use another: make demo PYTHON=python3.13"
    if version < OLDEST:
        return f"{wanted}; this one is {is_}. {cure}"
    if version > NEWEST:
        return f"{wanted}; this one is {is_}, for which google-re2 and orjson have no wheels. {cure}"
    if "musl" in abi:
        return (
            "Fanfare needs a Python built for glibc; this one is built for musl (Alpine), for which google-re2 has no "
            "wheels. Use Debian, Ubuntu, Fedora, Amazon Linux or macOS; as a container image: python:3.13-slim"
        )
    return ""


if __name__ == "__main__":
    wrong = fault(sys.version_info[:2], str(sysconfig.get_config_var("SOABI")))
    if wrong:
        print(wrong)
    sys.exit(1 if wrong else 0)
