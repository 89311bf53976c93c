"""The older name of a package of one's own: ``windowsAppX``, ordered and watched as any other package."""

from __future__ import annotations

from typing import Final

from taxiway.management.apps.kinds import modern
from taxiway.management.apps.kinds.modern import check, check_content, job, order

__all__ = ["CONTENT", "KIND", "PROPS", "check", "check_content", "job", "order"]

KIND: Final = "windowsAppX"
CONTENT: Final = True
PROPS: Final = tuple(prop for prop in modern.PROPS if prop.name != "applicable_device_types")
