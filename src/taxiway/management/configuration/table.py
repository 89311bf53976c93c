"""Which kinds of configurations there are: one line for each module of ``kinds``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from taxiway.management.configuration.kinds import bitlocker, custom, hello, pfx, scep, trusted_root, wifi
from taxiway.management.model import Item, Tracked
from taxiway.store import Prop, Row


class Module(Protocol):
    """What a module of ``kinds`` holds."""

    @property
    def KIND(self) -> str:  # noqa: N802 - a constant of the module
        """The type at Graph, without its namespace."""

    @property
    def PROPS(self) -> Sequence[Prop]:  # noqa: N802 - a constant of the module
        """Its properties beside those all configurations have."""

    def items(self, row: Row, tenant: str) -> tuple[Item, ...]:
        """The nodes it sets; pure. Raises what saving refuses."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. ``tracked``: what the status page waits for beside policies."""

    name: str
    props: tuple[Prop, ...]
    items: Callable[[Row, str], tuple[Item, ...]]
    tracked: Callable[[Row], tuple[Tracked, ...]]


def _none(_row: Row) -> tuple[Tracked, ...]:
    return ()


def _of(module: Module, tracked: Callable[[Row], tuple[Tracked, ...]] = _none) -> Kind:
    return Kind(module.KIND, tuple(module.PROPS), module.items, tracked)


_ALL: Final = (
    _of(custom),
    _of(bitlocker),
    _of(wifi, wifi.tracked),
    _of(hello),
    _of(trusted_root),
    _of(scep, scep.tracked),
    _of(pfx, pfx.tracked),
)
KINDS: Final = {kind.name: kind for kind in _ALL}
