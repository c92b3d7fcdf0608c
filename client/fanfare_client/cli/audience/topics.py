"""Commands for topics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

import typer

from ...types import Answer, Channel, TopicBody
from .. import show
from ..context import Json, TopicId, Yes, calling, spread

app = typer.Typer(help="Topics that messages are sent to.", no_args_is_help=True)
COLUMNS = ["id", "title", "channels", "category", "required", "public", "limit"]


@dataclass(frozen=True, kw_only=True)
class TopicOptions:
    """What a topic is, as options."""

    title: Annotated[str, typer.Option(metavar="TEXT", help="Title for readers.")]
    channel: Annotated[
        list[str], typer.Option(metavar="CHANNEL", help="Channel that users can subscribe on (repeatable).")
    ]
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="Description for readers.")] = None
    category: Annotated[str | None, typer.Option(metavar="TEXT", help="Category; topics are grouped by it.")] = None
    required: Annotated[bool, typer.Option("--required", help="Users can't unsubscribe.")] = False
    public: Annotated[bool, typer.Option("--public", help="Listed publicly; people can subscribe themselves.")] = False
    limit: Annotated[
        str | None, typer.Option(metavar="COUNT/SECONDS", help="Rate limit per user as COUNT/SECONDS, e.g. 5/86400.")
    ] = None
    overflow: Annotated[
        Literal["drop", "defer"],
        typer.Option(help="Messages above --limit: drop them, or defer them until the limit allows."),
    ] = "drop"
    shards: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Number of shards: one per 100,000 subscribers. Can't be changed later."),
    ] = None

    def body(self) -> TopicBody:
        return cast(
            TopicBody,
            {
                "title": self.title,
                "channels": self.channel,
                "description": self.description,
                "category": self.category,
                "required": self.required,
                "public": self.public,
                "limit": _limit(self.limit, self.overflow),
                "shards": self.shards,
            },
        )


@app.command("list")
def list_topics(context: typer.Context, json: Json = False) -> None:
    """List topics, ordered by ID."""
    with calling(context) as fanfare:
        show.many(cast(Any, fanfare.topics.list()), json, COLUMNS)


@app.command()
def get(context: typer.Context, topic: TopicId, json: Json = False) -> None:
    """Show a topic."""
    with calling(context) as fanfare:
        show.one(fanfare.topics.get(topic), json, lambda found: show.many([found], False, COLUMNS))


@app.command()
@spread
def put(
    context: typer.Context,
    topic: TopicId,
    options: TopicOptions,
    json: Json = False,
) -> None:
    """Create or replace a topic."""
    with calling(context) as fanfare:
        stored = fanfare.topics.put(topic, **options.body())
        show.one(stored, json, lambda found: show.many([found], False, COLUMNS))


@app.command()
def subscribers(
    context: typer.Context,
    topic: TopicId,
    channel: Annotated[Channel | None, typer.Option(help="Only this channel.")] = None,
    state: Annotated[Answer | None, typer.Option(help="Only subscriptions in this state.")] = None,
    json: Json = False,
) -> None:
    """List the subscribers of a topic, then those who unsubscribed."""
    with calling(context) as fanfare:
        found = fanfare.topics.subscribers(topic, channel=channel, state=state)
        show.many(cast(Any, found), json, ["user_id", "channel", "state", "at", "by"])


@app.command()
def counts(context: typer.Context, topic: TopicId, json: Json = False) -> None:
    """Count the subscribers of a topic by channel."""
    with calling(context) as fanfare:
        columns = ["channel", "subscribed", "exact"]
        show.one(
            fanfare.topics.counts(topic),
            json,
            lambda found: show.many(
                [{"channel": channel, **count} for channel, count in found.items()], False, columns
            ),
        )


@app.command()
def delete(context: typer.Context, topic: TopicId, yes: Yes = False, json: Json = False) -> None:
    """Delete a topic: new messages to it are rejected."""
    yes or typer.confirm(f"Delete the topic {topic}?", abort=True)
    with calling(context) as fanfare:
        fanfare.topics.delete(topic)
    show.done(topic, json)


def _limit(written: str | None, overflow: str) -> dict[str, Any] | None:
    if written is None:
        return None
    count, _, seconds = written.partition("/")
    if not (count.isdigit() and seconds.isdigit()):
        raise ValueError(f"--limit {written}: must be COUNT/SECONDS, e.g. 5/86400.")
    return {"count": int(count), "per_seconds": int(seconds), "overflow": overflow}
