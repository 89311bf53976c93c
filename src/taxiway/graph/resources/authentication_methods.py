"""What a user signs in with beside the password: listed, given, taken away (Graph ``authentication``)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from taxiway import signin
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import value_answer
from taxiway.graph.protocol.render import moment
from taxiway.graph.resources.users import require_user
from taxiway.store import Row, Tx

_BASE: Final = "users/{id}/authentication"
_PASSES: Final = "temporaryAccessPassMethods"
_CODES: Final = "softwareOathMethods"
_PASSKEYS: Final = "fido2Methods"
_PASSWORD_ID: Final = "28c10230-6103-485e-b985-444c60001490"  # noqa: S105 - the same id for everybody's password


async def _create_access_pass(call: Call) -> Answer:
    """A Temporary Access Pass: its code is shown in this one answer."""
    content = call.json
    minutes = body.field(content, "lifetimeInMinutes", 60)
    once = body.field(content, "isUsableOnce", default=False)
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 10 <= minutes <= 43_200:
        raise BadRequest("'lifetimeInMinutes' must be a number from 10 to 43200.")
    user = await call.read(lambda tx: require_user(tx, call.keys["id"]))
    code = await signin.issue_access_pass(
        call.rt, call.tenant, user["id"], lifetime_minutes=minutes, once=once is True, principal=call.principal
    )
    row = await call.read(lambda tx: signin.active_pass(tx, user["id"]))
    if row is None:
        raise NoSuchItem(user["id"])
    context = f"{call.root}/$metadata#users('{user['id']}')/authentication/{_PASSES}/$entity"
    return Answer(201, {"@odata.context": context, **_pass(row, call.version), "temporaryAccessPass": code})


async def _list(call: Call) -> Answer:
    """Every method, each with its type."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        user = require_user(tx, call.keys["id"])
        kind = "#microsoft.graph.{}AuthenticationMethod"
        found: list[dict[str, Any]] = [{"@odata.type": kind.format("password"), "id": _PASSWORD_ID, "password": None}]
        found += [{"@odata.type": kind.format("temporaryAccessPass"), **one} for one in _passes(tx, user, call.version)]
        found += [{"@odata.type": kind.format("softwareOath"), **one} for one in _codes(tx, user)]
        return found + [{"@odata.type": kind.format("fido2"), **one} for one in _passkeys(tx, user)]

    return value_answer(call, f"users('{call.keys['id']}')/authentication/methods", await call.read(read))


async def _list_passes(call: Call) -> Answer:
    found = await call.read(lambda tx: _passes(tx, require_user(tx, call.keys["id"]), call.version))
    return value_answer(call, f"users('{call.keys['id']}')/authentication/{_PASSES}", found)


async def _list_codes(call: Call) -> Answer:
    found = await call.read(lambda tx: _codes(tx, require_user(tx, call.keys["id"])))
    return value_answer(call, f"users('{call.keys['id']}')/authentication/{_CODES}", found)


async def _list_passkeys(call: Call) -> Answer:
    found = await call.read(lambda tx: _passkeys(tx, require_user(tx, call.keys["id"])))
    return value_answer(call, f"users('{call.keys['id']}')/authentication/{_PASSKEYS}", found)


async def _read_passkey(call: Call) -> Answer:
    found = await call.read(lambda tx: _passkeys(tx, require_user(tx, call.keys["id"])))
    for one in found:
        if one["id"] == call.keys["method"]:
            context = f"{call.root}/$metadata#users('{call.keys['id']}')/authentication/{_PASSKEYS}/$entity"
            return Answer(200, {"@odata.context": context, **one})
    raise NoSuchItem(call.keys["method"])


async def _delete_passkey(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        user = require_user(tx, call.keys["id"])
        if not signin.forget_passkey(tx, user["id"], call.keys["method"], principal=call.principal):
            raise NoSuchItem(call.keys["method"])

    await call.write(write)
    return Answer(204)


async def _delete_pass(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        user = require_user(tx, call.keys["id"])
        if not signin.forget_access_pass(tx, user["id"], principal=call.principal):
            raise NoSuchItem(call.keys["method"])

    await call.write(write)
    return Answer(204)


async def _delete_code(call: Call) -> Answer:
    """The authenticator goes, and the recovery codes that came with it."""

    def write(tx: Tx) -> None:
        user = require_user(tx, call.keys["id"])
        if call.keys["method"].lower() != user["id"] or not signin.forget_totp(
            tx, user["id"], principal=call.principal
        ):
            raise NoSuchItem(call.keys["method"])

    await call.write(write)
    return Answer(204)


def _passes(tx: Tx, user: Row, version: str) -> list[dict[str, Any]]:
    row = signin.active_pass(tx, user["id"])
    return [] if row is None else [{**_pass(row, version), "temporaryAccessPass": None}]


def _pass(row: Row, version: str) -> dict[str, Any]:
    created = moment(row["created_at"])
    usable = {"isUsable": True, "methodUsabilityReason": "EnabledByPolicy"} if version == "v1.0" else {}
    return {
        "id": row["id"],
        **usable,
        "createdDateTime": created,
        "startDateTime": created,
        "lifetimeInMinutes": (row["expires_at"] - row["created_at"]) // timedelta(minutes=1),
        "isUsableOnce": row["once"],
    }


def _codes(tx: Tx, user: Row) -> list[dict[str, Any]]:
    """A user has one authenticator, whose id is the user's."""
    held = signin.ONE_TIME_CODE in signin.methods_of(tx, user["id"])
    return [{"id": user["id"], "secretKey": None}] if held else []


def _passkeys(tx: Tx, user: Row) -> list[dict[str, Any]]:
    """What is known of each: no authenticator was asked to prove its make."""
    return [
        {
            "id": row["id"],
            "displayName": row["display_name"],
            "createdDateTime": moment(row["created_at"]),
            "aaGuid": row["aaguid"],
            "model": None,
            "attestationCertificates": [],
            "attestationLevel": "notAttested",
        }
        for row in signin.passkeys_of(tx, user["id"])
    ]


OPERATIONS: Final = [
    Operation("GET", f"{_BASE}/methods", _list, scopes.METHODS_READ, "directory"),
    Operation("GET", f"{_BASE}/{_PASSES}", _list_passes, scopes.METHODS_READ, "directory"),
    Operation("POST", f"{_BASE}/{_PASSES}", _create_access_pass, scopes.METHODS_WRITE, "directory"),
    Operation("DELETE", f"{_BASE}/{_PASSES}/{{method}}", _delete_pass, scopes.METHODS_WRITE, "directory"),
    Operation("GET", f"{_BASE}/{_CODES}", _list_codes, scopes.METHODS_READ, "directory"),
    Operation("DELETE", f"{_BASE}/{_CODES}/{{method}}", _delete_code, scopes.METHODS_WRITE, "directory"),
    Operation("GET", f"{_BASE}/{_PASSKEYS}", _list_passkeys, scopes.METHODS_READ, "directory"),
    Operation("GET", f"{_BASE}/{_PASSKEYS}/{{method}}", _read_passkey, scopes.METHODS_READ, "directory"),
    Operation("DELETE", f"{_BASE}/{_PASSKEYS}/{{method}}", _delete_passkey, scopes.METHODS_WRITE, "directory"),
]
