"""Why an object is, or is not, a member of a group: its rule part by part, or the way by which the group holds it."""

from __future__ import annotations

from dataclasses import dataclass

from taxiway.directory import dynamic, membership
from taxiway.directory.entities import DEVICES, GROUPS, USERS
from taxiway.directory.membership import Member
from taxiway.directory.rule_index import KINDS
from taxiway.directory.rules import Explanation, Kind, RuleTimeout
from taxiway.directory.verdicts import no, yes
from taxiway.kernel import Decision, Reason
from taxiway.store import Row, Tx


@dataclass(frozen=True, slots=True)
class Standing:
    """How an object stands to a group. ``member`` is what the group holds now; ``rule`` what its rule says of it.

    ``path``: the groups by which it is held, from this one down to the one of which the object is a direct member.
    """

    member: Decision[bool]
    rule: Explanation | None = None
    path: tuple[str, ...] = ()


def standing_of(tx: Tx, kind: Kind, object_id: str, group_id: str) -> Standing:
    """How a user or device stands to a group, and why."""
    group = GROUPS.require(tx, group_id)
    path = _path(tx, (kind, object_id), group_id)
    if group["kind"] == "assigned":
        return Standing(_stated(tx, _name(tx, kind, object_id), group, path), path=path)
    if KINDS[group["kind"]] != kind:
        text = f"The rule of '{group['display_name']}' is about {KINDS[group['kind']]}s, and this is a {kind}."
        return Standing(no(Reason("member.other_kind", text)))
    try:
        rule = dynamic.explain_membership(tx, kind, object_id, group["membership_rule"])
    except RuleTimeout as error:
        return Standing(_ruled(group, None, error.message, held=bool(path)), path=path)
    return Standing(_ruled(group, rule.result, "", held=bool(path)), rule, path)


def _stated(tx: Tx, name: str, group: Row, path: tuple[str, ...]) -> Decision[bool]:
    title = group["display_name"]
    if not path:
        text = f"Nobody added {name} to '{title}', or to a group nested in it."
        return no(Reason("member.not_stated", text))
    if len(path) == 1:
        return yes(Reason("member.stated", f"{name} was added to '{title}' itself."))
    titles = [f"'{GROUPS.require(tx, one)['display_name']}'" for one in reversed(path)]
    text = f"{name} is a member of {', which is a member of '.join(titles)}."
    return yes(Reason("member.nested", text, {"path": list(path)}))


def _ruled(group: Row, matches: bool | None, trouble: str, *, held: bool) -> Decision[bool]:
    """What the rule says, whether the group has followed it, and when it was last evaluated."""
    status = group["membership_rule_processing_status"] or {}
    found = [_RULE[matches]] if matches is not None else [Reason("member.rule_slow", f"Its rule failed: {trouble}.")]
    if matches is not held:
        found.append(_behind(group, status))
    evaluated = status.get("lastMembershipUpdated")
    when = f"The group was last evaluated at {evaluated}." if evaluated else "The group was never evaluated."
    found.append(Reason("member.evaluated", when, {"status": status.get("status"), "at": evaluated}))
    return yes(*found) if held else no(*found)


def _behind(group: Row, status: dict[str, str]) -> Reason:
    """Why the group does not hold what its rule says."""
    if group["membership_rule_processing_state"] != "On":
        return Reason("member.paused", "The group is paused: it keeps the members it had until it is switched on.")
    if status.get("status") == "Failed":
        text = f"Its evaluation failed: {status.get('errorMessage')}. It keeps its members until its rule changes."
        return Reason("member.failed", text)
    return Reason("member.pending", "The group is being evaluated in the background.")


def _path(tx: Tx, member: Member, group_id: str) -> tuple[str, ...]:
    """The shortest way down from the group to the object; empty when there is none."""
    if group_id not in membership.groups_of(tx, *member):
        return ()
    ways: list[tuple[str, ...]] = [(one,) for one in sorted(membership.direct_groups_of(tx, *member))]
    seen = {way[0] for way in ways}
    for way in ways:
        if way[0] == group_id:
            return way
        for above in sorted(membership.direct_groups_of(tx, "group", way[0]) - seen):
            seen.add(above)
            ways.append((above, *way))
    return ()


def _name(tx: Tx, kind: Kind, object_id: str) -> str:
    row = (USERS if kind == "user" else DEVICES).require(tx, object_id)
    return str(row["display_name"] or row["id"])


_RULE = {
    True: Reason("member.rule_matches", "Its rule matches."),
    False: Reason("member.rule_differs", "Its rule does not match."),
}
