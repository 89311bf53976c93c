"""A trusted certificate (05 section 10.14)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

from taxiway.kernel import NotImplementedHere
from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy
from taxiway.management.model import Item
from taxiway.store import Prop, Row

KIND: Final = "windows81TrustedRootCertificate"
PROPS: Final = (
    *of("string", "trusted_root_certificate", "cert_file_name"),
    Prop("destination_store", default="computerCertStoreRoot"),
)

_STORES: Final = {"computerCertStoreRoot": "Root", "computerCertStoreIntermediate": "CA"}


def items(row: Row, tenant: str) -> tuple[Item, ...]:  # noqa: ARG001 - the shape of a translator
    """The certificate under its thumbprint."""
    store = _STORES.get(row["destination_store"] or "")
    if store is None:
        raise NotImplementedHere(f"Certificates for the store '{row['destination_store']}' are not served here.")
    try:
        der = base64.b64decode(row["trusted_root_certificate"] or "", validate=True)
    except binascii.Error as error:
        raise BadPolicy("trustedRootCertificate is not base64.") from error
    if not der.startswith(b"\x30"):
        raise BadPolicy("trustedRootCertificate is not a certificate in DER.")
    name = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    uri = f"./Device/Vendor/MSFT/RootCATrustedCertificates/{store}/{name}/EncodedCertificate"
    return (Item(uri, base64.b64encode(der).decode(), "b64"),)
