"""The rules, as data: a pattern, what to write instead, and an example of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Rule:
    """`wrong` must match, `right` must not."""

    pattern: str
    instead: str
    wrong: str
    right: str

    @property
    def regex(self) -> re.Pattern[str]:
        return re.compile(self.pattern)


# Inline code is replaced by CODE before the rules see a text.
RULES: Final = (
    Rule(
        r"(?i)\b(told|tells|telling|tell (of|apart))\b",
        "reported, logged, passed, set, says",
        "Bounces are told to the bus.",
        "Bounces are reported to the bus.",
    ),
    Rule(
        r"(?i)\bnobody\b",
        "no user, no one, or who it is that does not",
        "It is sent to nobody.",
        "It has no recipients.",
    ),
    Rule(
        r"\bwhom\b",
        "the person by their role: the recipient, the caller",
        "whom e-mail comes from",
        "From address",
    ),
    Rule(
        r'[,;] as (CODE|"|\d|\{|https?:|[a-z0-9-]+\.[a-z])(?! (does|do|is|are|says|has|did|would|can|was|wants)\b)',
        "e.g.",
        "a subdomain, as bounce.shop.example",
        "a subdomain, e.g. bounce.shop.example",
    ),
    Rule(
        r"(?i)\bby (itself|themselves|himself)\b",
        "automatically, alone, separately",
        "The queue drains by itself.",
        "The queue drains automatically.",
    ),
    Rule(
        r"(?i)\b(what|which) (became|becomes|has become|will become|would become) of\b",
        "the outcome of, the result of",
        "What became of the recipients",
        "Recipients by outcome",
    ),
    Rule(
        r"[,(] save\b|\bsave (that|for|what|where|when|who|those)\b",
        "except",
        "Closed, save the open paths.",
        "Closed, except the open paths.",
    ),
    Rule(r"(?i)\banew\b", "again, new, from the start", "It is made anew.", "It is created again."),
    Rule(
        r"(?<!there )\b(is|are|was|were) none\b(?! of)",
        "is not a, does not exist, is invalid",
        "an address that is none",
        "an invalid address",
    ),
    Rule(
        r"(?i)\b(this|that|it) is no (?!longer\b|more\b|such\b)[a-z]+",
        "is not a, is an invalid",
        "This is no cursor of this list.",
        "Invalid cursor.",
    ),
    Rule(
        r"(?i)\bso (many|much)\b(?! (that|as)\b)",
        "the number: `limit`, N, that many",
        "so many in so many seconds",
        "COUNT per SECONDS",
    ),
    Rule(
        r"(^|[.;:] )[Ww]ho (is|was|has|had|may|does|waits|asks|wants|sends|left)\b(?![^.]*\?)",
        "a noun first: users who, the caller that",
        "Who waits is due soon.",
        "Jobs that wait are due soon.",
    ),
    Rule(r"(?i)\bfor ever\b", "forever, without expiry", "It works for ever.", "It never expires."),
    Rule(
        r"(?i)\b(comes?|came|coming) to rest\b",
        "is completed, reaches a final state",
        "until it has come to rest",
        "until it is sent, failed or deleted",
    ),
    Rule(r"(?i)\bthe cure\b|\bcures\b", "the remedy, what to do", "refused with the cure", "rejected with the remedy"),
    Rule(r"(?i)\bmend(s|ed|ing)?\b", "fix, recover, repair", "It mends itself.", "It recovers automatically."),
    Rule(r"(?i)\brings\b|\brang\b", "fires, raises an alarm", "The alarm rings.", "The alarm fires."),
    Rule(r"(?i)\bbeside\b", "next to, in addition to, compared to", "a queue beside it", "a queue next to it"),
    Rule(
        r"(?i)\bwork(s|ed|ing)? (it |them |a queue )?off\b",
        "process, consume",
        "Nobody works a queue off.",
        "The queue is not being consumed.",
    ),
    Rule(
        r"(?i)\b(\d[\d,]*|one|ten|fifty|hundred|thousand|more) an? "
        r"(call|user|event|invocation|transaction|page|queue|turn|request)\b",
        "per",
        "Storing the users, 100 a call",
        "Creating the users, 100 per call",
    ),
    Rule(
        r"(?i)\b(None|fails|differs?|left out|Raises \w+) where\b",
        "if",
        "None where there is no user.",
        "None if there is no user.",
    ),
    Rule(r"(?i), be it\b", "even if, whether or not", "erased, be it a moment ago", "erased, even a moment ago"),
    Rule(r"(?i)\bin vain\b", "without success, timed out", "Waited 5 s in vain.", "Timed out after 5 s."),
    Rule(
        r"(?i)\bstands? (at|beside|there)\b",
        "is, accepts",
        "The option stands at every command.",
        "Every command accepts the option.",
    ),
)
