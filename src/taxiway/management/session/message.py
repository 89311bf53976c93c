"""One message of a device and its answer, in one transaction (05 section 3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from taxiway import directory, enrollment
from taxiway.kernel import Reason
from taxiway.management.actions import conduct, retirement
from taxiway.management.apps.order import proof_of
from taxiway.management.certificates import delivery as certificates
from taxiway.management.compliance import attestation, evaluation
from taxiway.management.esp import blocks, deadlines, deployments, page, user_page
from taxiway.management.session import authentication, chunks, hardware, report, runs, sessions, work
from taxiway.management.session.clocks import LOCAL_TIME
from taxiway.management.session.context import Context
from taxiway.management.session.intake import Intake
from taxiway.management.session.queue import QUEUED, RUNS_ONCE, CommandRow, Queue
from taxiway.management.session.runs import Run
from taxiway.store import Row, Tx
from taxiway.wire.syncml import (
    Alert,
    AlertCode,
    Body,
    CmdIds,
    Code,
    Command,
    Group,
    Header,
    Item,
    Message,
    Status,
    render_command,
    render_message,
)

_ENVELOPE: Final = 2048
#: While the page is in one of these the device comes every few seconds: its inventory is not read each time.
_BUSY: Final = frozenset({"collecting", "sent", "released"})
#: States of either half of the page in which the device is asked how it ended.
_OPEN: Final = frozenset({"collecting", "sent", "released", "failed"})


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message with what is proven of its sender: the device by its certificate, the user by a token."""

    managed_id: str
    message: Message
    body_hash: str
    user_id: str | None
    address: str
    content_origin: str
    token_error: str | None = None


def handle(tx: Tx, incoming: Incoming) -> bytes:
    """Take the message in and answer it; a message that comes again gets the same bytes and has no second effect."""
    header = incoming.message.header
    managed = enrollment.managed_device(tx, incoming.managed_id)
    if managed is None:
        return _refusal(incoming)
    if retirement.is_leaving(managed):
        return _render(incoming, retirement.respond(tx, managed, incoming.message))
    run = runs.load(tx, incoming.managed_id)
    if run is not None and (known := sessions.stored_answer(tx, run, header, incoming.body_hash)) is not None:
        return known
    if sessions.is_stale(run, header):
        return _stale(incoming)
    ctx = _context(tx, incoming, managed, run or Run(incoming.managed_id, "off"))
    if run is None:
        page.begin(ctx)
    if not sessions.continues(ctx.run, header):
        _begin(ctx, header)
    return _answer(ctx, incoming)


def _answer(ctx: Context, incoming: Incoming) -> bytes:
    """Take in a message that counts, and say what there is to say."""
    header = incoming.message.header
    limit = sessions.budget(ctx.run, header) - _ENVELOPE
    ids = CmdIds()
    intake = Intake(ctx, incoming.message, ids)
    word = authentication.judge(ctx, header)
    intake.greet(word)
    if not word.heard:
        ctx.queue.flush()
        return _keep(ctx, incoming, _render(incoming, intake.answers))
    _settle_user(ctx, incoming)  # whose results these are
    intake.take()
    _settle_user(ctx, incoming)  # who is signed in now
    if not ctx.run.session.greeted:
        ctx.run.session.greeted = True
        conduct.begin(ctx)
        attestation.begin(ctx)
        hardware.begin(ctx)
        user_page.resend(ctx)
        _log_session(ctx, incoming)
    if intake.unenrolled:
        return _end(ctx, incoming, intake)
    commands = [] if intake.aborted else _next(ctx, incoming.message, ids, limit - _size(intake.answers))
    answer = _render(incoming, [*intake.answers, *commands])
    if not commands:
        ctx.run.session.open = False
        hardware.settle(ctx)
        report.write_inventory(ctx)
        report.judge(ctx)
    ctx.run.esp_deadline = deadlines.earliest(ctx.run)
    deployments.follow(ctx.tx, ctx.run, ctx.run.esp.get("why", ""))
    ctx.queue.flush()
    report.write_statuses(ctx)
    return _keep(ctx, incoming, answer)


def _keep(ctx: Context, incoming: Incoming, answer: bytes) -> bytes:
    sessions.store_answer(ctx.tx, ctx.run, incoming.message.header, incoming.body_hash, answer)
    runs.save(ctx.tx, ctx.run)
    return answer


# ---------------------------------------------------------------------------------------------- sessions


def _context(tx: Tx, incoming: Incoming, managed: Row, run: Run) -> Context:
    entra_id, _ = enrollment.links_of(tx, managed["id"])
    return Context(
        tx=tx,
        managed=managed,
        device=None if entra_id is None else directory.find_device(tx, id=entra_id),
        user=None,
        run=run,
        queue=Queue(tx, managed["id"]),
        esp=enrollment.esp_of(tx, managed["id"]),
        subject=enrollment.subject_of(tx, managed["id"]),
        content_origin=incoming.content_origin,
    )


def _begin(ctx: Context, header: Header) -> None:
    ctx.queue.abandon()
    sessions.begin(ctx.tx, ctx.run, header)
    enrollment.update_inventory(ctx.tx, ctx.managed["id"], {"last_sync_at": ctx.tx.now})
    known = ctx.run.facts.get("./DevInfo/DevId")
    if known is not None and known != header.source:
        text = "The message names another device than before; the certificate alone decides whose session it is."
        what = {"source": header.source[:200], "managed_device": ctx.managed["id"]}
        ctx.tx.log("session.source_differs", subject=ctx.subject, what=what, why=[Reason("session.source", text)])
    for row in ctx.queue.unproven(["device", *(row["lane"] for row in ctx.queue.rows.values())]):
        if not conduct.is_order(row):
            work.doubt(ctx, row)


def _settle_user(ctx: Context, incoming: Incoming) -> None:
    """The user counts only while signed in and proven (05 sections 5.4 and 9.4)."""
    ctx.user = None
    if ctx.run.session.login != "user" or incoming.user_id is None:
        return
    user = directory.find_user(ctx.tx, incoming.user_id)
    if user is not None and user["account_enabled"]:
        ctx.user = user


def _log_session(ctx: Context, incoming: Incoming) -> None:
    what = {
        "session": incoming.message.header.session_id,
        "login": ctx.run.session.login,
        "user": None if ctx.user is None else ctx.user["id"],
        "managed_device": ctx.managed["id"],
    }
    why = [] if incoming.token_error is None else [Reason("session.no_user", incoming.token_error)]
    ctx.tx.log("session.started", subject=ctx.subject, what=what, why=why)


def _end(ctx: Context, incoming: Incoming, intake: Intake) -> bytes:
    """The user left management: say so, and forget the device (05 section 5.3)."""
    answer = _render(incoming, intake.answers)
    why = Reason("device.user_left", "The user disconnected the account on the device.")
    retirement.end(ctx.tx, ctx.managed["id"], why)
    return answer


# ---------------------------------------------------------------------------------------------- what to say next


def _next(ctx: Context, message: Message, ids: CmdIds, room: int) -> list[Body]:
    """The commands of this answer: at most ``room`` bytes, at least one where there is something to say."""
    if not message.final:
        return [Alert(ids.next(), AlertCode.NEXT_MESSAGE)]
    work.prove(ctx)
    conduct.advance(ctx)
    alone = conduct.alone(ctx)
    if not alone:
        page.advance(ctx)
        user_page.advance(ctx)
        conduct.watch(ctx)
        if ctx.run.esp_state not in _BUSY:
            attestation.advance(ctx)
    msg_id = message.header.msg_id
    out: list[Body] = []
    if (piece := chunks.go_on(ctx, msg_id, ids)) is not None:
        return [piece]
    for row in ctx.queue.waiting(ctx.lanes):
        if (alone and not conduct.is_order(row)) or certificates.is_moot(ctx, row):
            continue
        command = _said(ctx, row, ids)
        if not out and (piece := chunks.begin(ctx, row, command, msg_id, room)) is not None:
            conduct.sent(ctx, row)
            return [piece]
        if row["state"] != QUEUED:
            continue  # longer than the device takes
        room -= len(render_command(command).encode())
        if room < 0 and out:
            return out
        ctx.queue.sent(row, msg_id, command)
        conduct.sent(ctx, row)
        out.append(command)
    return [*out, *_gets(ctx, ids, msg_id, room)]


def _said(ctx: Context, row: CommandRow, ids: CmdIds) -> Command | Group:
    """A row as it is sent now."""
    if row["verb"] == "Atomic" and row["key"].startswith(RUNS_ONCE):
        return certificates.said(ctx, row, ids)
    return ctx.queue.command(row, ids)


def _gets(ctx: Context, ids: CmdIds, msg_id: str, room: int) -> list[Body]:
    """What is to be read: each node once in a session, and again no earlier than the next."""
    session = ctx.run.session
    due = [uri for uri in _due(ctx) if uri not in session.polled]
    out: list[Body] = []
    for uri in due:
        command = Command("Get", ids.next(), (Item(target=uri),))
        room -= len(render_command(command).encode())
        if room < 0:
            break
        session.polled.append(uri)
        session.gets[f"{msg_id}/{command.cmd_id}"] = uri
        out.append(command)
    return out


def _due(ctx: Context) -> list[str]:
    nodes = [proof_of(row["uri"]) for row in work.unproven(ctx)]
    nodes += conduct.due(ctx)
    for app in ctx.apps:
        nodes += work.due(ctx, app)
    nodes += certificates.due(ctx)
    if ctx.run.esp_state in _OPEN:
        nodes += blocks.outcome_nodes("Device")
    mine = {} if ctx.user is None else ctx.run.esp.get("users", {}).get(ctx.user["id"], {})
    if mine.get("state") in _OPEN:
        nodes += [blocks.USER_PAGE_HIDDEN, *blocks.outcome_nodes("User")]
    if LOCAL_TIME not in ctx.run.facts:
        nodes.append(LOCAL_TIME)  # once for each enrollment
    if ctx.run.esp_state not in _BUSY:
        nodes += ctx.run.session.hardware
        nodes += [*evaluation.FACTS, *report.INVENTORY, *ctx.run.compliance.get("reads", ()), *attestation.due(ctx)]
    return nodes


# ---------------------------------------------------------------------------------------------- answers


def _refusal(incoming: Incoming) -> bytes:
    """The certificate is good and its device is not managed: 403, and nothing else (05 section 2.3)."""
    header = incoming.message.header
    status = Status(cmd_id="1", msg_ref=header.msg_id, cmd_ref="0", cmd="SyncHdr", code=Code.FORBIDDEN)
    return _render(incoming, [status])


def _stale(incoming: Incoming) -> bytes:
    """Neither taken in nor acted on: the device is to begin a session anew (05 section 3.3)."""
    status = Status(cmd_id="1", msg_ref=incoming.message.header.msg_id, cmd_ref="0", cmd="SyncHdr", code=Code.OK)
    return _render(incoming, [status, Alert("2", AlertCode.SESSION_ABORT)])


def _render(incoming: Incoming, commands: list[Body]) -> bytes:
    asked = incoming.message.header
    header = Header(session_id=asked.session_id, msg_id=asked.msg_id, target=asked.source, source=incoming.address)
    return render_message(Message(header, tuple(commands)))


def _size(commands: list[Body]) -> int:
    return sum(len(render_command(command).encode()) for command in commands)
