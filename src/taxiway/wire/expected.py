"""The lists the Enrollment Status Page waits for: how `Expected*` values are written and read (05 section 10.3)."""

from collections.abc import Iterable
from typing import Final

import msgspec

SEPARATOR: Final = "\uf000"


class TrackedApp(msgspec.Struct, frozen=True):
    """An entry of ExpectedMSIAppPackages or ExpectedModernAppPackages: the node to watch, the apps it stands for."""

    uri: str
    count: int = 1


def join_uris(uris: Iterable[str]) -> str:
    """The value of ExpectedPolicies, ExpectedNetworkProfiles, ExpectedPFXCerts or ExpectedSCEPCerts."""
    return SEPARATOR.join(uris)


def split_uris(value: str) -> list[str]:
    """The URIs in such a value; blanks and empty entries count for nothing."""
    return [uri for part in value.split(SEPARATOR) if (uri := part.strip())]


def join_apps(apps: Iterable[TrackedApp]) -> str:
    """The value of one of the two lists of apps."""
    return SEPARATOR.join([f"{app.uri};{app.count}" for app in apps])


def split_apps(value: str) -> list[TrackedApp]:
    """The apps in such a value; the count is only shown, so a wrong one reads as 1."""
    return [_app(entry) for entry in split_uris(value)]


def _app(entry: str) -> TrackedApp:
    uri, _, count = entry.partition(";")
    return TrackedApp(uri, int(count) if count.isascii() and count.isdigit() and len(count) < 6 else 1)
