"""Certificate requests the PC makes for its keys (03 section 8.3, 04 section 9)."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Windows puts the device's id into its management request under this number (04 section 9).
_DEVICE_ID = x509.ObjectIdentifier("1.3.6.1.4.1.311.66.1.0")


def plain_request(key: rsa.RSAPrivateKey, name: str) -> bytes:
    """A PKCS#10 request, DER, with nothing but a common name."""
    return _builder(name).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def management_request(key: rsa.RSAPrivateKey, name: str, device_id: str) -> bytes:
    """A PKCS#10 request as the enrollment client makes it: client authentication and the device's id."""
    text = device_id.encode() + b"\0"
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    request = (
        _builder(name)
        .add_extension(usage, critical=False)
        .add_extension(x509.UnrecognizedExtension(_DEVICE_ID, b"\x04" + bytes([len(text)]) + text), critical=False)
    )
    return request.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _builder(name: str) -> x509.CertificateSigningRequestBuilder:
    return x509.CertificateSigningRequestBuilder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
