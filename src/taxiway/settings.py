"""Settings: each room declares its section; read from ``taxiway.toml`` in the data folder, then the environment."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from taxiway.doors.names import MICROSOFT, Name, microsoft_names, own_names, own_urls
from taxiway.doors.settings import DoorSettings, NameSettings
from taxiway.graph.settings import GraphSettings
from taxiway.kernel import TaxiwayError, Urls
from taxiway.store.settings import StoreSettings

PREFIX = "TAXIWAY_"


class BadSettings(TaxiwayError):
    """A setting that is unknown or has the wrong type."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every section, each with defaults that are right for one machine."""

    store: StoreSettings = StoreSettings()
    doors: DoorSettings = DoorSettings()
    names: NameSettings = NameSettings()
    graph: GraphSettings = GraphSettings()

    @property
    def two_doors(self) -> Urls:
        """The addresses of the two doors that every instance has."""
        doors = self.doors
        return Urls(
            people=f"https://{doors.host}:{doors.people_port}",
            devices=f"https://{doors.host}:{doors.devices_port}",
        )

    @property
    def urls(self) -> Urls:
        """The addresses this instance hands out unasked: under its own names where it has some."""
        return own_urls(self.two_doors, self.names)

    @property
    def families(self) -> tuple[Urls, ...]:
        """Every family of addresses, the instance's own first."""
        microsoft = (MICROSOFT,) if self.names.microsoft else ()
        return tuple(dict.fromkeys((self.urls, self.two_doors, *microsoft)))

    @property
    def microsoft_names(self) -> list[Name]:
        """Microsoft's names, when they are switched on."""
        return microsoft_names() if self.names.microsoft else []

    @property
    def own_names(self) -> list[Name]:
        """The host names of one's own."""
        return own_names(self.two_doors, self.names)


def load_settings(folder: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """``taxiway.toml``, overridden by variables such as ``TAXIWAY_DOORS_PEOPLE_PORT``."""
    file = folder / "taxiway.toml"
    try:
        found: dict[str, Any] = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{file} is not TOML: {error}") from error
    for section in Settings.__struct_fields__:
        for name, value in _from_environment(section, environment):
            found.setdefault(section, {})[name] = value
    try:
        return msgspec.convert(found, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise BadSettings(
            f"The settings do not hold: {error}", remedy="docs/settings.md lists every setting with its type."
        ) from error


def _from_environment(section: str, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    start = f"{PREFIX}{section.upper()}_"
    return [(name[len(start) :].lower(), value) for name, value in environment.items() if name.startswith(start)]
