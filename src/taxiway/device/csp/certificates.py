"""ClientCertificateInstall: enrolment by SCEP and import of PKCS#12 (05 section 10.14)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import DEVICE, USER, Node, Refused
from taxiway.device.csp.tree import Tree
from taxiway.device.errors import ServerUnreachable
from taxiway.device.jobs import Jobs
from taxiway.device.scep import EnrolmentFailed, Order, enroll
from taxiway.device.state import Storage
from taxiway.device.transport import Transport
from taxiway.wire.hresult import signed
from taxiway.wire.provisioning_types import thumbprint
from taxiway.wire.syncml import Code

ROOT: Final = (*MSFT, "ClientCertificateInstall")
#: What the names of all keys of certificates begin with in the TPM.
CERTIFICATE_KEYS: Final = "cert-"
ENROLLED, PENDING, FAILED = "1", "2", "16"
IMPORTED: Final = "0"
#: The HRESULTs of an import: the password is wrong, or what was sent is no PKCS#12 with a key.
BAD_PASSWORD, BAD_DATA = 0x80070056, 0x8009310B
#: A key that has to be in a TPM, on a PC that has none.
NO_TPM: Final = 0x80090030

_REQUIRED: Final = (
    *("ServerURL", "Challenge", "EKUMapping", "KeyUsage", "SubjectName"),
    *("KeyLength", "HashAlgorithm", "CAThumbprint"),
)
_PLAIN: Final = "0"
_TPM_ONLY, _HELLO = "1", "4"


class ClientCertificates(Csp):
    """Certificates of the device and of its users, each under an id its server chose."""

    root = ROOT
    runs = frozenset({"Enroll"})

    def __init__(self, storage: Storage, tree: Tree, jobs: Jobs, transport: Transport) -> None:
        self._storage = storage
        self._tree = tree
        self._jobs = jobs
        self._transport = transport

    def check(self, change: Change) -> None:
        """An enrolment needs its settings; keys of Windows Hello and passwords that are not plain are not served."""
        node = change.node
        if change.verb == "Exec":
            missing = [name for name in _REQUIRED if not self._tree.stored(node.above().child(name))]
            if missing:
                raise Refused(Code.BAD_REQUEST)
        if node.name == "KeyProtection" and change.value == _HELLO:
            raise Refused(Code.NOT_SUPPORTED)
        if node.name == "PFXCertPasswordEncryptionType" and change.value not in {_PLAIN, ""}:
            raise Refused(Code.NOT_SUPPORTED)

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """Enroll begins the enrolment, the blob begins the import, deleting an instance takes its certificate away."""
        if change.verb == "Exec":
            self._start(change.node.above(len(ROOT) + 2))
        elif change.verb == "Delete" and len(change.node.path) == len(ROOT) + 2:
            self._forget(change.node)
        elif change.node.name == "PFXCertBlob" and change.verb != "Delete":
            return self._import(change.node.above())
        return None

    def resume(self) -> None:
        """Go on with the enrolments that a power cut interrupted: with the same key, so with the same request."""
        for node in self._instances():
            if self._tree.stored(node.child("Status")) == PENDING:
                self._start(node)

    def retry(self) -> None:
        """Enroll again what failed: the page's Try again."""
        for node in self._instances():
            if self._tree.stored(node.child("Status")) == FAILED:
                self._start(node)

    def _instances(self) -> list[Node]:
        homes = [Node(scope, (*ROOT, "SCEP")) for scope in (DEVICE, USER)]
        return [home.child(name) for home in homes for name in self._tree.names(home)]

    def _start(self, node: Node) -> None:
        self._set(node, "Status", PENDING)
        self._set(node, "ErrorCode", "0")
        self._jobs.start(node.uri, self._enroll(node))

    async def _enroll(self, node: Node) -> None:
        """Ask until there is a certificate, a refusal, or no attempt is left."""
        if self._setting(node, "KeyProtection") == _TPM_ONLY and not self._storage.state.firmware.has_tpm:
            self._end(node, FAILED, NO_TPM)
            return
        clock, pace = self._transport.host.clock, self._transport.host.pace
        attempts = int(self._setting(node, "RetryCount") or 3)
        key, bits, tpm = self._key(node), int(self._setting(node, "KeyLength")), self._transport.tpm
        if (await tpm.make(key, bits)).key_size != bits:
            tpm.remove(key)  # the profile asks for another size now
            await tpm.make(key, bits)
        while True:
            try:
                certificate = await enroll(self._transport, key, self._order(node))
                break
            except ServerUnreachable as silence:
                failure = EnrolmentFailed(int(silence.code, 16), silence.message, temporary=True)
            except EnrolmentFailed as refusal:
                failure = refusal
            if not failure.temporary or attempts == 0:
                self._end(node, FAILED, failure.code)
                return
            attempts -= 1
            await clock.sleep(int(self._setting(node, "RetryDelay") or 5) * pace.enrolment_minute)
        if not self._tree.exists(node):
            return  # taken back meanwhile
        self._keep(node, key, certificate, "CertThumbprint")
        self._tree.put(node.child("RespondentServerUrl"), self._setting(node, "ServerURL"))
        self._tree.remove(node.child("Install", "Challenge"))
        self._end(node, ENROLLED, 0)

    async def _import(self, node: Node) -> Code:
        """Open the PKCS#12 and keep key and certificate; how it went is the instance's status (05 section 10.14)."""
        blob, password = (self._tree.stored(node.child(name)) or "" for name in ("PFXCertBlob", "PFXCertPassword"))
        found = await self._transport.host.workers.run(_open, blob, password)
        self._tree.remove(node.child("PFXCertPassword"))
        self._tree.remove(node.child("PFXCertBlob"))
        if isinstance(found, int):
            self._set(node, "Status", str(signed(found)))
            return Code.OK
        private, certificate = found
        self._transport.tpm.take(self._key(node), private)
        self._keep(node, self._key(node), certificate, "Thumbprint")
        self._set(node, "Status", IMPORTED)
        self._storage.save()
        return Code.OK

    def _keep(self, node: Node, key: str, certificate: x509.Certificate, leaf: str) -> None:
        der = certificate.public_bytes(serialization.Encoding.DER)
        self._storage.state.certificates.pop(self._tree.stored(node.child(leaf)) or "", None)
        self._transport.tpm.keep_certificate(key, certificate)
        self._tree.put(node.child(leaf), thumbprint(der))
        self._storage.state.certificates[thumbprint(der)] = base64.b64encode(der).decode()

    def _forget(self, node: Node) -> None:
        """The instance is gone from the tree: its key and certificate go as well."""
        key, tpm = self._key(node), self._transport.tpm
        if tpm.certificate_file(key).exists():
            der = tpm.certificate(key).public_bytes(serialization.Encoding.DER)
            self._storage.state.certificates.pop(thumbprint(der), None)
        tpm.remove(key)

    def _end(self, node: Node, status: str, error: int) -> None:
        if self._tree.exists(node):
            self._set(node, "ErrorCode", str(signed(error)))
            self._set(node, "Status", status)
        self._storage.save()

    def _order(self, node: Node) -> Order:
        names = ("ServerURL", "Challenge", "SubjectName", "SubjectAlternativeNames", "CAThumbprint")
        return Order(*(self._setting(node, name) for name in names))

    def _setting(self, node: Node, name: str) -> str:
        return self._tree.value(node.child("Install", name)) or ""

    def _key(self, node: Node) -> str:
        """The TPM's name for the key of an instance; a user's keys are apart."""
        owner = self._tree.user if node.scope == USER else ""
        return f"{CERTIFICATE_KEYS}{hashlib.sha256(f'{owner}|{node.key}'.encode()).hexdigest()[:32]}"

    def _set(self, node: Node, leaf: str, value: str) -> None:
        self._tree.put(node.child(leaf), value, "int")


def _open(blob: str, password: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate] | int:
    """Key and certificate of a PKCS#12, or the HRESULT of what is wrong with it."""
    try:
        raw = base64.b64decode("".join(blob.split()), validate=True)
        key, certificate, _ = pkcs12.load_key_and_certificates(raw, password.encode())
    except ValueError as error:
        return BAD_PASSWORD if "password" in str(error).lower() else BAD_DATA
    if not isinstance(key, rsa.RSAPrivateKey) or certificate is None:
        return BAD_DATA
    return key, certificate
