"""What the command's exit status says. docs/cli.md is written from here."""

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
    Exit.DONE: "done",
    Exit.REFUSED: "refused: what was asked for is wrong, is not there, or its state forbids it",
    Exit.USAGE: "the command line is wrong, a file can't be read, or it is not known where Fanfare is",
    Exit.IN_PART: "done in part: rows of an import were rejected, or a watched message came to rest as failed",
    Exit.NOT_ALLOWED: "not allowed: the caller's AWS principal may not call this API",
    Exit.AGAIN: "no answer, or none just now: the same command may work later",
    Exit.STOPPED: "stopped by Ctrl-C",
}
