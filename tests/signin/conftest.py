"""A tenant with a user, and a browser in front of the sign-in page."""

from __future__ import annotations

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from taxiway import autopilot, directory, signin
from taxiway.autopilot.hardware import facts_of
from taxiway.device import Firmware
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.signin.http import routes
from taxiway.store import entries

BROKER = "29d9ed98-a469-4536-ade2-f981bc1d605e"
CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
DRS = "urn:ms-drs:enterpriseregistration.windows.net"
GRAPH = "https://graph.microsoft.com"
REDIRECT = "ms-aadj-redir://auth/drs"
PASSWORD = "Correct-horse-7-battery"
UPN = "ada@contoso.example"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def config_of(response: httpx.Response) -> dict:
    """``$Config``, cut out exactly as the oldest of the tools does it."""
    html = response.text
    return json.loads(html[html.index("$Config=") + 8 : html.index("//]]>") - 2])


class Browser:
    """One browser: cookies, and the forms of the sign-in page."""

    def __init__(self, rt, tenant):
        self.rt, self.tenant = rt, tenant
        transport = httpx.ASGITransport(Door(routes(rt), rt.entropy))
        self.http = httpx.AsyncClient(transport=transport, base_url="https://localhost:8443")

    async def authorize(self, *, ticket="", headers=None, segment=None, version="", **changes):
        """Open the sign-in page as the broker does; a change of None leaves a parameter out."""
        query = {
            "client_id": BROKER,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "resource": DRS,
            "state": "s 1",
            "nonce": "n1",
            "login_hint": UPN,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return await self.http.get(
            f"/{segment or self.tenant}/oauth2{version}/authorize",
            params={name: value for name, value in query.items() if value is not None},
            headers={**({"x-device-token": f"t={ticket}"} if ticket else {}), **(headers or {})},
        )

    async def post(self, page, **form):
        """Hand in a page's form."""
        config = page if isinstance(page, dict) else config_of(page)
        carried = {"ctx": config["sCtx"], "flowToken": config["sFT"], "canary": config["canary"]}
        return await self.http.post(config["urlPost"], data={**carried, **form})

    async def login(self, page, upn=UPN, password=PASSWORD):
        """Name and password."""
        return await self.post(page, login=upn, loginfmt=upn, passwd=password)

    async def factor(self, page, method, answer):
        """The second factor, by the calls that machines make."""
        config = config_of(page)
        body = {"AuthMethodId": method, "Method": "BeginAuth", "ctx": config["sCtx"], "flowToken": config["sFT"]}
        headers = {"canary": config["canary"]}
        begun = (await self.http.post(config["urlBeginAuth"], json=body, headers=headers)).json()
        body = {
            "AuthMethodId": method,
            "Method": "EndAuth",
            "SessionId": begun["SessionId"],
            "FlowToken": begun["FlowToken"],
            "Ctx": begun["Ctx"],
            "AdditionalAuthData": answer,
            "PollCount": 1,
        }
        return config, (await self.http.post(config["urlEndAuth"], json=body, headers=headers)).json()

    async def process(self, config, ended, method):
        """The end of the second factor."""
        return await self.post({**config, "sFT": ended["FlowToken"]}, request=ended["Ctx"], mfaAuthMethod=method)

    async def code(self, **changes):
        """A whole sign-in; the code."""
        page = await self.authorize(**changes)
        return answer_of(page if page.is_redirect else await self.login(page))["code"]

    async def token(self, *, segment=None, version="", headers=None, **form):
        """The token endpoint."""
        url = f"/{segment or self.tenant}/oauth2{version}/token"
        return await self.http.post(url, data=form, headers=headers)

    async def redeem(self, code, **changes):
        """Exchange a code as the broker does."""
        form = {
            "grant_type": "authorization_code",
            "client_id": BROKER,
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            "resource": DRS,
            **changes,
        }
        return await self.token(**{name: value for name, value in form.items() if value is not None})

    async def log(self, subject=None):
        """The log: kind and reasons' codes."""
        found = await self.rt.store.read(self.tenant, lambda tx: entries(tx, subject=subject))
        return [(entry.kind, [reason["code"] for reason in entry.why]) for entry in found]


def answer_of(response: httpx.Response) -> dict[str, str]:
    """What the redirect brings back."""
    assert response.status_code == 302, config_of(response)
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


def claims_of(token: str) -> dict:
    """The claims of a JWT, not verified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def register(rt, tenant, *, user=""):
    """Register the hardware of a new PC; its ticket and its ZTDID."""
    hardware = Firmware.new(rt.entropy).hardware_hash(rt.clock.now())
    row = autopilot.ImportRow(hardware_identifier=hardware.encode_base64(), assigned_user_principal_name=user)
    await autopilot.import_devices(rt, tenant, [row], principal=SYSTEM_PRINCIPAL, correlation="")
    ticket = autopilot.issue_ticket(rt, facts_of(hardware))[0]
    return ticket, (await autopilot.verify_ticket(rt, ticket)).ztdid


async def make_user(rt, tenant, upn=UPN, password=PASSWORD, **props):
    """A user with a password; the row."""
    user = await rt.store.write(
        tenant,
        lambda tx: directory.create_user(tx, principal=SYSTEM_PRINCIPAL, upn=upn, display_name="Ada Lovelace", **props),
    )
    await signin.set_password(rt, tenant, user["id"], password)
    return user


@pytest.fixture
async def user(rt, tenant):
    return await make_user(rt, tenant)


@pytest.fixture
async def browser(rt, tenant):
    browser = Browser(rt, tenant)
    yield browser
    await browser.http.aclose()
