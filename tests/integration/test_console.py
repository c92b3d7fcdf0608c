"""Every page of the console, over the internal API's real handler."""

from __future__ import annotations

TEMPLATE = {
    "channels": {
        "email": {
            "subject": "Order {{ data.order }}",
            "html": "<p>{{ data.lines.first }}</p>\n<p>{{ data.order }}</p>",
        },
        "sms": {"text": "Order {{ data.order }}"},
    },
    "locales": {"de": {"email": {"subject": "Bestellung {{ data.order }}"}}},
    "schema": {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}},
    "example": {"order": "A-17", "lines": {"first": "<b>bread</b>"}},
}
