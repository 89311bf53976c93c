"""Leaving management: say so, best effort, then take away what the account brought (04 section 16)."""

from __future__ import annotations

from typing import Final

from taxiway.device.csp.base import MSFT
from taxiway.device.csp.certificates import CERTIFICATE_KEYS
from taxiway.device.csp.node import DEVICE, Node
from taxiway.device.csp.tree import Tree
from taxiway.device.enroll import ACCOUNT_SLOT, MANAGEMENT_KEY, NEXT_KEY
from taxiway.device.extension.state import AgentState
from taxiway.device.state import CORRELATIONS, Storage
from taxiway.device.tpm import Tpm
from taxiway.wire.syncml import UNENROLLED_BY_USER, Alert, AlertCode, Item

#: What the PC says when it leaves, whoever wanted it (section 16.1).
LEAVING: Final = Alert("", AlertCode.GENERIC, (Item(type=UNENROLLED_BY_USER, format="int", data="1"),))

#: The providers whose nodes are the server's alone: they go with the account (section 16.3).
_OF_THE_ACCOUNT: Final = (
    "ClientCertificateInstall",
    "DMClient",
    "EnrollmentStatusTracking",
    "EnterpriseDesktopAppManagement",
    "EnterpriseModernAppManagement",
    "Office",
    "PassportForWork",
    "Policy",
    "RootCATrustedCertificates",
    "WiFi",
)


def remove_account(storage: Storage, tree: Tree, tpm: Tpm) -> None:
    """Certificate and key, account, settings, certificates, profiles and tracked apps; what the user made stays."""
    state = storage.state
    for provider in _OF_THE_ACCOUNT:
        tree.remove(Node(DEVICE, (*MSFT, provider)))
    state.user_nodes.clear()
    for name in (MANAGEMENT_KEY, NEXT_KEY, ACCOUNT_SLOT):
        tpm.remove(name)
    tpm.remove_all(CERTIFICATE_KEYS)
    state.certificates.clear()
    state.installed.clear()
    state.extension = AgentState()
    state.enrolled, state.mdm, state.terms, state.leaving = None, {}, "", False
    state.registry.get(CORRELATIONS, {}).pop("EntDMID", None)
    storage.save()
