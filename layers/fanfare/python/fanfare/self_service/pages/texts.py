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
UNSUBSCRIBE_GONE_LEAD: Final = "There is nothing to unsubscribe from here."
UNSUBSCRIBED: Final = "You are unsubscribed"
UNSUBSCRIBED_LEAD: Final = (
    "“{topic}” no longer reaches you {by}. A message that is on its way already may still arrive."
)

EVERYTHING_BUTTON: Final = "Unsubscribe from everything"
EVERYTHING: Final = "You are unsubscribed from everything"
EVERYTHING_LEAD: Final = (
    "Only what the service needs you to know still arrives. A message that is on its way already may still arrive, too."
)
MAIL_PREFERENCES_LEAD: Final = (
    "To see all of your choices, ask for a link. It is mailed to the address that you use now."
)
MAIL_PREFERENCES_BUTTON: Final = "Mail me the link"
MAILED: Final = "Look into your mail"
MAILED_LEAD: Final = (
    "If you have an e-mail address here, and did not ask for the link often today, it is on its way to that address."
)

REFUSE: Final = "Was it not you?"
REFUSE_LEAD: Final = (
    "Somebody entered your address here. Nothing is subscribed without your yes. Press the button, and no mail to "
    "confirm something is sent to this address again."
)
REFUSE_BUTTON: Final = "Never send me such mails again"
REFUSED: Final = "No such mail is sent to you again"
REFUSED_LEAD: Final = (
    "What you are subscribed to stays as it is. To subscribe or to confirm an address here later, allow the mails "
    "again: keep the mail for that."
)
ALLOW_BUTTON: Final = "Allow them again"
ALLOWED: Final = "Mails to confirm something may be sent to you again"
ALLOWED_LEAD: Final = "Nothing is subscribed without your yes."
STOP_LEAD: Final = "That was not you, or you don’t want such mails?"
STOP: Final = "Never send them to me again"
NOT_ME_BUTTON: Final = "That was not me"
NOT_ME_DONE: Final = "Forgotten"
NOT_ME_DONE_LEAD: Final = (
    "What somebody else asked for is forgotten; the link in the mail no longer works. The mail’s last link stops such "
    "mails for good."
)

SUBSCRIBE: Final = "Subscribe to “{topic}”?"
SUBSCRIBE_LEAD: Final = (
    "Somebody asked for it at {asked_at}. If it was you, press the button to get “{topic}” by e-mail."
)
UNSUBSCRIBE_ANYTIME: Final = "Your mail program can unsubscribe you with one click."
UNSUBSCRIBE_NEVER: Final = "The service needs people to have it: it can’t be turned off later."
SUBSCRIBE_BUTTON: Final = "Subscribe"
SUBSCRIBED: Final = "You are subscribed"
SUBSCRIBED_LEAD: Final = "From now on you get “{topic}” by e-mail."
OPTED_OUT_NOTE: Final = (
    "You chose to receive nothing at all, and that still holds: see your choices if you want “{topic}” to reach you."
)

ADDRESS: Final = "Use this e-mail address?"
ADDRESS_LEAD: Final = (
    "The account “{account}” asked for it at {asked_at}. If it is yours, press the button, and what it is subscribed "
    "to is sent to the address that got this link."
)
ADDRESS_BUTTON: Final = "Use this address"
ADDRESS_DONE: Final = "Your e-mail address is confirmed"
ADDRESS_DONE_LEAD: Final = "From now on your mail goes to this address."

PREFERENCES: Final = "Your choices"
PREFERENCES_LEAD: Final = "Choose what reaches you, and how."
PREFERENCES_SAVED: Final = "Your choices are saved."
PREFERENCES_CONFIRMED: Final = (
    "What you untick stops at once. What you tick is confirmed by a mail, so only you can subscribe yourself."
)
PREFERENCES_NONE: Final = "There is nothing to choose from yet."
PREFERENCES_REQUIRED: Final = "Needed for the service: it can’t be turned off."
PREFERENCES_NOTHING: Final = "Send me nothing at all"
PREFERENCES_NOTHING_HINT: Final = (
    "Only what the service needs you to know still arrives. Your choices above are kept for later."
)
PREFERENCES_SAVE: Final = "Save my choices"

ASKING: Final[Mapping[str, str]] = {
    "mailed": "Look into your mail: a link there confirms what you added. Until then it does not reach you.",
    "no_address": "To add something, a mail has to confirm it, and no e-mail address of yours is known.",
    "too_many": "You asked for more very often today. Please try again tomorrow.",
    "old_link": "This link was sent to an address that you no longer use. It can’t add anything.",
}
OLD_ADDRESS: Final = "Unsubscribe from everything?"
OLD_ADDRESS_LEAD: Final = (
    "This link is an older one, or was sent to an address that you no longer use. It can unsubscribe you from "
    "everything. For all of your choices, open the link in a newer mail."
)

CHOICES: Final = "Add this?"
CHOICES_LEAD: Final = "It was asked for on the page of your choices at {asked_at}."
CHOICE: Final = "“{topic}” {by}"
CHOICE_OPT_IN: Final = "You get messages again: you had unsubscribed from everything"
CHOICES_BUTTON: Final = "Confirm"
CHOICES_DONE: Final = "Your choices are confirmed"
CHOICES_DONE_LEAD: Final = "From now on they hold."

PROBLEMS: Final[Mapping[str, tuple[str, str]]] = {
    "link_invalid": (
        "This link doesn’t work",
        "Part of it may be missing: open it again from the mail, or copy all of it. Or the account that it was made "
        "for no longer exists.",
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
    "Somebody, hopefully you, asked at {asked_at} that “{topic}” be sent to this address.",
    "Open this link within three days and confirm:",
    "Confirm the subscription",
    "If it was not you, do nothing: without your yes nothing is sent.",
)
ADDRESS_SUBJECT: Final = "Please confirm your e-mail address"
ADDRESS_MAIL: Final = (
    "The account “{account}”, hopefully yours, asked at {asked_at} to use this address.",
    "Open this link within three days and confirm that your mail is to go here:",
    "Confirm this address",
    "If it was not you, do nothing: without your yes nothing is sent here.",
)
PREFERENCES_SUBJECT: Final = "Your choices"
PREFERENCES_MAIL: Final = (
    "Somebody, hopefully you, asked at {asked_at} for the link to your choices.",
    "Open this link to see and change what reaches you:",
    "See my choices",
    "If it was not you, do nothing. Don’t forward this mail: whoever has the link can see and stop what reaches you.",
)
CHOICES_SUBJECT: Final = "Please confirm your choices"
CHOICES_MAIL: Final = (
    "Somebody, hopefully you, asked at {asked_at} on the page of your choices that more be sent to you.",
    "Open this link within three days to see what it is and confirm it:",
    "See and confirm",
    "If it was not you, do nothing: without your yes nothing more is sent.",
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
