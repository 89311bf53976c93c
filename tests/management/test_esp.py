"""The Enrollment Status Page: its blocks, its lists, its end, for the device and for each user (05 section 11.14)."""

from __future__ import annotations

import pytest

from management.uris import CORTANA, MSI, PAGE, USER_NODE
from taxiway import directory, management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.enrollment import ENROLLMENTS
from taxiway.management.esp.deadlines import RUNNING
from taxiway.management.esp.page import MOVES
from taxiway.wire.expected import split_apps

pytestmark = pytest.mark.anyio

DONE = f"./Device/{PAGE}/ServerHasFinishedProvisioning"
USER_DONE = f"./User/{PAGE}/ServerHasFinishedProvisioning"


def uris(said, verb="Replace"):
    return [uri for each, uri, _ in said if each == verb]


async def test_r088_nothing_assigned_still_ends(pc):
    """A device for which nothing is meant is released in its first session, and done when it says so."""
    said = await pc.session()
    assert uris(said)[-1] == DONE
    pc.finish()
    await pc.session()
    assert await pc.moves() == ["opening", "collecting", "sent", "released", "done"]


async def test_r086_the_lists_come_before_the_release_and_after_the_work(pc, custom, msi, everywhere):
    """First the page's settings, then the work, then what was delivered, and last that the server has finished."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    await msi("Tool", everywhere)
    said = uris(await pc.session())
    assert said.index(f"./Device/{PAGE}/SkipDeviceStatusPage") < said.index(CORTANA)
    assert said.index(CORTANA) < said.index(f"./Device/{PAGE}/ExpectedMSIAppPackages")
    assert said[-1] == DONE
    assert [app.uri for app in split_apps(pc.nodes[f"./Device/{PAGE}/ExpectedMSIAppPackages"])] == [f"{MSI}/Status"]


async def test_r064_an_app_the_device_will_not_take_fails_the_page(pc, msi, everywhere):
    """A required app that cannot be delivered is never left out in silence: the page is told to fail."""
    await msi("Tool", everywhere)
    pc.refuse[f"{MSI}/DownloadInstall"] = 405
    said = await pc.session()
    assert (await pc.moves())[-1] == "failed"
    assert ("Replace", f"./Device/{PAGE}/TimeOutUntilSyncFailure", "1") in said
    assert DONE not in uris(said)


async def test_r063_without_blocking_a_lost_app_does_not_fail_the_page(pc, esp, msi, everywhere):
    """Where the page does not block, it is released without the app, and the lists do not name it."""
    loose = {**esp, "block": False, "block_flags": 0}
    await pc.write(lambda tx: ENROLLMENTS.update(tx, pc.managed_id, {"esp": loose}))
    await msi("Tool", everywhere)
    pc.refuse[f"{MSI}/DownloadInstall"] = 405
    assert uris(await pc.session())[-1] == DONE
    assert f"./Device/{PAGE}/ExpectedMSIAppPackages" not in pc.nodes


async def test_r065_apps_that_do_not_block_come_after_the_page(pc, esp, msi, everywhere):
    """Of two required apps only the selected one is delivered and listed while the page is up."""
    first = await msi("Blocking", everywhere)
    other = "{99999999-2222-3333-4444-555555555555}"
    await msi("Later", everywhere, product_code=other)
    await pc.write(lambda tx: ENROLLMENTS.update(tx, pc.managed_id, {"esp": {**esp, "selected_apps": [first]}}))
    during = uris(await pc.session(), "Exec")
    pc.finish()
    after = uris(await pc.session(), "Exec")
    assert [uri.count("11111111") for uri in during] == [1]
    assert [uri.count("99999999") for uri in after] == [1]


async def test_an_msi_that_fails_is_told_with_its_error(pc, msi, everywhere):
    """Status 60 is a failure with its HRESULT, and the page's failure names the app."""
    await msi("Tool", everywhere)
    pc.install = "60"
    pc.nodes[f"{MSI}/LastError"] = "-2147023293"
    await pc.session()
    pc.nodes[f"./Device/{PAGE}/WasDeviceSuccessfullyProvisioned"] = "0"
    pc.nodes[f"./Device/{PAGE}/IsSyncDone"] = "false"
    await pc.session()
    assert await pc.states() == {"Tool": "failed"}
    failed = (await pc.log("app.state_changed"))[-1]
    assert failed.what["error"] == "0x80070643"
    assert (await pc.moves())[-1] == "failed"
    assert (await pc.log("esp.moved"))[-1].why[0]["facts"] == {"apps": ["Tool"]}


async def test_a_failed_page_can_end_well_after_try_again(pc, msi, everywhere):
    """The device says later that all is well: the run is done."""
    await msi("Tool", everywhere)
    await pc.session()
    pc.nodes[f"./Device/{PAGE}/WasDeviceSuccessfullyProvisioned"] = "0"
    await pc.session()
    pc.finish()
    await pc.session()
    assert (await pc.moves())[-2:] == ["failed", "done"]


async def test_p24_the_deadline_ends_a_page_whose_device_never_answers(pc, clock):
    """No Status ever came: the page's own time limit is the server's too, with or without the device."""
    await pc.post(pc.first("A"))
    clock.advance(66 * 60)
    assert await pc.write(management.expire_pages) == 1
    assert await pc.moves() == ["opening", "failed"]
    assert (await pc.log("esp.moved"))[-1].why[0]["code"] == "esp.deadline"


async def test_after_the_deadline_try_again_finds_the_lists(pc, clock):
    """The page timed out while the server was not done; the next session still releases it."""
    await pc.post(pc.first("A"))
    clock.advance(66 * 60)
    assert uris(await pc.session())[-1] == DONE
    pc.finish()
    await pc.session()
    assert await pc.moves() == ["opening", "failed", "done"]


@pytest.mark.parametrize(("order", "ends"), [("release", "released"), ("fail", "failed")])
async def test_an_administrator_can_end_the_page(pc, order, ends):
    """Release now and fail now take effect in the next session, whatever is outstanding."""
    await pc.post(pc.first("A"))
    await pc.write(lambda tx: management.order_esp(tx, pc.managed_id, order, principal=SYSTEM_PRINCIPAL))
    await pc.session()
    assert (await pc.moves())[-1] == ends


async def test_p01_the_users_half_waits_for_the_user_and_for_200(pc, custom, everyone):
    """No user command during setup; then the nodes, the user's work, the release; 200 alone completes it."""
    await custom("Mine", USER_NODE, 1, everyone)
    assert not [uri for _, uri, _ in await pc.session() if uri.startswith("./User/")]
    pc.user_id = pc.owner
    pc.refuse[USER_DONE] = 405
    said = await pc.session("user")
    assert uris(said, "Add")[0] == "./User/Vendor/MSFT/DMClient/Provider/taxiway"
    assert uris(said).index(USER_NODE) < uris(said).index(USER_DONE)
    assert (await pc.moves("user"))[-1] == "sent"
    pc.refuse.clear()
    assert USER_DONE in uris(await pc.session("user"))
    pc.finish("User")
    await pc.session("user")
    assert await pc.moves("user") == ["seen", "collecting", "sent", "released", "done"]


async def test_p02_a_second_user_waits_for_nothing(pc, custom, everyone):
    """The second user's page is released at once, though work for that user is still unanswered."""
    await custom("Mine", USER_NODE, 1, everyone)
    pc.user_id = pc.owner
    await pc.session("user")
    eve = await pc.write(
        lambda tx: directory.create_user(
            tx, principal=SYSTEM_PRINCIPAL, upn="eve@contoso.example", display_name="Eve", usage_location="SE"
        )
    )
    pc.user_id = eve["id"]
    answer, _ = await pc.post(pc.first("E", "user"))
    assert USER_DONE in [each.items[0].target for each in answer.commands if getattr(each, "items", ())]


async def test_r062_only_the_first_user_sees_the_page_where_the_profile_says_so(pc, esp):
    """After the first user the page is hidden on the device."""
    await pc.write(lambda tx: ENROLLMENTS.update(tx, pc.managed_id, {"esp": {**esp, "first_user_only": True}}))
    await pc.session()
    assert pc.nodes[f"./Device/{PAGE}/SkipUserStatusPage"] == "false"
    pc.user_id = pc.owner
    await pc.session("user")
    await pc.session("user")
    assert pc.nodes[f"./Device/{PAGE}/SkipUserStatusPage"] == "true"


async def test_r057_without_the_page_nothing_waits(pc, esp, custom, everywhere):
    """A profile that shows nothing: the configuration arrives, no page node is written."""
    hidden = {**esp, "show": False, "show_user_page": False}
    await pc.write(lambda tx: ENROLLMENTS.update(tx, pc.managed_id, {"esp": hidden}))
    await custom("No Cortana", CORTANA, 0, everywhere)
    said = await pc.session()
    assert CORTANA in uris(said)
    assert not [uri for uri in uris(said) if PAGE in uri]


async def test_p06_a_job_that_never_began_is_sent_again(pc, msi, everywhere, clock):
    """The device accepted the job and knows nothing of it ten minutes later: it is armed and run again."""
    await msi("Tool", everywhere)
    kept = pc.run

    def parked(verb, item, login):
        return 202 if verb == "Exec" else kept(verb, item, login)

    pc.run = parked
    await pc.session()
    await pc.session()
    clock.advance(11 * 60)
    pc.run = kept
    assert uris(await pc.session(), "Exec") == [f"{MSI}/DownloadInstall"]


def test_every_state_leads_to_an_end():
    """From each running state the machine can reach done or failed."""
    for state in RUNNING:
        seen, todo = set(), [state]
        while todo:
            for follower in MOVES[todo.pop()] - seen:
                seen.add(follower)
                todo.append(follower)
        assert "failed" in seen
        assert "done" in seen
