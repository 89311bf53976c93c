"""Certificate authorities, issuing, verifying a peer, key custody."""

from taxiway.pki.authorities import (
    DEVICE_AUTHORITY,
    Authority,
    authority,
    issue,
    make_authorities,
    make_microsoft_authority,
)
from taxiway.pki.clients import (
    ClientAuthority,
    certificate_der,
    client_authority,
    client_certificate,
    client_certificates,
    client_of,
    client_validity,
    issue_client,
    make_client_authority,
    record_client,
    recorded_der,
    revoke_clients,
    usage,
)
from taxiway.pki.errors import NoAuthority, PeerRefused, PkiError
from taxiway.pki.peers import Peer, certificates_of, record, revoke, thumbprint, verify_peer
from taxiway.pki.server import ServerCertificate, peer_authorities, server_certificate

__all__ = [
    "DEVICE_AUTHORITY",
    "Authority",
    "ClientAuthority",
    "NoAuthority",
    "Peer",
    "PeerRefused",
    "PkiError",
    "ServerCertificate",
    "authority",
    "certificate_der",
    "certificates_of",
    "client_authority",
    "client_certificate",
    "client_certificates",
    "client_of",
    "client_validity",
    "issue",
    "issue_client",
    "make_authorities",
    "make_client_authority",
    "make_microsoft_authority",
    "peer_authorities",
    "record",
    "record_client",
    "recorded_der",
    "revoke",
    "revoke_clients",
    "server_certificate",
    "thumbprint",
    "usage",
    "verify_peer",
]
