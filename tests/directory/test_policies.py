"""The MDM user scope, and who may join."""

import pytest

from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL, Principal

pytestmark = pytest.mark.anyio


def user(tx, name="ada"):
    upn = f"{name}@contoso.example"
    return directory.create_user(tx, principal=SYSTEM_PRINCIPAL, upn=upn, display_name=name)


def group_of(tx, *users):
    made = directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name="G")["id"]
    for one in users:
        directory.add_member(tx, made, "user", one["id"])
    return made


def join(tx, owner, **more):
    facts = {"display_name": "PC", "os": "Windows", "os_version": "10.0.26100.1", "trust_type": "AzureAd", **more}
    return directory.join_device(tx, owner_id=owner["id"], **facts)


def scope(tx, **changes):
    directory.update_mdm_policy(tx, SYSTEM_PRINCIPAL, changes)


def policy(tx, **changes):
    return directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, changes)


def verdict(tx, one, *, had_mfa=True, **how):
    decision = directory.may_join(tx, one, had_mfa=had_mfa, **how)
    return decision.value, decision.reasons[-1].code


async def test_r001_the_scope_is_none_some_or_all(rt, tenant):
    """Exactly three values; the default is None; Some without a group reaches nobody."""

    def run(tx):
        ada = user(tx)
        seen = [directory.mdm_policy(tx)["applies_to"]]
        scope(tx, applies_to="selected")
        seen.append(directory.in_mdm_scope(tx, ada["id"]).value)
        return seen

    assert await rt.store.write(tenant, run) == ["none", False]
    with pytest.raises(directory.Invalid):
        await rt.store.write(tenant, lambda tx: scope(tx, applies_to="some"))


async def test_r002_r003_r004_the_scope_decides_and_says_why(rt, tenant):
    """None: nobody; Some: members of a listed group; All: everybody; the reason names the scope."""

    def run(tx):
        ada, bo = user(tx), user(tx, "bo")
        made = group_of(tx, ada)
        seen = []
        for changes in ({"applies_to": "none"}, {"applies_to": "selected", "group_ids": [made]}, {"applies_to": "all"}):
            scope(tx, **changes)
            decisions = [directory.in_mdm_scope(tx, one["id"]) for one in (ada, bo)]
            seen.append([(decision.value, decision.reasons[0].code) for decision in decisions])
        return seen

    none, some, everybody = await rt.store.write(tenant, run)
    assert none == [(False, "scope.none")] * 2
    assert some == [(True, "scope.some"), (False, "scope.outside")]
    assert everybody == [(True, "scope.all")] * 2


async def test_r005_r006_in_both_scopes_ownership_decides(rt, tenant):
    """A corporate join enrolls in MDM; a registration of a personal device does not."""

    def run(tx):
        ada = user(tx)
        scope(tx, applies_to="all")
        alone = directory.in_mdm_scope(tx, ada["id"], personal=True).value
        directory.update_wip_policy(tx, SYSTEM_PRINCIPAL, {"applies_to": "all"})
        return alone, [directory.in_mdm_scope(tx, ada["id"], personal=personal).value for personal in (False, True)]

    assert await rt.store.write(tenant, run) == (True, [True, False])


async def test_r007_the_urls_are_edited_and_restored(rt, tenant):
    """The defaults are this instance's own, an edit is kept, and restoring puts the defaults back."""
    await directory.publish_addresses(rt)

    def run(tx):
        before = directory.mdm_policy(tx)
        scope(tx, discovery_url="https://mdm.example/d", terms_of_use_url="")
        edited = directory.mdm_policy(tx)
        return before, edited, directory.restore_default_mdm_urls(tx, SYSTEM_PRINCIPAL)

    before, edited, after = await rt.store.write(tenant, run)
    assert before["discovery_url"] == f"{rt.urls.mdm}/EnrollmentServer/Discovery.svc"
    assert (edited["discovery_url"], edited["terms_of_use_url"]) == ("https://mdm.example/d", "")
    names = ("discovery_url", "terms_of_use_url", "compliance_url")
    assert [after[name] for name in names] == [before[name] for name in names]


@pytest.mark.parametrize("url", ["http://mdm.example", "mdm.example", "https://", "https://[x", "javascript:x"])
async def test_r007_a_url_is_an_https_url(rt, tenant, url):
    """A text that no device could go to is refused."""
    with pytest.raises(directory.Invalid):
        await rt.store.write(tenant, lambda tx: scope(tx, discovery_url=url))


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ({"kind": "user", "roles": frozenset({directory.GLOBAL_ADMINISTRATOR})}, True),
        ({"kind": "user", "roles": frozenset({directory.INTUNE_ADMINISTRATOR})}, False),
        ({"kind": "user"}, False),
        ({"kind": "app", "scopes": frozenset({"Policy.ReadWrite.MobilityManagement"})}, False),
        ({"kind": "device"}, False),
    ],
)
async def test_r010_only_a_global_administrator_changes_the_scope(rt, tenant, principal, allowed):
    """Every other caller is refused with reasons, and the scope stays as it was."""
    who = Principal(id="x", tenant=tenant, **principal)

    def run(tx):
        directory.update_mdm_policy(tx, who, {"applies_to": "all"})

    if allowed:
        await rt.store.write(tenant, run)
    else:
        with pytest.raises(directory.Forbidden) as refused:
            await rt.store.write(tenant, run)
        assert refused.value.reasons
    applies = (await rt.store.read(tenant, directory.mdm_policy))["applies_to"]
    assert applies == ("all" if allowed else "none")


async def test_r011_a_changed_scope_leaves_joined_devices_alone(rt, tenant):
    """The scope is asked at a join; changing it touches no device."""

    def run(tx):
        scope(tx, applies_to="all")
        before = join(tx, user(tx))
        scope(tx, applies_to="none")
        return before, directory.find_device(tx, id=before["id"])

    before, after = await rt.store.write(tenant, run)
    assert before == after


async def test_r013_r014_who_may_join(rt, tenant):
    """All by default; Selected takes users and groups; None refuses everybody."""

    def run(tx):
        ada, bo, eve = (user(tx, name) for name in ("ada", "bo", "eve"))
        seen = [[verdict(tx, ada)[0]]]
        policy(tx, join_allowed="selected", join_users=[ada["id"]], join_groups=[group_of(tx, bo)])
        seen.append([verdict(tx, one)[0] for one in (ada, bo, eve)])
        why = verdict(tx, eve)[1]
        policy(tx, join_allowed="none")
        seen.append([verdict(tx, ada)[0]])
        return seen, why

    seen, why = await rt.store.write(tenant, run)
    assert seen == [[True], [True, True, False], [False]]
    assert why == "join.not_allowed"


@pytest.mark.parametrize(("entered", "stored"), [(150, 100), (100, 100), (20, 20), (0, 0), (None, None)])
async def test_r015_a_quota_above_100_is_kept_as_100(rt, tenant, entered, stored):
    """The default is 50, 150 becomes 100, unlimited stays unlimited."""

    def run(tx):
        return directory.registration_policy(tx)["quota"], policy(tx, quota=entered)["quota"]

    assert await rt.store.write(tenant, run) == (50, stored)


@pytest.mark.parametrize("value", [-1, True, "5", 1.5])
async def test_r015_a_quota_is_a_number(rt, tenant, value):
    """What is no number of devices is refused."""
    with pytest.raises(directory.Invalid):
        await rt.store.write(tenant, lambda tx: policy(tx, quota=value))


async def test_r015_unlimited_disables_the_check(rt, tenant):
    """Without a quota a user over the old one may join again."""

    def run(tx):
        ada = user(tx)
        policy(tx, quota=1)
        join(tx, ada)
        limited = verdict(tx, ada)
        policy(tx, quota=None)
        return limited, verdict(tx, ada)

    assert await rt.store.write(tenant, run) == ((False, "join.quota"), (True, "join.all"))


async def test_r016_deleting_a_device_frees_its_slot(rt, tenant):
    """At the limit the next join fails, a reused object does not count, and a deletion makes room."""

    def run(tx):
        ada = user(tx)
        policy(tx, quota=2)
        devices = [join(tx, ada) for _ in range(2)]
        seen = [verdict(tx, ada)[0], verdict(tx, ada, reuse=True)[0]]
        directory.delete_device(tx, devices[0]["id"], principal=SYSTEM_PRINCIPAL)
        return [*seen, verdict(tx, ada)[0]]

    assert await rt.store.write(tenant, run) == [False, True, True]


async def test_r021_mfa_is_asked_before_the_quota(rt, tenant):
    """With the setting on, a sign-in without MFA is refused for that reason, though the quota is full too."""

    def run(tx):
        ada = user(tx)
        policy(tx, mfa_required=True, quota=0)
        return verdict(tx, ada, had_mfa=False), verdict(tx, ada)

    assert await rt.store.write(tenant, run) == ((False, "join.mfa_required"), (False, "join.quota"))


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (directory.CLOUD_DEVICE_ADMINISTRATOR, True),
        (directory.INTUNE_ADMINISTRATOR, True),
        (directory.GLOBAL_ADMINISTRATOR, True),
        ("fe930be7-5e62-47db-91af-98c3a49a38b1", False),
        (None, False),
    ],
)
async def test_r022_who_may_change_who_may_join(rt, tenant, role, allowed):
    """Cloud Device and Intune Administrators may; a User Administrator and a plain user may not."""
    who = Principal("user", "x", tenant, roles=frozenset({role} if role else ()))

    def run(tx):
        return directory.update_registration_policy(tx, who, {"quota": 7})["quota"]

    if allowed:
        assert await rt.store.write(tenant, run) == 7
    else:
        with pytest.raises(directory.Forbidden):
            await rt.store.write(tenant, run)


async def test_restricting_recovery_keys_needs_another_role(rt, tenant):
    """Who may see recovery keys is not the Intune Administrator's to change (01 section 3)."""
    who = Principal("user", "x", tenant, roles=frozenset({directory.INTUNE_ADMINISTRATOR}))
    with pytest.raises(directory.Forbidden):
        await rt.store.write(
            tenant, lambda tx: directory.update_registration_policy(tx, who, {"recovery_keys_restricted": True})
        )
