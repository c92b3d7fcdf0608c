"""DynamoDB and SQS in memory, behind the methods of their clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from fanfare.aws.tables import TABLES, TableSpec

from testing.memory_aws.calls import Calls
from testing.memory_aws.dynamodb import DynamoDB
from testing.memory_aws.sqs import Sqs
from testing.memory_aws.tables import Tables


class Memory(Calls):
    """A whole AWS: `dynamodb` and `sqs` are used like clients, `tables` is what DynamoDB holds."""

    def __init__(
        self, clock: Callable[[], datetime], *, tables: Iterable[TableSpec] = TABLES, metered: bool = True
    ) -> None:
        super().__init__(clock, metered=metered)
        self.tables = Tables(self, tables)
        self.dynamodb = DynamoDB(self, self.tables)
        self.sqs = Sqs(self)
