"""What a device is given: a certificate by our profile, and the provisioning document (04 sections 11 and 13.1)."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from taxiway import pki
from taxiway.enrollment.choice import EspSettings
from taxiway.enrollment.service import Admission
from taxiway.kernel import Entropy
from taxiway.store import Runtime
from taxiway.wire import provisioning

PROVIDER_ID: Final = "taxiway"
LIFETIME: Final = timedelta(days=365)
#: Every 3 minutes for a quarter of an hour, every 15 for two hours, then every 8 hours (05 section 2.6).
_POLL: Final = provisioning.Poll(
    first_retries=5,
    first_interval=3,
    second_retries=8,
    second_interval=15,
    remaining_retries=0,
    remaining_interval=480,
)


@dataclass(frozen=True, slots=True)
class Made:
    """What was made for this request before the transaction."""

    managed_id: str
    key_hash: str
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate as it travels."""
        return self.certificate.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True, slots=True)
class Secrets:
    """The account's credentials, random for each device (04 section 11.2)."""

    server: str
    client: str
    server_nonce: bytes
    client_nonce: bytes

    @classmethod
    def draw(cls, entropy: Entropy) -> Secrets:
        """Fresh ones."""
        return cls(entropy.token(32), entropy.token(32), entropy.bytes(16), entropy.bytes(16))


async def certify(rt: Runtime, key: rsa.RSAPublicKey, managed_id: str) -> x509.Certificate:
    """The leaf by server policy alone: nothing of the request but its key is taken over (04 section 13.1)."""
    signer = await pki.authority(rt, "management")
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    above = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return await pki.issue(
        rt,
        "management",
        public_key=key,
        subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, managed_id)]),
        lifetime=LIFETIME,
        extensions=[
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (usage, True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
            (x509.SubjectKeyIdentifier.from_public_key(key), False),
            (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above), False),
        ],
    )


def certificates(authority: pki.Authority, made: Made, *, device_context: bool) -> provisioning.Certificates:
    """The chain of what was made."""
    der = serialization.Encoding.DER
    return provisioning.Certificates(
        root=authority.root.public_bytes(der),
        intermediate=authority.certificate.public_bytes(der),
        leaf=made.der,
        device_context=device_context,
    )


def account(made: Made, secrets: Secrets) -> bytes:
    """What the device proves itself with inside SyncML, as it is kept: sealed (05 section 4)."""
    nonce = b64encode(secrets.client_nonce).decode()
    return msgspec.json.encode(provisioning.AppAuth(secret=secrets.client, nonce=nonce, name=made.managed_id))


def document(rt: Runtime, authority: pki.Authority, made: Made, secrets: Secrets, admission: Admission) -> bytes:
    """The provisioning document: chain, renewal, account, client settings, the frozen page (04 section 11)."""
    device_context = admission.device_context
    nonces = [b64encode(nonce).decode() for nonce in (secrets.server_nonce, secrets.client_nonce)]
    criteria = provisioning.certificate_criteria(f"CN={made.managed_id}", device_context=device_context)
    return provisioning.render_provisioning(
        provisioning.ProvisioningDocument(
            certificates=certificates(authority, made, device_context=device_context),
            renewal=provisioning.Renewal(),
            application=provisioning.Application(
                provider_id=PROVIDER_ID,
                address=f"{rt.urls.mdm}/ManagementServer/MDM.svc",
                name="taxiway MDM",
                server=provisioning.AppAuth(secret=secrets.server, nonce=nonces[0]),
                client=provisioning.AppAuth(secret=secrets.client, nonce=nonces[1], name=made.managed_id),
                certificate_criteria=criteria,
            ),
            dm_client=provisioning.DmClient(
                provider_id=PROVIDER_ID,
                ent_dm_id=made.managed_id,
                upn=admission.user["user_principal_name"],
                aad_resource_id=admission.asker.audience or f"{rt.urls.mdm}/",
                sync_application_version="3.0",
                poll=_POLL,
                first_sync_status=first_sync_status(admission.esp),
            ),
        )
    )


def first_sync_status(esp: EspSettings) -> provisioning.FirstSyncStatus:
    """The frozen ESP settings as the nodes that open the page (05 sections 11.10 and 11.13)."""
    if not esp.show:
        return provisioning.FirstSyncStatus(skip_device_page=True, skip_user_page=True)
    return provisioning.FirstSyncStatus(
        skip_device_page=False,
        skip_user_page=not esp.show_user_page,
        block=esp.block_flags,
        timeout=esp.timeout_minutes,
        allow_collect_logs=esp.allow_collect_logs,
        custom_error_text=esp.custom_error_text or None,
    )
