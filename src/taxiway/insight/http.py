"""What administrators ask of a whole tenant: the checklist of the eight steps, the timeline of a device."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from taxiway import directory, signin
from taxiway.doors import bearer, json_response
from taxiway.insight.checklist import checklist
from taxiway.insight.explain import Question, explain
from taxiway.insight.explain_configuration import explain_configuration
from taxiway.insight.explain_esp import explain_esp
from taxiway.insight.explain_membership import NotFoundHere, explain_membership
from taxiway.insight.explain_tasks import explain_tasks
from taxiway.insight.preflight import preflight
from taxiway.insight.timeline import shown, timeline
from taxiway.store import Runtime, Tx

_LONGEST: Final = 200
_LONGEST_RULE: Final = 4000
Ask = Callable[[Tx, Request], Any]


def routes(rt: Runtime) -> list[BaseRoute]:
    """Read with a token for Graph, by who may read devices."""
    return [
        Route("/taxiway/checklist", _asked(rt, _checklist), methods=["GET"]),
        Route("/taxiway/explain/configuration", _asked(rt, _about(explain_configuration)), methods=["GET"]),
        Route("/taxiway/timeline/{serial}", _asked(rt, _timeline), methods=["GET"]),
        Route("/taxiway/explain/sign-in", _asked(rt, _explained("sign-in")), methods=["GET"]),
        Route("/taxiway/explain/join", _asked(rt, _explained("join")), methods=["GET"]),
        Route("/taxiway/preflight", _asked(rt, _preflight), methods=["GET"]),
        Route("/taxiway/explain/membership", _asked(rt, _membership, "groups.evaluate"), methods=["GET"]),
        Route("/taxiway/explain/esp", _asked(rt, _about(explain_esp)), methods=["GET"]),
        Route("/taxiway/explain/tasks", _asked(rt, _about(explain_tasks)), methods=["GET"]),
    ]


def _asked(rt: Runtime, ask: Ask, action: str = "devices.read") -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            claims = await signin.verify_token(rt, bearer(request) or "", audiences=signin.graph_audiences(rt))
        except signin.TokenRefused as error:
            return _refused(401, "InvalidAuthenticationToken", error.message)
        principal = signin.principal_of(claims)

        def read(tx: Tx) -> Any:
            directory.require(tx, principal, action)
            return ask(tx, request)

        try:
            found = await rt.store.read(principal.tenant, read)
        except directory.Forbidden as error:
            return _refused(
                403, "Authorization_RequestDenied", " ".join(r.text for r in error.reasons) or error.message
            )
        except directory.RuleError as error:
            message = f"{error.documented}: {error.message} (character {error.position} of the rule)."
            return _refused(400, error.code, message)
        except (NotFoundHere, directory.RuleTimeout) as error:
            return _refused(400, "Request_BadRequest", f"{error.message} {error.remedy or ''}".strip())
        if found is None:
            return _refused(404, "Request_ResourceNotFound", "No device with this serial number is known.")
        return json_response(found)

    return handle


def _checklist(tx: Tx, _request: Request) -> dict[str, Any]:
    return {"value": [asdict(step) for step in checklist(tx)]}


def _timeline(tx: Tx, request: Request) -> dict[str, Any] | None:
    serial = request.path_params["serial"]
    found = timeline(tx, serial) if len(serial) <= _LONGEST and "\x00" not in serial else None
    return None if found is None else shown(found)


def _explained(question: Question) -> Ask:
    def ask(tx: Tx, request: Request) -> dict[str, Any]:
        asked = {name: request.query_params.get(name, "")[:_LONGEST] for name in ("user", "serial", "app", "resource")}
        given = {name: "" if "\x00" in value else value for name, value in asked.items()}
        found = explain(
            tx, question, given["user"], serial=given["serial"], app=given["app"], resource=given["resource"]
        )
        return found.shown()

    return ask


def _preflight(tx: Tx, request: Request) -> dict[str, Any] | None:
    device, user = (request.query_params.get(name, "") for name in ("device", "user"))
    usable = 0 < len(device) <= _LONGEST and len(user) <= _LONGEST and "\x00" not in device + user
    return preflight(tx, device, user).shown() if usable else None


def _membership(tx: Tx, request: Request) -> dict[str, Any] | None:
    name, group, rule = (request.query_params.get(key, "") for key in ("object", "group", "rule"))
    usable = 0 < len(name) <= _LONGEST and len(group) <= _LONGEST and len(rule) <= _LONGEST_RULE
    if not usable or "\x00" in name + group + rule or bool(group) is bool(rule):
        raise NotFoundHere("The question names an object, and either a group or a rule.")
    return explain_membership(tx, name, group=group, rule=rule)


def _about(explained: Callable[[Tx, str], dict[str, Any] | None]) -> Ask:
    """An explanation of one device, by its serial number or the id of its managed device."""

    def ask(tx: Tx, request: Request) -> dict[str, Any] | None:
        device = request.query_params.get("device", "")
        return explained(tx, device) if 0 < len(device) <= _LONGEST and "\x00" not in device else None

    return ask


def _refused(status: int, code: str, message: str) -> Response:
    return json_response({"error": {"code": code, "message": message}}, status)
