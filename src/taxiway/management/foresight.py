"""What the policies of a device and its user will come to, by the decisions that sessions make (design, rule 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from taxiway import directory
from taxiway.kernel import Decision
from taxiway.management.compliance import evaluation, policies
from taxiway.management.configuration import encryption
from taxiway.management.configuration.resolution import resolve
from taxiway.management.session import runs
from taxiway.management.session.runs import ABSENT
from taxiway.store import Row, Tx, one_of


@dataclass(frozen=True, slots=True)
class Foresight:
    """``values``: the nodes that will be set. ``reported_encryption``: None before the device has checked in.

    ``attested_bitlocker``: the compliance policies that attest it, with their grace in hours.
    """

    values: Mapping[str, str]
    tpm: bool | None
    encryption: Decision[bool]
    reported_encryption: Decision[bool] | None
    compliance: Decision[bool]
    compliance_state: str
    attested_bitlocker: tuple[tuple[str, float], ...]


def foresee(
    tx: Tx,
    *,
    device: Row | None,
    user: Row | None,
    managed_id: str | None,
    tpm: bool | None,
    standard_user: bool,
) -> Foresight:
    """Look at a device, enrolled or not; ``tpm``: what its hardware hash tells."""
    run = None if managed_id is None else runs.load(tx, managed_id)
    facts = {} if run is None else {uri: value for uri, value in run.facts.items() if value != ABSENT}
    resolved = resolve(tx, device=device, user=user)
    items = resolved.effective.items
    through_device = {item.uri for each in resolved.meant if each.via == "device" for item in each.items}
    values = {item.uri: item.data for item, _ in items}
    hardware = encryption.hardware_of(facts, tpm=tpm, standard_user=standard_user)
    since = {} if run is None else run.compliance.get("since", {})
    began = {key: datetime.fromisoformat(value) for key, value in since.items()}
    verdict = policies.judge(tx, device=device, user=user, facts=facts, since=began)
    return Foresight(
        values=values,
        tpm=hardware.tpm,
        encryption=encryption.foresee(values, frozenset(values) - through_device, hardware),
        reported_encryption=encryption.standing(facts) if evaluation.ENCRYPTION in facts else None,
        compliance=Decision(verdict.state in {"compliant", "inGracePeriod"}, verdict.reasons),
        compliance_state=verdict.state,
        attested_bitlocker=_attested(tx, device, user),
    )


def encryption_states(tx: Tx, managed_id: str) -> tuple[str, str, str]:
    """What a device reported: TPM version, encryption of the system volume, the status bits; empty before it did."""
    run = runs.load(tx, managed_id)
    facts = {} if run is None else run.facts
    names = (evaluation.TPM, evaluation.ENCRYPTION, evaluation.BITLOCKER)
    tpm, encrypted, status = ("" if (told := facts.get(uri, "")) == ABSENT else told for uri in names)
    return tpm, encrypted, status


def _attested(tx: Tx, device: Row | None, user: Row | None) -> tuple[tuple[str, float], ...]:
    ids = [match.object_id for match in directory.meant(tx, policies.OBJECT_KIND, device=device, user=user)]
    rows = policies.COMPLIANCE_POLICIES.select(tx, one_of("id", ids)) if ids else []
    return tuple((row["display_name"], evaluation.grace_hours(row)) for row in rows if row["bit_locker_enabled"])
