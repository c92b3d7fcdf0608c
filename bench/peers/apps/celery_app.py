"""One task for each recipient, as a Python team would write it: Celery on Redis, a row for each delivery.

    python celery_app.py prepare 10000     the tables and the audience
    celery -A celery_app worker            the workers
    python celery_app.py submit 10000      one message to so many

A task is acknowledged when it is done, comes again when its worker is lost, and is tried again with
backoff when the mail server fails; a delivery that was sent is not sent again. Deliveries are inserted a
thousand at a time and queued over one connection, each process keeps its connections.
"""

from __future__ import annotations

import os
import smtplib
import sys

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
    # what a lost worker had taken comes again after this; Celery's own hour is for tasks that take long
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
    else:
        fan_out.delay(tables.post(engine, count))
