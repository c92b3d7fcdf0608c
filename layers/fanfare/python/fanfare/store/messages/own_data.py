"""Own data of recipients in a message's body: until its fan-out has copied them, an erasure, or the end of the message.

A page of the fan-out is committed only if no recipient was erased since it read the body.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fanfare.aws.changes import Change
from fanfare.aws.dynamodb import DynamoTable
from fanfare.aws.retries import until_settled
from fanfare.aws.transactions import Transaction
from fanfare.domain.message import Message, Payload
from fanfare.store.messages.rows import message_pk
from fanfare.store.own_data import MAP, without_user

NO_ERASURE = "erasures = :seen"  # since the read


class MessageOwnData:
    def __init__(self, table: DynamoTable) -> None:
        self.table = table

    def copied(
        self, transaction: Transaction, message: Message, payload: Payload, *, last: bool, name: str | None = None
    ) -> None:
        """Have a page's transaction fail if a recipient was erased; the `last` page removes the data from the body."""
        if not payload.own:
            return
        key, values = (message_pk(message.id), "body"), {":seen": payload.erasures}
        if last:
            transaction.update(self.table, key, "REMOVE own, owned", condition=NO_ERASURE, values=values, name=name)
        else:
            transaction.check(self.table, key, NO_ERASURE, values=values, name=name)

    def erase(self, user_id: str, message_ids: Sequence[str]) -> list[str]:
        """Remove the user's data from these bodies. Idempotent. Returns the ids of messages that name the user."""
        bodies = self.table.get_many((message_pk(message_id), "body") for message_id in message_ids)
        named = [pk for (pk, _), item in bodies.items() if user_id in item.get("recipients", ())]
        for pk in named:
            if user_id in bodies[pk, "body"].get(MAP, {}):
                until_settled(partial(self._without, user_id, pk), sleep=self.table.sleep)
        return [pk.removeprefix("message#") for pk in named]

    def forget(self, message: Message, *, handed_over: bool) -> None:
        """Remove all own data of a message that ended and, if it is sensitive, its data. Idempotent.

        On the short way, own data of a message of which some was `handed_over` stay: no batch has a copy.
        """
        change = Change(conditions=("attribute_exists(pk)",))  # not removed by TTL
        if not (message.short and handed_over):
            change += Change(removes=("own", "owned"))
        if message.sensitive:
            change += Change(
                sets=("#data = :none", "gone = :gone"), values={":none": "{}", ":gone": True}, names={"#data": "data"}
            )
        if change.sets or change.removes:
            self.table.update(message_pk(message.id), "body", **change.arguments())

    def _without(self, user_id: str, pk: str) -> None:
        item = self.table.get_many([(pk, "body")]).get((pk, "body"))
        if item is None or user_id not in item.get(MAP, {}):
            return
        self.table.update(
            pk,
            "body",
            "SET own = :own, erasures = :next",
            # neither copied nor changed since it was read
            condition="erasures = :seen AND attribute_exists(own)",
            values={":own": without_user(item[MAP], user_id), ":seen": item["erasures"], ":next": item["erasures"] + 1},
        )
