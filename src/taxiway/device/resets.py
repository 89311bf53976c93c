"""What a restart and each kind of reset leave of the PC (05 section 10.13; 06 section 4.2, node 23)."""

from __future__ import annotations

import shutil

from taxiway.device.csp.base import MSFT
from taxiway.device.csp.node import DEVICE, Node
from taxiway.device.csp.tree import Tree
from taxiway.device.host import Host
from taxiway.device.screens import invented_name
from taxiway.device.state import (
    CORRELATIONS,
    DIAGNOSTICS,
    JOIN_INFO,
    TENANT_INFO,
    Boot,
    LocalAdministrator,
    Rotation,
    State,
    Storage,
)

RESTART, WIPE, PROTECTED_WIPE, WIPE_KEEPING, REDEPLOY, FRESH, FRESH_KEEPING = (
    "restart",
    "wipe",
    "protected wipe",
    "wipe that keeps accounts",
    "Autopilot Reset",
    "fresh start",
    "fresh start that keeps accounts",
)
#: Resets that leave a sealed PC.
TO_THE_START = frozenset({WIPE, PROTECTED_WIPE, FRESH})
#: What a power cycle between the order and the reset gets around (05 section 10.13).
AVOIDABLE = frozenset({WIPE})
#: Resets that were ordered before the power went and are carried out when it comes back.
RESUMED = frozenset({PROTECTED_WIPE, WIPE_KEEPING, REDEPLOY, FRESH, FRESH_KEEPING})
COMPLETE = 1

#: Providers whose nodes outlive a reset that keeps the enrollment.
_KEPT = ("DMClient", "WiFi")
_KEPT_KEYS = (CORRELATIONS, DIAGNOSTICS, JOIN_INFO, TENANT_INFO)
_KEPT_STEPS = ("join", "sign-on", "enrollment")
#: What the page wrote about itself, and the lists it went by.
_OF_THE_PAGE = (
    "ExpectedPolicies",
    "ExpectedNetworkProfiles",
    "ExpectedMSIAppPackages",
    "ExpectedModernAppPackages",
    "ExpectedPFXCerts",
    "ExpectedSCEPCerts",
    "ServerHasFinishedProvisioning",
    "IsSyncDone",
    "WasDeviceSuccessfullyProvisioned",
)


class ResetOrdered(Exception):
    """The PC is to reset itself now that the session is over."""

    def __init__(self, order: str) -> None:
        super().__init__(order)
        self.order = order


def measure(storage: Storage) -> None:
    """The PC starts: names that waited for it take effect, and the firmware measures what it starts."""
    state = storage.state
    state.device_name = state.next_name or state.device_name
    state.reboots, state.next_name = [], ""
    state.boot = Boot(state.boot.number + 1, encrypted=state.disk.encrypted)
    state.locked = True
    if state.pending == RESTART or state.pending in AVOIDABLE:
        state.pending = ""
    storage.save()


def reset(storage: Storage, host: Host, order: str) -> None:
    """Carry out a reset."""
    if order in TO_THE_START:
        to_the_start(storage, host)
    elif order == REDEPLOY:
        redeploy(storage)
    else:
        keep_accounts(storage)


def to_the_start(storage: Storage, host: Host) -> None:
    """Windows is set up anew: keys, settings and apps are gone, the firmware stays.

    What the rehearsal plans for person and installers goes on where it was.
    """
    for part in ("tpm", "downloads"):
        shutil.rmtree(storage.folder / part, ignore_errors=True)
    before = storage.state
    storage.state = State(
        correlation=host.entropy.uuid(),
        firmware=before.firmware,
        device_name=invented_name(host.entropy),
        presses=before.presses,
        runs=before.runs,
        boot=Boot(before.boot.number),
    )
    storage.save()


def keep_accounts(storage: Storage) -> None:
    """Apps and settings are gone; join, enrollment and the users with their data stay."""
    state = storage.state
    _forget_settings(storage)
    state.pending, state.locked = "", True
    state.boot = Boot(state.boot.number + 1, encrypted=state.disk.encrypted)
    storage.save()


def redeploy(storage: Storage) -> None:
    """Autopilot Reset: join, enrollment, Wi-Fi and region stay; apps, users with their profiles, and settings go.

    The PC comes up with its status page, and then at the sign-in page for whoever comes.
    """
    state = storage.state
    _forget_settings(storage)
    tree = Tree(state)
    providers = Node(DEVICE, (*MSFT, "DMClient", "Provider"))
    for name in tree.names(providers):
        for leaf in _OF_THE_PAGE:
            tree.remove(providers.child(name, "FirstSyncStatus", leaf))
    for slot in ("prt", "hello"):
        for kind in ("sealed", "key", "crt"):
            (storage.folder / "tpm" / f"{slot}.{kind}").unlink(missing_ok=True)
    state.steps = [step for step in state.steps if step in _KEPT_STEPS]
    state.registry = {key: values for key, values in state.registry.items() if key.startswith(_KEPT_KEYS)}
    state.user, state.hello, state.logon, state.signed_on = None, "", "", ""
    state.esp_started, state.marks, state.ended, state.event_log = {}, [], 0, []
    state.pending, state.redeployed, state.redeployment, state.restarted = "", True, (COMPLETE, 0), False
    state.boot = Boot(state.boot.number + 1, encrypted=state.disk.encrypted)
    storage.save()


def _forget_settings(storage: Storage) -> None:
    state = storage.state
    tree = Tree(state)
    home = Node(DEVICE, MSFT)
    for name in tree.names(home):
        if name not in _KEPT:
            tree.remove(home.child(name))
    state.user_nodes.clear()
    state.installed.clear()
    state.reboots, state.next_name = [], ""
    state.laps, state.rotation = LocalAdministrator(), Rotation()
    state.collected, state.collecting, state.collection = [], "", ""
    (storage.folder / "tpm" / "laps.sealed").unlink(missing_ok=True)
    shutil.rmtree(storage.folder / "downloads", ignore_errors=True)
