"""Addresses as those may see them who must not learn them: enough to recognise one that is already known."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fanfare.channels import Email, Webhook
from fanfare.schemas.suppressions import SuppressionView
from fanfare.schemas.users import UserView

HIDDEN: Final = "***"  # always three: the length is hidden, too


def masked_email(address: str) -> str:
    """`ada@example.com` → `a***@e***.com`."""
    local, _, domain = address.rpartition("@")
    name, _, ending = domain.rpartition(".")
    return f"{local[:1]}{HIDDEN}@{name[:1]}{HIDDEN}.{ending}"


def masked_phone(number: str) -> str:
    """`+436641234567` → `+43***67`."""
    return f"{number[:3]}{HIDDEN}{number[-2:]}"


def masked_url(url: str) -> str:
    """`https://example.com/hooks?key=1` → `https://e***.com/***`."""
    name, _, ending = (urlsplit(url).hostname or "").rpartition(".")
    return f"https://{name[:1]}{HIDDEN}.{ending}/{HIDDEN}"


def masked_user(user: UserView) -> UserView:
    """The user with masked addresses. The name stays: it is what people know a user by."""
    return user.model_copy(
        update={
            "email": user.email and masked_email(user.email),
            "phone": user.phone and masked_phone(user.phone),
            "push": [device.model_copy(update={"token": HIDDEN}) for device in user.push],
            "webhook": user.webhook and user.webhook.model_copy(update={"url": masked_url(user.webhook.url)}),
            "attributes": dict.fromkeys(user.attributes, HIDDEN),
        }
    )


MASKS: Final = {Email.name: masked_email, Webhook.name: masked_url}


def masked_suppression(suppression: SuppressionView) -> SuppressionView:
    """The suppression with its address masked."""
    mask = MASKS.get(suppression.channel, masked_phone)
    return suppression.model_copy(update={"address": mask(suppression.address)})
