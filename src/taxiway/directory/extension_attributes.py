"""``extensionAttribute1`` to ``15`` of users and devices: a change names some of them, the others stay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from taxiway.directory.errors import Invalid

_NAME = re.compile(r"extensionattribute([1-9]|1[0-5])\Z", re.IGNORECASE)
_LONGEST = 1024


def merged(before: Mapping[str, Any] | None, changed: Any) -> dict[str, str]:
    """The attributes after a change; null takes one away."""
    if changed is not None and not isinstance(changed, Mapping):
        raise Invalid("Extension attributes are an object.")
    result = dict(before or {})
    for name, value in (changed or {}).items():
        match = _NAME.match(name)
        if match is None:
            raise Invalid(f"'{name}' is no extension attribute: there are extensionAttribute1 to extensionAttribute15.")
        spelled = f"extensionAttribute{match[1]}"
        if value is None:
            result.pop(spelled, None)
        elif isinstance(value, str) and len(value) <= _LONGEST:
            result[spelled] = value
        else:
            raise Invalid(f"'{spelled}' is a text of at most {_LONGEST} characters.")
    return result
