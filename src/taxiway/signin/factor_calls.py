"""The calls behind the page of the second factor: ``BeginAuth`` and ``EndAuth`` (03 section 3.5, step 3)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from taxiway.doors.errors import BadBody
from taxiway.doors.request import correlation, json_response, read_json
from taxiway.signin.errors import Malformed, SignInError
from taxiway.signin.flowtoken import Flow
from taxiway.signin.forms import check_origin
from taxiway.signin.resume import resume, sign_in_of
from taxiway.signin.sts import sts_of
from taxiway.store import Runtime

_LIMIT = 65_536


async def factor_call(rt: Runtime, request: Request, *, answer: bool) -> Response:
    """The JSON half of the second factor (03 section 3.5, step 3)."""
    cid = correlation(request)
    body: Any = None
    try:
        check_origin(request)
        body = await read_json(request, limit=_LIMIT)
        if not isinstance(body, dict):
            raise Malformed("The body is not a JSON object.")
        given = {name: value for name, value in body.items() if isinstance(value, str)}
        context = given.get("Ctx") or given.get("ctx", "")
        form = {"flowToken": given.get("FlowToken") or given.get("flowToken", "")}
        visit, flow = resume(rt, request, {**form, "canary": request.headers.get("canary", "")}, context)
        method = given.get("AuthMethodId", "")
        if answer:
            signin = sign_in_of(rt, request, visit.request, flow)
            flow = await signin.factor(method, given.get("AdditionalAuthData", ""))
    except SignInError as error:
        return json_response(_factor_reply(rt, body, cid, error=error))
    except BadBody as error:
        return json_response(_factor_reply(rt, body, cid, error=Malformed(error.message)), 400)
    return json_response(_factor_reply(rt, body, cid, flow=flow, context=context))


def _factor_reply(
    rt: Runtime, body: Any, cid: str, *, flow: Flow | None = None, context: str = "", error: SignInError | None = None
) -> dict[str, Any]:
    method = body.get("AuthMethodId", "") if isinstance(body, dict) else ""
    return {
        "Success": error is None,
        "ResultValue": "Success" if error is None else "OtpCodeIncorrect",
        "Message": None if error is None else error.message,
        "AuthMethodId": method,
        "ErrCode": 0 if error is None else sts_of(error).code,
        "Retry": False,
        "FlowToken": flow.seal(rt) if flow is not None else "",
        "Ctx": context,
        "SessionId": cid,
        "CorrelationId": cid,
        "Timestamp": rt.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Entropy": 0,
    }
