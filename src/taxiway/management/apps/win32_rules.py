"""Detection and requirement rules of Win32 apps: one set in two spellings, and what an agent is told (02 section 8.1).

``rules`` holds both kinds of rule, each with its ``ruleType``; ``detectionRules`` and ``requirementRules`` are the
older spelling of the same. Clients write either, and read both.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from taxiway.kernel import NotImplementedHere
from taxiway.management.errors import BadPolicy
from taxiway.wire.extension import Rule

_ODATA: Final = "#microsoft.graph.win32LobApp"
_FILE, _REGISTRY, _PRODUCT, _SCRIPT = "FileSystem", "Registry", "ProductCode", "PowerShellScript"
_GUID: Final = re.compile(r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")
_OPERATORS: Final = frozenset(
    {"notConfigured", "equal", "notEqual", "greaterThan", "greaterThanOrEqual", "lessThan", "lessThanOrEqual"}
)
_CHECKS: Final[dict[str, frozenset[str]]] = {
    _FILE: frozenset(
        {"exists", "doesNotExist", "modifiedDate", "createdDate", "version", "appVersion", "sizeInMB", "sizeInBytes"}
    ),
    _REGISTRY: frozenset({"exists", "doesNotExist", "string", "integer", "version", "appVersion"}),
    _SCRIPT: frozenset({"string", "dateTime", "integer", "float", "version", "boolean"}),
}
#: What is compared with nothing.
_PRESENCE: Final = frozenset({"exists", "doesNotExist"})
_MOST: Final = 25
_TEXT: Final = 4_096
_SCRIPT_BYTES: Final = 200 * 1024
_MEMBERS: Final[dict[str, tuple[str, ...]]] = {
    _FILE: ("path", "fileOrFolderName", "check32BitOn64System"),
    _REGISTRY: ("keyPath", "valueName", "check32BitOn64System"),
    _PRODUCT: ("productCode", "productVersionOperator", "productVersion"),
    _SCRIPT: ("displayName", "enforceSignatureCheck", "runAs32Bit", "runAsAccount", "scriptContent"),
}
Rules = list[dict[str, Any]]


def alike(current: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The three lists after a change of some of them; nothing where none is changed."""
    older = ("detection_rules", "requirement_rules")
    if changes.get("rules") or ("rules" in changes and not any(name in changes for name in older)):
        rules = [_newer(rule, str(rule.get("ruleType") or "detection")) for rule in changes["rules"]]
    elif any(name in changes for name in older):
        found, needed = (changes.get(name, current.get(name)) or () for name in older)
        rules = [_newer(rule, "detection") for rule in found] + [_newer(rule, "requirement") for rule in needed]
    else:
        return {}
    return {
        "rules": rules,
        "detection_rules": [_older(rule) for rule in rules if rule["ruleType"] == "detection"],
        "requirement_rules": [_older(rule) for rule in rules if rule["ruleType"] == "requirement"],
    }


def check(rules: Sequence[Mapping[str, Any]]) -> None:
    """Refuse rules that no agent could carry out, naming the property at fault."""
    detecting = [rule for rule in rules if rule["ruleType"] == "detection"]
    if not detecting:
        raise BadPolicy("A Win32 app needs at least one detection rule.")
    if len(rules) > _MOST:
        raise BadPolicy(f"An app has at most {_MOST} rules.")
    scripts = [rule for rule in detecting if _kind(rule) == _SCRIPT]
    if scripts and len(detecting) > 1:
        raise BadPolicy("A detection script stands alone: no other detection rule goes with it.")
    for rule in rules:
        _check_one(rule)


def told(rules: Sequence[Mapping[str, Any]], kind: str) -> list[Rule]:
    """The detection or the requirement rules as an agent is told them."""
    return [_told(rule) for rule in rules if rule["ruleType"] == kind]


# ---------------------------------------------------------------------------------------------- inside


def _kind(rule: Mapping[str, Any]) -> str:
    """What a rule looks at, by its ``@odata.type`` in either spelling."""
    name = str(rule.get("@odata.type") or "").removeprefix("#").removeprefix("microsoft.graph.")
    found = re.fullmatch(r"win32LobApp(\w+?)(Rule|Detection|Requirement)", name)
    if found is None:
        raise BadPolicy(f"'{name[:100]}' is no type of a rule.")
    if found[1] == "Process":
        raise NotImplementedHere("Rules about processes are not implemented here.")
    if found[1] not in _MEMBERS:
        raise BadPolicy(f"'{name[:100]}' is no type of a rule.")
    return found[1]


def _newer(rule: Mapping[str, Any], rule_type: str) -> dict[str, Any]:
    """A rule in the spelling of ``rules``."""
    kind = _kind(rule)
    made: dict[str, Any] = {"@odata.type": f"{_ODATA}{kind}Rule", "ruleType": rule_type}
    made |= {name: rule.get(name) for name in _MEMBERS[kind]}
    if kind == _PRODUCT:
        return made
    operation = rule.get("operationType", rule.get("detectionType"))
    made["operationType"] = str(operation or "notConfigured")
    made["operator"] = str(rule.get("operator") or "notConfigured")
    made["comparisonValue"] = rule.get("comparisonValue", rule.get("detectionValue"))
    return made


def _older(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The same rule in the spelling of ``detectionRules`` or ``requirementRules``."""
    kind = _kind(rule)
    suffix = "Detection" if rule["ruleType"] == "detection" else "Requirement"
    made: dict[str, Any] = {"@odata.type": f"{_ODATA}{kind}{suffix}"}
    made |= {name: rule.get(name) for name in _MEMBERS[kind]}
    if kind == _PRODUCT or (kind == _SCRIPT and suffix == "Detection"):
        return made
    made["operator"] = rule["operator"]
    made["detectionValue"] = rule["comparisonValue"]
    made["detectionType"] = rule["operationType"]
    return made


def _check_one(rule: Mapping[str, Any]) -> None:
    kind = _kind(rule)
    if rule["ruleType"] not in {"detection", "requirement"}:
        raise BadPolicy("The ruleType of a rule is 'detection' or 'requirement'.")
    for name in (*_MEMBERS[kind], "comparisonValue"):
        value = rule.get(name)
        if isinstance(value, dict | list) or (name != "scriptContent" and len(str(value)) > _TEXT):
            raise BadPolicy(f"The '{name}' of a rule is not a text of at most {_TEXT} characters.")
    if kind == _PRODUCT:
        _check_product(rule)
        return
    if kind == _SCRIPT:
        _check_script(rule)
    elif not _text(rule, "path" if kind == _FILE else "keyPath"):
        raise BadPolicy(f"A rule about {'files' if kind == _FILE else 'the registry'} needs its path.")
    if kind == _FILE and not _text(rule, "fileOrFolderName"):
        raise BadPolicy("A rule about files needs its fileOrFolderName.")
    if kind == _SCRIPT and rule["ruleType"] == "detection":
        return  # its exit code and whether it prints are what counts
    _check_comparison(rule, kind)


def _check_comparison(rule: Mapping[str, Any], kind: str) -> None:
    operation = rule["operationType"]
    if operation not in _CHECKS[kind]:
        raise BadPolicy(f"'{str(operation)[:50]}' is no operationType of a rule of this kind.")
    if operation in _PRESENCE:
        return
    if rule["operator"] not in _OPERATORS - {"notConfigured"}:
        raise BadPolicy("A rule that compares needs its operator.")
    value = _text(rule, "comparisonValue")
    if not value:
        raise BadPolicy("A rule that compares needs its comparisonValue.")
    if operation in {"integer", "sizeInMB", "sizeInBytes"} and not re.fullmatch(r"-?\d{1,18}", value):
        raise BadPolicy(f"'{value[:50]}' is no number to compare with.")
    if operation in {"version", "appVersion"} and not re.fullmatch(r"\d{1,9}(\.\d{1,9}){0,3}", value):
        raise BadPolicy(f"'{value[:50]}' is no version to compare with.")


def _check_product(rule: Mapping[str, Any]) -> None:
    if rule["ruleType"] != "detection":
        raise BadPolicy("A product code is looked for by a detection rule only.")
    if not _GUID.fullmatch(_text(rule, "productCode")):
        raise BadPolicy("The productCode of a rule is not a GUID in braces.")
    if (rule.get("productVersionOperator") or "notConfigured") not in _OPERATORS:
        raise BadPolicy("The productVersionOperator of a rule is not known.")


def _check_script(rule: Mapping[str, Any]) -> None:
    try:
        content = base64.b64decode(_text(rule, "scriptContent"), validate=True)
    except ValueError as error:  # not ASCII, or not base64
        raise BadPolicy("The scriptContent of a rule is not base64.") from error
    if not 0 < len(content) <= _SCRIPT_BYTES:
        raise BadPolicy(f"The script of a rule has at least one byte and at most {_SCRIPT_BYTES}.")


def _told(rule: Mapping[str, Any]) -> Rule:
    kind = _kind(rule)
    if kind == _PRODUCT:
        operator = rule.get("productVersionOperator") or "notConfigured"
        return Rule(
            kind="product", name=_text(rule, "productCode"), operator=operator, value=_text(rule, "productVersion")
        )
    common = {"check": rule["operationType"], "operator": rule["operator"], "value": _text(rule, "comparisonValue")}
    if kind == _SCRIPT:
        return Rule(
            kind="script",
            name=_text(rule, "displayName"),
            script=_text(rule, "scriptContent"),
            signed=bool(rule.get("enforceSignatureCheck")),
            in_32_bit=bool(rule.get("runAs32Bit")),
            **common,
        )
    path, name = ("path", "fileOrFolderName") if kind == _FILE else ("keyPath", "valueName")
    return Rule(
        kind="file" if kind == _FILE else "registry",
        path=_text(rule, path),
        name=_text(rule, name),
        in_32_bit=bool(rule.get("check32BitOn64System")),
        **common,
    )


def _text(rule: Mapping[str, Any], name: str) -> str:
    value = rule.get(name)
    return "" if value is None else str(value)
