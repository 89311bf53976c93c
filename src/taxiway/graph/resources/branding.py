"""The organization's branding: texts by PATCH, images by PUT (Graph ``organizationalBranding``).

There is the default branding only, which is also the localization ``0``; those of other languages are not served.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from taxiway import directory
from taxiway.graph.errors import BadRequest, NoSuchItem, NotServed
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import value_answer
from taxiway.store import Tx

_TEXTS: Final = ("backgroundColor", "signInPageText", "usernameHintText")
_IMAGES: Final = ("bannerLogo", "squareLogo", "backgroundImage")
#: What Graph has besides, and the page has no place for.
_ELSEWHERE: Final = frozenset(
    {
        "contentCustomization",
        "customAccountResetCredentialsUrl",
        "customCannotAccessYourAccountText",
        "customCannotAccessYourAccountUrl",
        "customForgotMyPasswordText",
        "customPrivacyAndCookiesText",
        "customPrivacyAndCookiesUrl",
        "customResetItNowText",
        "customTermsOfUseText",
        "customTermsOfUseUrl",
        "headerBackgroundColor",
        "loginPageLayoutConfiguration",
        "loginPageTextVisibilitySettings",
    }
)
_IMAGES_ELSEWHERE: Final = ("customCSS", "favicon", "headerLogo", "squareLogoDark")
_DEFAULT: Final = frozenset({"0", "default"})
_BASE: Final = "organization/{id}/branding"
_LOCAL: Final = f"{_BASE}/localizations/{{locale}}"


async def _read(call: Call) -> Answer:
    """The default branding; 404 before there is one."""
    shown = await call.read(lambda tx: _shown(call, tx))
    if not shown:
        raise NoSuchItem("branding")
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#branding", **shown[0]})


async def _list(call: Call) -> Answer:
    found = await call.read(lambda tx: _shown(call, tx))
    return value_answer(call, f"organization('{call.keys['id']}')/branding/localizations", found)


async def _create(call: Call) -> Answer:
    """A localization: only the default one can be made, and PATCH does that."""
    await call.read(lambda tx: _check(call, tx))
    raise NotServed("Branding in further languages is not implemented here: change the default one by PATCH.")


async def _update(call: Call) -> Answer:
    changes = _changes(call.json)

    def write(tx: Tx) -> None:
        _check(call, tx)
        directory.update_branding(tx, changes, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _delete(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        _check(call, tx)
        directory.delete_branding(tx, principal=call.principal)

    await call.write(write)
    return Answer(204)


def _image(name: str) -> dict[str, Callable[[Call], Any]]:
    """What GET, PUT and DELETE of an image do."""

    async def read(call: Call) -> Answer:
        def find(tx: Tx) -> directory.BrandImage | None:
            _check(call, tx)
            return directory.find_brand_image(tx, name=name)

        image = await call.read(find)
        if image is None:
            raise NoSuchItem(name)
        return Answer(200, content=image.content, media_type=image.media_type)

    async def put(call: Call) -> Answer:
        def write(tx: Tx) -> None:
            _check(call, tx)
            directory.set_brand_image(tx, name, call.raw, principal=call.principal)

        await call.write(write)
        return Answer(204)

    async def delete(call: Call) -> Answer:
        def write(tx: Tx) -> None:
            _check(call, tx)
            if not directory.remove_brand_image(tx, name, principal=call.principal):
                raise NoSuchItem(name)

        await call.write(write)
        return Answer(204)

    return {"GET": read, "PUT": put, "DELETE": delete}


def _check(call: Call, tx: Tx) -> None:
    """Only the caller's organization, and only the default branding."""
    if call.keys["id"].lower() != tx.tenant:
        raise NoSuchItem(call.keys["id"])
    locale = call.keys.get("locale", "0")
    if locale.lower() not in _DEFAULT:
        raise NotServed(f"Branding in further languages, such as '{locale[:20]}', is not implemented here.")


def _changes(content: dict[str, Any]) -> dict[str, str | None]:
    """The texts of a body. What the page could not show is refused rather than forgotten."""
    found: dict[str, str | None] = {}
    for name, value in content.items():
        if name in _TEXTS:
            found[name] = body.text_field(content, name) or None
        elif name in _ELSEWHERE and value:
            raise NotServed(f"'{name}' is not implemented here.")
        elif name in _IMAGES:
            raise BadRequest(f"'{name}' is an image: PUT it to its own address.")
    return found


def _shown(call: Call, tx: Tx) -> list[dict[str, Any]]:
    """The default branding as Graph shows it, if there is one."""
    _check(call, tx)
    branding = directory.branding_of(tx)
    if not branding:
        return []
    texts = {name: branding.texts.get(name) for name in _TEXTS}
    addresses = {
        f"{name}RelativeUrl": f"{tx.tenant}/branding/{branding.images[name]}" if name in branding.images else None
        for name in _IMAGES
    }
    elsewhere = dict.fromkeys((*sorted(_ELSEWHERE), *(f"{name}RelativeUrl" for name in _IMAGES_ELSEWHERE)))
    return [{"id": "0", "cdnList": [urlsplit(call.rt.urls.login).netloc], **texts, **addresses, **elsewhere}]


def _image_operations(base: str) -> list[Operation]:
    needed = {"GET": scopes.BRANDING_READ, "PUT": scopes.BRANDING_WRITE, "DELETE": scopes.BRANDING_WRITE}
    return [
        Operation(method, f"{base}/{name}", handler, needed[method], "directory")
        for name in _IMAGES
        for method, handler in _image(name).items()
    ]


#: Images of Graph that the page has no place for.
NOT_SERVED: Final = tuple(f"{base}/{name}" for base in (_BASE, _LOCAL) for name in _IMAGES_ELSEWHERE)

OPERATIONS: Final = [
    Operation("GET", _BASE, _read, scopes.BRANDING_READ, "directory"),
    Operation("PATCH", _BASE, _update, scopes.BRANDING_WRITE, "directory"),
    Operation("DELETE", _BASE, _delete, scopes.BRANDING_WRITE, "directory"),
    *_image_operations(_BASE),
    Operation("GET", f"{_BASE}/localizations", _list, scopes.BRANDING_READ, "directory"),
    Operation("POST", f"{_BASE}/localizations", _create, scopes.BRANDING_WRITE, "directory"),
    Operation("GET", _LOCAL, _read, scopes.BRANDING_READ, "directory"),
    Operation("PATCH", _LOCAL, _update, scopes.BRANDING_WRITE, "directory"),
    *_image_operations(_LOCAL),
]
