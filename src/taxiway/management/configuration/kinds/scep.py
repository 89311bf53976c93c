"""A SCEP certificate profile (05 section 10.14).

It sets no nodes by itself: each device is sent an enrolment of its own, with a challenge that is good once
(``management/certificates``). Here is what the profile says, read and checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from cryptography import x509

from taxiway.kernel import NotImplementedHere
from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy
from taxiway.management.model import Item, Tracked
from taxiway.store import Prop, Row
from taxiway.wire.scep import BadScep
from taxiway.wire.scep_settings import KEY_USAGE, escape_value, parse_subject

KIND: Final = "windows81SCEPCertificateProfile"
PROPS: Final = (
    *of("strings", "scep_server_urls"),
    Prop("extended_key_usages", "json", default=[]),
    Prop("custom_subject_alternative_names", "json", default=[]),
    Prop("subject_name_format", default="custom"),
    *of("string", "subject_name_format_string", "subject_alternative_name_format_string"),
    Prop("subject_alternative_name_type", default="none"),
    Prop("key_usage", default="keyEncipherment,digitalSignature"),
    Prop("key_size", default="size2048"),
    Prop("hash_algorithm", default="sha2"),
    Prop("key_storage_provider", default="useTpmKspOtherwiseUseSoftwareKsp"),
    Prop("certificate_store", default="machine"),
    Prop("certificate_validity_period_value", "int", default=1),
    Prop("certificate_validity_period_scale", default="years"),
    Prop("renewal_threshold_percentage", "int", default=20),
)
ROOT: Final = "Vendor/MSFT/ClientCertificateInstall"
#: What may stand in a subject or an alternative name, and where it comes from.
VARIABLES: Final = frozenset(
    {
        *("UserName", "UserPrincipalName", "EmailAddress"),
        *("AAD_Device_ID", "DeviceId", "DeviceName", "SerialNumber", "Device_Serial"),
    }
)
_VARIABLE: Final = re.compile(r"\{\{(.*?)\}\}")
_DEFAULT_SUBJECT: Final = {"machine": "CN={{AAD_Device_ID}}", "user": "CN={{UserName}}"}
_FORMATS: Final = {
    "commonName": "CN={{UserName}}",
    "commonNameAsEmail": "CN={{EmailAddress}}",
    "commonNameIncludingEmail": "CN={{UserName}},E={{EmailAddress}}",
    "commonNameAsSerialNumber": "CN={{SerialNumber}}",
    "commonNameAsAadDeviceId": "CN={{AAD_Device_ID}}",
    "commonNameAsIntuneDeviceId": "CN={{DeviceId}}",
}
_NAME_KINDS: Final = {
    "emailAddress": "email",
    "userPrincipalName": "upn",
    "domainNameService": "dns",
    "universalResourceIdentifier": "uri",
}
_PROTECTION: Final = {
    "useTpmKspOtherwiseFail": "1",
    "useTpmKspOtherwiseUseSoftwareKsp": "2",
    "useSoftwareKsp": "3",
    "usePassportForWorkKspOtherwiseFail": "4",
}
_DAYS: Final = {"days": 1, "months": 30, "years": 365}
_PERIODS: Final = {"days": "Days", "months": "Months", "years": "Years"}
_CLIENT: Final = "1.3.6.1.5.5.7.3.2"
_MOST_DAYS: Final = 3650


@dataclass(frozen=True, slots=True)
class ScepProfile:
    """A checked profile; subject and names are templates with variables."""

    user_store: bool
    subject: str
    names: tuple[tuple[str, str], ...]
    usages: tuple[str, ...]
    key_usage: tuple[str, ...]
    bits: str
    protection: str
    period: tuple[str, int]
    lifetime: timedelta


def instance(row: Row) -> str:
    """The node of the enrolment."""
    scope = "User" if row["certificate_store"] == "user" else "Device"
    return f"./{scope}/{ROOT}/SCEP/{row['id']}"


def items(row: Row, tenant: str) -> tuple[Item, ...]:  # noqa: ARG001 - the shape of a translator
    """None of its own; raises what saving refuses."""
    profile(row)
    return ()


def tracked(row: Row) -> tuple[Tracked, ...]:
    """The certificate, once the device took the enrolment."""
    return (Tracked("scep", instance(row), f"{instance(row)}/Install"),)


def profile(row: Row) -> ScepProfile:
    """Read the profile."""
    if row["scep_server_urls"]:
        raise NotImplementedHere(
            "Enrolment with a SCEP server elsewhere is not served here.",
            remedy="Leave scepServerUrls empty: devices are sent to this server's own responder.",
        )
    if row["hash_algorithm"] not in {"sha2", None}:
        raise BadPolicy("hashAlgorithm has to be 'sha2'.")
    store, protection = row["certificate_store"] or "machine", row["key_storage_provider"]
    if store not in _DEFAULT_SUBJECT or protection not in _PROTECTION:
        raise BadPolicy("certificateStore or keyStorageProvider has an unknown value.")
    size = str(row["key_size"] or "").removeprefix("size")
    if size not in {"2048", "4096"}:
        raise BadPolicy("keySize has to be 'size2048' or 'size4096'.")
    period, lifetime = _validity(row)
    return ScepProfile(
        user_store=store == "user",
        subject=_subject(row, store),
        names=_names(row),
        usages=_usages(row),
        key_usage=_key_usage(row),
        bits=size,
        protection=_PROTECTION[protection],
        period=period,
        lifetime=lifetime,
    )


def fill(template: str, values: Mapping[str, str], *, escaped: bool) -> str:
    """The template with its variables' values; ``BadPolicy`` where one has none here."""

    def value(found: re.Match[str]) -> str:
        known = values.get(found[1], "")
        if not known:
            raise BadPolicy(f"There is no {{{{{found[1]}}}}} for this device.")
        return escape_value(known) if escaped else known

    return _VARIABLE.sub(value, template)


# ---------------------------------------------------------------------------------------------- inside


def _subject(row: Row, store: str) -> str:
    named = row["subject_name_format"] or "custom"
    if named != "custom" and named not in _FORMATS:
        raise NotImplementedHere(f"The subject name format '{named}' is not served here; use 'custom'.")
    template = _FORMATS.get(named) or row["subject_name_format_string"] or _DEFAULT_SUBJECT[store]
    _check_template(template)
    try:
        parse_subject(fill(template, dict.fromkeys(VARIABLES, "x"), escaped=True))
    except BadScep as error:
        raise BadPolicy(f"subjectNameFormatString: {error.message}") from error
    return str(template)


def _names(row: Row) -> tuple[tuple[str, str], ...]:
    wanted = [(each.get("sanType"), each.get("name")) for each in _objects(row, "custom_subject_alternative_names")]
    if row["subject_alternative_name_format_string"]:
        wanted.append((row["subject_alternative_name_type"], row["subject_alternative_name_format_string"]))
    found = []
    for kind, template in ((str(kind), str(template or "")) for kind, template in wanted):
        if kind not in _NAME_KINDS or not template or ";" in template or not template.isascii():
            raise BadPolicy(f"'{kind}' with '{template}' is not a subject alternative name that is served.")
        _check_template(template)
        found.append((_NAME_KINDS[kind], template))
    return tuple(found)


def _usages(row: Row) -> tuple[str, ...]:
    found = [str(each.get("objectIdentifier") or "") for each in _objects(row, "extended_key_usages")]
    for each in found:
        try:
            x509.ObjectIdentifier(each)
        except ValueError as error:
            raise BadPolicy(f"'{each}' is not an object identifier.") from error
    return tuple(found) or (_CLIENT,)


def _key_usage(row: Row) -> tuple[str, ...]:
    found = tuple(part.strip() for part in str(row["key_usage"] or "").split(",") if part.strip())
    if not found or set(found) - set(KEY_USAGE):
        raise BadPolicy("keyUsage has to name digitalSignature, keyEncipherment or both.")
    return found


def _validity(row: Row) -> tuple[tuple[str, int], timedelta]:
    scale, value = row["certificate_validity_period_scale"] or "years", row["certificate_validity_period_value"] or 1
    if scale not in _DAYS or not 1 <= value * _DAYS[scale] <= _MOST_DAYS:
        raise BadPolicy(f"A certificate is valid for 1 to {_MOST_DAYS} days.")
    return (_PERIODS[scale], value), timedelta(days=value * _DAYS[scale])


def _objects(row: Row, name: str) -> list[Mapping[str, Any]]:
    found = row[name] or []
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise BadPolicy(f"{name} is not a list of objects.")
    return found


def _check_template(template: str) -> None:
    unknown = next((name for name in _VARIABLE.findall(template) if name not in VARIABLES), None)
    if unknown is not None or len(template) > 512 or not template.isprintable():
        raise BadPolicy(f"'{template[:100]}' uses a variable that is not known here, or is no single line.")
