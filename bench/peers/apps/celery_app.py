"""One task per recipient, as a Python team would write it: Celery on Redis, a row per delivery.

    python celery_app.py prepare 10000     the tables and the audience
    celery -A celery_app worker            the workers
    python celery_app.py submit 10000      one message to 10,000 users
    python celery_app.py submit_each 200   a message to each of 200 users

A task is acknowledged after it completes, redelivered if its worker is lost, and retried with backoff if the mail
server fails; a sent delivery is not sent again. Deliveries are inserted 1,000 at a time and queued over one connection.
Each process keeps its connections open.
"""

from __future__ import annotations

import os
import smtplib
import sys

import common
import tables
from celery import Celery

app = Celery("celery_app", broker=os.environ["PEER_REDIS"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=4,
    worker_hijack_root_logger=False,
    worker_disable_rate_limits=True,
    broker_connection_retry_on_startup=True,
    # seconds until a lost worker's tasks are redelivered; Celery's default, an hour, is for long tasks
    broker_transport_options={"visibility_timeout": 30},
)
engine = tables.opened(1)


@app.task(acks_late=True)
def fan_out(message_id: str) -> None:
    with app.producer_pool.acquire(block=True) as producer:
        for page in tables.pages(engine, message_id):
            for user in page:
                deliver.apply_async((message_id, user), producer=producer)


@app.task(
    bind=True,
    acks_late=True,
    autoretry_for=(smtplib.SMTPException, OSError),
    retry_backoff=True,
    max_retries=8,
)
def deliver(_self, message_id: str, user_id: str) -> None:
    tables.send(engine, message_id, user_id)


if __name__ == "__main__":
    command, count = sys.argv[1], int(sys.argv[2])
    if command == "prepare":
        tables.prepare(engine, count)
    elif command == "submit_each":
        common.posted_each(count, lambda user: deliver.delay(tables.post_to_one(engine, user["id"]), user["id"]))
    else:
        fan_out.delay(tables.post(engine, count))
