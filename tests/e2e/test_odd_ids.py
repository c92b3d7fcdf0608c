"""Ids as identity providers issue them, signed, sent and decoded by all that lies between a client and a function."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
from fanfare_client import Fanfare, NotFound

from .conftest import World

IDS: Final = ["auth0|5f7c", "a.b+c@example.com", "_x=y", "https:~2F~2Fidp.example~2Fusers~2F7", "A"]


@pytest.mark.parametrize("user_id", IDS)
def test_the_client_reaches_each_user_by_their_id_alone(world: World, tmp_path: Path, user_id: str) -> None:
    stack = tmp_path / "stack.json"
    stack.write_text(json.dumps(world.described))
    topic = world.topic(public=True)
    with Fanfare.from_environment(stack=stack) as fanfare:
        assert fanfare.users.put(user_id, name="marked", attributes={"plan": "pro"})["id"] == user_id
        assert fanfare.users.patch(user_id, attributes={"seats": 3})["attributes"] == {"plan": "pro", "seats": 3}
        assert fanfare.users.add_device(user_id, "ios", f"token of {user_id}")["platform"] == "ios"
        assert fanfare.subscriptions.put(user_id, topic, "email")["user_id"] == user_id
        fanfare.subscriptions.delete(user_id, topic, "email")
        assert [each["state"] for each in fanfare.subscriptions.consents(user_id)] == ["unsubscribed", "subscribed"]
        assert [each["user_id"] for each in fanfare.topics.subscribers(topic, state="unsubscribed")] == [user_id]
        assert fanfare.users.export(user_id)["user"] == fanfare.users.get(user_id)
        assert user_id in [each["id"] for each in fanfare.users.list()]
        fanfare.users.delete(user_id)
        with pytest.raises(NotFound):
            fanfare.users.get(user_id)
        assert list(fanfare.topics.subscribers(topic)) == []
