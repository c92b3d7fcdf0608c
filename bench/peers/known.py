"""The peers, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bench.peers.run import Peer

CORES = "2"  # worker processes

CELERY: Final = Peer(
    name="celery",
    title="Celery, Redis, PostgreSQL: a task for each recipient",
    servers=("redis", "postgresql"),
    packages=("celery", "redis", "sqlalchemy", "psycopg"),
    prepare=("python", "celery_app.py", "prepare"),
    submit=("python", "celery_app.py", "submit"),
    work=(
        *("celery", "-A", "celery_app", "worker", "--concurrency", CORES, "--loglevel", "warning"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ),
    pool=True,
)
PEERS: Final[Sequence[Peer]] = (CELERY,)
