"""A VPN profile of Windows' own client as VPNv2 ProfileXML, in one Atomic (05 section 10.15)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from taxiway.kernel import NotImplementedHere
from taxiway.management.configuration.kinds import kept
from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy
from taxiway.management.model import Item, Tracked
from taxiway.store import Prop, Row
from taxiway.wire.errors import WireError
from taxiway.wire.xml import escape, parse_xml

KIND: Final = "windows10VpnConfiguration"
PROPS: Final = (
    *of("string", "connection_name"),
    Prop("servers", "json", default=[]),
    Prop("profile_target", default="user"),
    Prop("connection_type", default="automatic"),
    *of("bool", "enable_split_tunneling", "enable_always_on", "enable_device_tunnel", "enable_dns_registration"),
    *of("strings", "dns_suffixes", "trusted_network_domains"),
    Prop("routes", "json", default=[]),
    Prop("authentication_method", default="usernameAndPassword"),
    Prop("remember_user_credentials", "bool"),
    *of("string", "eap_xml"),
    *kept.VPN,
)

_PROTOCOLS: Final = {"automatic": "Automatic", "ikEv2": "IKEv2", "l2tp": "L2tp", "pptp": "Pptp"}


def items(row: Row, tenant: str) -> tuple[Item, ...]:  # noqa: ARG001 - the shape of a translator
    """The profile as one document."""
    if not row["connection_name"]:
        raise BadPolicy("A VPN configuration needs its connectionName.")
    if row["enable_device_tunnel"] and (row["profile_target"] != "device" or row["connection_type"] != "ikEv2"):
        raise BadPolicy("A device tunnel needs the profileTarget 'device' and the connectionType 'ikEv2'.")
    return (Item(f"{_node(row)}/ProfileXML", _profile(row), "chr"),)


def tracked(row: Row) -> tuple[Tracked, ...]:
    """The profile, once it was taken."""
    return (Tracked("networks", _node(row), _node(row)),)


def _node(row: Row) -> str:
    scope = {"device": "Device", "user": "User"}.get(row["profile_target"] or "user")
    if scope is None:
        raise NotImplementedHere(f"VPN profiles for the target '{row['profile_target']}' are not served here.")
    return f"./{scope}/Vendor/MSFT/VPNv2/{quote(row['connection_name'] or '', safe='')}"


def _profile(row: Row) -> str:
    protocol = _PROTOCOLS.get(row["connection_type"] or "automatic")
    if protocol is None:
        raise NotImplementedHere(f"VPN connections of the type '{row['connection_type']}' are not served here.")
    routing = "SplitTunnel" if row["enable_split_tunneling"] else "ForceTunnel"
    native = (
        f"<Servers>{escape(_servers(row))}</Servers><NativeProtocolType>{protocol}</NativeProtocolType>"
        f"{_authentication(row)}<RoutingPolicyType>{routing}</RoutingPolicyType>"
    )
    flags = (
        ("AlwaysOn", row["enable_always_on"]),
        ("DeviceTunnel", row["enable_device_tunnel"]),
        ("RegisterDNS", row["enable_dns_registration"]),
        ("RememberCredentials", row["remember_user_credentials"]),
    )
    parts = [f"<{name}>{'true' if on else 'false'}</{name}>" for name, on in flags if on is not None]
    lists = (("DnsSuffix", row["dns_suffixes"]), ("TrustedNetworkDetection", row["trusted_network_domains"]))
    parts += [f"<{name}>{escape(','.join(values))}</{name}>" for name, values in lists if values]
    parts += [_route(route) for route in row["routes"] or ()]
    return f"<VPNProfile><NativeProfile>{native}</NativeProfile>{''.join(parts)}</VPNProfile>"


def _servers(row: Row) -> str:
    """The addresses, the default one first."""
    servers = sorted(row["servers"] or (), key=lambda server: not server.get("isDefaultServer"))
    addresses = [str(server.get("address") or "") for server in servers]
    if not addresses or not all(addresses):
        raise BadPolicy("A VPN configuration needs servers, each with its address.")
    return ",".join(addresses)


def _authentication(row: Row) -> str:
    method = row["authentication_method"] or "usernameAndPassword"
    if method == "usernameAndPassword":
        return "<Authentication><UserMethod>MSChapv2</UserMethod></Authentication>"
    if method == "certificate" and row["profile_target"] == "device":
        return "<Authentication><MachineMethod>Certificate</MachineMethod></Authentication>"
    if method not in {"certificate", "customEapXml"}:
        raise NotImplementedHere(f"VPN authentication by '{method}' is not served here.")
    eap = row["eap_xml"] or ""
    try:
        parse_xml(eap.encode())
    except WireError as error:
        raise BadPolicy(f"A VPN configuration that authenticates by '{method}' needs eapXml, a document.") from error
    eap = f"<Eap><Configuration>{_bare(eap)}</Configuration></Eap>"
    return f"<Authentication><UserMethod>Eap</UserMethod>{eap}</Authentication>"


def _bare(document: str) -> str:
    """A document without its declaration, to stand inside another."""
    return document.partition("?>")[2] if document.lstrip().startswith("<?xml") else document


def _route(route: Mapping[str, Any]) -> str:
    address, size = str(route.get("destinationPrefix") or ""), route.get("prefixSize")
    if not address or not isinstance(size, int) or not 0 <= size <= 128:
        raise BadPolicy("A route of a VPN configuration needs its destinationPrefix and prefixSize.")
    return f"<Route><Address>{escape(address)}</Address><PrefixSize>{size}</PrefixSize></Route>"
