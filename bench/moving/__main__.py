"""Time, calls and memory of an import of users with 10 % refusals: `python -m bench.moving`.

Time is on the local stack, compared to the importer of commit 95cbb64 in the same run, each on a new stack. Seconds
depend on this machine, and the emulator reads a whole partition to answer a query; the old importer pays for this per
refusal, AWS does not. Calls carry over. Memory is that of a process that imports a table of 500,000 rows into an API
that stores nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from bench import results
from local.run import guarded
from local.stack import Stack
from tools.paths import ROOT
from tools.progress import console, step

OLD: Final = "95cbb64"
USERS, OLD_USERS, ROWS = 12_000, 6_000, 500_000
AIMS: Final = {"of_old_time": 0.2, "calls_per_user": 0.03, "suppression_calls_per_user": 0.01, "megabytes": 200}

# Each runs in a process of its own, with the client that PYTHONPATH names, and prints a line of JSON
TIMED: Final = """
import json, sys, time
from collections import Counter
from pathlib import Path
import httpx2
sys.modules.setdefault("httpx", httpx2)  # of the client as it was
from fanfare_client import Fanfare
from fanfare_client.imports import Importer

file, stack, topic, old = sys.argv[1:]
calls = Counter()
send = httpx2.Client.send

def counted(self, request, **more):
    path = request.url.path.partition("/v1/")[2].split("/")
    calls[f"{request.method} {path[0] if path[0] != 'topics' else path[-1]}"] += 1
    return send(self, request, **more)

httpx2.Client.send = counted
with Fanfare.from_environment(stack=Path(stack)) as fanfare:
    fanfare.topics.put(topic, title="Bench", channels=["email"])
    calls.clear()
    importer = Importer(fanfare, Path(file), topics=[topic])
    began = time.monotonic()
    summary = importer.run() if old == "old" else importer.run(lambda _: True)
    print(json.dumps({"seconds": time.monotonic() - began, "imported": summary.imported, "calls": calls}))
"""
NOTHING: Final = """
import json, resource, sys
from pathlib import Path
import httpx2
from botocore.credentials import Credentials
from fanfare_client import Fanfare
from fanfare_client.imports import Importer

def answer(request):
    sent = json.loads(request.content)["items"] if request.method == "POST" else None
    if sent is None:
        found = {"id": "t", "channels": ["email"]} if request.url.path == "/v1/topics/t" else {"items": [], "next_cursor": None}
    else:
        names = ("id", "user_id", "channel", "address")
        found = {"items": [{**{name: each.get(name) for name in names}, "status": 201, "error": None} for each in sent]}
    return httpx2.Response(200, json=found)

http = httpx2.Client(transport=httpx2.MockTransport(answer))
with Fanfare("http://127.0.0.1:1", region="eu-west-1", credentials=Credentials("k", "s"), http=http) as fanfare:
    summary = Importer(fanfare, Path(sys.argv[1]), topics=["t"]).run(lambda _: True)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"megabytes": round(peak), "imported": summary.imported, "unsubscribed": summary.suppressed}))
"""  # noqa: E501  # of another program


def table(file: Path, users: int, prefix: str = "u") -> Path:
    """A table of users, of which each tenth refuses e-mail."""
    with file.open("w", encoding="utf-8") as rows:
        rows.write("id,name,email,locale,opt_out\n")
        for number in range(users):
            refusal = "email" if number % 10 == 0 else ""
            rows.write(f"{prefix}-{number},Name {number},{prefix}-{number}@example.com,de,{refusal}\n")
    return file


def memory_of(file: Path) -> dict[str, Any]:
    """What an import of a file takes at most, in MB."""
    return _run(NOTHING, ROOT / "client", str(file))


def times(folder: Path, users: int, old_users: int) -> dict[str, Any]:
    """Seconds and calls on a new stack, of both importers."""
    with step(f"Importing {old_users:,} users as {OLD} did"):
        old = _timed(folder, _old_client(folder), old_users, "old")
    with step(f"Importing the same {old_users:,} users"):
        same = _timed(folder, ROOT / "client", old_users, "new")
    if users == old_users:
        return figures(old, same, same)
    with step(f"Importing {users:,} users"):
        new = _timed(folder, ROOT / "client", users, "new")
    return figures(old, same, new)


def _timed(folder: Path, client: Path, users: int, which: str) -> dict[str, Any]:
    """An import into a new stack."""
    file = table(folder / f"{which}.csv", users)
    described = folder / "stack.json"
    with Stack() as stack:
        described.write_text(json.dumps(stack.described))
        stack.calls.reset()
        found = _run(TIMED, client, str(file), str(described), "bench.import", which)
        totals = stack.calls.totals()
    aws = sum(count for (function, _), count in totals.calls.items() if function == "InternalApi")
    return {"users": users, **found, "aws_calls": aws}


def figures(old: dict[str, Any], same: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    of_users = new["calls"].get("GET users", 0) + new["calls"].get("POST users", 0)
    return {
        "old": _shown(old),
        "same": _shown(same),
        "new": _shown(new),
        "of_old_time": round(same["seconds"] / old["seconds"], 3),
        "calls_per_user": round(of_users / new["users"], 4),
        "suppression_calls_per_user": round(new["calls"].get("POST suppressions", 0) / new["users"], 4),
    }


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "users": found["users"],
        "seconds": round(found["seconds"], 1),
        "ms_per_user": round(found["seconds"] * 1_000 / found["users"], 1),
        "calls": found["calls"],
        "aws_calls_per_user": round(found["aws_calls"] / found["users"], 3),
    }


def _old_client(folder: Path) -> Path:
    """The client as it was."""
    archive = ["git", "archive", OLD, "client"]
    packed = subprocess.run(archive, cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as unpacked:
        unpacked.extractall(folder / "old", filter="data")
    return folder / "old" / "client"


def _run(program: str, client: Path, *arguments: str) -> dict[str, Any]:
    environment = os.environ | {"PYTHONPATH": str(client)}
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd="/", check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2_000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--old-users", type=int, default=OLD_USERS)
    parser.add_argument("--rows", type=int, default=ROWS, help="of the table that memory is measured with; 0: not")
    arguments = parser.parse_args()
    found: dict[str, Any] = {name: results.latest().get("moving", {}).get(name) for name in ("memory", "time")}
    with tempfile.TemporaryDirectory() as folder:
        if arguments.rows:
            with step(f"Importing {arguments.rows:,} rows into nothing"):
                found["memory"] = {
                    "rows": arguments.rows,
                    **memory_of(table(Path(folder) / "rows.csv", arguments.rows)),
                }
        if arguments.users:
            found["time"] = times(Path(folder), arguments.users, arguments.old_users)
    results.keep("moving", found)
    console.print_json(json.dumps(found))
    measured = {**(found["time"] or {}), **(found["memory"] or {})}
    above = {name: measured[name] for name, aim in AIMS.items() if measured.get(name, 0) > aim}
    console.print(f"above the aim: {above}" if above else "all aims met")
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(guarded(main))
