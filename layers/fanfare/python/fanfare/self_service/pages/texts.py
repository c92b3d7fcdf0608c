"""Every text that people read on a page or in a mail of ours, in English. `fanfare/translations` has the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fanfare import channels
from fanfare.translations import N_

# Their texts are in the channels' own files, and extracted from there.
CHANNELS: Final[Mapping[str, str]] = {name: channel.title for name, channel in channels.CHANNELS.items()}
BY_CHANNEL: Final[Mapping[str, str]] = {name: channel.by for name, channel in channels.CHANNELS.items()}

CHOOSE_ALL: Final = N_("See all of your choices")
NOTHING_CHANGED: Final = N_("Nothing has changed by opening this page.")
LANGUAGE: Final = N_("Language")

UNSUBSCRIBE: Final = N_("Unsubscribe from “{topic}”?")
UNSUBSCRIBE_BUTTON: Final = N_("Unsubscribe")
UNSUBSCRIBE_LEAD: Final = N_("You get “{topic}” {by}. Press the button, and it stops.")
UNSUBSCRIBE_GONE: Final = N_("You don’t get “{topic}” {by}")
UNSUBSCRIBE_GONE_LEAD: Final = N_("There is nothing to unsubscribe from here.")
UNSUBSCRIBED: Final = N_("You are unsubscribed")
UNSUBSCRIBED_LEAD: Final = N_(
    "“{topic}” no longer reaches you {by}. A message that is on its way already may still arrive."
)
UNDO_BUTTON: Final = N_("Undo")
UNDONE: Final = N_("You are subscribed again")
UNDONE_LEAD: Final = N_("“{topic}” reaches you {by}, as before.")
UNDONE_EVERYTHING: Final = N_("You get messages again")
UNDONE_EVERYTHING_LEAD: Final = N_("Your choices are as before.")

EVERYTHING_BUTTON: Final = N_("Unsubscribe from everything")
EVERYTHING: Final = N_("You are unsubscribed from everything")
EVERYTHING_LEAD: Final = N_(
    "Only what the service needs you to know still arrives. A message that is on its way already may still arrive, too."
)
MAIL_PREFERENCES_LEAD: Final = N_(
    "To see all of your choices, ask for a link. It is mailed to the address that you use now."
)
MAIL_PREFERENCES_BUTTON: Final = N_("Mail me the link")
MAILED: Final = N_("Look into your mail")
MAILED_LEAD: Final = N_(
    "If you have an e-mail address here, and did not ask for the link often today, it is on its way to that address."
)
RENEW_BUTTON: Final = N_("Send me a new link")
RENEW_LEAD: Final = N_(
    "Enter your e-mail address. If it is known here, a link to your choices is mailed to it, and nothing else happens."
)
RENEWED_LEAD: Final = N_("If a new link can be sent, it is on its way to the address that got this one.")

REFUSE: Final = N_("Was it not you?")
REFUSE_LEAD: Final = N_(
    "Somebody entered your address at {brand}. Nothing is subscribed without your yes. Press the button, and no mail "
    "to confirm something is sent to this address again."
)
REFUSE_BUTTON: Final = N_("Never send me such mails again")
REFUSED: Final = N_("No such mail is sent to you again")
REFUSED_LEAD: Final = N_(
    "What you are subscribed to stays as it is. To subscribe or to confirm an address here later, allow the mails "
    "again: keep the mail for that."
)
ALLOW_BUTTON: Final = N_("Allow them again")
ALLOWED: Final = N_("Mails to confirm something may be sent to you again")
ALLOWED_LEAD: Final = N_("Nothing is subscribed without your yes.")
STOP_LEAD: Final = N_("That was not you, or you don’t want such mails?")
STOP: Final = N_("Never send them to me again")
NOT_ME_BUTTON: Final = N_("That was not me")
NOT_ME_DONE: Final = N_("Forgotten")
NOT_ME_DONE_LEAD: Final = N_(
    "What somebody else asked for is forgotten; the link in the mail no longer works. The mail’s last link stops such "
    "mails for good."
)

DIRECTORY: Final = N_("What {brand} sends")
DIRECTORY_LEAD: Final = N_(
    "Choose what you would like to get, and enter your e-mail address. A mail asks you to confirm; until you do, "
    "nothing else is sent."
)
DIRECTORY_NONE: Final = N_("There is nothing to subscribe to at the moment.")
DIRECTORY_ELSEWHERE: Final = N_("This is not sent by e-mail. You can turn it on in your account.")
SIGN_UP_ADDRESS: Final = N_("E-mail address")
SIGN_UP_EMPTY: Final = N_("Leave this field empty")
SIGNED_UP_LEAD: Final = N_(
    "If a link to confirm can be sent, it is on its way to your address. You are subscribed once you open it and "
    "confirm."
)
SIGNED_UP_HINT: Final = N_("Is there no mail? Look into the spam folder, or try again in an hour.")
DIRECTORY_BACK: Final = N_("Back to all topics")

SUBSCRIBE: Final = N_("Subscribe to “{topic}”?")
SUBSCRIBE_LEAD: Final = N_(
    "{brand} was asked for it on {asked_at}. If it was you, press the button to get “{topic}” by e-mail."
)
UNSUBSCRIBE_ANYTIME: Final = N_("You can unsubscribe at any time, with one click.")
UNSUBSCRIBE_NEVER: Final = N_("The service needs people to have it: it can’t be turned off later.")
SUBSCRIBE_BUTTON: Final = N_("Subscribe")
SUBSCRIBED: Final = N_("You are subscribed")
SUBSCRIBED_LEAD: Final = N_("From now on you get “{topic}” by e-mail.")
OPTED_OUT_NOTE: Final = N_(
    "You chose to receive nothing at all, and that still holds: see your choices if you want “{topic}” to reach you."
)

ADDRESS: Final = N_("Use this e-mail address?")
ADDRESS_LEAD: Final = N_(
    "At {brand}, the account “{account}” asked for it on {asked_at}. If it is yours, press the button, and what it is "
    "subscribed to is sent to the address that got this link."
)
ADDRESS_BUTTON: Final = N_("Use this address")
ADDRESS_DONE: Final = N_("Your e-mail address is confirmed")
ADDRESS_DONE_LEAD: Final = N_("From now on your mail goes to this address.")

PREFERENCES: Final = N_("Your choices")
PREFERENCES_OF: Final = N_("What {brand} sends to {address}")
PREFERENCES_LEAD: Final = N_("Choose what reaches you, and how.")
PREFERENCES_SAVED: Final = N_("Your choices are saved.")
PREFERENCES_CONFIRMED: Final = N_(
    "What you untick stops at once. What you tick is confirmed by a mail, so only you can subscribe yourself."
)
PREFERENCES_NONE: Final = N_("There is nothing to choose from yet.")
PREFERENCES_REQUIRED: Final = N_("Needed for the service: it can’t be turned off.")
OFTEN: Final = N_("How often")
FREQUENCIES: Final[Mapping[str, str]] = {
    "immediate": N_("At once"),
    "digest": N_("Several together"),
    "daily": N_("Once a day"),
    "weekly": N_("Once a week"),
}
CEILINGS: Final = N_("At most a day")
CEILINGS_HINT: Final = N_(
    "If more messages come within 24 hours, you get the rest together at this time, or later. What can’t be turned off "
    "does not count."
)
CEILING_NONE: Final = N_("No limit")
CEILINGS_REST: Final = N_("The rest comes at")
PREFERENCES_NOTHING: Final = N_("Send me nothing at all")
PREFERENCES_NOTHING_HINT: Final = N_(
    "Only what the service needs you to know still arrives. Your choices above are kept for later."
)
PREFERENCES_SAVE: Final = N_("Save my choices")

CONSENTS: Final = N_("What you agreed to")
CONSENTS_LEAD: Final = N_("Every change of your subscriptions, newest first.")
CONSENTS_NONE: Final = N_("No change is recorded yet.")
CONSENTS_SAVE: Final = N_("Download the list")
CONSENTS_BACK: Final = N_("Back to your choices")
CONSENT_AT: Final = N_("When")
CONSENT_TOPIC: Final = N_("What")
CONSENT_STATE: Final = N_("Change")
CONSENT_BY: Final = N_("How it came")
CONSENT_STATES: Final[Mapping[str, str]] = {"subscribed": N_("Subscribed"), "unsubscribed": N_("Unsubscribed")}
CONSENT_WAYS: Final[Mapping[str, str]] = {
    "service": N_("By the sender"),
    "import": N_("Taken over by the sender"),
    "person": N_("By you, in your account"),
    "one_click": N_("By you, with one click in your mail program"),
    "page": N_("By you, on a page like this one"),
    "confirmation": N_("By you, with the link in a mail"),
    "stop": N_("By you, with a text message"),
}

ASKING: Final[Mapping[str, str]] = {
    "mailed": N_("Look into your mail: a link there confirms what you added. Until then it does not reach you."),
    "no_address": N_("To add something, a mail has to confirm it, and no e-mail address of yours is known."),
    "too_many": N_("You asked for more very often today. Please try again tomorrow."),
    "old_link": N_("This link was sent to an address that you no longer use. It can’t add anything."),
}
OLD_ADDRESS: Final = N_("Unsubscribe from everything?")
OLD_ADDRESS_LEAD: Final = N_(
    "This link is an older one, or was sent to an address that you no longer use. It can unsubscribe you from "
    "everything. For all of your choices, open the link in a newer mail."
)

CHOICES: Final = N_("Add this?")
CHOICES_LEAD: Final = N_("{brand} was asked for it on {asked_at}, on the page of your choices.")
CHOICE: Final = N_("“{topic}” {by}")
CHOICE_OPT_IN: Final = N_("You get messages again: you had unsubscribed from everything")
CHOICES_BUTTON: Final = N_("Confirm")
CHOICES_DONE: Final = N_("Your choices are confirmed")
CHOICES_DONE_LEAD: Final = N_("From now on they hold.")

PROBLEMS: Final[Mapping[str, tuple[str, str]]] = {
    "link_invalid": (
        N_("This link doesn’t work"),
        N_("Part of it may be missing: open it again from the mail, or copy all of it."),
    ),
    "reader_erased": (
        N_("This link no longer works"),
        N_("The account that it was made for no longer exists. Nothing is sent to it any more."),
    ),
    "link_expired": (
        N_("This link is too old"),
        N_("A link to confirm works for three days, and only the newest one counts. Ask for another one."),
    ),
    "undo_expired": (
        N_("It is too late to undo this"),
        N_("Ask for the link to your choices, and subscribe there."),
    ),
    "content_gone": (
        N_("This mail is no longer kept"),
        N_("It can be shown for some weeks only. If you still have the mail, read it there."),
    ),
    "topic_not_found": (
        N_("This is no longer offered"),
        N_("There is nothing that could be subscribed to here any more."),
    ),
    "invalid_request": (
        N_("Please check the address"),
        N_("This is not an e-mail address that mail can be sent to. Go back and correct it."),
    ),
    "too_many_changes": (
        N_("That was too much at once"),
        N_("What you turned off is off. Please turn on the rest in an hour."),
    ),
    "unavailable": (N_("Not available just now"), N_("Please try again in a few seconds.")),
}
PROBLEM: Final = (N_("That did not work"), N_("Please open the link again from the mail."))

SUBSCRIBE_SUBJECT: Final = N_("Please confirm: {topic}")
SUBSCRIBE_MAIL: Final = (
    N_("{brand} was asked on {asked_at} to send “{topic}” to this address."),
    N_("If it was you, please confirm within three days:"),
    N_("Confirm the subscription"),
    N_("If it was not you, do nothing: without your yes nothing is sent."),
)
ADDRESS_SUBJECT: Final = N_("Please confirm your e-mail address")
ADDRESS_MAIL: Final = (
    N_("At {brand}, the account “{account}” asked on {asked_at} to use this address."),
    N_("If the account is yours, please confirm within three days that your mail is to go here:"),
    N_("Confirm this address"),
    N_("If it was not you, do nothing: without your yes nothing is sent."),
)
PREFERENCES_SUBJECT: Final = N_("Your choices")
PREFERENCES_MAIL: Final = (
    N_("{brand} was asked on {asked_at} for the link to your choices."),
    N_("Open it to see and change what reaches you:"),
    N_("See my choices"),
    N_(
        "If it was not you, do nothing. Don’t forward this mail: whoever has the link can see and stop what reaches "
        "you."
    ),
)
CHOICES_SUBJECT: Final = N_("Please confirm your choices")
CHOICES_MAIL: Final = (
    N_("{brand} was asked on {asked_at}, on the page of your choices, to send you more."),
    N_("Please see what it is, and confirm it within three days:"),
    N_("See and confirm"),
    N_("If it was not you, do nothing: without your yes nothing is sent."),
)
CODE: Final = N_("{code} is your code for {brand}. It works for {minutes} minutes. We will never ask you for it.")

# The page of the API is for developers, and in English
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
