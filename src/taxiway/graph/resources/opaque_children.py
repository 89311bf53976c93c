"""Collections inside objects that are kept as they came, and the actions on them (02 sections 1.6, 9.3 and 9.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from taxiway import management
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import body
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import item_body, value_answer
from taxiway.graph.resources import opaque_table as table
from taxiway.graph.resources.opaque import Kept, face_of, incoming
from taxiway.store import Tx

#: What an intent says of itself when it has just been made of a template.
_NEW_INTENT: Final = {"description": "", "isAssigned": False, "isMigratingToConfigurationPolicy": False}
_INTENTS: Final = face_of(table.INTENTS)
#: So many presentations a definition has at most: each is sought among the others.
_PRESENTATIONS: Final = 100


@dataclass(frozen=True, slots=True)
class _Navigation:
    """One collection inside the objects of another; ``inner``: what its items hold, empty for nothing."""

    kept: Kept
    name: str
    inner: str

    def operations(self) -> list[Operation]:
        """List, item, create, change, delete; what is inside an item is listed."""
        read, write, beta = self.kept.read, self.kept.write, self.kept.beta
        many = f"{self.kept.path}/{{id}}/{self.name}"
        item = f"{many}/{{child}}"
        return [
            Operation("GET", many, self._listed, read, beta=beta),
            Operation("POST", many, self._add, write, beta=beta),
            Operation("GET", item, self._one, read, beta=beta),
            Operation("PATCH", item, self._change, write, beta=beta),
            Operation("DELETE", item, self._remove, write, beta=beta),
            *([Operation("GET", f"{item}/{self.inner}", self._inside, read, beta=beta)] if self.inner else []),
        ]

    async def _listed(self, call: Call) -> Answer:
        found = await call.read(
            lambda tx: management.children_of(tx, self.kept.shelf, call.keys["id"], self.name),
        )
        return value_answer(call, self._context(call), found)

    async def _one(self, call: Call) -> Answer:
        return Answer(200, self._shown(call, await call.read(lambda tx: self._child(tx, call))))

    async def _inside(self, call: Call) -> Answer:
        found = await call.read(lambda tx: self._child(tx, call))
        context = f"{self._context(call)}('{found['id']}')/{self.inner}"
        return value_answer(call, context, found.get(self.inner) or [])

    async def _add(self, call: Call) -> Answer:
        content, shelf = _plain(call.json), self.kept.shelf
        made = await call.write(
            lambda tx: management.add_child(tx, shelf, call.keys["id"], self.name, content, principal=call.principal)
        )
        return call.done(live=self.kept.posted, docs=201, body=self._shown(call, made))

    async def _change(self, call: Call) -> Answer:
        content, shelf = _plain(call.json), self.kept.shelf
        made = await call.write(
            lambda tx: management.change_child(
                tx, shelf, call.keys["id"], self.name, call.keys["child"], content, principal=call.principal
            )
        )
        return Answer(200, self._shown(call, made))

    async def _remove(self, call: Call) -> Answer:
        await call.write(
            lambda tx: management.remove_child(
                tx, self.kept.shelf, call.keys["id"], self.name, call.keys["child"], principal=call.principal
            )
        )
        return call.done(live=200, docs=204)

    def _child(self, tx: Tx, call: Call) -> dict[str, Any]:
        return management.child_of(tx, self.kept.shelf, call.keys["id"], self.name, call.keys["child"])

    def _context(self, call: Call) -> str:
        return f"{self.kept.path}('{call.keys['id']}')/{self.name}"

    def _shown(self, call: Call, child: Mapping[str, Any]) -> dict[str, Any]:
        return {"@odata.context": f"{call.root}/$metadata#{self._context(call)}/$entity", **child}


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if "@odata.context" not in key}


# ------------------------------------------------------------------------------------------------ actions


async def _update_values(call: Call) -> Answer:
    added, updated = (body.objects_field(call.json, name, most=1000) for name in ("added", "updated"))
    deleted = [str(one) for one in body.list_field(call.json, "deletedIds", most=1000)]
    for each in (*added, *updated):
        body.objects_field(each, "presentationValues", most=_PRESENTATIONS)
    await call.write(
        lambda tx: management.update_values(
            tx,
            table.GROUP_POLICIES.shelf,
            call.keys["id"],
            added=added,
            updated=updated,
            deleted=deleted,
            principal=call.principal,
        )
    )
    return Answer(204)


async def _set_actions(call: Call) -> Answer:
    wanted = body.objects_field(call.json, "scheduledActions", most=100)
    shelf, name = table.COMPLIANCE.shelf, "scheduledActionsForRule"
    await call.write(
        lambda tx: management.set_children(tx, shelf, call.keys["id"], name, wanted, principal=call.principal)
    )
    return Answer(200)


async def _create_instance(call: Call) -> Answer:
    """An intent of a template: ``settingsDelta`` becomes its settings."""
    content = dict(call.json)
    settings = body.objects_field(content, "settingsDelta")
    content = {key: value for key, value in content.items() if key.lower() != "settingsdelta"}
    values = incoming(table.INTENTS, {**content, "templateId": call.keys["id"]})
    values["body"] = {**_NEW_INTENT, **values["body"], "settings": settings}

    def write(tx: Tx) -> dict[str, Any]:
        table.TEMPLATES.shelf.require(tx, call.keys["id"])
        row = management.create_object(
            tx, table.INTENTS.shelf, table.INTENTS.declared, values, principal=call.principal
        )
        return item_body(tx, call, _INTENTS, row)

    return Answer(200, await call.write(write))


async def _update_settings(call: Call) -> Answer:
    wanted = body.objects_field(call.json, "settings")
    if not wanted:
        raise BadRequest("'settings' is missing.")
    shelf = table.INTENTS.shelf
    await call.write(
        lambda tx: management.update_settings(tx, shelf, call.keys["id"], wanted, principal=call.principal)
    )
    return Answer(204)


async def _categories(call: Call) -> Answer:
    found = await call.read(lambda tx: _template_categories(tx, call))
    shown = [{key: value for key, value in one.items() if key != "settingDefinitions"} for one in found]
    return value_answer(call, f"{table.INTENTS.path}('{call.keys['id']}')/categories", shown)


async def _category_settings(call: Call) -> Answer:
    """The settings whose definitions the category lists; all of them where it lists none."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        settings = management.children_of(tx, table.INTENTS.shelf, call.keys["id"], "settings")
        categories = {one["id"]: one for one in _template_categories(tx, call)}
        listed = categories.get(call.keys["category"], {}).get("settingDefinitions") or []
        ids = {one.get("id") for one in listed}
        return [one for one in settings if not ids or str(one.get("definitionId")) in ids]

    context = f"{table.INTENTS.path}('{call.keys['id']}')/categories('{call.keys['category']}')/settings"
    return value_answer(call, context, await call.read(read))


def _template_categories(tx: Tx, call: Call) -> list[dict[str, Any]]:
    intent = table.INTENTS.shelf.require(tx, call.keys["id"])
    template = table.TEMPLATES.shelf.get(tx, str(intent["body"].get("templateId") or ""))
    return [] if template is None else list(template["body"].get("categories") or [])


_INTENT: Final = f"{table.INTENTS.path}/{{id}}"
OPERATIONS: Final = [
    *(
        operation
        for kept in table.KEPT
        for name, inner in kept.shelf.children.items()
        for operation in _Navigation(kept, name, inner).operations()
    ),
    Operation(
        "POST",
        f"{table.GROUP_POLICIES.path}/{{id}}/updateDefinitionValues",
        _update_values,
        table.GROUP_POLICIES.write,
        beta=True,
    ),
    Operation(
        "POST", f"{table.COMPLIANCE.path}/{{id}}/setScheduledActions", _set_actions, table.COMPLIANCE.write, beta=True
    ),
    Operation(
        "POST", f"{table.TEMPLATES.path}/{{id}}/createInstance", _create_instance, table.TEMPLATES.write, beta=True
    ),
    Operation("POST", f"{_INTENT}/updateSettings", _update_settings, table.INTENTS.write, beta=True),
    Operation("GET", f"{_INTENT}/categories", _categories, table.INTENTS.read, beta=True),
    Operation("GET", f"{_INTENT}/categories/{{category}}/settings", _category_settings, table.INTENTS.read, beta=True),
]
