"""Which kinds of configurations there are: one line for each module of ``kinds``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from taxiway.management.configuration.kinds import (
    bitlocker,
    custom,
    hello,
    pfx,
    scep,
    trusted_root,
    update_ring,
    vpn,
    wifi,
)
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
    """One kind. ``tracked``: what the status page waits for beside policies; ``conceal``: moves secrets apart."""

    name: str
    props: tuple[Prop, ...]
    items: Callable[[Row, str], tuple[Item, ...]]
    tracked: Callable[[Row], tuple[Tracked, ...]]
    conceal: Callable[[Mapping[str, Any], Row], dict[str, Any]]


def _none(_row: Row) -> tuple[Tracked, ...]:
    return ()


def _as_it_is(values: Mapping[str, Any], _current: Row) -> dict[str, Any]:
    return dict(values)


def _of(
    module: Module,
    tracked: Callable[[Row], tuple[Tracked, ...]] = _none,
    conceal: Callable[[Mapping[str, Any], Row], dict[str, Any]] = _as_it_is,
) -> Kind:
    return Kind(module.KIND, tuple(module.PROPS), module.items, tracked, conceal)


_ALL: Final = (
    _of(custom, conceal=custom.conceal),
    _of(bitlocker),
    _of(wifi, wifi.tracked),
    _of(hello),
    _of(trusted_root),
    _of(scep, scep.tracked),
    _of(pfx, pfx.tracked),
    _of(vpn, vpn.tracked),
    _of(update_ring),
)
KINDS: Final = {kind.name: kind for kind in _ALL}
