"""One task per recipient, with only PostgreSQL: Procrastinate, a row per task and per delivery.

    python procrastinate_app.py prepare 10000     the tables and the audience
    python procrastinate_app.py work              the worker
    python procrastinate_app.py submit 10000      one message to 10,000 users
    python procrastinate_app.py submit_each 200   a message to each of 200 users

Tasks are queued a page at a time in one statement and retried with backoff if the mail server fails; a sent delivery is
not sent again. Tasks of a lost worker are detected by its heartbeat and queued again:
https://procrastinate.readthedocs.io/en/stable/howto/production/retry_stalled_jobs.html
"""

from __future__ import annotations

import os
import smtplib
import sys

import common
import tables
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy

CONCURRENCY = 2  # tasks at a time, in threads of the worker's process
app = App(connector=PsycopgConnector(conninfo=os.environ["PEER_POSTGRESQL"].replace("+psycopg", "")))
engine = tables.opened(CONCURRENCY)


@app.task(name="fan_out")
async def fan_out(message_id: str) -> None:
    for page in tables.pages(engine, message_id):
        await deliver.batch_defer_async(*({"message_id": message_id, "user_id": user} for user in page))


@app.task(
    name="deliver",
    retry=RetryStrategy(max_attempts=8, exponential_wait=2, retry_exceptions=[smtplib.SMTPException, OSError]),
)
def deliver(message_id: str, user_id: str) -> None:
    tables.send(engine, message_id, user_id)


# Every ten seconds (the last field): with the documented ten minutes, the benchmark would count them as lost.
@app.periodic(cron="* * * * * */10")
@app.task(name="retry_stalled_jobs", queueing_lock="retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - every periodic task has it
    for job in await context.app.job_manager.get_stalled_jobs():
        await context.app.job_manager.retry_job(job)


if __name__ == "__main__":
    command, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    if command == "work":
        app.run_worker(concurrency=CONCURRENCY)
    with app.open():
        if command == "prepare":
            app.schema_manager.apply_schema()
            tables.prepare(engine, count)
        elif command == "submit":
            fan_out.defer(message_id=tables.post(engine, count))
        elif command == "submit_each":
            common.posted_each(
                count,
                lambda user: deliver.defer(message_id=tables.post_to_one(engine, user["id"]), user_id=user["id"]),
            )
