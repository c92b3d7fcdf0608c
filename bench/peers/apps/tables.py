"""Tables and task of a design with a task per recipient."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from common import DATA, WARM_UP_PEOPLE, Line, letter, people
from sqlalchemy import Engine, ForeignKey, String, create_engine, insert, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

PAGE = 1_000
WARM_UP = "warm-up"
lines = threading.local()


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


def opened(connections: int) -> Engine:
    """The database, with a connection pool per process."""
    return create_engine(os.environ["PEER_POSTGRESQL"], pool_size=connections)


def prepare(engine: Engine, count: int) -> None:
    """Create the tables and the audience."""
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        audience = people(count)
        session.execute(insert(User), audience)
        topics = [("orders", audience), (WARM_UP, audience[:WARM_UP_PEOPLE])]
        rows = [{"topic": topic, "user_id": user["id"]} for topic, users in topics for user in users]
        session.execute(insert(Subscription), rows)
        session.commit()


def post(engine: Engine, count: int) -> str:
    """Store one message. Returns its id."""
    message_id = str(uuid.uuid4())
    topic = WARM_UP if count == WARM_UP_PEOPLE else "orders"
    with Session(engine) as session:
        session.add(Message(id=message_id, topic=topic, data=DATA, created_at=datetime.now(UTC)))
        session.commit()
    return message_id


def post_to_one(engine: Engine, user_id: str) -> str:
    """Store a message to one person, with its delivery. Returns its id."""
    message_id, now = str(uuid.uuid4()), datetime.now(UTC)
    with Session(engine) as session:
        session.add(Message(id=message_id, topic="orders", data=DATA, created_at=now))
        session.flush()
        session.add(Delivery(message_id=message_id, user_id=user_id, status="pending", updated_at=now))
        session.commit()
    return message_id


def pages(engine: Engine, message_id: str) -> Iterator[Sequence[str]]:
    """The subscribers in pages. The delivery rows of a page are inserted in one statement first."""
    last = ""
    with Session(engine) as session:
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
            yield page
            last = page[-1]


def send(engine: Engine, message_id: str, user_id: str) -> None:
    """Send to one recipient unless it is already sent, and record it."""
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
        _line().send(letter(about, message.data))
        delivery.status, delivery.updated_at = "sent", datetime.now(UTC)
        session.commit()


def _line() -> Line:
    """A connection to the mail server per thread."""
    if not hasattr(lines, "mine"):
        lines.mine = Line()
    line: Line = lines.mine
    return line
