"""The permissions of every function, and the only place that grants them.

A function's role and environment are built from its entry here: a function does not even know the name of a table,
queue or secret that it has no permission for.

Transactions have no IAM action: DynamoDB checks PutItem, UpdateItem, DeleteItem and ConditionCheckItem for the parts.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fanfare.channels import CHANNELS

Actions = tuple[str, ...]
Grants = Mapping[str, Actions]


def _dynamodb(*operations: str) -> Actions:
    names = {
        "Get": "GetItem",
        "BatchGet": "BatchGetItem",
        "BatchWrite": "BatchWriteItem",
        "Query": "Query",
        "Put": "PutItem",
        "Update": "UpdateItem",
        "Delete": "DeleteItem",
        "Check": "ConditionCheckItem",
    }
    return tuple(f"dynamodb:{names[operation]}" for operation in operations)


SEND: Final = ("sqs:SendMessage",)
COUNT: Final = ("sqs:GetQueueAttributes",)
DRAIN: Final = ("sqs:ReceiveMessage", "sqs:DeleteMessage")
# Lambda polls the queue with the function's role.
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaSQSQueueExecutionRole.html
CONSUME: Final = (*DRAIN, "sqs:GetQueueAttributes")
DELAY: Final = ("sqs:ChangeMessageVisibility",)
READ_KEYS: Final = ("secretsmanager:GetSecretValue",)
PUT_EVENTS: Final = ("events:PutEvents",)
USE_KEY: Final = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
ENVIRONMENT_ONLY: Final[Actions] = ()  # the function gets the environment variables and no permission

_WORK: Final[Mapping[str, Grants]] = {
    "internal_api": {
        "catalogue": _dynamodb("Get", "BatchGet", "Query", "Put", "Update"),
        "audience": _dynamodb("Get", "BatchGet", "BatchWrite", "Query", "Put", "Update", "Delete", "Check"),
        "audience.listed": _dynamodb("Query"),
        "messages": _dynamodb("Get", "BatchGet", "Put", "Update"),
        "messages.recent": _dynamodb("Query"),
        "messages.due": _dynamodb("Query"),
        # writes: erasures, deletions and, on the short way, windows
        "batches": _dynamodb("BatchGet", "BatchWrite", "Query", "Put", "Update", "Delete"),
        # the short way: records of skips, and jobs of the channels
        "deliveries": _dynamodb("BatchGet", "BatchWrite", "Query", "Put", "Update"),  # updates: deletions
        "inbox": _dynamodb("BatchGet", "BatchWrite", "Query"),
        **{f"{queue}.queue": (*SEND, *COUNT) for queue in ("fan_out", *CHANNELS)},
        "record_receipt.queue": COUNT,
        **{f"{queue}.dead_letters": COUNT for queue in ("fan_out", *CHANNELS, "record_receipt")},
        "events": PUT_EVENTS,
        "public_url": ENVIRONMENT_ONLY,
        "sms_countries": ENVIRONMENT_ONLY,
        "own_messages": ENVIRONMENT_ONLY,
        "sender": ENVIRONMENT_ONLY,
        "sender_rules": ENVIRONMENT_ONLY,
        "cursor_keys": READ_KEYS,
        "audit_keys": READ_KEYS,
        "address_keys": READ_KEYS,
        "person_keys": READ_KEYS,
    },
    "public_api": {
        "catalogue": _dynamodb("Get", "Query"),
        "audience": _dynamodb("Get", "BatchGet", "BatchWrite", "Query", "Put", "Update", "Delete", "Check"),
        # to show a message in the browser; batches: its recipients' own data. Updates and deletes: erasures
        "messages": _dynamodb("BatchGet", "Update"),
        "batches": _dynamodb("BatchGet", "BatchWrite", "Query", "Update", "Delete"),
        "deliveries": _dynamodb("BatchGet", "BatchWrite", "Query"),
        "inbox": _dynamodb("BatchWrite", "Query", "Update"),
        "events": PUT_EVENTS,
        "public_url": ENVIRONMENT_ONLY,
        "user_id_claim": ENVIRONMENT_ONLY,
        "source_header": ENVIRONMENT_ONLY,
        "origin_header": ENVIRONMENT_ONLY,
        "public_directory": ENVIRONMENT_ONLY,
        "secret": READ_KEYS,
        "cursor_keys": READ_KEYS,
        "webhook_keys": READ_KEYS,  # to show people the secret of their own webhook
        "code_keys": READ_KEYS,
        "origin_keys": READ_KEYS,
        "address_keys": READ_KEYS,
        # to send a confirmation link or code
        "sender": ("ses:SendEmail",),
        "configuration_set": ("ses:SendEmail",),
        "phone_numbers": ("sns:Publish",),
        "sms_countries": ENVIRONMENT_ONLY,
        "codes": ENVIRONMENT_ONLY,
    },
    "fan_out": {
        "catalogue": _dynamodb("Get"),
        "audience": _dynamodb("Get", "BatchGet", "Query", "Update", "Check"),
        "messages": _dynamodb("BatchGet", "Query", "Update", "Check"),
        "batches": _dynamodb("BatchGet", "Query", "Put", "Update", "Delete"),  # updates: data of sensitive messages
        "deliveries": _dynamodb("Put"),
        "fan_out.queue": (*CONSUME, *SEND),
        "events": PUT_EVENTS,
        "sms_countries": ENVIRONMENT_ONLY,
        **{f"{channel}.queue": SEND for channel in CHANNELS},
    },
    **{
        f"deliver-{name}": {
            "catalogue": _dynamodb("Get"),
            # queries find stored users with an address; updates count who is late against their limits again
            "audience": _dynamodb("BatchGet", "Query", "Update"),
            "messages": _dynamodb("BatchGet", "Query", "Update"),
            "batches": _dynamodb("BatchGet", "Query", "Put", "Update", "Delete"),
            "deliveries": _dynamodb("BatchGet", "BatchWrite", "Query"),  # queries: items of digests
            "inbox": (*_dynamodb("BatchGet"), *channel.grants.get("inbox", ())),  # reads: steps unless it was read
            f"{name}.queue": (*CONSUME, *DELAY),
            "events": PUT_EVENTS,
            # for templates that name links
            "public_url": ENVIRONMENT_ONLY,
            "secret": READ_KEYS,
            **{target: actions for target, actions in channel.grants.items() if target != "inbox"},
        }
        for name, channel in CHANNELS.items()
    },
    "reconcile": {
        "catalogue": _dynamodb("Get", "BatchGet"),
        "messages": _dynamodb("Get", "BatchGet", "Query", "Put", "Update"),
        "messages.due": _dynamodb("Query"),
        "batches": _dynamodb("Get", "BatchGet", "Query", "Put", "Update", "Delete"),  # puts: batches of digests
        "batches.due": _dynamodb("Query"),
        **{f"{queue}.queue": SEND for queue in ("fan_out", *CHANNELS)},
        **{f"{queue}.dead_letters": DRAIN for queue in ("fan_out", *CHANNELS)},
        "events": PUT_EVENTS,
    },
    "record_receipt": {
        "audience": _dynamodb("Get", "BatchGet", "Query", "Put", "Update", "Delete", "Check"),
        "batches": _dynamodb("BatchGet", "Update"),
        "messages": _dynamodb("BatchGet"),  # batches of the short way, for the address of a recipient
        "deliveries": _dynamodb("BatchWrite", "Query"),
        "record_receipt.queue": CONSUME,
        "events": PUT_EVENTS,
    },
}

# Every function uses tables, and DynamoDB uses the KMS key on behalf of the caller.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
GRANTS: Final[Mapping[str, Grants]] = {name: {**grants, "key": USE_KEY} for name, grants in _WORK.items()}
