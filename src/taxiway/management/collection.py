"""What apps, configurations and compliance policies have in common: create, update, delete, assign."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Principal, require
from taxiway.kernel import NotImplementedHere, Reason
from taxiway.management.errors import BadPolicy
from taxiway.management.opaque.secrets import without_secrets
from taxiway.store import Repository, Row, Tx, merged

#: What objects of every kind have, where nothing else is said.
BASE = frozenset({"display_name", "description", "role_scope_tag_ids"})

#: The code of the finding of an object that is only kept.
NOT_ACTED_ON: Final = "notActedOn"


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection. ``object_kind`` names its objects to the directory's assignments and in the log.

    ``area``: of ``directory/access``; its actions are create, update, delete, assign.
    ``shared``: writable properties every kind has; ``check``: raises what is wrong with a row as it would be saved,
    its secrets opened. ``findings``: what is not wrong and has to be said, kept with the object and in the log.
    ``conceal``: moves what nobody may read out of the values of a kind, given the row as it is, its secrets opened.
    ``keeps``: whether objects of other kinds are kept as they came, unchecked, for nobody to act on. ``meant_here``:
    which objects of the kinds are acted on, where that is not all of them.
    """

    rows: Repository
    object_kind: str
    area: str
    kinds: Mapping[str, frozenset[str]]
    check: Callable[[Tx, Row], None]
    shared: frozenset[str] = BASE
    findings: Callable[[Tx, Row, Sequence[directory.Target]], list[dict[str, Any]]] | None = None
    conceal: Callable[[str, Mapping[str, Any], Row], dict[str, Any]] | None = None
    keeps: bool = False
    meant_here: Callable[[Row], bool] | None = None

    def create(self, tx: Tx, kind: str, values: Mapping[str, Any], *, principal: Principal) -> Row:
        """Add an object; one of a kind that is neither acted on nor kept is a named error."""
        require(tx, principal, f"{self.area}.create")
        if kind not in self.kinds and not self.keeps:
            raise NotImplementedHere(f"Objects of the type '#microsoft.graph.{kind}' are not implemented here.")
        own = directory.tagged(tx, principal, self.rows.entity, self._own(kind, values))
        known = self._concealed(kind, own, {})
        if not known.get("display_name"):
            raise BadPolicy("The object needs a display name.")
        preview = self._preview({"kind": kind}, known)
        self._check(tx, preview)
        found = self._found(tx, preview, [])
        row = self.rows.insert(
            tx, {**known, **found, **self._stamp(tx), "kind": kind, "created_at": tx.now, "last_modified_at": tx.now}
        )
        self._log(tx, "created", row)
        self._warn(tx, row, [])
        return row

    def update(self, tx: Tx, row_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
        """Change properties; devices that are meant hear of it in their next session."""
        require(tx, principal, f"{self.area}.update")
        current = self.rows.require(tx, row_id)
        opened = self.opened(tx, current)
        own = directory.tagged(tx, principal, self.rows.entity, self._own(current["kind"], changes), current)
        known = self._concealed(current["kind"], own, opened)
        if "opaque" in known:
            known["opaque"] = merged(current["opaque"] or {}, known["opaque"])
        preview = self._preview(opened, known)
        self._check(tx, preview)
        found = self._found(tx, preview, directory.targets_of(tx, self.object_kind, row_id))
        row = self.rows.update(tx, row_id, {**known, **found, **self._stamp(tx), "last_modified_at": tx.now})
        self._log(tx, "updated", row, changed=sorted(known))
        self._warn(tx, row, current.get("findings") or [])
        return row

    def delete(self, tx: Tx, row_id: str, *, principal: Principal) -> None:
        """Remove the object and its assignments; what it set is taken off its devices where that is possible."""
        require(tx, principal, f"{self.area}.delete")
        row = self.rows.require(tx, row_id)
        directory.set_assignments(tx, self.object_kind, row_id, [])
        self.rows.delete(tx, row_id)
        self._log(tx, "deleted", row)

    def assign(self, tx: Tx, row_id: str, targets: Sequence[directory.Target], *, principal: Principal) -> list[Row]:
        """Replace the object's assignments."""
        require(tx, principal, f"{self.area}.assign")
        row = self.rows.require(tx, row_id)
        assigned: list[Row] = directory.set_assignments(tx, self.object_kind, row_id, list(targets))
        changes = self._found(tx, self.opened(tx, row), targets)
        if "is_assigned" in self.rows.entity.props:
            changes["is_assigned"] = bool(targets)
        self._log(tx, "assigned", row, targets=len(targets))
        if changes:
            self._warn(tx, self.rows.update(tx, row_id, changes), row.get("findings") or [])
        return assigned

    def opened(self, tx: Tx, row: Row) -> Row:
        """The row with its secrets opened: for what is sent to a device, never for a face."""
        secrets = {}
        for name, prop in self.rows.entity.props.items():
            if prop.secret:
                value = self.rows.reveal(tx, row["id"], name)
                secrets[name] = None if value is None else value.decode()
        return {**row, **secrets}

    def acts_on(self, row: Row) -> bool:
        """Whether anything here acts on an object, and not only keeps it."""
        return row["kind"] in self.kinds and (self.meant_here is None or self.meant_here(row))

    def _check(self, tx: Tx, row: Row) -> None:
        if self.acts_on(row):
            self.check(tx, row)

    def _concealed(self, kind: str, values: dict[str, Any], current: Row) -> dict[str, Any]:
        if kind not in self.kinds:
            return {**values, "opaque": without_secrets(values["opaque"])} if "opaque" in values else values
        return values if self.conceal is None else self.conceal(kind, values, current)

    def _stamp(self, tx: Tx) -> dict[str, Any]:
        return {"stamp": tx.entropy.uuid()} if "stamp" in self.rows.entity.props else {}

    def _found(self, tx: Tx, row: Row, targets: Sequence[directory.Target]) -> dict[str, Any]:
        """What is to be kept of the findings."""
        if self.findings is not None and not self.acts_on(row):
            return {"findings": [not_acted_on(row["kind"])]}
        return {} if self.findings is None else {"findings": self.findings(tx, row, targets)}

    def _warn(self, tx: Tx, row: Row, before: Sequence[dict[str, Any]]) -> None:
        """Log the findings that are new."""
        for each in row.get("findings") or ():
            if each not in before:
                why = Reason(f"configuration.{each['code']}", each["text"], {"uri": each["omaUri"]})
                what = {"name": row["display_name"], "uri": each["omaUri"]}
                tx.log(f"{self.object_kind}.warned", subject=f"{self.object_kind}:{row['id']}", what=what, why=[why])

    def _own(self, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The properties this kind has; one of another kind is an error, a read-only one is passed over."""
        if kind not in self.kinds:
            return {name: value for name, value in values.items() if name in self.shared or name == "opaque"}
        own = self.kinds[kind] | self.shared
        foreign = frozenset().union(*self.kinds.values()) - own
        wrong = next((name for name in values if name in foreign), None)
        if wrong is not None:
            raise BadPolicy(f"'#microsoft.graph.{kind}' has no property '{wrong}'.")
        return {name: value for name, value in values.items() if name in own}

    def _preview(self, current: Mapping[str, Any], changes: Mapping[str, Any]) -> Row:
        defaults = {name: prop.default for name, prop in self.rows.entity.props.items()}
        return {**defaults, **current, **changes}

    def _log(self, tx: Tx, verb: str, row: Row, **facts: Any) -> None:
        what = {"name": row["display_name"], "type": row["kind"], **facts}
        tx.log(f"{self.object_kind}.{verb}", subject=f"{self.object_kind}:{row['id']}", what=what)
        tx.announce("managed_object.changed", object_kind=self.object_kind, id=row["id"])


def not_acted_on(kind: str) -> dict[str, Any]:
    """The finding of an object that is only kept."""
    text = f"Nothing here acts on this '#microsoft.graph.{kind}': it is kept, and no device is told of it."
    return {"code": NOT_ACTED_ON, "text": text, "omaUri": ""}
