"""The plan of a deployment: steps 1 to 7 of the tutorial, and what a deployment is for, in one readable TOML file."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec

from taxiway.rehearsal.errors import BadPlan


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the plan's sections: a misspelt name is an error, not a silence."""


class UserPlan(_Section, frozen=True, kw_only=True):
    """Somebody who will sign in. ``upn`` without ``@``: in the tenant's first domain."""

    upn: str
    display_name: str
    licensed: bool = True


class MdmScope(_Section, frozen=True, kw_only=True):
    """Step 1: whose devices enroll automatically (01 section 2)."""

    applies_to: Literal["none", "some", "all"] = "all"
    groups: list[str] = []


class JoinPolicy(_Section, frozen=True, kw_only=True):
    """Step 2: who may join devices, and how many (01 section 3). ``quota`` 0: unlimited."""

    allowed: Literal["all", "selected", "none"] = "all"
    groups: list[str] = []
    quota: int = 50
    require_mfa: bool = False


class GroupPlan(_Section, frozen=True, kw_only=True):
    """Step 4, and any other group: with a ``rule`` it is dynamic; ``of`` says of what."""

    name: str
    rule: str = ""
    of: Literal["devices", "users"] = "devices"
    members: list[str] = []


class EspPlan(_Section, frozen=True, kw_only=True):
    """Step 5: the Enrollment Status Page (01 section 6.1)."""

    name: str
    groups: list[str]
    minutes: int = 60
    message: str = ""
    collect_logs: bool = True
    block: bool = True
    allow_reset: bool = True
    allow_use: bool = False


class ProfilePlan(_Section, frozen=True, kw_only=True):
    """Step 6: the Autopilot deployment profile (01 section 7.1)."""

    name: str
    groups: list[str]
    name_template: str = ""
    user_type: Literal["standard", "administrator"] = "standard"
    hide_eula: bool = True
    hide_privacy: bool = True
    hide_change_account: bool = True
    skip_keyboard: bool = True
    language: str = "os-default"


class AppPlan(_Section, frozen=True, kw_only=True):
    """A required app of made-up content; ``for_users``: assigned to all users, not to devices."""

    name: str
    kind: Literal["msi", "win32"] = "msi"
    version: str = "1.0.0"
    size_kb: int = 64
    groups: list[str] = []
    for_users: bool = False


class PolicyPlan(_Section, frozen=True, kw_only=True):
    """A configuration or compliance policy as Graph spells it: ``body`` needs its ``@odata.type``."""

    name: str
    kind: Literal["deviceConfigurations", "deviceCompliancePolicies"] = "deviceConfigurations"
    body: dict[str, Any]
    groups: list[str] = []
    for_users: bool = False


class Plan(_Section, frozen=True, kw_only=True):
    """The whole plan."""

    organization: str = "Contoso"
    domain: str = "contoso.example"
    users: list[UserPlan]
    mdm: MdmScope = MdmScope()
    join: JoinPolicy = JoinPolicy()
    groups: list[GroupPlan] = []
    esp: EspPlan | None = None
    profile: ProfilePlan | None = None
    apps: list[AppPlan] = []
    policies: list[PolicyPlan] = []

    def upn(self, name: str) -> str:
        """A user's full name."""
        return name if "@" in name else f"{name}@{self.domain}"


def read_plan(path: Path | None = None) -> Plan:
    """The plan in a file, or the one that comes with the program."""
    text = path.read_text("utf-8") if path else files("taxiway.rehearsal").joinpath("contoso.toml").read_text("utf-8")
    try:
        plan = msgspec.convert(tomllib.loads(text), Plan)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        where = path or "the plan that comes with the program"
        raise BadPlan(f"{where}: {error}", remedy="docs/plan.md describes every key.") from error
    _check_groups(plan)
    return plan


def _check_groups(plan: Plan) -> None:
    """Every group that is named somewhere is defined."""
    known = {group.name for group in plan.groups}
    used = {*plan.mdm.groups, *plan.join.groups}
    for part in (plan.esp, plan.profile, *plan.apps, *plan.policies):
        used.update(part.groups if part is not None else ())
    if used - known:
        raise BadPlan(f"No group is called {', '.join(sorted(used - known))}.", remedy="Define it under [[groups]].")
