"""Is a device compliant? A pure evaluation of policies over reported facts (R-123 to R-125)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from taxiway.enrollment import version_key
from taxiway.kernel import Reason
from taxiway.store import Row

STATUS: Final = "./Device/Vendor/MSFT/DeviceStatus"
BITLOCKER: Final = "./Device/Vendor/MSFT/BitLocker/Status/DeviceEncryptionStatus"
OS_VERSION: Final = "./DevDetail/SwV"
ENCRYPTION: Final = f"{STATUS}/Compliance/EncryptionCompliance"
SECURE_BOOT: Final = f"{STATUS}/SecureBootState"
TPM: Final = f"{STATUS}/TPM/SpecificationVersion"
FIREWALL: Final = f"{STATUS}/Firewall/Status"
ANTIVIRUS: Final = f"{STATUS}/Antivirus/Status"
ANTISPYWARE: Final = f"{STATUS}/Antispyware/Status"
SIGNATURES: Final = f"{STATUS}/Antivirus/SignatureStatus"

_GUARD: Final = f"{STATUS}/DeviceGuard"
VIRTUALIZATION: Final = f"{_GUARD}/VirtualizationBasedSecurityStatus"
MEMORY_INTEGRITY: Final = f"{_GUARD}/HypervisorEnforcedCodeIntegrityStatus"
SYSTEM_GUARD: Final = f"{_GUARD}/SystemGuardStatus"
BOOT_DMA: Final = f"{STATUS}/DMA/BootDMAProtectionStatus"

#: What was measured when the device last started: no nodes, but facts of a report that was checked (R-124).
ATTESTED_BOOT: Final = "attested|boot"
ATTESTED_BITLOCKER: Final = "attested|bitLocker"
ATTESTED_INTEGRITY: Final = "attested|codeIntegrity"
ATTESTED_EARLY_LAUNCH: Final = "attested|earlyLaunch"
ATTESTED: Final = frozenset({ATTESTED_BOOT, ATTESTED_BITLOCKER, ATTESTED_INTEGRITY, ATTESTED_EARLY_LAUNCH})

#: What few rules need; read where a policy that is meant for the device has one of them.
ON_DEMAND: Final = (VIRTUALIZATION, MEMORY_INTEGRITY, SYSTEM_GUARD, BOOT_DMA)
#: What most rules need; read in every session.
FACTS: Final = (
    OS_VERSION,
    ENCRYPTION,
    SECURE_BOOT,
    BITLOCKER,
    TPM,
    FIREWALL,
    ANTIVIRUS,
    ANTISPYWARE,
    SIGNATURES,
)

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A switch of a policy: the facts it needs and when they satisfy it."""

    needs: tuple[str, ...]
    holds: Callable[[tuple[str, ...]], bool]
    text: str


def _is(uri: str, value: str, text: str) -> _Rule:
    return _Rule((uri,), lambda found: found[0] == value, text)


#: Every switch that can be judged; one that is not here is refused when a policy is saved.
RULES: Final[dict[str, _Rule]] = {
    "storage_require_encryption": _is(ENCRYPTION, "1", "The system volume is not encrypted."),
    "bit_locker_enabled": _is(
        ATTESTED_BITLOCKER, "1", "BitLocker did not protect the device when it last started; a restart attests anew."
    ),
    "code_integrity_enabled": _is(ATTESTED_INTEGRITY, "1", "Code integrity was off when the device last started."),
    "early_launch_anti_malware_driver_enabled": _is(
        ATTESTED_EARLY_LAUNCH, "1", "The early launch driver was off when the device last started."
    ),
    "memory_integrity_enabled": _is(MEMORY_INTEGRITY, "0", "Memory integrity does not run."),
    "virtualization_based_security_enabled": _is(VIRTUALIZATION, "0", "Virtualization-based security does not run."),
    "firmware_protection_enabled": _is(SYSTEM_GUARD, "0", "System Guard does not run."),
    "kernel_dma_protection_enabled": _is(BOOT_DMA, "1", "Kernel DMA protection is off."),
    "secure_boot_enabled": _is(SECURE_BOOT, "1", "Secure Boot is off."),
    "tpm_required": _Rule((TPM,), lambda found: found[0] not in {"", "Not available"}, "There is no TPM."),
    "active_firewall_required": _is(FIREWALL, "0", "The firewall is off."),
    "antivirus_required": _is(ANTIVIRUS, "0", "No antivirus is active."),
    "defender_enabled": _is(ANTIVIRUS, "0", "Microsoft Defender is not active."),
    "rtp_enabled": _is(ANTIVIRUS, "0", "Real-time protection is off."),
    "anti_spyware_required": _is(ANTISPYWARE, "0", "No antispyware is active."),
    "signature_out_of_date": _is(SIGNATURES, "1", "The antivirus signatures are out of date."),
}


def needs(policies: Iterable[Row]) -> frozenset[str]:
    """The facts that the rules of these policies rest on."""
    return frozenset(uri for row in policies for setting, rule in RULES.items() if row[setting] for uri in rule.needs)


@dataclass(frozen=True, slots=True)
class RuleState:
    """How one rule of a policy stands."""

    setting: str
    state: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class PolicyState:
    """How one policy stands: compliant, inGracePeriod, noncompliant or unknown, since when it is not compliant."""

    policy_id: str
    name: str
    state: str
    rules: tuple[RuleState, ...]
    since: datetime | None = None
    grace_until: datetime | None = None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What decides the state: one reason for all rules of which the same is to be said."""
        alike: dict[tuple[str, str], list[str]] = {}
        for rule in self.rules:
            if rule.state != "compliant":
                alike.setdefault((rule.state, rule.text), []).append(rule.setting)
        return tuple(self._reason(state, text, settings) for (state, text), settings in alike.items())

    def _reason(self, state: str, text: str, settings: list[str]) -> Reason:
        named = f" ({', '.join(setting.replace('_', ' ') for setting in settings)})" if len(settings) > 1 else ""
        facts = {"state": state, "rules": settings}
        return Reason(f"compliance.{settings[0]}", f"'{self.name}': {text}{named}", facts)

    @property
    def met(self) -> Reason:
        """What a policy asks for, once the device has it all."""
        rules = ", ".join(rule.setting.replace("_", " ") for rule in self.rules)
        return Reason("compliance.met", f"'{self.name}' is met" + (f": {rules}." if rules else "."))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The device's state over all its policies."""

    state: str
    policies: tuple[PolicyState, ...]
    reasons: tuple[Reason, ...]
    needs: frozenset[str] = frozenset()

    @property
    def grace_until(self) -> datetime | None:
        """When the first grace period ends."""
        return min((p.grace_until for p in self.policies if p.state == "inGracePeriod" and p.grace_until), default=None)


def evaluate(policy: Row, facts: Facts, *, now: datetime, since: datetime | None) -> PolicyState:
    """One policy; ``since``: when it was first found not to be met, kept until it is met again."""
    rules = tuple(_rules(policy, facts))
    states = {rule.state for rule in rules}
    if "noncompliant" not in states:
        state = "unknown" if "unknown" in states else "compliant"
        return PolicyState(policy["id"], policy["display_name"], state, rules)
    began = since or now
    until = began + timedelta(hours=grace_hours(policy))
    state = "inGracePeriod" if now < until else "noncompliant"
    return PolicyState(policy["id"], policy["display_name"], state, rules, began, until)


def combine(policies: Sequence[PolicyState], *, secure_by_default: bool) -> Verdict:
    """The worst state wins; without a policy the tenant's switch decides (R-125)."""
    if not policies:
        state = "noncompliant" if secure_by_default else "compliant"
        text = "No compliance policy is assigned; the tenant counts such devices as " + (
            "not compliant." if secure_by_default else "compliant."
        )
        reason = Reason("compliance.no_policy", text, {"secure_by_default": secure_by_default})
        return Verdict(state, (), (reason,))
    order = ("noncompliant", "inGracePeriod", "unknown", "compliant")
    state = min((policy.state for policy in policies), key=order.index)
    reasons = tuple(reason for policy in policies for reason in policy.reasons)
    return Verdict(state, tuple(policies), reasons or tuple(policy.met for policy in policies))


def grace_hours(policy: Row) -> float:
    """The grace period of the policy's block action, in hours; a quarter of a day is 6."""
    for action in block_actions(policy):
        return float(action.get("gracePeriodHours") or 0)
    return 0.0


def block_actions(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The block actions among the scheduled ones."""
    return [
        action
        for rule in policy["scheduled_actions_for_rule"] or ()
        for action in rule.get("scheduledActionConfigurations") or ()
        if action.get("actionType") == "block"
    ]


def _rules(policy: Row, facts: Facts) -> list[RuleState]:
    states = []
    for setting, rule in RULES.items():
        if not policy[setting]:
            continue
        found = tuple(facts.get(uri, "") for uri in rule.needs)
        if any(uri not in facts for uri in rule.needs):
            states.append(RuleState(setting, "unknown", "The device has not reported what this rule needs."))
        elif rule.holds(found):
            states.append(RuleState(setting, "compliant"))
        else:
            states.append(RuleState(setting, "noncompliant", rule.text))
    return [*states, *_versions(policy, facts)]


def _versions(policy: Row, facts: Facts) -> list[RuleState]:
    least, most = policy["os_minimum_version"], policy["os_maximum_version"]
    ranges = policy["valid_operating_system_build_ranges"] or ()
    wanted = (
        ("os_minimum_version", least, lambda found: found >= (version_key(least) or ())),
        ("os_maximum_version", most, lambda found: found <= (version_key(most) or ())),
        ("valid_operating_system_build_ranges", ranges, lambda found: any(_within(found, each) for each in ranges)),
    )
    reported = facts.get(OS_VERSION)
    found = version_key(reported)
    states = []
    for setting, value, holds in wanted:
        if not value:
            continue
        if found is None:
            states.append(RuleState(setting, "unknown", "The device has not reported its version."))
        elif holds(found):
            states.append(RuleState(setting, "compliant"))
        else:
            states.append(RuleState(setting, "noncompliant", f"The version {reported} is not allowed."))
    return states


def _within(found: tuple[int, ...], build_range: Mapping[str, Any]) -> bool:
    lowest = version_key(str(build_range.get("lowestVersion") or ""))
    highest = version_key(str(build_range.get("highestVersion") or ""))
    return (lowest is None or found >= lowest) and (highest is None or found <= highest)
