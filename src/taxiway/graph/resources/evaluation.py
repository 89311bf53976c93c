"""``evaluateDynamicMembership``: would this object be a member by this rule (07 section 15)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Explanation
from taxiway.graph.errors import BadRequest, NoSuchItem, ScopeMissing
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.caller import check_scopes
from taxiway.graph.resources.references import require_object
from taxiway.store import Tx

_CONTEXT: Final = "microsoft.graph.evaluateDynamicMembershipResult"
_READS: Final = {"user": scopes.EVALUATED_USERS_READ, "device": scopes.DEVICES_READ}


async def _evaluate(call: Call) -> Answer:
    content = call.json
    member, rule = body.text_field(content, "memberId").lower(), body.text_field(content, "membershipRule")
    if not member:
        raise BadRequest("A value is required for 'memberId'.")
    if call.principal.kind != "user":
        raise ScopeMissing("Only a signed-in person may evaluate a rule, not an application.")

    def read(tx: Tx) -> tuple[str, Explanation]:
        directory.require(tx, call.principal, "groups.evaluate")
        text = _rule(tx, call, rule)
        kind, row = require_object(tx, member)
        if kind == "group" or kind != directory.rule_kind(text):
            raise BadRequest(f"The rule is about {directory.rule_kind(text)}s, and '{member}' is a {kind}.")
        check_scopes(call.principal, _READS[kind])
        return text, directory.explain_membership(tx, kind, row["id"], text)

    text, made = await call.read(read)
    answer = {
        "membershipRule": text,
        "membershipRuleEvaluationResult": made.result,
        "membershipRuleEvaluationDetails": _details(made),
    }
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#{_CONTEXT}", **answer})


def _rule(tx: Tx, call: Call, given: str) -> str:
    """The rule that was given, else that of the group."""
    group_id = call.keys.get("id")
    group = None if group_id is None else directory.GROUPS.get(tx, group_id)
    if group_id is not None and group is None:
        raise NoSuchItem(group_id)
    rule = given or (group["membership_rule"] if group else "")
    if not rule:
        raise BadRequest("A value is required for 'membershipRule', or a group that has a rule.")
    return str(rule)


def _details(part: Explanation) -> dict[str, Any]:
    made: dict[str, Any] = {"expression": part.expression, "expressionResult": part.result}
    if part.property_name is not None:
        made["propertyToEvaluate"] = {"propertyName": part.property_name, "propertyValue": _text(part.property_value)}
    if part.parts:
        made["expressionEvaluationDetails"] = [_details(one) for one in part.parts]
    return made


def _text(value: object) -> str | None:
    """A property's value as the one text that Graph has for it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, default=_plain)


def _plain(value: object) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


OPERATIONS: Final = [
    Operation("POST", pattern, _evaluate, needed, "directory", beta=True)
    for pattern, needed in (
        ("groups/evaluateDynamicMembership", scopes.EVALUATED_USERS_READ | scopes.DEVICES_READ),
        ("groups/{id}/evaluateDynamicMembership", scopes.EVALUATED_GROUPS_READ),
    )
]
