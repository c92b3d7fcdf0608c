"""Conversion between items of the messages table and objects."""

from __future__ import annotations

import json
from typing import Any, Final

import orjson

from fanfare.aws.codec import Item
from fanfare.domain.catalogue import Pinned
from fanfare.domain.lifecycle import State
from fanfare.domain.message import Message, Payload, Progress, Step
from fanfare.ids import shard_of
from fanfare.json_text import written
from fanfare.store.own_data import MAP, PLACES, own_map, owned_places, read_own

ELEMENT: Final = 8  # bytes of a number in a list, at most
DUE_SHARDS: Final = 4
RECENT_SHARDS: Final = 4
BODY: Final = "body"  # sort key
BATCHES: Final = "batches"  # number of batches in the message's own item


def message_pk(message_id: str) -> str:
    """Partition key of a message."""
    return f"message#{message_id}"


def shard_sk(shard: int) -> str:
    """Sort key of the progress of a shard."""
    return f"shard#{shard:04d}"


def stored_bytes(payload: Payload) -> int:
    """Size of a payload in its item, in bytes; the limit of an item is 400 KB."""
    stored = payload_attributes(payload)
    written = (stored["data"], stored["content"], stored["summary"], stored["pinned"])
    texts = [*filter(None, written), *(stored["recipients"] or ())]
    own = [text for entry in (stored[MAP] or {}).items() for text in entry]
    # one more byte per element of a list or map
    return sum(len(text.encode()) + 1 for text in [*texts, *own]) + ELEMENT * len(payload.own)


def due_shard(message_id: str) -> str:
    """The shard of a message in the index `due`."""
    return f"due#{shard_of(message_id, DUE_SHARDS)}"


def timeline_entry(state: State, at: str, reason: str | None) -> dict[str, Any]:
    """An entry of the timeline."""
    return {"state": state, "at": at} | ({"reason": reason} if reason else {})


def message_item(message: Message) -> Item:
    """The item of a new message."""
    return {
        "pk": message_pk(message.id),
        "sk": "message",
        "id": message.id,
        "state": message.state,
        "caller": message.caller,
        "topic": message.topic,
        "template": dict(message.template) if message.template else None,
        "channels": list(message.channels),
        "priority": message.priority,
        "on_doubt": message.on_doubt,
        "shards": message.shards or 1,
        "created_at": message.created_at,
        "send_at": message.send_at,
        "send_local": message.send_local,
        "steps": [_step_item(step) for step in message.steps] or None,
        "expires_at": message.expires_at,
        "timeline": message.timeline or [timeline_entry(message.state, message.created_at, None)],
        "counts": message.counts,
        "recent_shard": f"recent#{shard_of(message.id, RECENT_SHARDS)}",
        "due_shard": due_shard(message.id) if message.due_at else None,
        "due_at": message.due_at,
        "sensitive": message.sensitive or None,
        "digest_of": dict(message.digest_of) if message.digest_of else None,
        "ttl": message.retain_until,
    }


def _step_item(step: Step) -> Item:
    known = {"channels": list(step.channels), "after": step.after, "seconds": step.seconds, "unless": step.unless}
    return {name: value for name, value in known.items() if value is not None}


def _read_step(item: Item) -> Step:
    return Step(**item | {"channels": tuple(item["channels"])})


def body_item(message: Message, payload: Payload) -> Item:
    """The item with the payload of a new message."""
    return {"pk": message_pk(message.id), "sk": "body", **payload_attributes(payload), "ttl": message.retain_until}


def read_message(item: Item) -> Message:
    """Read a message from its item."""
    return Message(
        id=item["id"],
        state=State(item["state"]),
        caller=item["caller"],
        topic=item.get("topic"),
        template=item.get("template"),
        channels=tuple(item["channels"]),
        priority=item["priority"],
        on_doubt=item["on_doubt"],
        shards=0 if BATCHES in item else item["shards"],
        created_at=item["created_at"],
        send_at=item.get("send_at"),
        send_local=item.get("send_local"),
        steps=tuple(_read_step(step) for step in item.get("steps", ())),
        expires_at=item.get("expires_at"),
        retain_until=item["ttl"],
        timeline=tuple(item["timeline"]),
        counts={"digested": 0, **item["counts"]} if "counts" in item else None,  # not known to earlier versions
        cancellation=item.get("cancellation"),
        round=item.get("round", 0),
        redriving=item.get("redriving", False),
        lost=item.get("lost", 0),
        due_at=item.get("due_at"),
        sensitive=item.get("sensitive", False),
        digest_of=item.get("digest_of"),
    )


def payload_attributes(payload: Payload) -> dict[str, Any]:
    """Attributes of a payload."""
    return {
        "data": written(payload.data),
        "content": written(payload.content) if payload.content else None,
        "recipients": list(payload.recipients) if payload.recipients is not None else None,
        "summary": payload.summary,
        MAP: own_map(payload.own, payload.own) or None,
        PLACES: owned_places(payload.recipients or (), payload.own) or None,
        "erasures": payload.erasures if payload.own else None,
        "pinned": _pinned(payload.pinned) if payload.pinned else None,
    }


def read_payload(item: Item) -> Payload:
    """Read a payload from its item."""
    recipients = tuple(item["recipients"]) if "recipients" in item else None
    return Payload(
        data=json.loads(item["data"]),
        content=json.loads(item["content"]) if "content" in item else None,
        recipients=recipients,
        summary=item.get("summary"),
        own=read_own([(recipients or ())[place] for place in item.get(PLACES, ())], item.get(MAP, {})),
        erasures=item.get("erasures", 0),
        gone=item.get("gone", False),
        pinned=Pinned(**orjson.loads(item["pinned"])) if "pinned" in item else None,
    )


def _pinned(pinned: Pinned) -> str:
    """As stored, without what is empty."""
    known = {name: value for name, value in vars(pinned).items() if value or name == "footer"}
    return written(known)


def read_progress(item: Item) -> Progress:
    """Read the progress of a shard from its item."""
    return Progress(
        shard=int(item["sk"].removeprefix("shard#")),
        page=item["page"],
        recipients=item.get("recipients", 0),
        cursor=item.get("cursor"),
        sealed=item["sealed"],
        stopped=item.get("stopped", False),
        updated_at=item.get("updated_at"),
    )
