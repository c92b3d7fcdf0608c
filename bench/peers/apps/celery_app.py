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
import uuid
from datetime import UTC, datetime

from celery import Celery
from common import DATA, WARM_UP_PEOPLE, Line, letter, people
from sqlalchemy import ForeignKey, String, create_engine, insert, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

PAGE = 1_000
WARM_UP = "warm-up"
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
engine = create_engine(os.environ["PEER_POSTGRESQL"], pool_size=1)
line = Line()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[str] = mapped_column(String, primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    locale: Mapped[str]


class Subscription(Base):
    __tablename__ = "subscriptions"
    topic: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)


class Message(Base):
    __tablename__ = "messages"
    id: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str]
    data: Mapped[dict[str, object]] = mapped_column(JSONB)
    created_at: Mapped[datetime]


class Delivery(Base):
    __tablename__ = "deliveries"
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    status: Mapped[str]
    updated_at: Mapped[datetime]


@app.task(acks_late=True)
def fan_out(message_id: str) -> None:
    """A page of subscribers at a time: their rows in one statement, then a task for each."""
    last = ""
    with Session(engine) as session, app.producer_pool.acquire(block=True) as producer:
        message = session.get_one(Message, message_id)
        while True:
            page = session.scalars(
                select(Subscription.user_id)
                .where(Subscription.topic == message.topic, Subscription.user_id > last)
                .order_by(Subscription.user_id)
                .limit(PAGE)
            ).all()
            if not page:
                return
            now = datetime.now(UTC)
            rows = [
                {"message_id": message_id, "user_id": user, "status": "pending", "updated_at": now} for user in page
            ]
            session.execute(upsert(Delivery).on_conflict_do_nothing(), rows)
            session.commit()
            for user in page:
                deliver.apply_async((message_id, user), producer=producer)
            last = page[-1]


@app.task(
    bind=True,
    acks_late=True,
    autoretry_for=(smtplib.SMTPException, OSError),
    retry_backoff=True,
    max_retries=8,
)
def deliver(_self, message_id: str, user_id: str) -> None:
    with Session(engine) as session:
        delivery, user, message = session.execute(
            select(Delivery, User, Message)
            .join(User, User.id == Delivery.user_id)
            .join(Message, Message.id == Delivery.message_id)
            .where(Delivery.message_id == message_id, Delivery.user_id == user_id)
            .with_for_update(of=Delivery)
        ).one()
        if delivery.status == "sent":
            return
        about = {"id": user.id, "name": user.name, "email": user.email, "locale": user.locale}
        line.send(letter(about, message.data))
        delivery.status, delivery.updated_at = "sent", datetime.now(UTC)
        session.commit()


def prepare(count: int) -> None:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        audience = people(count)
        session.execute(insert(User), audience)
        topics = [("orders", audience), (WARM_UP, audience[:WARM_UP_PEOPLE])]
        rows = [{"topic": topic, "user_id": user["id"]} for topic, users in topics for user in users]
        session.execute(insert(Subscription), rows)
        session.commit()


def submit(count: int) -> None:
    message_id = str(uuid.uuid4())
    topic = WARM_UP if count == WARM_UP_PEOPLE else "orders"
    with Session(engine) as session:
        session.add(Message(id=message_id, topic=topic, data=DATA, created_at=datetime.now(UTC)))
        session.commit()
    fan_out.delay(message_id)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(int(sys.argv[2]))
    else:
        submit(int(sys.argv[2]))
