"""A client that signs its requests with a device's certificate, written from 04 section 4.4 and XML Signature alone."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

DS = "http://www.w3.org/2000/09/xmldsig#"
SECEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
X509 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
SOAP = "http://www.w3.org/2003/05/soap-envelope"


def signed_info(digest, *, uri="", algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", exclusive=False):
    more = f'<ds:Transform Algorithm="{EXCLUSIVE}"/>' if exclusive else ""
    return (
        f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
        f'<ds:SignatureMethod Algorithm="{algorithm}"/><ds:Reference URI="{uri}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{DS}enveloped-signature"/>{more}</ds:Transforms>'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        f"<ds:DigestValue>{base64.b64encode(digest).decode()}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )


def sign(envelope, certificate, key, now, **how):
    """The envelope with a Security header that holds a time, the certificate and a signature over all of it."""
    root = etree.fromstring(envelope)
    header = root.find(f"{{{SOAP}}}Header")
    stamp = "%Y-%m-%dT%H:%M:%S.000Z"
    security = etree.fromstring(
        f'<wsse:Security xmlns:wsse="{SECEXT}" xmlns:u="{UTILITY}"><u:Timestamp u:Id="_0">'
        f"<u:Created>{now.strftime(stamp)}</u:Created>"
        f"<u:Expires>{(now + timedelta(minutes=5)).strftime(stamp)}</u:Expires></u:Timestamp>"
        f'<wsse:BinarySecurityToken u:Id="token" ValueType="{X509}v3">{base64.b64encode(certificate).decode()}'
        "</wsse:BinarySecurityToken> </wsse:Security>"
    )
    header.append(security)
    exclusive = how.get("exclusive", False)
    digest = hashlib.sha256(etree.tostring(root, method="c14n", exclusive=exclusive)).digest()
    info = signed_info(digest, **how)
    octets = etree.tostring(etree.fromstring(info), method="c14n", exclusive=True)
    value = key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}">{info}<ds:SignatureValue>{base64.b64encode(value).decode()}'
        f'</ds:SignatureValue><ds:KeyInfo><wsse:SecurityTokenReference xmlns:wsse="{SECEXT}">'
        f'<wsse:Reference URI="#token" ValueType="{X509}"/></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>'
    )
    # Between the token and the blank after it, which stays where it was.
    security[-1].addnext(signature)
    signature.tail, security[-2].tail = security[-2].tail, None
    return etree.tostring(root)
