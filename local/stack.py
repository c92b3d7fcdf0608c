"""The complete local stack, running inside a `with` block. `.local/stack.json` describes it while it runs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from local import ports
from local.accounts import Accounts, Tokens
from local.api import Api
from local.console import local_console
from local.emulator import deployment
from local.emulator.gateway import Gateway
from local.emulator.ministack import REGION, Emulator
from local.emulator.schedule_ticker import Ticker
from local.http import Server
from local.lock import only_one
from local.providers.inboxes import Inboxes
from local.providers.outbox import Outbox
from local.providers.receipts import Receipts
from local.providers.server import Providers
from local.providers.simulator import Simulator
from local.wsgi_server import WsgiServer
from testing.aws_calls import AwsCalls
from tools.paths import CALLS, STACK_FILE
from tools.processes import StepFailed
from tools.progress import step


class Stack:
    """Emulator, providers, console, public API and the deployed app. `port` is the first of four; None: free ports.

    `by_the_rules`: the functions' requests are held against what AWS refuses (`testing.aws_rules`).
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        reconcile_seconds: float = 5.0,
        restartable: bool = False,
        by_the_rules: bool = False,
    ) -> None:
        self.outbox = Outbox()
        self.simulator = Simulator()
        self.receipts = Receipts()
        self.described: dict[str, Any] = {}
        self.outputs: dict[str, str] = {}
        self._ports: Sequence[int | None] = range(port, port + 4) if port else [None] * 4
        self._reconcile_seconds = reconcile_seconds
        self._restartable = restartable
        self._by_the_rules = by_the_rules
        self._open = ExitStack()
        self._emulator: Emulator | None = None
        self._internal_url = ""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop everything. Only logs and caches are left."""
        if self.described:
            STACK_FILE.unlink(missing_ok=True)
        self._open.close()

    @property
    def emulator(self) -> Emulator:
        """The running emulator."""
        if self._emulator is None:
            raise StepFailed("The emulator is not running.")
        return self._emulator

    def check(self) -> None:
        """Raises StepFailed if a part has exited."""
        if self._emulator:
            self._emulator.check()

    def _start(self) -> None:
        self._open.enter_context(only_one())
        ports.check(self._ports)
        emulator_port, providers_port, console_port, public_port = self._ports
        self.calls = AwsCalls(CALLS)
        self._open.callback(self.calls.close)
        providers = Providers(outbox=self.outbox, simulator=self.simulator, publish=self.receipts.publish)
        gateway = Gateway()
        provided = self._serving(Server(providers.handle, port=providers_port))
        public = self._serving(Server(gateway.handle, port=public_port))
        environment = self.calls.environment(by_the_rules=self._by_the_rules) | Providers.endpoints(provided.url)
        self._emulator = self._open.enter_context(
            Emulator(port=emulator_port, environment=environment, restartable=self._restartable)
        )
        url = self._emulator.url
        self.outputs = deployment.deploy(url, public_port=public.port, hooks_port=provided.port)
        gateway.target = deployment.public_api(url)
        gateway.emulator = url
        self._internal_url = deployment.reachable(self.outputs["InternalApiUrl"], public.url)
        self.receipts.start(url, wanted=deployment.published(url))
        self._open.callback(self.receipts.stop)
        self.ticker = Ticker(url, self.outputs["ReconcileFunctionName"], seconds=self._reconcile_seconds)
        self._open.callback(self.ticker.stop)
        with step("Creating the IAM users `service`, `stranger`, `operator` and the accounts of ada and grace"):
            self.described = self._callers(url, console_port)
        _write(self.described)

    def _callers(self, url: str, console_port: int | None) -> dict[str, Any]:
        """The IAM users, the accounts and the console; returns the description of the stack."""
        accounts = Accounts(url, self.outputs, renewed=self._renewed)
        self._open.callback(accounts.stop)
        operator = deployment.caller(url, "operator", policy=self.outputs["OperatorPolicyArn"])
        console = local_console(
            Api(self._internal_url, operator),
            outbox=self.outbox,
            simulator=self.simulator,
            calls=self.calls,
            inboxes=Inboxes(url, self.outputs["InboxTableName"]),
        )
        seen = WsgiServer(console, port=console_port)
        self._open.callback(seen.close)
        return {
            "internal_url": self._internal_url,
            "public_url": self.outputs["PublicApiUrl"],
            "console_url": seen.url,
            "aws_endpoint_url": url,
            "region": REGION,
            "service": deployment.caller(url, "service", policy=self.outputs["ServicePolicyArn"]),
            "stranger": deployment.caller(url, "stranger"),
            "users": accounts.tokens,
        }

    def _renewed(self, tokens: Tokens) -> None:
        if self.described:
            self.described["users"] = tokens
            _write(self.described)

    def _serving(self, server: Server) -> Server:
        self._open.callback(server.close)
        return server


def _write(described: dict[str, Any]) -> None:
    """Write atomically, readable only by the owner: the file contains keys."""
    unfinished = STACK_FILE.with_suffix(".unfinished")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(described, file, indent=2)
    unfinished.replace(STACK_FILE)
