"""What hostile DER makes the readers raise: each place that reads a stranger's bytes names it in its own words."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

#: Of ``asn1crypto`` and ``cryptography`` alike, while loading and when a lazily read part is asked for.
BROKEN_DER: Final = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError),
    *(x509.InvalidVersion, x509.DuplicateExtension, UnsupportedAlgorithm),
)
