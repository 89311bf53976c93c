"""Providers with little behaviour of their own, and those this PC does not have (05 sections 10.6 to 10.16)."""

from __future__ import annotations

import base64
from collections.abc import Awaitable

from cryptography import x509

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import DEVICE, Node, Refused
from taxiway.device.csp.restarts import restart
from taxiway.device.csp.tree import Tree
from taxiway.device.state import Storage
from taxiway.kernel.der import BROKEN_DER
from taxiway.wire.provisioning_types import thumbprint
from taxiway.wire.syncml import Code


class Policy(Csp):
    """Config is what was set; Result is what counts, here the same as there is one provider."""

    root = (*MSFT, "Policy")
    upsert = True
    defaults = False

    def __init__(self, tree: Tree, storage: Storage) -> None:
        self._tree = tree
        self._storage = storage

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """Some policies take a restart."""
        restart(self._storage, self._tree, change)
        return None

    def read(self, node: Node) -> str | None:
        """Result follows Config; the device's value counts before the user's."""
        if node.path[2:4] != ("Policy", "Result") or len(node.path) != 6:
            return None
        below = (*self.root, "Config", *node.path[4:])
        return self._tree.stored(Node(DEVICE, below)) or self._tree.value(Node(node.scope, below))


class PassportForWork(Csp):
    """Windows Hello for Business: stored here, obeyed when Hello is set up."""

    root = (*MSFT, "PassportForWork")
    upsert = True


class WiFi(Csp):
    """Wi-Fi profiles, stored; that a profile is a document is a fact of the node."""

    root = (*MSFT, "WiFi")


class Vpn(Csp):
    """VPN profiles, stored; set whole, so Replace needs the profile to be there."""

    root = (*MSFT, "VPNv2")


class RootCertificates(Csp):
    """Trusted certificates: each under its own thumbprint."""

    root = (*MSFT, "RootCATrustedCertificates")

    def check(self, change: Change) -> None:
        """A certificate that cannot be read or has another thumbprint is refused."""
        if change.node.name != "EncodedCertificate" or change.verb not in {"Add", "Replace"}:
            return
        try:
            der = base64.b64decode("".join(change.value.split()), validate=True)
            x509.load_der_x509_certificate(der)
        except BROKEN_DER as error:
            raise Refused(Code.BAD_REQUEST) from error
        if thumbprint(der) != change.node.path[-2].upper():
            raise Refused(Code.BAD_REQUEST)


class Defender(Csp):
    """Scans and updates of signatures: taken, and nothing is found (there are no files to look at)."""

    root = (*MSFT, "Defender")
    runs = frozenset({"Scan", "UpdateSignature"})

    def check(self, change: Change) -> None:
        """A scan is a quick or a full one."""
        if change.node.name == "Scan" and change.value not in {"1", "2"}:
            raise Refused(Code.BAD_REQUEST)


class NotHere(Csp):
    """What this PC does not do: it says 406 instead of pretending (licences)."""

    def __init__(self, root: tuple[str, ...]) -> None:
        self.root = root

    def check(self, change: Change) -> None:  # noqa: ARG002 - every change is refused alike
        """Refuse every change."""
        raise Refused(Code.NOT_SUPPORTED)


NOT_HERE = ((*MSFT, "WindowsLicensing"),)
