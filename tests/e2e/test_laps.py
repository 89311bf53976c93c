"""Windows LAPS whole: policy, escrow by the device, Graph, rotation by order and by age (05 section 10.10)."""

from __future__ import annotations

import base64
import dataclasses
import string
from datetime import timedelta

import pytest

from e2e.administering import sit_down
from e2e.deploying import Deploying, QuickClock
from taxiway import directory
from taxiway.device import PC
from taxiway.device.csp.laps import new_password
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.directory.roles import HELPDESK_ADMINISTRATOR
from taxiway.kernel import SeededEntropy

pytestmark = pytest.mark.anyio

LAPS = "./Device/Vendor/MSFT/LAPS/Policies"
CREDENTIALS = "/v1.0/directory/deviceLocalCredentials"


@pytest.fixture
async def deploying(instance, tmp_path):
    return Deploying(instance, tmp_path)


async def switch_on(deploying, *, tenant=True, **policies):
    """The tenant's switch and a policy for every device."""
    if tenant:
        changes = {"laps_enabled": True}
        await deploying.write(lambda tx: directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, changes))
    for name, value in {"BackupDirectory": 1, "PasswordLength": 20, **policies}.items():
        await deploying.policy(f"{LAPS}/{name}", value)


async def passwords(desk):
    """What an administrator is shown."""
    shown = await desk.graph.get(f"{CREDENTIALS}/{desk.outcome.entra_device_id}?$select=credentials")
    return [base64.b64decode(each["passwordBase64"]).decode() for each in shown["credentials"]]


async def test_a_pc_escrows_the_password_that_its_policy_asks_for(deploying):
    """By its device certificate, after generating it by the policy's length; roles see metadata, fewer the password."""
    await switch_on(deploying)
    desk = await sit_down(deploying)
    [password] = await passwords(desk)
    assert len(password) == 20
    assert all(set(password) & set(each) for each in (string.ascii_lowercase, string.ascii_uppercase, string.digits))
    assert (desk.pc._storage.folder / "tpm" / "laps.sealed").read_bytes() == password.encode()
    [listed] = await desk.graph.values(f"{CREDENTIALS}?$filter=lastBackupDateTime gt 2020-01-01T00:00:00Z")
    assert (listed["deviceName"], "credentials" in listed) == (desk.outcome.device_name, False)
    read = await desk.log("local_password.read")
    assert [entry.what["device_id"] for entry in read] == [desk.outcome.entra_device_id]
    path = f"{CREDENTIALS}/{desk.outcome.entra_device_id}"
    helper = await desk.another("hal", HELPDESK_ADMINISTRATOR)
    assert "credentials" not in await helper.get(path)
    await helper.get(f"{path}?$select=credentials", expect=403)
    eve = await desk.another("eve")
    await eve.get(path, expect=403)
    assert len(await desk.log("local_password.read")) == 1
    assert password not in str(await desk.deploying.read(lambda tx: tx.all(_everything())))
    await desk.graph.client.aclose()


def _everything():
    import sqlalchemy as sa

    from taxiway.join.entities import LOCAL_CREDENTIAL

    return sa.select(LOCAL_CREDENTIAL.table)


async def test_the_password_is_rotated_on_order(deploying):
    """The action is done when the new password is in the directory; the old one stays beside it."""
    await switch_on(deploying)
    desk = await sit_down(deploying)
    [old] = await passwords(desk)
    await desk.order("rotateLocalAdminPassword")
    await desk.sync()
    new, *rest = await passwords(desk)
    assert (rest, new == old) == ([old], False)
    assert await desk.results() == {"rotateLocalAdminPassword": "done"}
    await desk.graph.client.aclose()


async def test_the_password_is_rotated_by_its_age(deploying):
    """On the PC's clock: not before the policy's days are over, and then by itself."""
    await switch_on(deploying, PasswordAgeDays=1)
    desk = await sit_down(deploying)
    await desk.sync()
    assert len(await passwords(desk)) == 1
    later = dataclasses.replace(desk.instance.host, clock=QuickClock(factor=1.0, ahead=timedelta(hours=25)))
    desk.pc = PC.open(desk.pc._storage.folder, later)
    await desk.sync()
    assert len(await passwords(desk)) == 2
    await desk.graph.client.aclose()


async def test_a_tenant_without_laps_takes_no_password(deploying):
    """The escrow is refused, the PC keeps no password of its own making, and the order fails with its reason."""
    await switch_on(deploying, tenant=False)
    desk = await sit_down(deploying)
    await desk.graph.get(f"{CREDENTIALS}/{desk.outcome.entra_device_id}", expect=404)
    assert not (desk.pc._storage.folder / "tpm" / "laps.sealed").exists()
    await desk.order("rotateLocalAdminPassword")
    await desk.sync()
    found = await desk.result("rotateLocalAdminPassword")
    assert (found["actionState"], found["errorCode"]) == ("failed", 0x80070005)
    await desk.graph.client.aclose()


@pytest.mark.parametrize(("complexity", "classes"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4)])
def test_a_password_has_every_class_of_its_complexity(complexity, classes):
    """Whatever is drawn: the length is the policy's, and each class is there."""
    kinds = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "#$%&*+-=?@^_")
    for seed in range(20):
        made = new_password(SeededEntropy(f"laps {seed}"), 8, complexity)
        assert len(made) == 8
        assert sum(bool(set(made) & set(kind)) for kind in kinds) == classes
