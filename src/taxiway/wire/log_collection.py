"""The order to collect logs, and what became of it: Data of DiagnosticLog's DiagnosticArchive (05 section 10.16)."""

from typing import Final

import msgspec

from taxiway.wire.errors import UnexpectedMessage, WireError
from taxiway.wire.hresult import signed
from taxiway.wire.xml import children, escape, local, parse_xml, text

MAX_BYTES: Final = 64 * 1024
_NAMES: Final = {"registry": "RegistryKey", "commands": "Command", "folders": "FoldersFiles", "events": "Events"}


class BadCollection(UnexpectedMessage):
    """A document that is no Collection with an id and an address."""


class Collection(msgspec.Struct, frozen=True):
    """What to gather, and the address that takes one PUT of the archive."""

    id: str
    sas_url: str
    registry: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


def render_collection(order: Collection) -> str:
    """The order as text of the Exec's Data; the writer of the message escapes it."""
    parts = [f"<ID>{escape(order.id)}</ID><SasUrl>{escape(order.sas_url)}</SasUrl>"]
    for name, element in _NAMES.items():
        parts += [f"<{element}>{escape(value)}</{element}>" for value in getattr(order, name)]
    return f"<Collection>{''.join(parts)}</Collection>"


def parse_collection(data: str) -> Collection:
    """Read the order; a WireError says why it cannot be carried out."""
    try:
        raw = data.strip().encode()
    except UnicodeEncodeError as error:
        raise BadCollection("The order is not text that XML can carry.") from error
    root = parse_xml(raw, limit=MAX_BYTES)
    found = {name: tuple(text(one) or "" for one in children(root, element)) for name, element in _NAMES.items()}
    heads = [next((text(one) or "" for one in children(root, name)), "") for name in ("ID", "SasUrl")]
    if local(root) != "Collection" or not all(heads):
        raise BadCollection("The order is no Collection with an ID and a SasUrl.")
    return Collection(heads[0], heads[1], **found)


def render_results(order: Collection, hresult: int, directives: dict[str, int]) -> str:
    """The results: the HRESULT of the whole, and of each directive by its text."""
    told = [(element, value) for name, element in _NAMES.items() for value in getattr(order, name)]
    parts = [f"<ID>{escape(order.id)}</ID>"]
    parts += [f'<{name} HRESULT="{signed(directives.get(value, 0))}">{escape(value)}</{name}>' for name, value in told]
    return f'<Collection HRESULT="{signed(hresult)}">{"".join(parts)}</Collection>'


def read_results(data: str) -> tuple[str, int] | None:
    """Id and HRESULT of the last collection; None where the text is none of results."""
    if not data.startswith("<"):
        return None
    try:
        root = parse_xml(data.encode(), limit=MAX_BYTES)
    except (WireError, UnicodeEncodeError):
        return None
    told = root.get("HRESULT") or "0"
    number = int(told) if told.lstrip("-").isdigit() and len(told) < 12 else 0
    return next((text(one) or "" for one in children(root, "ID")), ""), number & 0xFFFFFFFF
