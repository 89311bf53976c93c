"""One deployment many times over, each time with something going wrong at another of its messages."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from e2e.deploying import CORTANA, FAST, Deploying
from taxiway import app, directory, enrollment, management
from taxiway.device import PC, EspPhaseChanged, Fault, Faults, Place
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.kernel import FreshKeys
from taxiway.pki.entities import CERTIFICATES
from taxiway.store import Blobs, KeyRing, Store, open_engine

ROOTS = "./Device/Vendor/MSFT/RootCATrustedCertificates/Root"
#: Long enough that the number of polls does not depend on how busy the machine is.
PACE = dataclasses.replace(FAST, poll=20.0, pause=0.02)


def root_certificate(keys, clock):
    """The DER of a self-signed root, and the name its node has."""
    key, name = keys.rsa(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Contoso Root")])
    now = clock.now()
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    der = made.public_bytes(serialization.Encoding.DER)
    return der, hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


class Restarting(Faults):
    """Lets the server restart between the message that a fault happens to and the next one."""

    def __init__(self, plan, restart):
        super().__init__(plan)
        self._restart, self._ways = restart, []

    def between(self, inner, clock):
        self._ways.append(inner)
        return super().between(inner, clock)

    async def _happen(self, fault, inner, clock, request):
        try:
            return await super()._happen(fault, inner, clock, request)
        finally:
            # With the process its connections end; here both ends are one process, and an orderly end would wait.
            for way in self._ways:
                await way.aclose()
            await self._restart()


class Sweep:
    """A tenant with a page, a policy, a Wi-Fi network, a root certificate and an app; and PCs that are all alike."""

    def __init__(self, instance, folder):
        self.instance, self.folder = instance, folder
        self.deploying = Deploying(instance, folder)
        self._made = 0

    async def prepare(self):
        """What is deployed."""
        await self.instance.profile()
        await self.deploying.page()
        await self.deploying.policy(CORTANA, 0)
        await self.deploying.app(1)
        der, name = root_certificate(self.instance.rt.keys, self.instance.rt.clock)
        encoded = base64.b64encode(der).decode()
        await self.deploying.policy(f"{ROOTS}/{name}/EncodedCertificate", encoded, kind="Base64")
        wifi = {"display_name": "Wi-Fi", "ssid": "corp", "wifi_security_type": "wpa2Personal"}

        def make(tx):
            values = {**wifi, "pre_shared_key": "12345678"}
            row = management.create_configuration(tx, "windowsWifiConfiguration", values, principal=SYSTEM_PRINCIPAL)
            management.assign_configuration(
                tx, row["id"], [directory.Target("all_devices")], principal=SYSTEM_PRINCIPAL
            )

        await self.deploying.write(make)

    async def pc(self, faults=None):
        """A registered PC, and the person who will use it."""
        self._made += 1
        place = Place(faults=faults)
        host = dataclasses.replace(self.instance.host, pace=PACE, place=place, keys=FreshKeys())
        self.instance.host = host
        made = self.instance.make_pc(self.folder / f"pc{self._made}")
        await self.instance.register(made)
        return made, await self.instance.make_user(f"u{self._made}@contoso.example")

    async def deploy(self, faults):
        """Deploy a new PC with these faults, switching it on again where its power went; what came of it."""
        before = await self.counts()
        pc, person = await self.pc(faults)
        outcome = await self.instance.power_on(pc, person)
        while outcome.failure is not None and outcome.failure.step == "power":
            pc = PC.open(self.folder / f"pc{self._made}", self.instance.host)
            outcome = await self.instance.power_on(pc, person)
        after = await self.counts()
        assert outcome.reached == "desktop", outcome.failure
        made = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
        return {"made": made, "runs": pc.state.runs, "tree": tree(pc), "hello": outcome.hello, "page": self.page()}

    def page(self):
        """How each half of the status page ended."""
        changes = [event for event in self.instance.events if isinstance(event, EspPhaseChanged)]
        last = {change.phase: change.state for change in changes}
        return {name: state for name, state in last.items() if state not in {"inProgress", "succeeded"}}

    async def counts(self):
        """How many devices, managed devices and certificates there are."""

        def read(tx):
            of_purpose = [row["purpose"] for row in CERTIFICATES.select(tx)]
            return {
                "devices": len(directory.DEVICES.select(tx)),
                "managed": len(enrollment.MANAGED.select(tx)),
                **{f"{purpose} certificates": of_purpose.count(purpose) for purpose in set(of_purpose)},
            }

        return await self.deploying.read(read)

    async def restart(self):
        """A process that ends and another that begins: nothing in memory is left."""
        instance = self.instance
        await instance.halt()
        old = instance.rt
        url = old.store.engine.url.render_as_string(hide_password=False)
        await old.workers.run(old.store.close)
        engine = open_engine(url, **({"synchronous": "OFF"} if url.startswith("sqlite") else {}))
        ring = KeyRing.open(instance.files.ring, old.entropy)
        store = Store(engine, clock=old.clock, entropy=old.entropy, ring=ring, followers=app.followers())
        blobs = Blobs(instance.files.blobs, old.entropy)
        instance.rt = dataclasses.replace(old, store=store, blobs=blobs)
        await instance.start()

    def faults(self, kind, at):
        """A plan of one fault; ``restart`` loses the answer and restarts the server."""
        if kind == "restart":
            return Restarting([Fault("answer-lost", at)], self.restart)
        return Faults([Fault(kind, at)])


#: What belongs to this PC or this moment.
_OWN = {"entdmid", "aadresourceid", "upn"}


def tree(pc):
    """The tree of settings, without what belongs to this one PC."""
    nodes = {key: node.value for key, node in pc.state.device_nodes.items()}
    for of_user in pc.state.user_nodes.values():
        nodes |= {f"user:{key}": node.value for key, node in of_user.items()}
    return {key: "*" if key.rpartition("/")[2] in _OWN else value for key, value in nodes.items()}


def difference(right, got):
    """What is not as it should be."""
    found = {name: (right[name], got[name]) for name in right if name != "tree" and right[name] != got[name]}
    keys = sorted(right["tree"].keys() | got["tree"].keys())
    pairs = {key: (right["tree"].get(key), got["tree"].get(key)) for key in keys}
    return found | {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
