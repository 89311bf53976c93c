"""From a configuration as Graph knows it to the nodes it sets, checked against the CSP facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from taxiway.management.configuration.table import KINDS
from taxiway.management.errors import BadOmaUri
from taxiway.management.model import Item, key_of
from taxiway.store import Row
from taxiway.wire import csp
from taxiway.wire.csp_around import nearest
from taxiway.wire.errors import WireError
from taxiway.wire.local_groups import read_groups

MAX_VALUE: Final = 256 * 1024
#: Values that are documents of their own, and who reads them.
_DOCUMENTS: Final = {key_of("./Device/Vendor/MSFT/Policy/Config/LocalUsersAndGroups/Configure"): read_groups}


def items_of(row: Row, tenant: str) -> tuple[Item, ...]:
    """The nodes a configuration sets; pure. ``row`` carries secrets opened. Raises what saving would refuse."""
    return checked(KINDS[row["kind"]].items(row, tenant))


def checked(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The same items, or the error that names the first that does not fit what is known of its node."""
    for item in items:
        problems = csp.check_write(item.uri, "Replace", item.format, item.data)
        if problems and not csp.check_write(item.uri, "Add", item.format, item.data):
            problems = []
        if problems:
            raise BadOmaUri(" ".join(problems), remedy=_remedy(item.uri))
        reader = _DOCUMENTS.get(item.key)
        if reader is not None:
            _readable(item, reader)
        if len(item.data.encode()) > MAX_VALUE:
            raise BadOmaUri(f"The value for {item.uri} is larger than {MAX_VALUE} bytes.")
    return items


def _readable(item: Item, reader: Callable[[str], object]) -> None:
    try:
        reader(item.data)
    except WireError as error:
        raise BadOmaUri(f"{item.uri}: {error.message}") from error


def _remedy(uri: str) -> str:
    near = nearest(uri) if csp.lookup(uri) is None else None
    return f"Did you mean {near}?" if near else "Check the OMA-URI and its value against the CSP's reference."
