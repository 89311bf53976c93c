"""How the settings of an enrolment are written in nodes of ClientCertificateInstall (05 section 10.14)."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from taxiway.wire.scep import BadScep

#: The decimal value of ``KeyUsage``: the first octet of the extension.
KEY_USAGE: Final = {"digitalSignature": 0x80, "keyEncipherment": 0x20}
#: The kinds of alternative names by the numbers Windows has for them.
_KINDS: Final = {"email": "2", "dns": "3", "uri": "7", "upn": "11"}
_NUMBERS: Final = {number: kind for kind, number in _KINDS.items()}
#: Attributes that RFC 4514 has no short name for; the first two as Windows spells them.
_ATTRIBUTES: Final = {
    "E": NameOID.EMAIL_ADDRESS,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "G": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME,
}
_ESCAPED: Final = frozenset(',+"\\<>;=#')


def parse_subject(text: str) -> x509.Name:
    """A subject such as ``CN=PC-1,O=Contoso``."""
    try:
        return x509.Name.from_rfc4514_string(text, _ATTRIBUTES)
    except (ValueError, KeyError) as error:
        raise BadScep(f"'{text[:100]}' is not the name of a subject.") from error


def escape_value(text: str) -> str:
    """A value as it may stand in a subject."""
    return "".join(f"\\{each}" if each in _ESCAPED else each for each in text.strip())


def write_names(names: list[tuple[str, str]]) -> str:
    """The value of ``SubjectAlternativeNames``: number and name of each."""
    return ";".join(f"{_KINDS[kind]}+{value}" for kind, value in names)


def read_names(text: str) -> list[tuple[str, str]]:
    """The kinds and names in such a value."""
    found = []
    for part in filter(None, text.split(";")):
        number, _, value = part.partition("+")
        if number not in _NUMBERS or not value:
            raise BadScep(f"'{part[:100]}' is not an alternative name that is served.")
        found.append((_NUMBERS[number], value))
    return found
