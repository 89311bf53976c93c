"""What enrollment does when others change something, in the same transaction (design, rule 4)."""

from __future__ import annotations

from typing import Final

from taxiway import autopilot, directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.enrollment.administration import delete_managed_device
from taxiway.enrollment.configurations import seed
from taxiway.enrollment.identifiers import recognise
from taxiway.enrollment.managed import MANAGED, links_of, managed_device, update_inventory
from taxiway.enrollment.outside import forget_object
from taxiway.kernel import Reason
from taxiway.store import Followers, Tx, eq, one_of
from taxiway.store.unit import Event

#: What Graph calls a device that was added as a personal one.
_REGISTERED: Final = "azureADRegistered"


def follow(followers: Followers) -> None:
    """Follow what concerns this room."""
    followers.on("tenant.created", _seed)
    followers.on("device.changed", _rename)
    followers.on("user.deleted", _clear_user)
    followers.on("device.deleted", _forget_outside)
    followers.on("managed_device.enrolled", _tag_enrolled)
    followers.on("managed_device.enrolled", lambda tx, event: recognise(tx, event["id"]))
    followers.on("managed_device.changed", _recognise)
    followers.on("membership.changed", _tag_member)
    followers.on("scope_tags.changed", lambda tx, event: _tag(tx, event["device_id"]))
    followers.on("autopilot.leaving", _end)
    followers.on("autopilot.imported", _warn)


def _seed(tx: Tx, event: Event) -> None:  # noqa: ARG001 - the transaction names the tenant
    seed(tx)


def _rename(tx: Tx, event: Event) -> None:
    """The managed device bears the name of its Entra object."""
    if "display_name" not in event["changed"]:
        return
    device = directory.find_device(tx, id=event["id"])
    managed = None if device is None else MANAGED.find(tx, eq("azure_ad_device_id", device["device_id"]))
    if device is not None and managed is not None and managed["device_name"] != device["display_name"]:
        MANAGED.update(tx, managed["id"], {"device_name": device["display_name"]})


def _end(tx: Tx, event: Event) -> None:
    """The device leaves the tenant: its management ends first (01 R-43)."""
    if managed_device(tx, event["managed_device_id"]) is not None:
        delete_managed_device(tx, event["managed_device_id"], principal=SYSTEM_PRINCIPAL)


def _warn(tx: Tx, event: Event) -> None:
    """Hardware of a personal device was registered: nothing changes for it before it is reset (01 R-40)."""
    imports = {serial.lower(): (import_id, ztdid) for import_id, ztdid, serial in event["rows"] if serial}
    if not imports:
        return
    for managed in MANAGED.select(tx, one_of("serial_number", sorted(imports))):
        if managed["join_type"] == _REGISTERED:
            text = (
                f"A PC with the serial number {managed['serial_number']} is registered in Microsoft Entra ID as a "
                "personal device and stays so: it has to be reset, and joins as a company device then."
            )
            import_id, ztdid = imports[managed["serial_number"].lower()]
            autopilot.add_finding(tx, import_id, ztdid, Reason("registered.workplace", text))


def _clear_user(tx: Tx, event: Event) -> None:
    """A deleted user's devices are not managed for that user any more: the primary user is cleared."""
    forget_object(tx, event["id"])
    for managed in MANAGED.select(tx, eq("user_id", event["id"])):
        MANAGED.update(tx, managed["id"], {"user_id": None, "upn": None, "user_display_name": None})


def _forget_outside(tx: Tx, event: Event) -> None:
    """An outside issuer's device that was deleted here is a new one when it comes again."""
    forget_object(tx, event["id"])


def _recognise(tx: Tx, event: Event) -> None:
    """The device told another serial number, manufacturer or model."""
    if event["changed"] & {"serial_number", "manufacturer", "model"}:
        recognise(tx, event["id"])


def _tag_enrolled(tx: Tx, event: Event) -> None:
    """A new device bears the scope tags of its groups."""
    entra_id, _ = links_of(tx, event["id"])
    if entra_id is not None and directory.tags_of_device(tx, entra_id):
        _tag(tx, entra_id)


def _tag_member(tx: Tx, event: Event) -> None:
    """A device came into a group that gives a scope tag, or left one."""
    if event["object_kind"] == "device" and directory.gives_tags(tx, event["added"] | event["removed"]):
        _tag(tx, event["object_id"])


def _tag(tx: Tx, device_id: str) -> None:
    """Give the managed device the tags of its groups; one that has none by groups bears the default tag."""
    device = directory.find_device(tx, id=device_id)
    managed = None if device is None else MANAGED.find(tx, eq("azure_ad_device_id", device["device_id"]))
    if managed is not None:
        update_inventory(tx, managed["id"], {"role_scope_tag_ids": directory.tags_of_device(tx, device_id) or ["0"]})
