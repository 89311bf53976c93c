"""One object in each collection that is kept as it came, with every property that its model has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients import models
from taxiway.graph.resources import opaque_table

if TYPE_CHECKING:
    from clients.everything import Everything

_GRAPH = "#microsoft.graph"
#: A type for collections that have several.
_KINDS = {
    "deviceManagement/templates": "securityBaselineTemplate",
    "deviceAppManagement/mobileAppConfigurations": "iosMobileAppConfiguration",
    "deviceAppManagement/managedAppPolicies": "androidManagedAppProtection",
}
#: The version through which the objects of each collection are made: the oldest that has it.
VERSIONS = {kept.path: "beta" if kept.beta else "v1.0" for kept in opaque_table.KEPT}


async def make(everything: Everything) -> None:
    """All of them, assigned where they can be; an intent comes of a template."""
    for kept in opaque_table.KEPT:
        version = VERSIONS[kept.path]
        kind = kept.declared or _KINDS[kept.path]
        model = models.named(version, kind)
        body = {"@odata.type": f"{_GRAPH}.{kind}", **models.example(model)}
        made = await everything.post(f"/{version}/{kept.path}", body)
        at = f"/{version}/{kept.path}/{made['id']}"
        for name, inner in kept.shelf.children.items():
            await everything.post(f"{at}/{name}", _child(model.fields[name].of, inner))
        if kept.assigned:
            assignment = models.example(models.model(model.fields["assignments"].of))
            await everything.post(f"{at}/assign", {kept.assigned: [{**assignment, "target": everything.staff}]})
        if kept is opaque_table.TEMPLATES:
            setting = models.example(models.named(version, "deviceManagementSettingInstance"))
            wanted = {"displayName": "Baseline", "settingsDelta": [setting]}
            await everything.post(f"{at}/createInstance", wanted)


def _child(file, inner: str) -> dict:
    model = models.model(file)
    made = models.example(model)
    if not inner:
        return made
    # A setting names its definition by its id, and all texts of an example are this one.
    return {**made, inner: [{"id": models.TEXT, **models.example(models.model(model.fields[inner].of))}]}
