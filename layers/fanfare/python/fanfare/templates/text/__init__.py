"""The text of mails that have only HTML."""

from typing import Final

HTML_LIMIT: Final = 100_000  # characters; a parser of HTML takes quadratic time for what is nested deeply enough
