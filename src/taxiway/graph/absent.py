"""Addresses of Intune at Graph that nothing here stands behind: each answers 501 by its name (02 section 9.4).

The list holds names of Graph's metadata. What is left out for a reason of its own stands in ``operations``.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

ABSENT: Final = tuple((files("taxiway.graph") / "absent.txt").read_text("utf-8").split())
