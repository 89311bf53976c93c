"""XML signatures of the one form this protocol has: the whole envelope, enveloped, RSA with SHA-256 (04 section 4.4).

Everything that could be chosen is pinned: one signature in the document, one reference to all of it, these algorithms.
"""

import copy
from base64 import b64decode
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from taxiway.wire.errors import BadSignature
from taxiway.wire.xml import Element, children, descend, text

NS_DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = f"{NS_DSIG}enveloped-signature"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_SIGNATURE = f"{{{NS_DSIG}}}Signature"


def verify_enveloped(envelope: Element, key: rsa.RSAPublicKey) -> None:
    """Check that the key signed this document, all of it and as it stands; ``BadSignature`` says why not."""
    found = list(envelope.iter(_SIGNATURE))
    if len(found) != 1:
        raise BadSignature(f"The document has {len(found)} signatures; it needs one.")
    info = _only(found[0], "SignedInfo")
    reference = _only(info, "Reference")
    _pinned(info, "CanonicalizationMethod", EXCLUSIVE)
    _pinned(info, "SignatureMethod", RSA_SHA256)
    _pinned(reference, "DigestMethod", SHA256)
    if reference.get("URI") != "":
        raise BadSignature("The signature is not over the whole document.")
    digest = sha256(_without_signature(envelope, exclusive=_transforms(reference))).digest()
    if not compare_digest(digest, _bytes(reference, "DigestValue")):
        raise BadSignature("The document was changed after it was signed.")
    try:
        key.verify(_bytes(found[0], "SignatureValue"), canonical(info, exclusive=True), padding.PKCS1v15(), _HASH)
    except InvalidSignature as error:
        raise BadSignature("The signature was not made by the key of the certificate.") from error


def canonical(element: Element, *, exclusive: bool) -> bytes:
    """The canonical form without comments (C14N 1.0, or exclusive)."""
    try:
        return etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False)
    except etree.LxmlError as error:  # a namespace that is a relative address has no canonical form
        raise BadSignature("The document has no canonical form.") from error


_HASH = hashes.SHA256()


def _transforms(reference: Element) -> bool:
    """Whether the exclusive form follows the enveloped signature's transform, which has to come first."""
    transforms = descend(reference, "Transforms")
    named = [] if transforms is None else [part.get("Algorithm") for part in children(transforms, "Transform")]
    if named not in ([ENVELOPED], [ENVELOPED, EXCLUSIVE]):
        raise BadSignature("The reference has other transforms than that of an enveloped signature.")
    return len(named) > 1


def _without_signature(envelope: Element, *, exclusive: bool) -> bytes:
    document = copy.deepcopy(envelope)
    signature = next(document.iter(_SIGNATURE))
    parent, after = signature.getparent(), signature.tail or ""
    if parent is None:
        raise BadSignature("The signature stands in no envelope.")
    before = signature.getprevious()
    # Only the signature goes; the text after it stays where it was.
    if before is None:
        parent.text = (parent.text or "") + after
    else:
        before.tail = (before.tail or "") + after
    signature.tail = None
    parent.remove(signature)
    return canonical(document, exclusive=exclusive)


def _only(element: Element, name: str) -> Element:
    found = [part for part in children(element, name) if part.tag == f"{{{NS_DSIG}}}{name}"]
    if len(found) != 1:
        raise BadSignature(f"The signature has {len(found)} {name}; it needs one.")
    return found[0]


def _pinned(element: Element, name: str, algorithm: str) -> None:
    if _only(element, name).get("Algorithm") != algorithm:
        raise BadSignature(f"{name} is not {algorithm}.")


def _bytes(element: Element, name: str) -> bytes:
    try:
        return b64decode("".join((text(_only(element, name)) or "").split()), validate=True)
    except ValueError as error:
        raise BadSignature(f"{name} is not base64.") from error
