"""What can be wrong with bytes on the wire.

WireError
├── MalformedXml          not XML we read: syntax, DOCTYPE, too large, too deep
├── UnexpectedMessage     XML, but not the message this reader is for
│   ├── BadSyncML
│   ├── BadSoap
│   ├── BadEnrollment     discovery, policy or token request/response
│   ├── BadProvisioning   the provisioning document
│   └── BadDdf            a device description, or an archive of them
├── BadSignature          an XML signature that does not hold
├── FaultReceived         a SOAP fault where an answer was expected (in `soap_fault`)
└── Unrenderable          a value that no XML 1.0 document can carry
"""

from taxiway.kernel import TaxiwayError


class WireError(TaxiwayError):
    """Bytes that cannot become a typed message, or the other way round."""


class MalformedXml(WireError):
    """The bytes are not an XML document we accept."""


class UnexpectedMessage(WireError):
    """A well-formed document that is not the expected message."""


class BadSyncML(UnexpectedMessage):
    """A document that is not a readable SyncML message (05 section 3)."""


class BadSoap(UnexpectedMessage):
    """A document that is not a SOAP 1.2 envelope (04 section 6)."""


class BadEnrollment(UnexpectedMessage):
    """A SOAP body that is not the enrollment message asked for (04 sections 3, 7, 8)."""


class BadProvisioning(UnexpectedMessage):
    """A document that is not a usable provisioning document (04 section 11).

    `hresult` is the number a Windows client ends with (04 section 12.4); by default "provisioning unknown".
    """

    def __init__(self, message: str, *, hresult: int = 0x80180023) -> None:
        super().__init__(message)
        self.hresult = hresult


class BadDdf(UnexpectedMessage):
    """A document that is not a readable device description, or an archive that cannot be read (05 section 13)."""


class BadSignature(WireError):
    """An XML signature that does not hold, or of another form than the protocol's (04 section 4.4)."""


class Unrenderable(WireError):
    """A value that cannot stand in an XML 1.0 document."""
