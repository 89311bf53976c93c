"""A PC that is joined to a tenant of another instance deploys into management here, over real sockets and TLS."""

from __future__ import annotations

import ssl
from dataclasses import replace

import httpx
import pytest

from e2e.conftest import Instance, _free_port
from support.applications import make_application
from taxiway import app, directory, enrollment, pki
from taxiway.device import Endpoints
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.kernel import SystemEntropy
from taxiway.settings import DoorSettings, Settings
from taxiway.store import Blobs, KeyRing, Runtime, Store, entries, metadata, open_engine

pytestmark = pytest.mark.anyio

BROKER = "29d9ed98-a469-4536-ade2-f981bc1d605e"
SCOPE = "7e1f1c2a-0000-4000-8000-000000000001"


@pytest.fixture
async def home(instance, keys, tmp_path):
    """Another instance, where the PC and its user are at home."""
    engine = open_engine(f"sqlite:///{tmp_path}/home.db", synchronous="OFF")
    metadata.create_all(engine)
    files = app.Files(tmp_path / "home")
    settings = Settings(doors=DoorSettings(people_port=_free_port(), devices_port=_free_port()))
    clock, entropy = instance.rt.clock, SystemEntropy()
    ring = KeyRing.open(files.ring, entropy)
    store = Store(engine, clock=clock, entropy=entropy, ring=ring, followers=app.followers())
    rt = Runtime(
        store=store,
        clock=clock,
        entropy=entropy,
        workers=instance.rt.workers,
        keys=keys,
        blobs=Blobs(files.blobs, entropy),
        urls=settings.urls,
    )
    await pki.make_authorities(rt)
    await directory.publish_addresses(rt)
    made = Instance(rt, files, settings, instance.host)
    made.tenant = await made.make_tenant("fabrikam.example")
    await made.start()
    yield made
    await made.halt()
    store.close()


async def test_hardware_that_is_joined_elsewhere_is_managed_here(instance, home, tmp_path):
    """Profile, sign-in and join there; terms, enrollment, both setups and the desktop with the management of here."""
    await lead_to(home, instance)
    await trust(instance, home)
    person = await home.make_user("grace@fabrikam.example")
    await home.profile()
    pc = home.make_pc(tmp_path / "pc")
    await home.register(pc)
    both = tmp_path / "both.pem"
    both.write_bytes(home.files.root.read_bytes() + instance.files.root.read_bytes())
    urls = home.settings.urls
    told = Endpoints(ztd=urls.ztd, login=urls.login, drs=urls.drs, ca_file=both)

    outcome = await pc.power_on(told, person, instance.events.append)

    assert outcome.reached == "desktop", outcome.failure
    managed = await instance.rt.store.read(
        instance.tenant, lambda tx: enrollment.managed_device(tx, outcome.intune_device_id)
    )
    assert managed["upn"] == "grace_fabrikam.example#EXT#@contoso.example"
    assert managed["device_name"] == outcome.device_name
    log = await instance.rt.store.read(instance.tenant, entries)
    sessions = [entry for entry in log if entry.kind == "session.started"]
    assert any(entry.what["user"] == managed["user_id"] for entry in sessions)
    assert await home.rt.store.read(home.tenant, enrollment.MANAGED.count) == 0


async def lead_to(home, here):
    """There: an MDM application with the addresses of here, which the broker may ask tokens for."""
    origin = here.settings.urls.mdm
    await make_application(
        home.rt,
        home.tenant,
        name="MDM",
        identifier_uris=[origin],
        api={
            "oauth2PermissionScopes": [{"id": SCOPE, "value": "mdm_delegation", "type": "Admin", "isEnabled": True}],
            "preAuthorizedApplications": [{"appId": BROKER, "delegatedPermissionIds": [SCOPE]}],
        },
    )
    addresses = {
        "applies_to": "all",
        "discovery_url": f"{origin}/EnrollmentServer/Discovery.svc",
        "terms_of_use_url": f"{origin}/TermsOfUse",
    }
    await home.rt.store.write(home.tenant, lambda tx: directory.update_mdm_policy(tx, SYSTEM_PRINCIPAL, addresses))


async def trust(here, home):
    """Here: that tenant's issuer, and a way to its keys."""
    trusted = {
        "issuer": f"https://sts.windows.net/{home.tenant}/",
        "tenant_id": home.tenant,
        "audiences": [here.settings.urls.mdm],
        "jwks_url": f"{home.settings.urls.login}/{home.tenant}/discovery/keys",
    }
    await here.rt.store.write(
        here.tenant,
        lambda tx: enrollment.update_enrollment_policy(tx, {"trusted_issuers": [trusted]}, principal=SYSTEM_PRINCIPAL),
    )
    await here.halt()
    context = ssl.create_default_context(cafile=str(home.files.root))
    here.rt = replace(here.rt, outside=httpx.AsyncHTTPTransport(verify=context))
    await here.start()
