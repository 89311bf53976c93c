"""Bytes to a SyncML message: strict about what decides, lenient about order and prefixes (05 sections 3 and 6)."""

from copy import deepcopy

from lxml import etree

from taxiway.wire.errors import BadSyncML
from taxiway.wire.syncml_codes import NS_MSFT, NS_SYNCML, NS_SYNCML_11, VERBS
from taxiway.wire.syncml_types import (
    Alert,
    Body,
    Chal,
    Command,
    Cred,
    Group,
    Header,
    Item,
    Message,
    Results,
    Status,
    Unknown,
)
from taxiway.wire.xml import MAX_BYTES, Element, child, children, descend, local, namespace, parse_xml, text

_MAX_ID = 64  # longer than any id in use (a UUID has 36), short enough for a column
_MAX_URI = 2048
_MAX_INT = 2**63 - 1
_ORIGINAL_ERROR = f"{{{NS_MSFT}}}originalerror"


def parse_message(data: bytes, *, limit: int = MAX_BYTES) -> Message:
    """Read one SyncML document; MalformedXml or BadSyncML says why it cannot be read."""
    root = parse_xml(data, limit=limit)
    if local(root) != "SyncML" or namespace(root) not in {NS_SYNCML, NS_SYNCML_11}:
        raise BadSyncML(f"The root element is {root.tag}, not SyncML in {NS_SYNCML}.")
    header, body = child(root, "SyncHdr"), child(root, "SyncBody")
    if header is None or body is None:
        raise BadSyncML("SyncML needs a SyncHdr and a SyncBody.")
    return Message(_header(header), _commands(body), child(body, "Final") is not None)


def _header(element: Element) -> Header:
    meta = child(element, "Meta")
    msg_id = _identifier(element, "MsgID")
    if msg_id == "0":
        raise BadSyncML("SyncHdr/MsgID is 0; the first message has 1.")
    return Header(
        session_id=_identifier(element, "SessionID"),
        msg_id=msg_id,
        target=_required_uri(element, "Target"),
        source=_required_uri(element, "Source"),
        source_name=text(descend(element, "Source", "LocName")) or None,
        cred=_cred(child(element, "Cred")),
        max_msg_size=_number(meta, "MaxMsgSize"),
        max_obj_size=_number(meta, "MaxObjSize"),
        ver_dtd=text(child(element, "VerDTD")) or "",
        ver_proto=text(child(element, "VerProto")) or "",
    )


def _commands(container: Element) -> tuple[Body, ...]:
    return tuple(_command(element) for element in container if local(element) not in {"Final", "CmdID", "Meta"})


def _command(element: Element) -> Body:
    verb = local(element)
    # A command without CmdID is readable: its sender is told 400 with an empty CmdRef (05 section 3.4).
    cmd_id = _identifier(element, "CmdID", required=False)
    if verb in VERBS:
        return Command(verb, cmd_id, _items(element))
    match verb:
        case "Status":
            return _status(element, cmd_id)
        case "Results":
            return Results(
                cmd_id=cmd_id,
                cmd_ref=_identifier(element, "CmdRef"),
                msg_ref=_identifier(element, "MsgRef", required=False) or "1",
                items=_items(element),
            )
        case "Alert":
            return Alert(cmd_id, _code(element, "Alert"), _items(element))
        case "Atomic" | "Sequence":
            return Group(verb, cmd_id, _commands(element))
        case _:
            return Unknown(verb, cmd_id)


def _status(element: Element, cmd_id: str) -> Status:
    data = child(element, "Data")
    return Status(
        cmd_id=cmd_id,
        msg_ref=_identifier(element, "MsgRef"),
        # Empty when the peer answers a command that had no CmdID.
        cmd_ref=_identifier(element, "CmdRef", required=False),
        cmd=_identifier(element, "Cmd"),
        code=_code(element, "Status"),
        target_refs=tuple(_refs(element, "TargetRef")),
        source_refs=tuple(_refs(element, "SourceRef")),
        chal=_chal(child(element, "Chal")),
        original_error=None if data is None else data.get(_ORIGINAL_ERROR),
        items=_items(element),
    )


def _items(command: Element) -> tuple[Item, ...]:
    # Meta beside the items holds for each of them that has none of its own.
    shared = child(command, "Meta")
    return tuple(_item(element, shared) for element in children(command, "Item"))


def _item(element: Element, shared: Element | None) -> Item:
    parts = {local(part): part for part in element}
    meta = parts.get("Meta", shared)
    facts = {} if meta is None else {local(part): part for part in meta}
    data = parts.get("Data")
    return Item(
        target=_uri(parts.get("Target")),
        source=_uri(parts.get("Source")),
        format=text(facts.get("Format")),
        # A documented sample of the sync type alert has Type beside Meta, not in it (05 section 5.2).
        type=text(facts.get("Type", parts.get("Type"))),
        mark=text(facts.get("Mark")),
        size=_number(meta, "Size"),
        data=None if data is None else _content(data),
        more="MoreData" in parts,
    )


def _content(data: Element) -> str:
    """The Data of an item: its text, or its markup when the sender did not escape it."""
    if len(data) == 0:
        return data.text or ""
    bare = deepcopy(data)
    for element in bare.iter():
        if namespace(element) in {NS_SYNCML, NS_SYNCML_11}:
            element.tag = local(element)
    inner = []
    for element in bare:
        lone = deepcopy(element)
        etree.cleanup_namespaces(lone)
        inner.append(etree.tostring(lone, encoding="unicode"))
    return (bare.text or "") + "".join(inner)


def _cred(element: Element | None) -> Cred | None:
    if element is None:
        return None
    meta = child(element, "Meta")
    kind = None if meta is None else text(child(meta, "Type"))
    form = None if meta is None else text(child(meta, "Format"))
    return Cred(type=kind or "", data=text(child(element, "Data")) or "", format=form or "b64")


def _chal(element: Element | None) -> Chal | None:
    meta = None if element is None else child(element, "Meta")
    if meta is None:
        return None
    return Chal(
        type=text(child(meta, "Type")) or "",
        next_nonce=text(child(meta, "NextNonce")),
        format=text(child(meta, "Format")) or "b64",
    )


def _uri(element: Element | None) -> str | None:
    if element is None:
        return None
    uri = text(child(element, "LocURI"))
    if uri is not None and len(uri) > _MAX_URI:
        raise BadSyncML(f"A LocURI has {len(uri)} characters; at most {_MAX_URI} are read.")
    return uri


def _required_uri(header: Element, name: str) -> str:
    uri = _uri(child(header, name))
    if not uri:
        raise BadSyncML(f"SyncHdr/{name}/LocURI is missing.")
    return uri


def _refs(status: Element, name: str) -> list[str]:
    return [text(element) or "" for element in children(status, name)]


def _identifier(parent: Element, name: str, *, required: bool = True) -> str:
    value = text(child(parent, name)) or ""
    if required and not value:
        raise BadSyncML(f"{local(parent)}/{name} is missing.")
    if len(value) > _MAX_ID:
        raise BadSyncML(f"{local(parent)}/{name} has {len(value)} characters; at most {_MAX_ID} are read.")
    return value


def _code(parent: Element, kind: str) -> int:
    value = text(child(parent, "Data")) or ""
    if not (value.isascii() and value.isdigit() and len(value) <= 4):
        raise BadSyncML(f"{kind}/Data is {value[:20]!r}, not a code.")
    return int(value)


def _number(meta: Element | None, name: str) -> int | None:
    value = None if meta is None else text(child(meta, name))
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 19 and int(value) <= _MAX_INT):
        raise BadSyncML(f"Meta/{name} is {value[:20]!r}, not a size.")
    return int(value)
