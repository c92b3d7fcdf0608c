"""What messages are about."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

import typer

from ..types import TopicBody
from . import show
from .context import Json, TopicId, Yes, calling

app = typer.Typer(help="What messages are about.", no_args_is_help=True)
COLUMNS = ["id", "title", "channels", "category", "required", "public", "limit"]


@app.command("list")
def list_topics(context: typer.Context, json: Json = False) -> None:
    """List topics, by id."""
    with calling(context) as fanfare:
        show.many(cast(Any, fanfare.topics.list()), json, COLUMNS)


@app.command()
def get(context: typer.Context, topic: TopicId, json: Json = False) -> None:
    """Show a topic."""
    with calling(context) as fanfare:
        show.one(fanfare.topics.get(topic), json, lambda found: show.many([found], False, COLUMNS))


@app.command()
def put(
    context: typer.Context,
    topic: TopicId,
    title: Annotated[str, typer.Option(help="What people read.")],
    channel: Annotated[list[str], typer.Option(help="A way in which it can be subscribed to (repeatable).")],
    description: Annotated[str | None, typer.Option(help="What it is about.")] = None,
    category: Annotated[str | None, typer.Option(help="Topics of one category stand together.")] = None,
    required: Annotated[bool, typer.Option("--required", help="Users can't unsubscribe from it.")] = False,
    public: Annotated[bool, typer.Option("--public", help="Shown to people, who may subscribe.")] = False,
    limit: Annotated[str | None, typer.Option(help="Per user, as 5/86400: so many in so many seconds.")] = None,
    overflow: Annotated[Literal["drop", "defer"], typer.Option(help="What becomes of more than --limit.")] = "drop",
    shards: Annotated[int | None, typer.Option(help="One for each 100,000 subscribers. Fixed once created.")] = None,
    json: Json = False,
) -> None:
    """Create a topic or replace it."""
    with calling(context) as fanfare:
        body = {
            "title": title,
            "channels": channel,
            "description": description,
            "category": category,
            "required": required,
            "public": public,
            "limit": _limit(limit, overflow),
            "shards": shards,
        }
        stored = fanfare.topics.put(topic, **cast(TopicBody, body))
        show.one(stored, json, lambda found: show.many([found], False, COLUMNS))


@app.command()
def delete(context: typer.Context, topic: TopicId, yes: Yes = False, json: Json = False) -> None:
    """Delete a topic: no new message can be posted to it."""
    yes or typer.confirm(f"Delete the topic {topic}?", abort=True)
    with calling(context) as fanfare:
        fanfare.topics.delete(topic)
    show.done(topic, json)


def _limit(written: str | None, overflow: str) -> dict[str, Any] | None:
    if written is None:
        return None
    count, _, seconds = written.partition("/")
    if not (count.isdigit() and seconds.isdigit()):
        raise ValueError(f"--limit {written}: give a number and seconds, as 5/86400")
    return {"count": int(count), "per_seconds": int(seconds), "overflow": overflow}
