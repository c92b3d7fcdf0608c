"""A mail server that only stores the recipients, one address per line: `python sink.py PORT FILE`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from aiosmtpd.smtp import SMTP


class Addresses:
    """Appends the recipients of each accepted mail before it answers."""

    def __init__(self, path: str) -> None:
        self.file = open(path, "a", buffering=1, encoding="utf-8")  # noqa: SIM115 - as long as the process

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002
        self.file.write("".join(f"{address}\n" for address in envelope.rcpt_tos))
        return "250 OK"


async def main() -> None:
    port, path = sys.argv[1:]
    addresses = Addresses(path)
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(addresses), "127.0.0.1", int(port))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
