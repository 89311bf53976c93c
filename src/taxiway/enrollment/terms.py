"""Terms of use: what a tenant asks its users to accept, and the blob that proves they did (04 section 6)."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import sqlalchemy as sa

from taxiway import directory
from taxiway.directory import Principal
from taxiway.enrollment.errors import BadTermsRequest, TermsNotAccepted
from taxiway.store import Instant, Tx, metadata
from taxiway.store.errors import Unsealable

LIFETIME: Final = timedelta(hours=1)
_SCHEMES: Final = frozenset({"ms-appx-web", "ms-appx", "ms-aadj-redir"})
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1"})
_REDIRECT: Final = re.compile(r"[\x21-\x7e]{1,2000}")
_ABSENT: Final = frozenset({"", "null", "none"})

terms_of_use = sa.Table(
    "terms_of_use",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
)


def terms_of(tx: Tx) -> dict[str, Any] | None:
    """The tenant's terms (revision, title, text), or None where there are none to accept."""
    return tx.one(sa.select(terms_of_use).where(terms_of_use.c.tenant == tx.tenant))


def set_terms(tx: Tx, *, title: str, text: str, principal: Principal) -> None:
    """Ask users of the tenant to accept a text before their devices enroll; an empty text asks for nothing."""
    directory.require(tx, principal, "enrollment.write")
    current = terms_of(tx)
    tx.execute(sa.delete(terms_of_use).where(terms_of_use.c.tenant == tx.tenant))
    if text:
        revision = 1 if current is None else int(current["revision"]) + 1
        values = {"tenant": tx.tenant, "revision": revision, "title": title, "text": text, "changed_at": tx.now}
        tx.execute(sa.insert(terms_of_use).values(**values))
    tx.log("terms_of_use.changed", subject=f"tenant:{tx.tenant}", what={"title": title, "asked": bool(text)})


def accept(tx: Tx, user_id: str) -> str:
    """Record that a user accepted the terms in force; the blob the device brings to the enrollment service."""
    terms = terms_of(tx)
    revision = 0 if terms is None else int(terms["revision"])
    if terms is not None:
        tx.log("terms_of_use.accepted", subject=f"user:{user_id}", what={"revision": revision})
    content = {"revision": revision, "at": tx.now.isoformat(), "id": tx.entropy.uuid()}
    return tx.seal(json.dumps(content).encode(), "terms_of_use", "blob", user_id)


def check_accepted(tx: Tx, user_id: str, blob: str | None) -> None:
    """Raise ``TermsNotAccepted`` unless this user accepted the terms in force, where there are any."""
    terms = terms_of(tx)
    if terms is None:
        return
    if blob is None or blob.strip().lower() in _ABSENT:
        raise TermsNotAccepted("The user has not accepted the terms of use.", remedy="Start the enrollment again.")
    try:
        content = json.loads(tx.unseal(blob, "terms_of_use", "blob", user_id))
    except (Unsealable, ValueError) as error:
        raise TermsNotAccepted("The terms-of-use answer is not one that this user was given.") from error
    age = tx.now.timestamp() - tx.now.fromisoformat(content["at"]).timestamp()
    if content["revision"] != terms["revision"] or age > LIFETIME.total_seconds():
        raise TermsNotAccepted("The terms of use have changed since, or the answer is older than an hour.")


def checked_redirect(uri: str) -> str:
    """A place the page may lead back to; anything else is answered here and never followed."""
    if not _REDIRECT.fullmatch(uri):
        raise BadTermsRequest("redirect_uri is missing or unreadable.")
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise BadTermsRequest("redirect_uri is unreadable.") from error
    if parts.scheme in _SCHEMES or (parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK):
        return uri
    raise BadTermsRequest("redirect_uri leads to a place that is not allowed.")
