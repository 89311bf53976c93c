"""A certificate with its key, imported by the administrator as PKCS#12 (05 section 10.14).

At Graph the real service takes the PKCS#12 of each user apart from the profile, encrypted for a connector on the
customer's premises. There is none here: the profile itself carries it, sealed.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from taxiway.management.configuration.kinds import scep
from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy
from taxiway.management.model import Item, Tracked
from taxiway.store import Prop, Row

KIND: Final = "windows10ImportedPFXCertificateProfile"
#: What Graph has on every certificate profile; the file says all of it already.
_OF_EVERY_PROFILE: Final = frozenset(
    {
        "certificate_validity_period_scale",
        "certificate_validity_period_value",
        "renewal_threshold_percentage",
        "subject_alternative_name_type",
        "subject_name_format",
    }
)
PROPS: Final = (
    *of("string", "intended_purpose"),
    Prop("pfx_blob", graph="@taxiway.pfxBlob", secret=True),
    Prop("pfx_password", graph="@taxiway.pfxPassword", secret=True),
    Prop("pfx_exportable", "bool", graph="@taxiway.keyExportable", default=False),
    Prop("key_storage_provider", default="useTpmKspOtherwiseUseSoftwareKsp"),
    Prop("pfx_store", graph="@taxiway.certificateStore", default="machine"),
    *(prop for prop in scep.PROPS if prop.name in _OF_EVERY_PROFILE),
)
_MAX_BYTES: Final = 32 * 1024
_LOCATION: Final = {"useTpmKspOtherwiseFail": "1", "useTpmKspOtherwiseUseSoftwareKsp": "2", "useSoftwareKsp": "3"}


def instance(row: Row) -> str:
    """The node of the import."""
    scope = "User" if row["pfx_store"] == "user" else "Device"
    return f"./{scope}/{scep.ROOT}/PFXCertInstall/{row['id']}"


def items(row: Row, tenant: str) -> tuple[Item, ...]:  # noqa: ARG001 - the shape of a translator
    """None of its own, because the import is one Atomic; raises what saving refuses. The row's secrets are open."""
    if row["pfx_store"] not in {"machine", "user"} or row["key_storage_provider"] not in _LOCATION:
        raise BadPolicy("@taxiway.certificateStore or keyStorageProvider has a value that is not served.")
    try:
        raw = base64.b64decode(row["pfx_blob"] or "", validate=True)
    except binascii.Error as error:
        raise BadPolicy("@taxiway.pfxBlob is not base64.") from error
    if not 0 < len(raw) <= _MAX_BYTES:
        raise BadPolicy(f"@taxiway.pfxBlob is a PKCS#12 file of at most {_MAX_BYTES} bytes.")
    return ()


def settings(row: Row) -> list[tuple[str, str, str]]:
    """The nodes below the instance, in their order: the last one starts the import."""
    return [
        ("KeyLocation", "int", _LOCATION[row["key_storage_provider"]]),
        ("PFXCertPassword", "chr", row["pfx_password"] or ""),
        ("PFXCertPasswordEncryptionType", "int", "0"),
        ("PFXKeyExportable", "bool", "true" if row["pfx_exportable"] else "false"),
        ("PFXCertBlob", "b64", row["pfx_blob"]),
    ]


def tracked(row: Row) -> tuple[Tracked, ...]:
    """The certificate, once the device took the import."""
    return (Tracked("pfx", instance(row), f"{instance(row)}/PFXCertBlob"),)
