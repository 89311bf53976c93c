"""Enrolments as commands: one Atomic per certificate and nothing else inside (05 section 14, R14)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from taxiway import pki
from taxiway.kernel import Reason, TaxiwayError
from taxiway.management.certificates import challenges
from taxiway.management.configuration.kinds import pfx, scep
from taxiway.management.configuration.meant import Meant
from taxiway.management.errors import BadPolicy
from taxiway.management.model import DEVICE_LANE, Wanted
from taxiway.management.session.context import Context
from taxiway.management.session.queue import DONE, FAILED, MAX_ATTEMPTS, RETRACTED, RUNS_ONCE, CommandRow
from taxiway.management.session.runs import ABSENT
from taxiway.store import Row
from taxiway.wire.scep import BadScep
from taxiway.wire.scep_content import alternative_name, name_text
from taxiway.wire.scep_settings import KEY_USAGE, parse_subject, write_names
from taxiway.wire.syncml import CmdIds, Command, Group, Item

KINDS: Final = frozenset({scep.KIND, pfx.KIND})
#: ``Status`` of an enrolment and of an import that ended well, and of an enrolment that did not.
ENROLLED, IMPORTED, FAILED_HERE = "1", "0", "16"
_CHALLENGE: Final = "/Challenge"
_DELAY_MINUTES, _RETRIES = "1", "3"


class AuthorityMissing(TaxiwayError):
    """The tenant has no authority for client certificates yet: it is made outside, and the message taken again."""


def deliver(ctx: Context, lane: str) -> list[str]:
    """Want the certificates of a lane, take back those that are not wanted any more; the ids of what is wanted."""
    found = wanted(ctx, lane)
    kept = {each.id for each in found}
    orders = [row for row in ctx.queue.rows.values() if row["key"].startswith(RUNS_ONCE) and row["hash"] != RETRACTED]
    elsewhere = {row["uri"] for row in orders if row["lane"] != lane}
    for row in [row for row in orders if row["lane"] == lane and row["id"] not in kept]:
        if row["uri"] in elsewhere:
            ctx.queue.drop(row)  # in another lane the same one is still asked for
        else:
            ctx.queue.retract(row, row["uri"].rpartition("/")[0])
            _revoke(ctx, row["key"].removeprefix(RUNS_ONCE))
    return ctx.queue.want_all(found)


def _revoke(ctx: Context, configuration_id: str) -> None:
    """What the device was issued for a profile that it has no more is not good any more, whatever the device does."""
    count = pki.revoke_clients(ctx.tx, configuration_id, f"managed:{ctx.managed['id']}")
    if count:
        what = {"managed_device": ctx.managed["id"], "configuration": configuration_id, "certificates": count}
        why = Reason("certificate.profile_ended", "The profile is not meant for the device any more.")
        ctx.tx.log("certificate.revoked", subject=ctx.subject, what=what, why=[why])


def wanted(ctx: Context, lane: str) -> list[Wanted]:
    """The enrolments and imports of one lane. A profile that cannot be filled in for this device is left out."""
    found = []
    for each in meant(ctx):
        if lane_of(ctx, each) == lane and reason(ctx, each) is None:
            children, secret = _children(ctx, each), each.row["kind"] == pfx.KIND
            key, data = RUNS_ONCE + each.row["id"], json.dumps(children)
            found.append(Wanted(key, "Atomic", proof(each.row), data, None, secret, lane, (each.origin,)))
    return found


def meant(ctx: Context) -> list[Meant]:
    """The certificate profiles that hold for the device and the signed-in user."""
    return [each for each in ctx.meant if each.row["kind"] in KINDS]


def lane_of(ctx: Context, each: Meant) -> str | None:
    """Whose business a certificate is: one for the user's store is only ever the user's."""
    store = "pfx_store" if each.row["kind"] == pfx.KIND else "certificate_store"
    if each.via == "device" and each.row[store] != "user":
        return DEVICE_LANE
    return ctx.lane


def instance(row: Row) -> str:
    """The node of an enrolment or an import."""
    return scep.instance(row) if row["kind"] == scep.KIND else pfx.instance(row)


def proof(row: Row) -> str:
    """The node that names the order; its status stands beside it."""
    return f"{instance(row)}/{'Install' if row['kind'] == scep.KIND else 'PFXCertBlob'}"


def reason(ctx: Context, each: Meant) -> Reason | None:
    """Why a profile cannot be sent to this device and user."""
    if each.row["kind"] != scep.KIND:
        return None
    try:
        _terms(ctx, each.row)
    except BadPolicy as error:
        return Reason("certificate.not_for_device", error.message)
    return None


def is_moot(ctx: Context, row: CommandRow) -> bool:
    """Whether an order waits whose profile is not meant any more, or cannot be filled in now: it is not sent."""
    if row["verb"] != "Atomic" or not row["key"].startswith(RUNS_ONCE):
        return False
    each = next((each for each in meant(ctx) if each.row["id"] == row["key"].removeprefix(RUNS_ONCE)), None)
    return each is None or reason(ctx, each) is not None


def said(ctx: Context, row: CommandRow, ids: CmdIds) -> Group:
    """The Atomic of a row, with a challenge drawn for this sending.

    Where the device has the instance its nodes are replaced: the certificate it has stays until there is a new one.
    """
    home = row["uri"].rpartition("/")[0]
    there = ctx.fact(f"{home}/Status") not in {None, ABSENT}
    ctx.run.facts.pop(ctx.fact_key(f"{home}/Status"), None)
    outer, children = ids.next(), []
    for verb, uri, form, data in ctx.queue.steps(row):
        if there and form == "node":
            continue
        told = _challenge(ctx, row) if uri.endswith(_CHALLENGE) else data
        known = "Replace" if there and verb == "Add" else verb
        children.append(Command(known, ids.next(), (_item(uri, form, told),)))
    return Group("Atomic", outer, tuple(children))


def due(ctx: Context) -> list[str]:
    """What is to be asked of certificates that are not there yet: no alert follows an enrolment (05 section 10.14)."""
    nodes: list[str] = []
    for each in meant(ctx):
        row = _row(ctx, each)
        if row is None or row["state"] != DONE or row["lane"] not in ctx.lanes or _there(ctx, each):
            continue
        names = ("Status", "ErrorCode", "CertThumbprint") if each.row["kind"] == scep.KIND else ("Status", "Thumbprint")
        nodes += [f"{instance(each.row)}/{name}" for name in names]
    return nodes


def state(ctx: Context, each: Meant) -> tuple[str, dict[str, Any]]:
    """How a certificate stands: succeeded, pending or error, and what is known of it."""
    detail: dict[str, Any] = {"name": each.row["display_name"], "via": each.via}
    why = reason(ctx, each)
    if why is not None:
        return "error", {**detail, "error": why.text}
    row, home = _row(ctx, each), instance(each.row)
    if row is not None and row["state"] == FAILED:
        error = {name: row[name] for name in ("uri", "status", "cause")} | {"error": row["native_error"]}
        return "error", {**detail, "errors": [error]}
    if row is None or row["state"] != DONE:
        return "pending", detail
    if _there(ctx, each):
        return "succeeded", {**detail, "thumbprint": _thumbprint(ctx, each)}
    if (code := failure(ctx, each)) is not None:
        return "error", {**detail, "error": f"{home.rpartition('/')[2]}: {code}"}
    return "pending", detail


def failed(ctx: Context, lane: str) -> list[str]:
    """The certificates of a lane that failed on the device, by the names of their profiles."""
    mine = [each for each in meant(ctx) if lane_of(ctx, each) == lane]
    return [each.row["display_name"] for each in mine if failure(ctx, each) is not None]


def failure(ctx: Context, each: Meant) -> str | None:
    """The HRESULT with which a certificate failed on the device."""
    home = instance(each.row)
    told = ctx.fact(f"{home}/Status")
    if each.row["kind"] == pfx.KIND:
        return None if told in {None, ABSENT, IMPORTED} else _hresult(told)
    return _hresult(ctx.fact(f"{home}/ErrorCode")) if told == FAILED_HERE else None


def follow(ctx: Context, lane: str) -> None:
    """Order once more, with a new challenge: what the device said in this very session that it failed, what runs out.

    An import that failed fails again: it waits for another file.
    """
    for each in [each for each in meant(ctx) if each.row["kind"] == scep.KIND]:
        row = _row(ctx, each)
        if row is None or row["lane"] != lane or row["state"] != DONE:
            continue
        told = f"{instance(each.row)}/Status" in ctx.run.session.polled and failure(ctx, each) is not None
        if _runs_out(ctx, each):
            ctx.queue.afresh(row["id"])
        elif told and row["attempts"] < MAX_ATTEMPTS:
            ctx.queue.again(row["id"])


def challenge_terms(ctx: Context, configuration: Row) -> dict[str, Any]:
    """What the certificate will say: fixed when the challenge is drawn."""
    read, (subject, names) = scep.profile(configuration), _terms(ctx, configuration)
    return {
        "subject": parse_subject(subject).rfc4514_string(),
        "names": [name_text(kind, value) for kind, value in names],
        "usages": list(read.usages),
        "key_usage": list(read.key_usage),
        "bits": read.bits,
        "days": read.lifetime.days,
    }


# ---------------------------------------------------------------------------------------------- inside


def _children(ctx: Context, each: Meant) -> list[list[str | None]]:
    nodes: list[tuple[str, str, str | None]] = [("", "node", None)]
    home = instance(each.row)
    if each.row["kind"] == pfx.KIND:
        nodes += [(f"/{name}", form, data) for name, form, data in pfx.settings(each.row)]
        return [["Add", home + path, form, data] for path, form, data in nodes]
    nodes.append(("/Install", "node", None))
    nodes += [(f"/Install/{name}", form, data) for name, form, data in _settings(ctx, each.row) if data != ""]
    return [
        *(["Add", home + path, form, data] for path, form, data in nodes),
        ["Exec", f"{home}/Install/Enroll", None, None],
    ]


def _settings(ctx: Context, row: Row) -> list[tuple[str, str, str | None]]:
    read, (subject, names) = scep.profile(row), _terms(ctx, row)
    authority = pki.client_certificate(ctx.tx)
    if authority is None:
        raise AuthorityMissing("The tenant has no authority for client certificates yet.")
    return [
        ("ServerURL", "chr", f"{ctx.content_origin}/scep/{ctx.tx.tenant}/pkiclient.exe"),
        ("Challenge", "chr", None),
        ("EKUMapping", "chr", "+".join(read.usages)),
        ("KeyUsage", "int", str(sum(KEY_USAGE[bit] for bit in read.key_usage))),
        ("SubjectName", "chr", subject),
        ("SubjectAlternativeNames", "chr", write_names(names)),
        ("KeyProtection", "int", read.protection),
        ("RetryDelay", "int", _DELAY_MINUTES),
        ("RetryCount", "int", _RETRIES),
        ("KeyLength", "int", read.bits),
        ("HashAlgorithm", "chr", "SHA-2"),
        ("CAThumbprint", "chr", pki.thumbprint(authority)),
        ("ValidPeriod", "chr", read.period[0]),
        ("ValidPeriodUnits", "int", str(read.period[1])),
    ]


def _terms(ctx: Context, row: Row) -> tuple[str, list[tuple[str, str]]]:
    """Subject and alternative names, filled in."""
    read, values = scep.profile(row), _values(ctx)
    subject = scep.fill(read.subject, values, escaped=True)
    names = [(kind, scep.fill(template, values, escaped=False)) for kind, template in read.names]
    try:
        parse_subject(subject)
        for each in names:
            alternative_name(*each)
    except BadScep as error:
        raise BadPolicy(error.message) from error
    return subject, names


def _values(ctx: Context) -> Mapping[str, str]:
    """What the variables stand for: the signed-in user, or the one the device belongs to."""
    user, managed = ctx.user or ctx.primary or {}, ctx.managed
    upn = str(user.get("user_principal_name") or "")
    values = {
        "UserName": upn.partition("@")[0],
        "UserPrincipalName": upn,
        "EmailAddress": str(user.get("mail") or upn),
        "AAD_Device_ID": str(managed["azure_ad_device_id"] or ""),
        "DeviceId": str(managed["id"]),
        "DeviceName": str(managed["device_name"] or ""),
        "SerialNumber": str(managed["serial_number"] or ""),
    }
    return {**values, "Device_Serial": values["SerialNumber"]}


def _challenge(ctx: Context, row: CommandRow) -> str:
    configuration = row["key"].removeprefix(RUNS_ONCE)
    [each] = [each for each in meant(ctx) if each.row["id"] == configuration]
    return challenges.draw(ctx.tx, ctx.managed["id"], configuration, challenge_terms(ctx, each.row))


def _item(uri: str, form: str | None, data: str | None) -> Item:
    return Item(target=uri, format=form, type=None if form in {None, "node"} else "text/plain", data=data)


def _row(ctx: Context, each: Meant) -> CommandRow | None:
    lane = lane_of(ctx, each)
    return None if lane is None else ctx.queue.rows.get(Wanted(RUNS_ONCE + each.row["id"], "Atomic", "", lane=lane).id)


def _there(ctx: Context, each: Meant) -> bool:
    good = ENROLLED if each.row["kind"] == scep.KIND else IMPORTED
    return ctx.fact(f"{instance(each.row)}/Status") == good and _thumbprint(ctx, each) is not None


def _runs_out(ctx: Context, each: Meant) -> bool:
    """Whether the certificate that is there is in the last part of its life; looked up once in a session."""
    asked, name = f"{instance(each.row)}#expiry", _thumbprint(ctx, each)
    if name is None or asked in ctx.run.session.polled or not _there(ctx, each):
        return False
    ctx.run.session.polled.append(asked)
    span = pki.client_validity(ctx.tx, name)
    if span is None:
        return False
    share = int(each.row["renewal_threshold_percentage"] or 0) / 100
    return ctx.tx.now >= span[1] - (span[1] - span[0]) * share


def _thumbprint(ctx: Context, each: Meant) -> str | None:
    name = "CertThumbprint" if each.row["kind"] == scep.KIND else "Thumbprint"
    told = ctx.fact(f"{instance(each.row)}/{name}")
    return None if told in {None, ABSENT, ""} else told


def _hresult(value: str | None) -> str:
    if value is None or not value.lstrip("-").isdigit():
        return value or "no error code"
    return f"0x{int(value) & 0xFFFFFFFF:08X}"
