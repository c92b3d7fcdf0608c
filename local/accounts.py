"""Test accounts in the user pool, with tokens that are renewed before they expire."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import client
from tools.progress import console

NAMES: Final = ("ada", "grace")
Tokens = dict[str, dict[str, str]]  # as in stack.json


class Accounts:
    """The accounts of `NAMES`. Renews their tokens after half of their lifetime and calls `renewed`."""

    def __init__(self, url: str, outputs: Mapping[str, str], *, renewed: Callable[[Tokens], None]) -> None:
        self._cognito = client("cognito-idp", url)
        self._pool = outputs["UserPoolId"]
        self._client = outputs["UserPoolClientId"]
        self._renewed = renewed
        self._over = threading.Event()
        self._password = (
            f"{secrets.token_urlsafe(24)}-aA1"  # one character of each class that the pool's policy requires
        )
        for name in NAMES:
            self._create(name)
        self.tokens, seconds = self._log_in()
        threading.Thread(target=self._renew, args=(seconds / 2,), daemon=True).start()

    def stop(self) -> None:
        self._over.set()

    def _create(self, name: str) -> None:
        email = {"Name": "email", "Value": address(name)}
        verified = {"Name": "email_verified", "Value": "true"}
        self._cognito.admin_create_user(
            UserPoolId=self._pool, Username=address(name), MessageAction="SUPPRESS", UserAttributes=[email, verified]
        )
        self._cognito.admin_set_user_password(
            UserPoolId=self._pool, Username=address(name), Password=self._password, Permanent=True
        )

    def _log_in(self) -> tuple[Tokens, float]:
        """The tokens and their lifetime in seconds."""
        results: dict[str, Any] = {
            name: self._cognito.initiate_auth(
                ClientId=self._client,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": address(name), "PASSWORD": self._password},
            )["AuthenticationResult"]
            for name in NAMES
        }
        seconds = min(result["ExpiresIn"] for result in results.values())
        return {name: {"id_token": result["IdToken"]} for name, result in results.items()}, seconds

    def _renew(self, every: float) -> None:
        while not self._over.wait(every):
            try:
                self.tokens, _ = self._log_in()
            except (BotoCoreError, ClientError) as error:
                console.print(f"  [red]The tokens of {' and '.join(NAMES)} could not be renewed:[/red] {error}")
            else:
                self._renewed(self.tokens)


def address(name: str) -> str:
    return f"{name}@example.com"
