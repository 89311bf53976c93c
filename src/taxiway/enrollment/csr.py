"""The certificate request of a device: read as Windows writes it, and made to prove its key (04 section 9)."""

from __future__ import annotations

from asn1crypto import csr as asn1_csr
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from taxiway.enrollment.errors import BadCertificateRequest
from taxiway.kernel.der import BROKEN_DER

MAX_BYTES = 16 * 1024
MIN_BITS = 2048
MAX_BITS = 4096
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256_rsa": hashes.SHA256,
    "sha384_rsa": hashes.SHA384,
    "sha512_rsa": hashes.SHA512,
}


def proven_key(der: bytes) -> rsa.RSAPublicKey:
    """The public key of a request whose signature proves that the sender holds the private one.

    Windows writes a subject that is not legal ASN.1 (``!`` and NUL in a PrintableString), so the subject is not read
    at all: the certificate's subject is the server's to choose. Only the key, the algorithm and the signed bytes are.
    """
    if len(der) > MAX_BYTES:
        raise BadCertificateRequest(f"The certificate request has {len(der)} bytes; at most {MAX_BYTES} are read.")
    try:
        request = asn1_csr.CertificationRequest.load(der, strict=True)
        info = request["certification_request_info"]
        signed = info.dump()  # the bytes as they came
        algorithm = request["signature_algorithm"]["algorithm"].native
        signature = request["signature"].native
        key = serialization.load_der_public_key(info["subject_pk_info"].dump())
    except BROKEN_DER as error:
        raise BadCertificateRequest("The certificate request is not PKCS#10.") from error
    _check_key(key)
    if not isinstance(key, rsa.RSAPublicKey) or algorithm not in _HASHES or not isinstance(signature, bytes):
        raise BadCertificateRequest(f"The certificate request is signed by '{algorithm}'; RSA with SHA-2 is accepted.")
    try:
        key.verify(signature, signed, padding.PKCS1v15(), _HASHES[algorithm]())
    except InvalidSignature as error:
        raise BadCertificateRequest("The certificate request does not prove possession of its key.") from error
    return key


def _check_key(key: object) -> None:
    if not isinstance(key, rsa.RSAPublicKey):
        raise BadCertificateRequest("The key is not RSA.")
    if not MIN_BITS <= key.key_size <= MAX_BITS:
        raise BadCertificateRequest(f"The key has {key.key_size} bits; {MIN_BITS} to {MAX_BITS} are accepted.")
    if key.public_numbers().e < 65537:
        raise BadCertificateRequest("The key's public exponent is below 65537.")
