"""A SyncML message to bytes, elements in the order the DTD fixes (05 section 3.1).

Text is put together by hand: a server writes one such document per request, and building a tree would cost more
than the rest of the request.
"""

from taxiway.wire.syncml_codes import NS_METINF, NS_MSFT, NS_SYNCML
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
from taxiway.wire.xml import escape


def render_message(message: Message) -> bytes:
    """The document as UTF-8; Unrenderable when a value cannot stand in XML."""
    parts = [f'<SyncML xmlns="{NS_SYNCML}">', _header(message.header), "<SyncBody>"]
    parts += [render_command(command) for command in message.commands]
    if message.final:
        parts.append("<Final/>")
    parts.append("</SyncBody></SyncML>")
    return "".join(parts).encode()


def render_command(command: Body) -> str:
    """One element of SyncBody; its length is what a size budget counts (05 section 7)."""
    match command:
        case Status():
            return _status(command)
        case Results():
            head = _leaf("CmdID", command.cmd_id) + _leaf("MsgRef", command.msg_ref) + _leaf("CmdRef", command.cmd_ref)
            return f"<Results>{head}{_items(command.items)}</Results>"
        case Alert():
            head = _leaf("CmdID", command.cmd_id) + _leaf("Data", str(int(command.code)))
            return f"<Alert>{head}{_items(command.items)}</Alert>"
        case Command():
            head = _leaf("CmdID", command.cmd_id)
            return f"<{command.verb}>{head}{_items(command.items)}</{command.verb}>"
        case Group():
            inner = "".join([render_command(each) for each in command.commands])
            return f"<{command.verb}>{_leaf('CmdID', command.cmd_id)}{inner}</{command.verb}>"
        case Unknown():
            return f"<{command.verb}>{_leaf('CmdID', command.cmd_id)}</{command.verb}>"


def _header(header: Header) -> str:
    name = "" if header.source_name is None else _leaf("LocName", header.source_name)
    meta = _meta_leaf("MaxMsgSize", header.max_msg_size) + _meta_leaf("MaxObjSize", header.max_obj_size)
    return (
        f"<SyncHdr>{_leaf('VerDTD', header.ver_dtd)}{_leaf('VerProto', header.ver_proto)}"
        f"{_leaf('SessionID', header.session_id)}{_leaf('MsgID', header.msg_id)}"
        f"<Target>{_leaf('LocURI', header.target)}</Target>"
        f"<Source>{_leaf('LocURI', header.source)}{name}</Source>"
        f"{_cred(header.cred)}{f'<Meta>{meta}</Meta>' if meta else ''}</SyncHdr>"
    )


def _status(status: Status) -> str:
    refs = "".join([_leaf("TargetRef", ref) for ref in status.target_refs])
    refs += "".join([_leaf("SourceRef", ref) for ref in status.source_refs])
    native = ""
    if status.original_error is not None:
        native = f' msft:originalerror="{escape(status.original_error)}" xmlns:msft="{NS_MSFT}"'
    return (
        f"<Status>{_leaf('CmdID', status.cmd_id)}{_leaf('MsgRef', status.msg_ref)}{_leaf('CmdRef', status.cmd_ref)}"
        f"{_leaf('Cmd', status.cmd)}{refs}{_chal(status.chal)}"
        f"<Data{native}>{int(status.code)}</Data>{_items(status.items)}</Status>"
    )


def _items(items: tuple[Item, ...]) -> str:
    return "".join([_item(item) for item in items])


def _item(item: Item) -> str:
    parts = ["<Item>"]
    if item.target is not None:
        parts.append(f"<Target>{_leaf('LocURI', item.target)}</Target>")
    if item.source is not None:
        parts.append(f"<Source>{_leaf('LocURI', item.source)}</Source>")
    meta = _meta_leaf("Format", item.format) + _meta_leaf("Type", item.type)
    meta += _meta_leaf("Mark", item.mark) + _meta_leaf("Size", item.size)
    if meta:
        parts.append(f"<Meta>{meta}</Meta>")
    if item.data is not None:
        parts.append(_leaf("Data", item.data))
    parts.append("<MoreData/></Item>" if item.more else "</Item>")
    return "".join(parts)


def _cred(cred: Cred | None) -> str:
    if cred is None:
        return ""
    meta = _meta_leaf("Format", cred.format) + _meta_leaf("Type", cred.type)
    return f"<Cred><Meta>{meta}</Meta>{_leaf('Data', cred.data)}</Cred>"


def _chal(chal: Chal | None) -> str:
    if chal is None:
        return ""
    meta = _meta_leaf("Format", chal.format) + _meta_leaf("Type", chal.type)
    return f"<Chal><Meta>{meta}{_meta_leaf('NextNonce', chal.next_nonce)}</Meta></Chal>"


def _leaf(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>"


def _meta_leaf(name: str, value: str | int | None) -> str:
    return "" if value is None else f'<{name} xmlns="{NS_METINF}">{escape(str(value))}</{name}>'
