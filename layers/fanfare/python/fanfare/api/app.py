"""An HTTP API on Lambda: admission and error responses. Base of both APIs.

Powertools declares the routes and describes them (OpenAPI). This adds the rules of the contract for all calls: errors
are problems (RFC 9457), every response has a request id, JSON must be unambiguous, unknown fields and parameters are
errors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import BaseRouter, Route, Router
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext

from fanfare.api.admission import OpenEnded, admitted, declared_path, is_page, path_of, route_of, takes_form
from fanfare.api.caching import cached
from fanfare.api.calls import called
from fanfare.api.mail_programs import as_written, for_get
from fanfare.api.openapi import About, describe
from fanfare.api.problems import PROBLEM, problem, problem_headers, translated
from fanfare.api.requests import accepts_pages, is_form, json_object, method_of
from fanfare.api.responses import in_form
from fanfare.errors import FanfareError
from fanfare.ids import random_uuid

PATHS_KEPT: Final = 128  # with their routes
# Responses are not cached, except public documents; browsers do not guess their type.
EVERYWHERE: Final = {
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
}


class Api(APIGatewayHttpResolver):
    """The routes of one API. `resolve` never raises.

    `error_page` renders errors for browsers, if the API has pages. `open_ended`: regular expressions of path prefixes;
    the rest of such a path is one name. `gate` sees every request first, and raises FanfareError to refuse it. `trail`
    is called with every answer: event (without a body that no route reads), declared path, answer. It returns whether
    it has logged the call.
    """

    def __init__(
        self,
        logger: Logger,
        *,
        about: About,
        routers: Sequence[Router],
        open_ended: Sequence[str] = (),
        error_page: Callable[[FanfareError, Mapping[str, Any]], Response[str]] | None = None,
        gate: Callable[[Mapping[str, Any]], None] | None = None,
        trail: Callable[[Mapping[str, Any], str | None, Mapping[str, Any]], bool] | None = None,
    ) -> None:
        super().__init__()
        self.logger = logger
        self.about = about
        self.open_ended = OpenEnded(open_ended)
        self.error_page = error_page
        self.gate = gate
        self.trail = trail
        self.routes_at = lru_cache(PATHS_KEPT)(self._routes_at)
        for router in routers:
            self.include_router(router)

        @self.get("/openapi.json", tags=["description"])
        def get_openapi() -> dict[str, Any]:
            """This description, in OpenAPI 3.1."""
            return self.description

    def resolve(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """The response to an event of API Gateway (payload format 2.0)."""
        request_id = (event.get("requestContext") or {}).get("requestId") or random_uuid()
        self.logger.set_correlation_id(request_id)
        event = as_written(event)
        asked = for_get(event)
        escaped = self.open_ended.escape(asked or event)
        at_path = self.routes_at(path_of(escaped))
        declared = declared_path(at_path)
        read: Mapping[str, Any] = event
        try:
            if self.gate:
                self.gate(event)
            route = route_of(escaped, at_path)
            taken = admitted(escaped, route, forms=self.about.forms)
            read = {**event, "body": taken.get("body"), "isBase64Encoded": taken.get("isBase64Encoded")}
            current = APIGatewayProxyEventV2(taken, json_object)
            BaseRouter.current_event, BaseRouter.lambda_context = current, context  # where all routers look
            answer = called(route, current)
        except Exception as error:  # noqa: BLE001 - the last resort: every error is answered and logged
            answer = self._refused(error, escaped)
        logged = False
        try:
            if self.trail:
                logged = self.trail(read, declared, answer)
        except Exception as error:  # noqa: BLE001 - what is not noted is not answered
            answer = self._refused(error, escaped)
        answer["headers"] = {**EVERYWHERE, **answer.get("headers", {}), "x-request-id": request_id}
        answer["body"] = "" if asked else answer.get("body") or ""
        if declared in self.about.cached and answer["statusCode"] == 200:
            answer = cached(event, answer)
        if not logged:
            self.logger.info("answered", method=method_of(event), route=declared, status=answer["statusCode"])
        return answer

    @property
    def routes(self) -> list[Route]:
        return [*self._static_routes, *self._dynamic_routes]

    @cached_property
    def description(self) -> dict[str, Any]:
        """The OpenAPI document of this API."""
        return describe(json.loads(self.get_openapi_json_schema(title=self.about.title)), self.routes, self.about)

    def _routes_at(self, path: str) -> list[Route]:
        """The routes at the path, with any method."""
        # the rules end in `$`, which also matches before a final newline: /v1/users/ada%0A is not ada
        return [route for route in self.routes if route.rule.fullmatch(path)]

    def _shows_pages(self, event: Mapping[str, Any]) -> bool:
        """Whether a person sees the answer: a browser opened a page, or sent a form."""
        at_path = self.routes_at(path_of(event))
        if is_form(event) and any(takes_form(route, self.about.forms) for route in at_path):
            return True
        return accepts_pages(event) and any(map(is_page, at_path))

    def _refused(self, error: Exception, event: Mapping[str, Any]) -> dict[str, Any]:
        """A page for browsers if the path has pages; else a problem."""
        told = translated(error, self.logger)
        if self.error_page and self._shows_pages(event):
            page = self.error_page(told, event)
            page.headers.update(problem_headers(told))
            return in_form(page, page.body)
        body = json.dumps(problem(told, instance=str(event.get("rawPath", ""))))
        return in_form(Response(told.status, PROBLEM, headers=problem_headers(told)), body)
