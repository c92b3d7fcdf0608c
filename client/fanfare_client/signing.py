"""AWS Signature Version 4 with botocore, with credentials from the AWS default chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError

from .errors import ConfigurationError

SERVICE = "execute-api"


class CredentialSource(Protocol):
    """botocore's credentials; expired ones are refreshed on access."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials: ...


@dataclass(frozen=True)
class Signer:
    credentials: CredentialSource
    region: str

    def signed(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> dict[str, str]:
        """The headers with a signature of the current time. May refresh the credentials over the network.

        Raises ConfigurationError.
        """
        request = AWSRequest(method=method, url=url, headers=dict(headers), data=content)
        try:
            SigV4Auth(self.credentials.get_frozen_credentials(), SERVICE, self.region).add_auth(request)
        except BotoCoreError as error:
            raise ConfigurationError(f"Can't load the AWS credentials: {error}") from error
        return dict(request.headers.items())
