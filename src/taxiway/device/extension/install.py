"""One app from its package to its detection: what runs, how long, what its numbers mean (02 section 8.1)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from taxiway.device.download import download
from taxiway.device.errors import AnswerTooLarge, ServerUnreachable
from taxiway.device.extension.rules import Surroundings
from taxiway.device.extension.software import Software
from taxiway.device.host import Leaves
from taxiway.device.state import Storage
from taxiway.device.transport import Identity, Transport
from taxiway.wire.app_content import BadContent, EncryptionInfo, decrypt_content
from taxiway.wire.extension import App, Content, ReturnCode

NOT_DETECTED: Final = 0x87D1041C
STILL_DETECTED: Final = 0x87D1041D
TIMED_OUT: Final = 0x800705B4
NO_CONTENT: Final = 0x80190194
BAD_PACKAGE: Final = 0x80091007
NO_KEY: Final = 0x8009000D
#: What WinGet says of an identifier that no source knows.
NO_PACKAGE: Final = 0x8A150014
#: A return code of the type ``retry`` is followed by so many further runs, minutes apart.
RETRIES: Final = 3
RETRY_MINUTES: Final = 5
_WINGET_CODES: Final = (ReturnCode(code=0, type="success"), ReturnCode(code=3010, type="softReboot"))
_OAEP: Final = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


@dataclass(frozen=True, slots=True)
class Run:
    """How an installer ended: its number, or that its time was over; what that means."""

    code: int | None
    type: str

    @property
    def error(self) -> int:
        """The HRESULT of a run that failed."""
        if self.code is None:
            return TIMED_OUT
        return 0x80070000 | self.code if 0 < self.code < 0x10000 else self.code & 0xFFFFFFFF


class Installer:
    """Fetches packages and runs installers as the rehearsal tells how they go."""

    def __init__(self, transport: Transport, storage: Storage, software: Software, around: Surroundings) -> None:
        self._transport = transport
        self._storage = storage
        self._software = software
        self._around = around

    # ------------------------------------------------------------------------------------------ packages

    async def fetch(self, app: App, origin: str) -> int:
        """Fetch, check and open the package of an app, again while no server answers; 0 or an HRESULT."""
        if app.content is None:
            return 0 if app.kind == "winget" else NO_CONTENT
        clock, pace = self._transport.host.clock, self._transport.host.pace
        deadline = clock.monotonic() + app.minutes * 60
        target = self._storage.folder / "downloads" / f"{app.content.sha256}.intunewin"
        while True:
            try:
                error = await download(self._transport, origin + app.content.path, target, app.content.sha256)
                break
            except ServerUnreachable as failure:
                if isinstance(failure, AnswerTooLarge) or clock.monotonic() > deadline:
                    return int(failure.code, 16)
                await clock.sleep(pace.poll)
        return error or await self._open(target, app.content)

    async def _open(self, package: Path, content: Content) -> int:
        """Open the package with the keys that were wrapped for this PC: mac, then ciphertext, then digest."""
        try:
            keys = await self._transport.tpm.use(Identity.MANAGEMENT.value, _unwrap, content.keys)
        except ValueError:
            return NO_KEY
        return await self._transport.host.workers.run(_opened, package, content, keys)

    # ------------------------------------------------------------------------------------------ runs

    async def install(self, app: App) -> Run:
        """Run the installer; what it leaves is there afterwards."""
        if app.kind == "winget":
            return await self._install_package(app)
        run = await self._run(app, app.name.upper())
        if run.type not in {"failed", "retry"}:
            left = self._transport.host.place.leaves.get(app.name.upper())
            if left is not None:
                self._software.leave(left)
            else:
                for rule in app.detection:
                    self._software.fulfil(rule, self._transport.host.clock.now())
                if app.product:
                    self._software.leave(Leaves(products={app.product: "1.0.0"}))
        self._storage.save()
        return run

    async def uninstall(self, app: App) -> Run:
        """Run the uninstaller; what the installer left is gone afterwards."""
        run = await self._run(app, f"{app.name.upper()} UNINSTALL")
        if run.type in {"failed", "retry"}:
            return run
        left = self._transport.host.place.leaves.get(app.name.upper())
        if app.kind == "winget":
            self._software.drop_package(app.package)
        elif left is not None:
            self._software.remove(left)
        else:
            for rule in app.detection:
                self._software.undo(rule)
            if app.product:
                self._software.remove(Leaves(products={app.product: ""}))
        self._storage.save()
        return run

    def detected(self, app: App) -> bool:
        """Whether the app is on the PC."""
        if app.kind == "winget":
            return self._software.package(app.package) is not None
        return self._around.detected(app.detection)

    async def _install_package(self, app: App) -> Run:
        catalogue = {name.lower(): version for name, version in self._transport.host.place.catalogue.items()}
        version = catalogue.get(app.package.lower())
        if version is None:
            return Run(NO_PACKAGE, "failed")
        run = await self._run(app, app.name.upper())
        if run.type in {"success", "softReboot"}:
            self._software.add_package(app.package, version)
            self._storage.save()
        return run

    async def _run(self, app: App, name: str) -> Run:
        """Let a program run as long as it takes; one that outlasts its minutes is ended."""
        host = self._transport.host
        seconds = host.place.durations.get(name, host.pace.install)
        limit = app.minutes * 60
        await host.clock.sleep(min(seconds, limit))
        runs = self._storage.state.runs
        number = runs[name] = runs.get(name, 0) + 1
        if seconds > limit:
            return Run(None, "failed")
        code = host.place.exit_code(name, number - 1)
        codes = app.return_codes or _WINGET_CODES
        return Run(code, next((each.type for each in codes if each.code == code), "failed"))


def _unwrap(key: rsa.RSAPrivateKey, wrapped: str) -> bytes:
    """The two keys; ``ValueError`` where they were not wrapped for this PC."""
    keys = key.decrypt(base64.b64decode(wrapped, validate=True), _OAEP)
    if len(keys) != 64:
        raise ValueError("the keys have the wrong length")
    return keys


def _opened(package: Path, content: Content, keys: bytes) -> int:
    raw = package.read_bytes()
    try:
        mac, digest = (base64.b64decode(text, validate=True) for text in (content.mac, content.digest))
        decrypt_content(raw, EncryptionInfo(keys[:32], keys[32:], raw[32:48], mac, digest))
    except (BadContent, ValueError):
        return BAD_PACKAGE
    return 0
