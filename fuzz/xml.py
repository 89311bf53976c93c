"""XML with something wrong in it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_TAG = re.compile(rb"<(/?)([A-Za-z0-9:]+)([^<>]*)>")
#: What stands where an XML reader meets it badly.
_EVIL = (
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"&b;",
    b"&#0;",
    b"&#xD800;",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"<?x y?>",
    b"\x00",
    b"\xff\xfe",
    b"<a>" * 3_000,
    b"<a>" * 100 + b"</a>" * 100,
    b' xmlns="urn:x"',
    b"x" * 70_000,
    b"9" * 400,
    b"-1",
    b"=====",
)


def spoil(rng: random.Random, data: bytes) -> bytes:
    """A document with an element dropped, doubled, moved, renamed, or with another text, attribute or namespace."""
    tags = list(_TAG.finditer(data))
    if not tags:
        return data
    one, other = rng.choice(tags), rng.choice(tags)
    first, last = sorted((one.start(), other.end()))
    evil = rng.choice(_EVIL)
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: data[:first] + data[last:],
        lambda: data[:last] + data[first:last] + data[last:],
        lambda: data[: one.start()] + data[other.start() : other.end()] + data[one.end() :],
        lambda: data.replace(one[2], rng.choice((b"x", b"Atomic", b"Item", b"s:Body", other[2]))),
        lambda: data[: one.end()] + evil + data[one.end() :],
        lambda: data[: one.end() - 1] + evil + data[one.end() - 1 :],
        lambda: re.sub(rb">[^<>]+<", lambda _: b">" + evil + b"<", data, count=rng.choice((1, 1, 9))),
        lambda: data.replace(rng.choice((b"syncml:metinf", b"SYNCML:SYNCML1.2", b"http://", b"1.2", b"200")), b"x"),
        lambda: data.decode("utf-8", "replace").encode(
            rng.choice(("utf-16", "utf-16-le", "cp500", "utf-7")), "replace"
        ),
    )
    return rng.choice(ways)()
