"""A Wi-Fi configuration as a WLAN profile (05 section 10.15)."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from taxiway.kernel import NotImplementedHere
from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy
from taxiway.management.model import Item, Tracked
from taxiway.store import Prop, Row
from taxiway.wire.xml import escape

KIND: Final = "windowsWifiConfiguration"
PROPS: Final = (
    *of("string", "ssid", "network_name"),
    *of("bool", "connect_automatically", "connect_when_network_name_is_hidden", "connect_to_preferred_network"),
    Prop("force_fips_compliance", "bool", graph="forceFIPSCompliance"),
    Prop("metered_connection_limit", default="unrestricted"),
    Prop("wifi_security_type", default="open"),
    Prop("pre_shared_key", secret=True),
    Prop("proxy_setting", default="none"),
    *of("string", "proxy_manual_address", "proxy_automatic_configuration_url"),
    Prop("proxy_manual_port", "int"),
)

_NS: Final = "http://www.microsoft.com/networking/WLAN/profile/v1"
_PERSONAL: Final = {"wpaPersonal": "WPA2PSK", "wpa2Personal": "WPA2PSK"}
_COST: Final = {"unrestricted": "1", "fixed": "2", "variable": "3"}


def items(row: Row, tenant: str) -> tuple[Item, ...]:  # noqa: ARG001 - the shape of a translator
    """The profile; ``pre_shared_key`` is expected opened in the row."""
    ssid = row["ssid"] or ""
    if not 1 <= len(ssid.encode()) <= 32:
        raise BadPolicy("A Wi-Fi configuration needs an SSID of 1 to 32 bytes.")
    root = _node(row)
    found = [Item(f"{root}/WlanXml", _profile(row, ssid), "chr", secret=bool(row.get("pre_shared_key")))]
    cost = _COST.get(row["metered_connection_limit"] or "unrestricted")
    if cost not in {None, "1"}:
        found.append(Item(f"{root}/WiFiCost", str(cost), "int"))
    if row["proxy_setting"] == "manual":
        found.append(Item(f"{root}/Proxy", f"{row['proxy_manual_address']}:{row['proxy_manual_port']}"))
    if row["proxy_setting"] == "automatic":
        found.append(Item(f"{root}/ProxyPacUrl", str(row["proxy_automatic_configuration_url"])))
    return tuple(found)


def tracked(row: Row) -> tuple[Tracked, ...]:
    """The profile, once its document was taken."""
    return (Tracked("networks", _node(row), f"{_node(row)}/WlanXml"),)


def _node(row: Row) -> str:
    return f"./Device/Vendor/MSFT/WiFi/Profile/{quote(row['ssid'] or '', safe='')}"


def _profile(row: Row, ssid: str) -> str:
    mode = "auto" if row["connect_automatically"] else "manual"
    hidden = "<nonBroadcast>true</nonBroadcast>" if row["connect_when_network_name_is_hidden"] else ""
    switch = "true" if row["connect_to_preferred_network"] else "false"
    return (
        f'<?xml version="1.0"?><WLANProfile xmlns="{_NS}"><name>{escape(ssid)}</name>'
        f"<SSIDConfig><SSID><hex>{ssid.encode().hex().upper()}</hex><name>{escape(ssid)}</name></SSID>{hidden}"
        f"</SSIDConfig><connectionType>ESS</connectionType><connectionMode>{mode}</connectionMode>"
        f"<autoSwitch>{switch}</autoSwitch><MSM><security>{_security(row)}</security></MSM></WLANProfile>"
    )


def _security(row: Row) -> str:
    kind = row["wifi_security_type"] or "open"
    if kind == "open":
        return _encryption("open", "none")
    if kind not in _PERSONAL:
        raise NotImplementedHere(f"Wi-Fi security of the type '{kind}' is not served here.")
    key = row.get("pre_shared_key") or ""
    if not 8 <= len(key) <= 63:
        raise BadPolicy("A pre-shared key has 8 to 63 characters.")
    shared = f"<keyType>passPhrase</keyType><protected>false</protected><keyMaterial>{escape(key)}</keyMaterial>"
    return f"{_encryption(_PERSONAL[kind], 'AES')}<sharedKey>{shared}</sharedKey>"


def _encryption(authentication: str, encryption: str) -> str:
    return (
        f"<authEncryption><authentication>{authentication}</authentication><encryption>{encryption}</encryption>"
        "<useOneX>false</useOneX></authEncryption>"
    )
