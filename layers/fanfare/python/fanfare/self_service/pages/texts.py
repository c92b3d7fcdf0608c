"""Every word that people read on a page or in a mail of ours. A translation begins here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fanfare import channels

LANGUAGE: Final = "en"

CHANNELS: Final[Mapping[str, str]] = {name: channel.title for name, channel in channels.CHANNELS.items()}
BY_CHANNEL: Final[Mapping[str, str]] = {name: channel.by for name, channel in channels.CHANNELS.items()}
NO_ADDRESS: Final[Mapping[str, str]] = {name: channel.no_address for name, channel in channels.CHANNELS.items()}

CHOOSE_ALL: Final = "See all of your choices"
NOTHING_CHANGED: Final = "Nothing has changed by opening this page."

UNSUBSCRIBE: Final = "Unsubscribe from “{topic}”?"
UNSUBSCRIBE_BUTTON: Final = "Unsubscribe"
UNSUBSCRIBE_LEAD: Final = "You get “{topic}” {by}. Press the button, and it stops."
UNSUBSCRIBE_GONE: Final = "You don’t get “{topic}” {by}"
UNSUBSCRIBE_GONE_LEAD: Final = "There is nothing left to do here."
UNSUBSCRIBED: Final = "You are unsubscribed"
UNSUBSCRIBED_LEAD: Final = (
    "“{topic}” no longer reaches you {by}. A message that is on its way already may still arrive."
)

SUBSCRIBE: Final = "Subscribe to “{topic}”?"
SUBSCRIBE_LEAD: Final = "Press the button to get “{topic}” by e-mail."
UNSUBSCRIBE_ANYTIME: Final = "Your mail program can unsubscribe you with one click."
UNSUBSCRIBE_NEVER: Final = "The service needs people to have it: it can’t be turned off later."
SUBSCRIBE_BUTTON: Final = "Subscribe"
SUBSCRIBED: Final = "You are subscribed"
SUBSCRIBED_LEAD: Final = "From now on you get “{topic}” by e-mail."
OPTED_OUT_NOTE: Final = (
    "You chose to receive nothing at all, and that still holds: see your choices if you want “{topic}” to reach you."
)

ADDRESS: Final = "Use this e-mail address?"
ADDRESS_LEAD: Final = "Press the button, and what you are subscribed to is sent to the address that got this link."
ADDRESS_BUTTON: Final = "Use this address"
ADDRESS_DONE: Final = "Your e-mail address is confirmed"
ADDRESS_DONE_LEAD: Final = "From now on your mail goes to this address."

PREFERENCES: Final = "Your choices"
PREFERENCES_LEAD: Final = "Choose what reaches you, and how."
PREFERENCES_SAVED: Final = "Your choices are saved."
PREFERENCES_NONE: Final = "There is nothing to choose from yet."
PREFERENCES_REQUIRED: Final = "Needed for the service: it can’t be turned off."
PREFERENCES_NOTHING: Final = "Send me nothing at all"
PREFERENCES_NOTHING_HINT: Final = (
    "Only what the service needs you to know still arrives. Your choices above are kept for later."
)
PREFERENCES_SAVE: Final = "Save my choices"

PROBLEMS: Final[Mapping[str, tuple[str, str]]] = {
    "link_invalid": (
        "This link doesn’t work",
        "Part of it may be missing. Open it again from the mail, or copy all of it.",
    ),
    "link_expired": (
        "This link is too old",
        "A link to confirm works for three days, and only the newest one counts. Ask for another one.",
    ),
    "topic_not_found": ("This is no longer offered", "There is nothing that could be subscribed to here any more."),
    "too_many_changes": (
        "That was too much at once",
        "What you turned off is off. Please turn on the rest in an hour.",
    ),
    "unavailable": ("Not available just now", "Please try again in a few seconds."),
}
PROBLEM: Final = ("That did not work", "Please open the link again from the mail.")

SUBSCRIBE_SUBJECT: Final = "Please confirm: {topic}"
SUBSCRIBE_MAIL: Final = (
    "Somebody, hopefully you, asked that “{topic}” be sent to this address.",
    "Open this link within three days and confirm:",
    "Confirm the subscription",
    "If it was not you, do nothing: without your yes nothing is sent.",
)
ADDRESS_SUBJECT: Final = "Please confirm your e-mail address"
ADDRESS_MAIL: Final = (
    "This address was entered in an account, hopefully by you.",
    "Open this link within three days and confirm that your mail is to go here:",
    "Confirm this address",
    "If it was not you, do nothing: without your yes nothing is sent here.",
)
CODE: Final = "{code} is your code for {brand}. It works for {minutes} minutes. We will never ask you for it."

DOCS_LEAD: Final = "This page is generated from the code, like the document behind it:"
DOCS_CONTENTS: Final = "Contents"
DOCS_OPEN: Final = "Needs no token."
DOCS_CLOSED: Final = "Needs a token: Authorization: Bearer …"
DOCS_PARAMETERS: Final = "Parameters"
DOCS_REQUIRED: Final = "required"
DOCS_BODY: Final = "Body:"
DOCS_ANSWERS: Final = "Answers"
DOCS_SCHEMAS: Final = "Schemas"
DOCS_FIELDS: Final = "Fields of {name}"
DOCS_EXAMPLE: Final = "Example of {name}"
OR: Final = " or "
LIST_OF: Final = "list of {items}"
ANYTHING: Final = "anything"
