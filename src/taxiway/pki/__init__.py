"""Certificate authorities, issuing, verifying a peer, key custody."""

from taxiway.pki.authorities import (
    DEVICE_AUTHORITY,
    Authority,
    authority,
    issue,
    make_authorities,
    make_microsoft_authority,
)
from taxiway.pki.errors import NoAuthority, PeerRefused, PkiError
from taxiway.pki.peers import Peer, certificates_of, record, revoke, thumbprint, verify_peer
from taxiway.pki.server import ServerCertificate, peer_authorities, server_certificate

__all__ = [
    "DEVICE_AUTHORITY",
    "Authority",
    "NoAuthority",
    "Peer",
    "PeerRefused",
    "PkiError",
    "ServerCertificate",
    "authority",
    "certificates_of",
    "issue",
    "make_authorities",
    "make_microsoft_authority",
    "peer_authorities",
    "record",
    "revoke",
    "server_certificate",
    "thumbprint",
    "verify_peer",
]
