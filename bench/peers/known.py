"""The other systems, as data."""

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
    submit_each=("python", "celery_app.py", "submit_each"),
    work=(
        *("celery", "-A", "celery_app", "worker", "--concurrency", CORES, "--loglevel", "warning"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ),
    pool=True,
)
POST_OFFICE: Final = Peer(
    name="post_office",
    title="django-post_office, PostgreSQL: a row for each recipient",
    servers=("postgresql",),
    packages=("django-post-office", "psycopg"),
    prepare=("python", "post_office_app.py", "prepare"),
    submit=("python", "post_office_app.py", "submit"),
    submit_each=("python", "post_office_app.py", "submit_each"),
    work=("python", "post_office_app.py", "send_queued_mail"),
    pool=False,
)
PROCRASTINATE: Final = Peer(
    name="procrastinate",
    title="Procrastinate, PostgreSQL: a task for each recipient",
    servers=("postgresql",),
    packages=("procrastinate", "sqlalchemy", "psycopg"),
    prepare=("python", "procrastinate_app.py", "prepare"),
    submit=("python", "procrastinate_app.py", "submit"),
    submit_each=("python", "procrastinate_app.py", "submit_each"),
    work=("python", "procrastinate_app.py", "work"),
    pool=False,
)
PEERS: Final[Sequence[Peer]] = (CELERY, POST_OFFICE, PROCRASTINATE)
