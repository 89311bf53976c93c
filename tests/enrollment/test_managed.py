"""Managed devices after enrollment: what may be changed, and what deleting one means (02 section 7)."""

from __future__ import annotations

import pytest

from taxiway import directory, enrollment, pki
from taxiway.directory import SYSTEM_PRINCIPAL, Forbidden, Principal
from taxiway.enrollment import MANAGED, BadConfiguration

pytestmark = pytest.mark.anyio


@pytest.fixture
async def enrolled(client):
    """The document of an enrolled device."""
    return await client.enroll()


async def test_deleting_ends_the_management_and_keeps_the_entra_device(client, enrolled):
    """The certificate is revoked, the row is gone, the Entra device stays and is no longer managed."""
    managed_id = enrolled.dm_client.ent_dm_id
    await client.write(lambda tx: enrollment.delete_managed_device(tx, managed_id, principal=SYSTEM_PRINCIPAL))
    assert await client.read(MANAGED.count) == 0
    with pytest.raises(pki.PeerRefused, match="revoked"):
        await pki.verify_peer(client.rt, enrolled.certificates.leaf)
    device = await client.read(lambda tx: directory.find_device(tx, id=client.device["id"]))
    assert device["is_managed"] is False


async def test_only_a_few_properties_can_be_changed(client, enrolled):
    """Notes can, the serial number cannot; the ownership has two names and one value."""
    managed_id = enrolled.dm_client.ent_dm_id

    def change(**values):
        return client.write(
            lambda tx: enrollment.update_managed_device(tx, managed_id, values, principal=SYSTEM_PRINCIPAL)
        )

    row = await change(notes="lobby", ownership="personal")
    assert (row["notes"], row["ownership"], row["owner_type"]) == ("lobby", "personal", "personal")
    with pytest.raises(BadConfiguration):
        await change(serial_number="other")
    with pytest.raises(BadConfiguration):
        await change(ownership="mine")


async def test_administration_needs_a_role(client, enrolled):
    """A user without a role changes nothing."""
    nobody = Principal("user", client.user["id"], client.tenant)
    managed_id = enrolled.dm_client.ent_dm_id
    for change in (
        lambda tx: enrollment.delete_managed_device(tx, managed_id, principal=nobody),
        lambda tx: enrollment.create_configuration(tx, enrollment.ESP, {"display_name": "x"}, principal=nobody),
        lambda tx: enrollment.set_terms(tx, title="x", text="y", principal=nobody),
    ):
        with pytest.raises(Forbidden):
            await client.write(change)


async def test_a_deleted_user_leaves_the_device_without_one(client, enrolled):
    """The device stays managed; its primary user is cleared."""
    await client.write(lambda tx: directory.delete_user(tx, client.user["id"]))
    managed = await client.read(lambda tx: MANAGED.require(tx, enrolled.dm_client.ent_dm_id))
    assert (managed["user_id"], managed["upn"]) == (None, None)
