"""What Fanfare takes for granted of DynamoDB, each fact for itself."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.backend import PK, Backend, item, key, sks

ABC = {"S": "abc"}
SEVEN = {"N": "7"}
COUNTERS = {"M": {"news#email": {"L": [{"N": "9"}, {"N": "7"}, {"N": "1"}]}, "*#email": {"L": [{"N": "0"}]}}}


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


# Conditions

HOLDS = [
    "word = :abc",
    "word <> :abd",
    "word < :abd",
    "word <= :abc",
    "word > :abb",
    "word >= :abc",
    "word BETWEEN :abb AND :abd",
    "word IN (:abb, :abc)",
    "begins_with(word, :ab)",
    "amount < :ten",
    "amount = :seven",
    "flag = :true",
    "counters = :counters",
    "attribute_exists(word)",
    "attribute_not_exists(nothing)",
    "#reserved = :seven",
    "inside.word = :abc",
    "#inside.#reserved = :seven",
    "attribute_not_exists(inside.nothing)",
    "nothing <> :abc",
    "word = :abb OR amount = :seven",
    "word = :abb AND amount = :ten OR flag = :true",
    "word = :abc AND (amount = :ten OR flag = :true)",
    "(attribute_exists(nothing) OR amount >= :seven) AND word = :abc",
]
DOES_NOT = [
    "word = :abd",
    "word <> :abc",
    "word < :abc",
    "word > :abc",
    "word BETWEEN :abd AND :abe",
    "word IN (:abb, :abd)",
    "begins_with(word, :bc)",
    "amount > :ten",
    "amount = :abc",
    "amount < :abc",
    "flag = :seven",
    "counters = :empty",
    "counters = :others",
    "inside.word = :abd",
    "nothing.word = :abc",
    "attribute_exists(inside.nothing)",
    "nothing = :empty",
    "nothing = :abc",
    "nothing < :abc",
    "nothing IN (:abc)",
    "begins_with(nothing, :ab)",
    "attribute_exists(nothing)",
    "attribute_not_exists(word)",
    "word = :abc AND amount = :ten",
    "word = :abc AND (amount = :ten OR flag = :seven)",
]
VALUES = {
    ":abc": ABC,
    ":ab": {"S": "ab"},
    ":abb": {"S": "abb"},
    ":abd": {"S": "abd"},
    ":abe": {"S": "abe"},
    ":bc": {"S": "bc"},
    ":seven": SEVEN,
    ":ten": {"N": "10"},
    ":true": {"BOOL": True},
    ":counters": {"M": dict(reversed(COUNTERS["M"].items()))},
    ":others": {"M": {"news#email": {"L": [{"N": "9"}, {"N": "7"}, {"N": "2"}]}, "*#email": {"L": [{"N": "0"}]}}},
    ":empty": {"M": {}},
}
NAMES = {"#reserved": "state", "#inside": "inside"}


def _fits(aws: Backend, condition: str) -> bool:
    inside = {"M": {"word": ABC, "state": SEVEN}}
    aws.put(word=ABC, amount=SEVEN, flag={"BOOL": True}, counters=COUNTERS, state=SEVEN, inside=inside)
    tokens = condition.replace("(", " ").replace(")", " ").replace(",", " ").split()
    request: dict[str, Any] = {"Key": key(), "ConditionExpression": condition}
    values = {name: value for name, value in VALUES.items() if name in tokens}
    if values:
        request["ExpressionAttributeValues"] = values
    names = {name: value for name, value in NAMES.items() if name in condition}
    if names:
        request["ExpressionAttributeNames"] = names
    try:
        aws.transact(("ConditionCheck", request))
    except ClientError as error:
        assert error.response["Error"]["Code"] == "TransactionCanceledException"  # noqa: PT017 - any other is raised
        return False
    return True


@pytest.mark.parametrize("condition", HOLDS)
def test_a_condition_that_holds(aws: Backend, condition: str) -> None:
    assert _fits(aws, condition)


@pytest.mark.parametrize("condition", DOES_NOT)
def test_a_condition_that_does_not_hold(aws: Backend, condition: str) -> None:
    assert not _fits(aws, condition)


def test_a_failed_condition_changes_nothing_and_shows_what_was_found(aws: Backend) -> None:
    aws.put(word=ABC)
    with pytest.raises(ClientError) as refused:
        aws.update(
            "SET word = :seven",
            ConditionExpression="attribute_not_exists(pk)",
            ExpressionAttributeValues={":seven": SEVEN},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert code_of(refused) == "ConditionalCheckFailedException"
    assert refused.value.response["Item"] == item(word=ABC)  # type: ignore[typeddict-item]
    assert aws.get() == item(word=ABC)


def test_a_failed_condition_on_nothing_shows_nothing(aws: Backend) -> None:
    with pytest.raises(ClientError) as refused:
        aws.update(
            "SET word = :seven",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":seven": SEVEN},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert "Item" not in refused.value.response
    assert aws.get() is None


# Updates


def test_an_update_makes_the_item_that_is_not_there(aws: Backend) -> None:
    answer = aws.update("SET word = :abc", ExpressionAttributeValues={":abc": ABC}, ReturnValues="ALL_NEW")
    assert answer["Attributes"] == aws.get() == item(word=ABC)


def test_an_update_tells_what_was_there_before(aws: Backend) -> None:
    first = aws.update("SET word = :abc", ExpressionAttributeValues={":abc": ABC}, ReturnValues="ALL_OLD")
    again = aws.update("SET word = :seven", ExpressionAttributeValues={":seven": SEVEN}, ReturnValues="ALL_OLD")
    assert "Attributes" not in first
    assert again["Attributes"] == item(word=ABC)


def test_an_update_reads_the_item_as_it_was_before(aws: Backend) -> None:
    aws.put(word=ABC)
    aws.update("SET twin = word, word = :seven", ExpressionAttributeValues={":seven": SEVEN})
    assert aws.get() == item(word=SEVEN, twin=ABC)


def test_numbers_are_added_up(aws: Backend) -> None:
    aws.put(amount=SEVEN)
    aws.update("SET amount = amount + :seven ADD tally :seven", ExpressionAttributeValues={":seven": SEVEN})
    aws.update("ADD tally :seven", ExpressionAttributeValues={":seven": SEVEN})
    assert aws.get() == item(amount={"N": "14"}, tally={"N": "14"})


def test_a_set_takes_each_number_once_and_is_made_if_it_is_not_there(aws: Backend) -> None:
    for numbers in (["7"], ["12", "7"], ["3", "12"]):
        aws.update(
            "SET word = :abc ADD places :more", ExpressionAttributeValues={":abc": ABC, ":more": {"NS": numbers}}
        )
    found = aws.get()
    assert sorted(found.pop("places")["NS"]) == ["12", "3", "7"]
    assert found == item(word=ABC)


def test_what_lies_in_a_map_is_set_and_removed_there(aws: Backend) -> None:
    aws.put(inside={"M": {"word": ABC, "amount": SEVEN}}, word=SEVEN)
    aws.update("SET inside.word = :new REMOVE inside.amount", ExpressionAttributeValues={":new": SEVEN})
    assert aws.get() == item(inside={"M": {"word": SEVEN}}, word=SEVEN)


def test_a_list_grows_at_its_end(aws: Backend) -> None:
    aws.put(words={"L": [ABC]})
    aws.update("SET words = list_append(words, :more)", ExpressionAttributeValues={":more": {"L": [SEVEN]}})
    assert aws.get() == item(words={"L": [ABC, SEVEN]})


def test_if_not_exists_keeps_what_is_there(aws: Backend) -> None:
    for value in (ABC, SEVEN):
        aws.update("SET word = if_not_exists(word, :value)", ExpressionAttributeValues={":value": value})
    assert aws.get() == item(word=ABC)


def test_what_is_removed_need_not_be_there(aws: Backend) -> None:
    aws.put(word=ABC, amount=SEVEN)
    aws.update("REMOVE word, nothing")
    assert aws.get() == item(amount=SEVEN)


def test_nothing_is_set_from_an_attribute_that_is_not_there(aws: Backend) -> None:
    aws.put()
    with pytest.raises(ClientError) as refused:
        aws.update("SET word = nothing")
    assert code_of(refused) == "ValidationException"


def test_names_may_stand_for_reserved_words(aws: Backend) -> None:
    aws.update(
        "SET #ttl = :seven", ExpressionAttributeNames={"#ttl": "ttl"}, ExpressionAttributeValues={":seven": SEVEN}
    )
    assert aws.get() == item(ttl=SEVEN)


def test_a_put_replaces_the_whole_item(aws: Backend) -> None:
    aws.put(word=ABC)
    aws.put(amount=SEVEN)
    assert aws.get() == item(amount=SEVEN)


def test_a_put_whose_condition_fails_changes_nothing_and_shows_what_was_found(aws: Backend) -> None:
    aws.put("a", word=ABC)
    with pytest.raises(ClientError) as refused:
        aws.dynamodb.put_item(
            TableName=aws.table,
            Item=item("a", amount=SEVEN),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert code_of(refused) == "ConditionalCheckFailedException"
    assert refused.value.response["Item"]["word"] == ABC  # type: ignore[typeddict-item]
    assert aws.get("a") == item("a", word=ABC)


def test_what_is_deleted_need_not_be_there(aws: Backend) -> None:
    for _ in range(2):
        aws.dynamodb.delete_item(TableName=aws.table, Key=key())
    assert aws.get() is None


# Transactions


def test_a_transaction_does_all_of_it(aws: Backend) -> None:
    aws.put("gone")
    aws.put("checked")
    aws.transact(
        ("Put", {"Item": item("put", word=ABC)}),
        ("Delete", {"Key": key("gone")}),
        ("ConditionCheck", {"Key": key("checked"), "ConditionExpression": "attribute_exists(pk)"}),
        (
            "Update",
            {
                "Key": key("updated"),
                "UpdateExpression": "SET word = :abc",
                "ExpressionAttributeValues": {":abc": ABC},
            },
        ),
    )
    assert sks(aws.query()) == ["checked", "put", "updated"]


def test_a_transaction_does_nothing_where_one_condition_fails_and_says_which(aws: Backend) -> None:
    aws.put("there", word=ABC)
    taken = {"ConditionExpression": "attribute_not_exists(pk)"}
    with pytest.raises(ClientError) as refused:
        aws.transact(
            ("Put", {"Item": item("new")}),
            ("Put", {"Item": item("there"), **taken, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}),
            ("Delete", {"Key": key("there2"), "ConditionExpression": "attribute_exists(pk)"}),
        )
    reasons = refused.value.response["CancellationReasons"]
    assert code_of(refused) == "TransactionCanceledException"
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed", "ConditionalCheckFailed"]
    assert [reason.get("Item") for reason in reasons] == [None, item("there", word=ABC), None]
    assert sks(aws.query()) == ["there"]


def test_a_transaction_names_an_item_once(aws: Backend) -> None:
    with pytest.raises(ClientError) as refused:
        aws.transact(("Put", {"Item": item()}), ("Delete", {"Key": key()}))
    assert code_of(refused) == "ValidationException"


def test_a_transaction_takes_a_hundred_items(aws: Backend) -> None:
    aws.transact(*(("Put", {"Item": item(f"{number:03}")}) for number in range(100)))
    assert aws.query()["Count"] == 100
    with pytest.raises(ClientError) as refused:
        aws.transact(*(("Put", {"Item": item(f"{number:03}")}) for number in range(101)))
    assert code_of(refused) == "ValidationException"


# Many at once


def _read(aws: Backend, sorts: list[str]) -> Any:
    return aws.dynamodb.batch_get_item(RequestItems={aws.table: {"Keys": [key(sk) for sk in sorts]}})


def test_a_batch_read_gives_what_is_there(aws: Backend) -> None:
    aws.put("a", word=ABC)
    answer = _read(aws, ["a", "b"])
    assert answer["Responses"][aws.table] == [item("a", word=ABC)]
    assert not answer["UnprocessedKeys"]


@pytest.mark.parametrize("sorts", [["a", "a"], [f"{number}" for number in range(101)]], ids=["one twice", "101"])
def test_a_batch_read_takes_a_hundred_different_keys(aws: Backend, sorts: list[str]) -> None:
    with pytest.raises(ClientError) as refused:
        _read(aws, sorts)
    assert code_of(refused) == "ValidationException"


def _write(aws: Backend, *requests: Any) -> Any:
    return aws.dynamodb.batch_write_item(RequestItems={aws.table: list(requests)})


def test_a_batch_write_puts_and_deletes(aws: Backend) -> None:
    aws.put("a", word=ABC)
    aws.put("b")
    answer = _write(aws, {"PutRequest": {"Item": item("a", amount=SEVEN)}}, {"DeleteRequest": {"Key": key("b")}})
    assert not answer["UnprocessedItems"]
    assert aws.query()["Items"] == [item("a", amount=SEVEN)]


@pytest.mark.parametrize("sorts", [["a", "a"], [f"{number}" for number in range(26)]], ids=["one twice", "26"])
def test_a_batch_write_takes_25_different_items(aws: Backend, sorts: list[str]) -> None:
    if aws.name == "moto" and len(sorts) > 25:
        pytest.skip("moto takes more")
    with pytest.raises(ClientError) as refused:
        _write(aws, *({"PutRequest": {"Item": item(sk)}} for sk in sorts))
    assert code_of(refused) == "ValidationException"
    assert aws.query()["Count"] == 0


# Queries


def test_a_query_goes_by_the_sort_key(aws: Backend) -> None:
    for sk in ("b", "a#2", "c", "a#10"):
        aws.put(sk)
    aws.dynamodb.put_item(TableName=aws.table, Item={"pk": {"S": "another"}, "sk": {"S": "a"}})
    assert sks(aws.query()) == ["a#10", "a#2", "b", "c"]
    assert sks(aws.query(ScanIndexForward=False)) == ["c", "b", "a#2", "a#10"]


@pytest.mark.parametrize(
    ("condition", "values", "found"),
    [
        ("sk = :a", {":a": "b"}, ["b"]),
        ("sk > :a", {":a": "b"}, ["b#1", "b#2", "c"]),
        ("sk < :a", {":a": "b"}, ["a"]),
        ("sk >= :a", {":a": "b#2"}, ["b#2", "c"]),
        ("sk <= :a", {":a": "b"}, ["a", "b"]),
        ("begins_with(sk, :a)", {":a": "b"}, ["b", "b#1", "b#2"]),
        ("sk BETWEEN :a AND :b", {":a": "b", ":b": "b#2"}, ["b", "b#1", "b#2"]),
        ("sk BETWEEN :a AND :b", {":a": "bb", ":b": "bc"}, []),
    ],
)
def test_a_query_takes_a_part_of_the_sort_keys(
    aws: Backend, condition: str, values: dict[str, str], found: list[str]
) -> None:
    for sk in ("a", "b", "b#1", "b#2", "c"):
        aws.put(sk)
    answer = aws.query(f"pk = :pk AND {condition}", {name: {"S": value} for name, value in values.items()})
    assert sks(answer) == found
    assert answer["Count"] == len(found)


@pytest.mark.parametrize("forward", [True, False], ids=["forward", "backward"])
def test_pages_follow_on_each_other(aws: Backend, forward: bool) -> None:
    for number in range(5):
        aws.put(f"{number}")
    found: list[str] = []
    start: dict[str, Any] = {}
    while True:
        answer = aws.query(Limit=2, ScanIndexForward=forward, **start)
        found += sks(answer)
        assert len(answer["Items"]) <= 2
        if "LastEvaluatedKey" not in answer:
            break
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
    assert found == ["0", "1", "2", "3", "4"][:: 1 if forward else -1]


def test_a_page_goes_on_after_an_item_that_was_deleted_meanwhile(aws: Backend) -> None:
    for number in range(3):
        aws.put(f"{number}")
    first = aws.query(Limit=2)
    aws.dynamodb.delete_item(TableName=aws.table, Key=key("1"))
    assert sks(aws.query(ExclusiveStartKey=first["LastEvaluatedKey"])) == ["2"]


def test_a_page_has_a_megabyte(aws: Backend) -> None:
    for number in range(4):
        aws.put(f"{number}", text={"S": "x" * 390_000})
    first = aws.query()
    rest = aws.query(ExclusiveStartKey=first["LastEvaluatedKey"])
    assert sks(first) + sks(rest) == ["0", "1", "2", "3"]


def test_a_projection_shows_the_named_attributes_alone(aws: Backend) -> None:
    aws.put(word=ABC, amount=SEVEN)
    answer = aws.query(ProjectionExpression="#sk, #amount", ExpressionAttributeNames={"#sk": "sk", "#amount": "amount"})
    assert answer["Items"] == [{"sk": {"S": "a"}, "amount": SEVEN}]


def test_a_count_brings_no_items(aws: Backend) -> None:
    aws.put("a")
    aws.put("b")
    answer = aws.query(Select="COUNT")
    assert answer["Count"] == 2
    assert not answer.get("Items")


# Indexes


def _due(aws: Backend, before: str = "9", **more: Any) -> Any:
    return aws.dynamodb.query(
        TableName=aws.table,
        IndexName="due",
        KeyConditionExpression="#hash = :hash AND #range <= :range",
        ExpressionAttributeNames={"#hash": "due_shard", "#range": "due_at"},
        ExpressionAttributeValues={":hash": {"S": "due#0"}, ":range": {"S": before}},
        **more,
    )


def _put_due(aws: Backend, sk: str, at: str, **more: Any) -> None:
    aws.put(sk, due_shard={"S": "due#0"}, due_at={"S": at}, **more)


def test_an_index_goes_by_its_own_key_and_takes_what_has_it(aws: Backend) -> None:
    _put_due(aws, "a", "3")
    _put_due(aws, "b", "1")
    _put_due(aws, "d", "2")
    aws.put("c")
    assert sks(_due(aws)) == ["b", "d", "a"]
    assert sks(_due(aws, before="2")) == ["b", "d"]
    assert sks(_due(aws, Limit=1)) == ["b"]
    assert sks(_due(aws, ScanIndexForward=False)) == ["a", "d", "b"]


def test_an_index_shows_what_is_projected(aws: Backend) -> None:
    _put_due(aws, "a", "1", note=ABC, other=SEVEN)
    assert _due(aws)["Items"] == [item("a", due_shard={"S": "due#0"}, due_at={"S": "1"}, note=ABC)]


def test_an_item_without_the_key_leaves_the_index(aws: Backend) -> None:
    _put_due(aws, "a", "1")
    _put_due(aws, "b", "1")
    aws.update("REMOVE due_at, due_shard")
    aws.update("SET due_at = :later", "b", ExpressionAttributeValues={":later": {"S": "5"}})
    assert _due(aws, before="4")["Count"] == 0
    assert sks(_due(aws)) == ["b"]


def test_partitions_are_apart(aws: Backend) -> None:
    aws.put("a")
    other = {"pk": {"S": f"{PK}0"}, "sk": {"S": "a"}}
    assert "Item" not in aws.dynamodb.get_item(TableName=aws.table, Key=other)
