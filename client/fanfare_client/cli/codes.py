"""Exit statuses of the command. docs/cli.md is generated from this."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    DONE = 0
    REFUSED = 1
    USAGE = 2
    IN_PART = 3
    NOT_ALLOWED = 4
    AGAIN = 5
    STOPPED = 130


MEANING = {
    Exit.DONE: "success",
    Exit.REFUSED: "rejected: the request is invalid, the resource does not exist, or its state does not allow it",
    Exit.USAGE: "usage error: invalid command line, unreadable file, or no API configured",
    Exit.IN_PART: "partial success: the import rejected rows, or the watched message ended as failed",
    Exit.NOT_ALLOWED: "access denied: the AWS principal is not allowed to call this API",
    Exit.AGAIN: "temporary failure: no answer, throttled or unavailable; try again later",
    Exit.STOPPED: "interrupted with Ctrl-C",
}
