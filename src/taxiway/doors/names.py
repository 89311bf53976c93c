"""The host names of the third listener, and what each answers with (design, rule 10; 03 section 1.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from taxiway.doors.settings import NameSettings
from taxiway.kernel import Urls

Kind = Literal["people", "devices"]


@dataclass(frozen=True, slots=True)
class Name:
    """One host name: the addresses its answers carry, whose routes it has, whether it asks for a client certificate."""

    host: str
    urls: Urls
    kind: Kind
    asks: bool


#: The public names of the services that have a counterpart here.
MICROSOFT = Urls(
    people="https://portal.manage.microsoft.com",
    devices="https://manage.microsoft.com",
    login="https://login.microsoftonline.com",
    graph="https://graph.microsoft.com",
    ztd="https://ztd.dds.microsoft.com",
    drs="https://enterpriseregistration.windows.net",
    mdm="https://enrollment.manage.microsoft.com",
    login_aliases=("login.windows.net", "login.microsoft.com", "sts.windows.net"),
)
_DEVICE_LOGIN = "device.login.microsoftonline.com"
_PEOPLE = ("graph.microsoft.com", "graph.windows.net", "portal.manage.microsoft.com")
_DEVICES = (
    "enterpriseregistration.windows.net",
    "enrollment.manage.microsoft.com",
    "manage.microsoft.com",
    "r.manage.microsoft.com",
    "ztd.dds.microsoft.com",
    "cs.dds.microsoft.com",
)


def own_urls(two_doors: Urls, names: NameSettings) -> Urls:
    """The addresses under one's own names; a service without a name stays where it is."""
    port = "" if names.port == 443 else f":{names.port}"

    def origin(host: str) -> str:
        return host and f"https://{host}{port}"

    return replace(
        two_doors,
        login=origin(names.login) or two_doors.login,
        graph=origin(names.graph) or two_doors.graph,
        ztd=origin(names.ztd) or two_doors.ztd,
        drs=origin(names.drs) or two_doors.drs,
        mdm=origin(names.mdm) or two_doors.mdm,
        issuer=origin(names.login) or two_doors.issuer,
    )


def own_names(two_doors: Urls, names: NameSettings) -> list[Name]:
    """One's own names, as the settings have them."""
    urls = own_urls(two_doors, names)
    people = [Name(host, urls, "people", asks=False) for host in dict.fromkeys(names.people)]
    return [*people, *(Name(host, urls, "devices", asks=True) for host in dict.fromkeys(names.devices))]


def microsoft_names() -> list[Name]:
    """Microsoft's names. A client that signs in under an alias stays there; the issuer is the same."""
    logins = {host: replace(MICROSOFT, login=f"https://{host}") for host in (*MICROSOFT.login_hosts, _DEVICE_LOGIN)}
    return [
        *(Name(host, urls, "people", asks=host == _DEVICE_LOGIN) for host, urls in logins.items()),
        *(Name(host, MICROSOFT, "people", asks=False) for host in _PEOPLE),
        *(Name(host, MICROSOFT, "devices", asks=True) for host in _DEVICES),
    ]
