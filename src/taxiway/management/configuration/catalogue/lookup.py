"""From the id of a setting to its definition: by the table of CSP facts, or read off the id (02 section 9.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from typing import Final

from taxiway.management.configuration.catalogue import derived
from taxiway.management.configuration.catalogue.definitions import Definition, definitions
from taxiway.management.errors import BadSetting, UnknownSetting

#: How much longer or shorter a misspelt id is, what of it is right, and how many are compared at most.
_SLIP, _BEGINNING, _COMPARED = 4, 24, 200
#: An id that is nearer than this to a known one is taken for a slip of the pen: one letter in about sixty.
_MISSPELT: Final = 0.98


def find(definition_id: str) -> Definition | None:
    """The definition with this id; None where nothing is known of it. One that is misspelt is an error."""
    wanted = definition_id.lower()
    known = definitions()
    found = known.get(wanted) or _without_scope(known, wanted)
    if found is not None:
        return found
    near = get_close_matches(wanted, _alike(wanted, known), n=1, cutoff=_MISSPELT)
    if near or len(wanted) > derived.MOST:
        remedy = f"Did you mean '{near[0]}'?" if near else "See deviceManagement/configurationSettings."
        raise UnknownSetting(f"There is no setting definition '{definition_id[:300]}'.", remedy=remedy)
    return derived.derive(wanted)


def part_of(parent: Definition, definition_id: str) -> Definition | None:
    """A part of an administrative template by its id: of the table, or what follows the id of its policy.

    None where the id does not tell; that of another setting is an error.
    """
    known = definitions().get(definition_id.lower())
    if known is None:
        return derived.part(parent, definition_id.lower())
    if known.data is None or known.group != parent.id:
        raise BadSetting(f"'{known.id}' is no part of '{parent.id}'.")
    return known


def _without_scope(known: dict[str, Definition], wanted: str) -> Definition | None:
    """Some ids of the original do not begin with the scope, which is the device's."""
    found = known.get(f"device_{wanted}") if wanted.startswith("vendor_") else None
    if found is None:
        return None
    options = tuple((option.removeprefix("device_"), value) for option, value in found.options)
    return replace(found, id=wanted, options=options)


def _alike(wanted: str, known: Iterable[str]) -> list[str]:
    """The few ids worth a comparison: of about the length, with the same beginning."""
    alike = (one for one in known if abs(len(one) - len(wanted)) <= _SLIP and one[:_BEGINNING] == wanted[:_BEGINNING])
    return list(islice(alike, _COMPARED))
