"""The importer of the client, for the console: it signs as the operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fanfare_client import Fanfare
from fanfare_client.errors import FanfareError
from fanfare_client.imports import Importer, Summary, Unreadable
from fanfare_client.signing import CredentialSource

from console.host import CanNotImport, Progress


@dataclass(frozen=True)
class Imports:
    """Imports files into the deployment at `url`."""

    url: str
    region: str
    credentials: CredentialSource

    def __call__(self, file: Path, *, topics: Sequence[str], apply: bool, progress: Progress) -> Summary:
        try:
            with Fanfare(self.url, region=self.region, credentials=self.credentials) as fanfare:
                return Importer(fanfare, file, topics=topics, progress=progress).run(lambda _: apply)
        except (Unreadable, UnicodeDecodeError, FanfareError) as error:
            raise CanNotImport(str(error)) from error
