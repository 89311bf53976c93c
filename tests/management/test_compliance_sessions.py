"""Compliance at check-in: both objects change together, grace passes, the log names the rule (R-123, R-125)."""

from __future__ import annotations

import pytest

from taxiway import directory, enrollment, management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.management.compliance.evaluation import ENCRYPTION
from taxiway.management.errors import BadPolicy

pytestmark = pytest.mark.anyio


def block(grace=0):
    action = {"actionType": "block", "gracePeriodHours": grace, "notificationTemplateId": ""}
    return [{"ruleName": "PasswordRequired", "scheduledActionConfigurations": [action]}]


@pytest.fixture
def esp(esp):
    """These devices show no status page."""
    return {**esp, "show": False, "show_user_page": False}


async def states(pc):
    """The two places where compliance stands."""

    def read(tx):
        managed = enrollment.managed_device(tx, pc.managed_id)
        device = directory.find_device(tx, device_id=managed["azure_ad_device_id"])
        return managed["compliance_state"], device["is_compliant"]

    return await pc.read(read)


async def test_r123_grace_then_noncompliant_then_compliant(pc, make, everywhere, clock):
    """The grace period runs from the first failure; meeting the rule ends it; both objects agree each time."""
    pc.nodes[ENCRYPTION] = "0"
    values = {"display_name": "Encrypt", "storage_require_encryption": True, "scheduled_actions_for_rule": block(6)}
    await make("windows10CompliancePolicy", values, everywhere)
    await pc.session()
    assert await states(pc) == ("inGracePeriod", True)
    clock.advance(7 * 3600)
    await pc.session()
    assert await states(pc) == ("noncompliant", False)
    pc.nodes[ENCRYPTION] = "1"
    await pc.session()
    assert await states(pc) == ("compliant", True)
    changes = await pc.log("compliance.changed")
    assert [entry.what["to"] for entry in changes] == ["inGracePeriod", "noncompliant", "compliant"]
    assert changes[1].why[0]["code"] == "compliance.storage_require_encryption"
    (row,) = await pc.read(lambda tx: management.device_states(tx, pc.managed_id, "compliance_policy"))
    assert (row["state"], row["detail"]["rules"][0]["setting"]) == ("compliant", "storage_require_encryption")


async def test_r125_the_switch_decides_without_a_policy(pc):
    """Both ways, at the next check-in."""
    await pc.session()
    assert await states(pc) == ("compliant", True)
    await pc.write(lambda tx: management.set_secure_by_default(tx, value=True, principal=SYSTEM_PRINCIPAL))
    await pc.session()
    assert await states(pc) == ("noncompliant", False)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, BadPolicy),
        ({"scheduled_actions_for_rule": block(-1)}, BadPolicy),
        ({"scheduled_actions_for_rule": block(), "os_minimum_version": "new"}, BadPolicy),
    ],
)
async def test_policies_that_cannot_be_judged_are_refused(make, values, error):
    """One block action is needed, and a version that is one."""
    with pytest.raises(error):
        await make("windows10CompliancePolicy", {"display_name": "P", **values})


async def test_what_of_a_policy_has_no_effect_is_said(pc, make):
    """A real tenant's policy is kept whole: its findings name the rules nobody judges and the actions nobody does."""
    actions = [{"actionType": "wipe"}, *block()[0]["scheduledActionConfigurations"]]
    values = {"scheduled_actions_for_rule": [{"scheduledActionConfigurations": actions}], "password_required": True}
    await make("windows10CompliancePolicy", {"display_name": "P", **values})
    [row] = await pc.read(management.COMPLIANCE_POLICIES.select)
    assert row["password_required"] is True
    assert [(one["code"], one["text"]) for one in row["findings"]] == [
        ("notJudged", "'passwordRequired' is not judged here: no device fails it."),
        ("notCarriedOut", "The action 'wipe' is not carried out here."),
    ]


async def test_the_inventory_follows_the_facts(pc):
    """What the device reports becomes the managed device's properties."""
    pc.nodes |= {
        ENCRYPTION: "1",
        "./DevDetail/Ext/Microsoft/SMBIOSSerialNumber": "SN-7",
        "./DevDetail/Ext/Microsoft/TotalStorage": "1024",
    }
    await pc.session()
    managed = await pc.read(lambda tx: enrollment.managed_device(tx, pc.managed_id))
    assert (managed["serial_number"], managed["is_encrypted"], managed["os_version"]) == (
        "SN-7",
        True,
        "10.0.26100.1742",
    )
    assert managed["total_storage_space_in_bytes"] == 1024**3
