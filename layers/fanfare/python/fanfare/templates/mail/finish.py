"""What is added to a rendered mail: its preheader, and a footer for each part that has no link to unsubscribe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from fanfare.templates.context import BrandSeen, MessageContext
from fanfare.templates.mail.footer import html_footer, text_footer
from fanfare.templates.mail.places import placed
from fanfare.templates.shared_blocks import Block

# Shown in the list of mails, and hidden in the mail. The blanks keep what follows out of that list.
PREHEADER: Final = Markup(
    '<div style="display:none;max-height:0;max-width:0;opacity:0;overflow:hidden;mso-hide:all">{}</div>'
)
FILLER: Final = Markup("&#8199;&#847; ") * 60

Blocks = tuple[Sequence[Block], Mapping[str, str]]  # as compiled, and rendered by name


def finished(
    rendered: Mapping[str, str],
    blocks: Mapping[str, Blocks],
    *,
    context: MessageContext,
    brand: BrandSeen,
    locale: str,
) -> dict[str, str]:
    """The parts of a mail as they are sent. `blocks`: those of the parts that were not derived."""
    mail = dict(rendered)
    topic = context.topic.title if context.topic is not None else ""
    unsubscribe = context.links.unsubscribe if context.footer else None
    before = after = ""
    if preheader := " ".join(mail.get("preheader", "").split()):
        before = PREHEADER.format(Markup("{}{}").format(preheader, FILLER))
    footed = context.footed
    if footed is None:
        footed = [part for part in ("html", "text") if context.footer and _lacks(mail.get(part), unsubscribe)]
    if "html" in footed:
        after = html_footer(topic=topic, brand=brand, unsubscribe=unsubscribe, locale=locale)
    if "html" in mail and (before or after):
        mail["html"] = placed(*blocks["html"], before=before, after=after)
    if "text" in footed:
        footer = text_footer(topic=topic, brand=brand, unsubscribe=unsubscribe, locale=locale)
        mail["text"] = f"{mail['text'].rstrip()}\n{footer}"
    return mail


def _lacks(text: str | None, unsubscribe: str | None) -> bool:
    """Whether a part does not print the link, however it is escaped: of its token, nothing ever is."""
    return text is not None and (unsubscribe is None or unsubscribe.rpartition("/")[2] not in text)
