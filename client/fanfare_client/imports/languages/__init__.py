"""Template languages of other systems as Jinja2, where it is mechanical.

What is not is left as it is, and listed with the reason: Fanfare refuses it or warns when the template is stored.

converted   a text in Jinja2, and what of it is not
handlebars  Handlebars, as Pinpoint and SES use it
merge_tags  merge tags of Mailchimp
"""

from __future__ import annotations

from .converted import Converted
from .handlebars import handlebars
from .merge_tags import has_merge_tags, merge_tags


def converted(source: str) -> Converted:
    """A text in the language that it seems to be written in: no text is in both."""
    return merge_tags(source) if has_merge_tags(source) else handlebars(source)


__all__ = ["Converted", "converted", "handlebars", "merge_tags"]
