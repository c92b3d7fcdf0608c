"""Who may call what on what: the only place where a function is given a permission.

A function's role is made of its entry here, and its environment names what the entry reaches: the
table, queue or secret that a function may not call is not known to it either.

A transaction is not an action of its own: DynamoDB asks for PutItem, UpdateItem, DeleteItem and
ConditionCheckItem of its parts. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
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
# Lambda itself takes from the queue, with the function's role.
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaSQSQueueExecutionRole.html
CONSUME: Final = (*DRAIN, "sqs:GetQueueAttributes")
PUT_OFF: Final = ("sqs:ChangeMessageVisibility",)
READ_KEYS: Final = ("secretsmanager:GetSecretValue",)
TELL: Final = ("events:PutEvents",)
USE_KEY: Final = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
KNOWS: Final[Actions] = ()  # where it is, and nothing to call there

# What the provider of a channel may be asked. SES v2 checks the permission of the v1 operation behind a
# call: SendBulkEmail asks for SendBulkTemplatedEmail. https://anymail.dev/en/stable/esps/amazon_ses/#iam-permissions
_MAIL: Final = ("ses:SendBulkEmail", "ses:SendBulkTemplatedEmail")
PROVIDERS: Final[Mapping[str, Grants]] = {
    "email": {"sender": _MAIL, "configuration_set": _MAIL, "public_url": KNOWS, "secret": READ_KEYS},
    "sms": {"phone_numbers": ("sns:Publish",)},
    "push": {
        "push_applications": ("sns:CreatePlatformEndpoint",),
        "push_endpoints": ("sns:Publish", "sns:DeleteEndpoint"),
        # to take devices that are gone off their users
        "audience": _dynamodb("Get", "BatchGet", "Update", "Check"),
    },
    "webhook": {"webhook_endpoints": KNOWS, "secret": READ_KEYS},
    "inbox": {"inbox": _dynamodb("BatchWrite")},
}

_WORK: Final[Mapping[str, Grants]] = {
    "internal_api": {
        "catalogue": _dynamodb("Get", "BatchGet", "Query", "Put", "Update"),
        "audience": _dynamodb("Get", "BatchGet", "BatchWrite", "Query", "Put", "Update", "Delete", "Check"),
        "messages": _dynamodb("Get", "BatchGet", "Put", "Update"),
        "messages.recent": _dynamodb("Query"),
        "batches": _dynamodb("BatchGet", "Query"),
        "deliveries": _dynamodb("BatchGet", "BatchWrite", "Query"),
        "inbox": _dynamodb("BatchWrite", "Query"),
        "fan_out.queue": (*SEND, *COUNT),
        **{f"{queue}.queue": COUNT for queue in (*CHANNELS, "record_receipt")},
        **{f"{queue}.dead_letters": COUNT for queue in ("fan_out", *CHANNELS, "record_receipt")},
        "events": TELL,
        "public_url": KNOWS,
        "secret": READ_KEYS,
    },
    "public_api": {
        "catalogue": _dynamodb("Get", "Query"),
        "audience": _dynamodb("Get", "BatchGet", "Query", "Put", "Update", "Delete", "Check"),
        "deliveries": _dynamodb("Query"),
        "inbox": _dynamodb("Query", "Update"),
        "public_url": KNOWS,
        "user_id_claim": KNOWS,
        "source_header": KNOWS,
        "secret": READ_KEYS,
        # a link or a code, to confirm an address
        "sender": ("ses:SendEmail",),
        "configuration_set": ("ses:SendEmail",),
        "phone_numbers": ("sns:Publish",),
    },
    "fan_out": {
        "catalogue": _dynamodb("Get"),
        "audience": _dynamodb("Get", "BatchGet", "Query", "Update", "Check"),
        "messages": _dynamodb("BatchGet", "Query", "Update", "Check"),
        "batches": _dynamodb("Query", "Put", "Delete"),
        "deliveries": _dynamodb("Put"),
        "fan_out.queue": (*CONSUME, *SEND),
        "events": TELL,
        **{f"{channel}.queue": SEND for channel in CHANNELS},
    },
    **{
        f"deliver-{channel}": {
            "catalogue": _dynamodb("Get"),
            "audience": _dynamodb("BatchGet"),
            "messages": _dynamodb("BatchGet", "Query", "Update"),
            "batches": _dynamodb("BatchGet", "Query", "Put", "Update", "Delete"),
            "deliveries": _dynamodb("BatchGet", "BatchWrite"),
            f"{channel}.queue": (*CONSUME, *PUT_OFF),
            "events": TELL,
            **PROVIDERS.get(channel, {}),
        }
        for channel in CHANNELS
    },
    "reconcile": {
        "messages": _dynamodb("Get", "Query", "Update"),
        "messages.due": _dynamodb("Query"),
        "batches": _dynamodb("Get", "BatchGet", "Query", "Update"),
        "batches.due": _dynamodb("Query"),
        **{f"{queue}.queue": SEND for queue in ("fan_out", *CHANNELS)},
        **{f"{queue}.dead_letters": DRAIN for queue in ("fan_out", *CHANNELS)},
        "events": TELL,
    },
    "record_receipt": {
        "audience": _dynamodb("Get", "BatchGet", "Query", "Update"),
        "deliveries": _dynamodb("BatchWrite"),
        "record_receipt.queue": CONSUME,
    },
}

# Every function works on tables, and a table asks for its key in the name of its caller.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
GRANTS: Final[Mapping[str, Grants]] = {name: {**grants, "key": USE_KEY} for name, grants in _WORK.items()}
