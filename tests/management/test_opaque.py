"""Objects of types that nothing here acts on stay out of everything a device is told, and are named where one asks."""

from __future__ import annotations

import pytest

from taxiway import directory, management
from taxiway.directory import SYSTEM_PRINCIPAL as BY
from taxiway.directory import Target
from taxiway.kernel import NotImplementedHere

pytestmark = pytest.mark.anyio

EVERYWHERE = Target("all_devices", intent="required")


@pytest.fixture
async def kept(pc):
    """One of each collection, assigned to all devices; their ids by name."""

    def work(tx):
        kinds = {
            "Phones": (
                "iosGeneralDeviceConfiguration",
                management.create_configuration,
                management.assign_configuration,
            ),
            "Rules": ("iosCompliancePolicy", management.create_policy, management.assign_policy),
            "Viewer": ("macOSLobApp", management.create_app, management.assign_app),
        }
        made = {}
        for name, (kind, create, assign) in kinds.items():
            row = create(tx, kind, {"display_name": name, "opaque": {"any": 1}}, principal=BY)
            assign(tx, row["id"], [EVERYWHERE], principal=BY)
            made[name] = row["id"]
        shelf = management.Shelf("deviceShellScripts", "management.scripts")
        script = management.create_object(
            tx, shelf, "deviceShellScript", {"display_name": "Printers", "body": {}}, principal=BY
        )
        management.assign_object(tx, shelf, script["id"], [EVERYWHERE], principal=BY)
        return made | {"Printers": script["id"]}

    return await pc.write(work)


async def test_nothing_of_them_reaches_a_device_and_no_page_waits_for_them(pc, kept, esp):
    """The page ends, no state is kept of them, and whether the device complies does not depend on them."""
    esp["selected_apps"] = [kept["Viewer"]]
    await pc.session()
    pc.finish()
    await pc.session()
    assert await pc.states() == {}
    assert (await pc.moves())[-1] == "done"

    def asked(tx):
        device = directory.DEVICES.select(tx)[0]
        verdict = management.judge(tx, device=device, user=None, facts={}, since={})
        named = management.unacted(tx, device=device, user=None)
        return verdict, management.meant_apps(tx, device=device, user=None), [each.name for each in named]

    verdict, apps, named = await pc.read(asked)
    assert verdict.state in {"unknown", "compliant"}
    assert apps == []
    assert named == ["Phones", "Rules", "Viewer", "Printers"]


async def test_the_content_of_an_app_that_nothing_installs_is_refused_by_name(pc, kept):
    """Nobody could open it: the error names the type."""
    with pytest.raises(NotImplementedHere, match="macOSLobApp"):
        await management.set_app_content(pc.rt, pc.tenant, kept["Viewer"], [b"x"], principal=BY)


async def test_every_change_is_in_the_log(pc, kept):
    """Created, assigned, changed, deleted: with the name, the collection and the type."""
    shelf = management.Shelf("deviceShellScripts", "management.scripts")
    change = {"body": {"retryCount": 3}}
    await pc.write(lambda tx: management.update_object(tx, shelf, kept["Printers"], change, principal=BY))
    await pc.write(lambda tx: management.delete_object(tx, shelf, kept["Printers"], principal=BY))
    for verb in ("created", "assigned", "updated", "deleted"):
        [entry] = await pc.log(f"opaque_object.{verb}")
        assert (entry.what["name"], entry.what["collection"]) == ("Printers", "deviceShellScripts")
