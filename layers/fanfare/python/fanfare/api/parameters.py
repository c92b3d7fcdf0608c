"""Parameters shared by several routes."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from fanfare.domain.audience import Answer
from fanfare.schemas import scalars
from fanfare.schemas.scalars import ChannelName, Name, PageSize

Limit = Annotated[PageSize, Query(description="Maximum number of items.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the previous page.")]
MessageId = Annotated[str, Path(description="The message's id.")]
TopicId = Annotated[Name, Path(description="The topic's id.")]
TemplateId = Annotated[Name, Path(description="The template's id.")]
UserId = Annotated[scalars.UserId, Path(description="The user's id.")]
WrittenUserId = Annotated[scalars.WrittenUserId, Path(description="The user's id.")]
OnChannel = Annotated[ChannelName, Path(description="The channel.")]
InState = Annotated[Answer, Query(description="Only subscriptions in this state.")]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The `ETag` of the GET, or `*` to replace any version.")
]
