"""Mutations: of text, of bytes, of JSON, of tokens, of requests."""

from __future__ import annotations

import base64
import random
import re
from dataclasses import replace
from typing import Any

from fuzz.message import Blob, Message, Pairs, Raw, Token, Xml, as_json, text
from fuzz.xml import spoil

#: What readers of numbers, names and addresses have stumbled over.
WORDS = (
    "",
    " ",
    "\0",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "9" * 400,
    "NaN",
    "../../../../etc/passwd",
    "http://[",
    "https://a@b:99999/",
    "%00%ff%",
    "\u2028\u202e\u0130\u212a",
    "\U0001d56c" * 20,
    "\ud800",
    "a" * 5_000,
    "x" * 70_000,
    "a.b.c",
    "....",
    "eyJhbGciOiJub25lIn0.e30.",
    "' OR 1=1 --",
    "{{7*7}}${7*7}<script>",
    "\r\nx: y",
    "=" * 300,
    "11111111-1111-4111-8111-111111111111",
    "common",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**53 + 1,
    2**64,
    10**400,
    1e308,
    -0.0,
    float("inf"),
    float("nan"),
    [],
    {},
    [None],
    [[]] * 1_000,
    {"": {"": ""}},
    {"a": 1, "A": 2},
    *WORDS,
)
ALGORITHMS = ("none", "None", "HS256", "RS256", "RS1", "ES256", "PS256", "EdDSA", "dir", "", None, 7, ["RS256"], {})
HEADERS = ("alg", "kid", "typ", "crit", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "ctx", "kdf_ver", "cty", "zip", "enc")
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "X" * 40)
DEEPEST = 600
_BASE64 = re.compile(rb">([A-Za-z0-9+/]{40,}={0,2})<")
#: Bodies on which recursive readers run out of stack.
DEEP = (b"[" * 60_000, b'{"a":' * 12_000, b'{"username":' + b"[" * 20_000 + b"]" * 20_000 + b"}")


class Mutator:
    """Chooses by the seed; the same seed makes the same choices."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def message(self, message: Message) -> Message:
        """The message with one to three things wrong."""
        changed = _copied(message)
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            self._one(changed)
        return changed

    def _one(self, message: Message) -> None:
        parts = [(5, self._headers), (2, self._line)]
        if message.query:
            parts.append((10, lambda m: setattr(m, "query", self.pairs(m.query))))
        if message.form is not None:
            parts.append((20, lambda m: setattr(m, "form", self.pairs(m.form or []))))
        if message.body is not None:
            parts.append((20, lambda m: setattr(m, "body", self._body(m.body))))
        [act] = self.rng.choices([act for _, act in parts], [weight for weight, _ in parts])
        act(message)

    def _headers(self, message: Message) -> None:
        if not message.headers or self.rng.random() < 0.1:
            name = self.rng.choice(("authorization", "cookie", "content-type", "origin", "host", "client-request-id"))
            message.headers.append((name, self.string(self.rng.choice(WORDS))))
        else:
            message.headers = [(name, value) for name, value in self.pairs(message.headers) if isinstance(name, str)]

    def _line(self, message: Message) -> None:
        if self.rng.random() < 0.5:
            message.method = self.rng.choice(METHODS)
        elif message.form is not None or message.body is not None:
            junk = self.rng.randbytes(self.rng.choice((0, 1, 40, 4_000)))
            message.body, message.form = Raw(self.rng.choice((junk, *DEEP))), None

    def _body(self, body: Any) -> Any:
        if isinstance(body, Xml):
            return Raw(self._document(body.data))
        if isinstance(body, Raw):
            return Raw(self.data(body.data))
        if self.rng.random() < 0.15:
            return Raw(self.data(as_json(body)))
        return self.value(body)

    def _document(self, data: bytes) -> bytes:
        """A document with something wrong in its structure, in its bytes, or in what it carries as base64."""
        for _ in range(self.rng.choice((1, 1, 2, 4))):
            chance = self.rng.random()
            carried = list(_BASE64.finditer(data)) if chance < 0.25 else []
            if carried:
                found = self.rng.choice(carried)
                inner = base64.b64encode(self.data(base64.b64decode(found[1][: len(found[1]) // 4 * 4])))
                data = data[: found.start(1)] + inner + data[found.end(1) :]
            else:
                data = spoil(self.rng, data) if chance < 0.85 else self.data(data)
        return data

    def pairs(self, pairs: Pairs) -> Pairs:
        """A form, query or header list with one entry changed, doubled, dropped, renamed or spoiled."""
        out = list(pairs)
        if not out:
            return [(self.rng.choice(WORDS), self.rng.choice(WORDS))]
        index = self.rng.randrange(len(out))
        name, value = out[index]
        match self.rng.randrange(12):
            case 0:
                del out[index]
            case 1:
                out.insert(index, (name, self.value(value)))
            case 2:
                out[index] = (self.string(str(name)), value)
            case 3:
                out[index] = (name, Raw(self.data(text(value).encode("utf-8", "replace")[:5_000])))
            case 4:
                out[index] = (name, out[self.rng.randrange(len(out))][1])
            case _:
                out[index] = (name, self.value(value))
        return out

    def value(self, value: Any) -> Any:
        """A JSON value, a token or a blob with something in it changed."""
        chance, changed = self.rng.random(), None
        if isinstance(value, Token):
            changed = self.token(value)
        elif isinstance(value, Blob):
            changed = Blob(self.data(value.data)) if chance < 0.8 else self.string("AAAA")
        elif isinstance(value, dict) and value and chance < 0.9:
            changed = self._object(value)
        elif isinstance(value, list) and value and chance < 0.8:
            changed = self._list(value)
        elif isinstance(value, str) and chance < 0.6:
            changed = self.string(value)
        else:
            changed = self._nested(value) if chance > 0.95 else self.rng.choice(VALUES)
        return changed

    def _list(self, value: list[Any]) -> list[Any]:
        out = list(value)
        index = self.rng.randrange(len(out))
        out[index] = self.value(out[index])
        return out * self.rng.choice((1, 1, 2, 50)) if len(as_json(out)) < 2_000 else out

    def _object(self, value: dict[str, Any]) -> dict[str, Any]:
        out, name = dict(value), self.rng.choice(list(value))
        match self.rng.randrange(8):
            case 0:
                del out[name]
            case 1:
                out[self.string(name)] = out.pop(name)
            case 2:
                out[self.rng.choice(WORDS)] = self.rng.choice(VALUES)
            case _:
                out[name] = self.value(out[name])
        return out

    def _nested(self, value: Any) -> Any:
        for _ in range(self.rng.choice((5, 60, DEEPEST))):
            value = [value] if self.rng.random() < 0.5 else {"a": value}
        return value

    def token(self, token: Token) -> Any:
        """A token with another header or body, signed again or not, or its text spoiled."""
        kind = self.rng.randrange(10)
        if kind < 3:
            header = dict(token.header) if isinstance(token.header, dict) else {}
            name = self.rng.choice(HEADERS)
            header[name] = self.rng.choice(ALGORITHMS if name == "alg" else VALUES)
            return replace(token, header=header)
        if kind < 8:
            return replace(token, claims=self.value(token.claims))
        if kind == 8:
            spoiled = self.data
            return replace(token, sign=lambda signed: spoiled(token.sign(signed)))
        return self.string(text(token))

    def string(self, value: str) -> str:
        """A text with signs changed, cut, doubled, or written in another base64."""
        at = self.rng.randrange(len(value) + 1)
        strange = chr(self.rng.choice((0, 10, 37, 46, 61, 127, 233, 8232, 55296)))
        ways = (
            value[:at],
            value[at:],
            value + value,
            value[:at] + self.rng.choice(WORDS)[:200] + value[at:],
            value[:at] + strange + value[at + 1 :],
            value.replace("-", "+").replace("_", "/") + "=" * self.rng.randrange(3),
            value.swapcase(),
            f" {value}\t",
            value[:at] + value[at + self.rng.randrange(1, 9) :],
            self.rng.choice(WORDS),
        )
        return self.rng.choice(ways)

    def data(self, value: bytes) -> bytes:
        """Bytes with bits flipped, cut, doubled, stretched, or with a length field that lies."""
        if not value:
            return self.rng.randbytes(self.rng.choice((0, 1, 16)))
        out = bytearray(value)
        for _ in range(self.rng.choice((1, 1, 2, 8))):
            index = self.rng.randrange(len(out)) if out else 0
            match self.rng.randrange(8):
                case 0:
                    out = out[:index]
                case 1:
                    out[index:index] = out[: self.rng.randrange(64)]
                case 2:
                    out[index : index + 1] = self.rng.choice((b"\x00", b"\xff", b"\x80", b"\x84\xff\xff\xff\xff"))
                case 3:
                    out += self.rng.randbytes(self.rng.choice((1, 64, 3_000)))
                case 4:
                    out[index : index + self.rng.randrange(1, 64)] = b""
                case 5:
                    out[index : index + 8] = bytes(8)
                case _:
                    if out:
                        out[index] ^= 1 << self.rng.randrange(8)
        return bytes(out)


def _copied(message: Message) -> Message:
    """A message whose lists can be changed; what is in them is replaced, never changed."""
    form = list(message.form) if message.form is not None else None
    return Message(
        message.method,
        message.path,
        list(message.query),
        list(message.headers),
        form,
        message.body,
        message.peer,
        message.door,
    )
