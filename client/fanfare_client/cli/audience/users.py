"""Commands for users: the recipients and their addresses."""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from ...types import Answer, Frequency
from .. import show, words
from ..context import Json, TopicId, UserId, Yes, calling, spread
from .profiles import ProfileOptions

app = typer.Typer(help="Users: the recipients, their addresses and subscriptions.", no_args_is_help=True)
COLUMNS = ["id", "name", "email", "phone", "locale"]
Channel = Annotated[str, typer.Option(metavar="CHANNEL", help="Channel.")]


@app.command("list")
def list_users(
    context: typer.Context,
    email: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Only users with this e-mail address, in any spelling.")
    ] = None,
    phone: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Only users with this phone number, in any spelling.")
    ] = None,
    json: Json = False,
) -> None:
    """List users by ID, or find them by address."""
    with calling(context) as fanfare:
        show.many(cast(Any, fanfare.users.list(email=email, phone=phone)), json, COLUMNS)


@app.command()
def find(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="E-mail address or phone number.", metavar="ADDRESS")],
    json: Json = False,
) -> None:
    """Find users by an e-mail address or a phone number, in any spelling, stored or not."""
    kind = "email" if "@" in address else "phone"
    with calling(context) as fanfare:
        found = fanfare.users.list(**{kind: address})  # type: ignore[arg-type]
        columns = ["id", "stored", *COLUMNS[1:]]
        show.many(cast(Any, found), json, columns, {"stored": lambda user: show.yes(user.get("stored", True))})


@app.command()
def get(context: typer.Context, user: UserId, json: Json = False) -> None:
    """Show a user."""
    with calling(context) as fanfare:
        show.one(fanfare.users.get(user), json, _show_fields)


@app.command()
@spread
def put(context: typer.Context, user: UserId, profile: ProfileOptions, json: Json = False) -> None:
    """Create a user, or replace one: fields that are not given are removed."""
    with calling(context) as fanfare:
        show.one(fanfare.users.put(user, **cast(Any, profile.changes())), json, _show_fields)


@app.command()
@spread
def patch(context: typer.Context, user: UserId, profile: ProfileOptions, json: Json = False) -> None:
    """Change fields of a user. An empty value removes one, e.g. --phone ""."""
    with calling(context) as fanfare:
        show.one(fanfare.users.patch(user, **profile.changes()), json, _show_fields)


@app.command()
def delete(context: typer.Context, user: UserId, yes: Yes = False, json: Json = False) -> None:
    """Erase everything stored about a user."""
    yes or typer.confirm(f"Erase everything stored about {user}?", abort=True)
    with calling(context) as fanfare:
        fanfare.users.delete(user)
    show.done(user, json)


@app.command()
def export(context: typer.Context, user: UserId) -> None:
    """Print everything stored about a user, as JSON, one object per page."""
    with calling(context) as fanfare:
        cursor: str | None = None
        while True:
            page = fanfare.users.export(user, cursor=cursor)
            show.as_json(page)
            cursor = page["next_cursor"]
            if cursor is None:
                return


@app.command()
def deliveries(context: typer.Context, user: UserId, json: Json = False) -> None:
    """List a user's deliveries, newest first."""
    with calling(context) as fanfare:
        columns = ["message_id", "channel", "status", "outcome", "updated_at"]
        show.many(cast(Any, fanfare.users.deliveries(user)), json, columns, {"outcome": words.of_delivery})


@app.command()
def subscriptions(
    context: typer.Context,
    user: UserId,
    state: Annotated[Answer | None, typer.Option(help="Only subscriptions in this state.")] = None,
    json: Json = False,
) -> None:
    """List a user's subscriptions, ordered by topic and channel."""
    with calling(context) as fanfare:
        columns = ["topic", "channel", "state", "at", "by", "frequency"]
        show.many(cast(Any, fanfare.subscriptions.list(user, state=state)), json, columns)


@app.command()
def consents(context: typer.Context, user: UserId, json: Json = False) -> None:
    """List all changes of a user's subscriptions, newest first."""
    with calling(context) as fanfare:
        columns = ["at", "topic", "channel", "state", "by", "evidence"]
        show.many(cast(Any, fanfare.subscriptions.consents(user)), json, columns)


@app.command()
def digests(context: typer.Context, user: UserId, json: Json = False) -> None:
    """List a user's open digests, oldest first."""
    with calling(context) as fanfare:
        columns = ["id", "topic", "channel", "key", "count", "closes_at"]
        show.many(cast(Any, fanfare.users.digests(user)), json, columns)


@app.command("close-digest")
def close_digest(
    context: typer.Context,
    user: UserId,
    digest: Annotated[str, typer.Argument(help="Digest ID, as in digests and deliveries.", metavar="DIGEST")],
    json: Json = False,
) -> None:
    """Send a digest before its time: it leaves within a minute or two."""
    with calling(context) as fanfare:
        closed = fanfare.users.close_digest(user, digest)
        show.one(closed, json, lambda found: show.say(f"{found['id']} closes at {found['closes_at']}"))


@app.command()
def subscribe(
    context: typer.Context,
    user: UserId,
    topic: TopicId,
    channel: Channel = "email",
    frequency: Annotated[Frequency | None, typer.Option(help="How often, if the topic has digests.")] = None,
    json: Json = False,
) -> None:
    """Subscribe a user to a topic. Refused if the user unsubscribed: see resubscribe."""
    with calling(context) as fanfare:
        known: Any = {"frequency": frequency} if frequency else None
        stored = fanfare.subscriptions.put(user, topic, cast(Any, channel), known)
        show.one(stored, json, lambda found: show.say(f"{user} is {found['state']} to {topic} on {channel}"))


@app.command()
def resubscribe(
    context: typer.Context,
    user: UserId,
    topic: TopicId,
    evidence: Annotated[str, typer.Option(metavar="TEXT", help="How the user agreed again, at most 200 characters.")],
    channel: Channel = "email",
    json: Json = False,
) -> None:
    """Subscribe a user who unsubscribed and agreed again since."""
    with calling(context) as fanfare:
        stored = fanfare.subscriptions.resubscribe(user, topic, cast(Any, channel), evidence)
        show.one(stored, json, lambda found: show.say(f"{user} is {found['state']} to {topic} on {channel}"))


@app.command()
def unsubscribe(
    context: typer.Context, user: UserId, topic: TopicId, channel: Channel = "email", json: Json = False
) -> None:
    """Unsubscribe a user from a topic."""
    with calling(context) as fanfare:
        fanfare.subscriptions.delete(user, topic, cast(Any, channel))
        told = {"user_id": user, "topic": topic, "channel": channel, "state": "unsubscribed"}
        show.one(told, json, lambda _: show.say(f"{user} is unsubscribed from {topic} on {channel}"))


def _show_fields(user: Any) -> None:
    show.table(["field", "value"], ((name, value) for name, value in user.items() if value not in (None, [], {})))
