"""A provisioning document to bytes, laid out as the strictest known clients want it (04 section 11.4).

One store with Root, CA and My, in this order and with nothing else; a second store with the renewal settings; then
APPLICATION and DMClient.
"""

from base64 import b64encode
from collections.abc import Iterable

import msgspec

from taxiway.wire.errors import BadProvisioning
from taxiway.wire.provisioning_types import (
    ESP_PARMS,
    HRESULT_DMCLIENT,
    POLL_PARMS,
    PROVIDER_PARMS,
    AppAuth,
    Application,
    Certificates,
    DmClient,
    ProvisioningDocument,
    Renewal,
    thumbprint,
)
from taxiway.wire.wap import Characteristic, Parm, render_wap


def render_provisioning(document: ProvisioningDocument) -> bytes:
    """The document as UTF-8; BadProvisioning when its blocks contradict each other."""
    blocks = [_store(document.certificates)]
    if document.renewal is not None:
        blocks.append(_renewal(document.renewal))
    if document.application is not None:
        blocks.append(_application(document.application))
    if document.dm_client is not None:
        _check(document.dm_client, document.application)
        blocks.append(_dm_client(document.dm_client))
    return render_wap(tuple(blocks))


def _check(dm_client: DmClient, application: Application | None) -> None:
    if application is not None and application.provider_id != dm_client.provider_id:
        raise BadProvisioning("DMClient and APPLICATION name different providers.", hresult=HRESULT_DMCLIENT)
    problems = [] if dm_client.poll is None else dm_client.poll.problems()
    if problems:
        raise BadProvisioning(" ".join(problems), hresult=HRESULT_DMCLIENT)


def _store(certificates: Certificates) -> Characteristic:
    leaf_store = "System" if certificates.device_context else "User"
    key = Characteristic("PrivateKeyContainer")
    return _block(
        "CertificateStore",
        _block("Root", _block("System", _certificate(certificates.root))),
        _block("CA", _block("System", _certificate(certificates.intermediate))),
        _block("My", _block(leaf_store, _certificate(certificates.leaf), key)),
    )


def _certificate(der: bytes) -> Characteristic:
    return Characteristic(thumbprint(der), (Parm("EncodedCertificate", b64encode(der).decode()),))


def _renewal(renewal: Renewal) -> Characteristic:
    parms = [
        Parm("ROBOSupport", "true", "boolean"),
        Parm("RenewPeriod", str(renewal.period_days), "integer"),
        Parm("RetryInterval", str(renewal.retry_days), "integer"),
    ]
    if renewal.server_url is not None:
        parms.append(Parm("ServerURL", renewal.server_url, "string"))
    # A store of its own: under the first one these parms would stand where a client looks for the leaf.
    return _block("CertificateStore", _block("My", _block("WSTEP", Characteristic("Renew", tuple(parms)))))


def _application(application: Application) -> Characteristic:
    parms = (
        Parm("APPID", "w7"),
        Parm("PROVIDER-ID", application.provider_id),
        Parm("NAME", application.name),
        Parm("ADDR", application.address),
        Parm("ROLE", application.role),
        Parm("CONNRETRYFREQ", str(application.connection_retries)),
        Parm("INITIALBACKOFFTIME", str(application.initial_backoff)),
        Parm("MAXBACKOFFTIME", str(application.max_backoff)),
        Parm("BACKCOMPATRETRYDISABLED"),
        Parm("DEFAULTENCODING", application.default_encoding),
        Parm("SSLCLIENTCERTSEARCHCRITERIA", application.certificate_criteria),
    )
    # The level is named from the reader's side: CLIENT holds what proves the server to the client.
    return Characteristic(
        "APPLICATION", parms, (_auth("CLIENT", application.server), _auth("APPSRV", application.client))
    )


def _auth(level: str, auth: AppAuth) -> Characteristic:
    name = () if auth.name is None else (Parm("AAUTHNAME", auth.name),)
    proof = (Parm("AAUTHSECRET", auth.secret), Parm("AAUTHDATA", auth.nonce))
    return Characteristic("APPAUTH", (Parm("AAUTHLEVEL", level), Parm("AAUTHTYPE", auth.type), *name, *proof))


def _dm_client(client: DmClient) -> Characteristic:
    parts = []
    if client.poll is not None:
        parts.append(Characteristic("Poll", _settings(client.poll, POLL_PARMS)))
    if client.first_sync_status is not None:
        parts.append(Characteristic("FirstSyncStatus", _settings(client.first_sync_status, ESP_PARMS)))
    provider = Characteristic(client.provider_id, _settings(client, PROVIDER_PARMS), tuple(parts))
    return _block("DMClient", _block("Provider", provider))


def _settings(source: msgspec.Struct, table: Iterable[tuple[str, str, str]]) -> tuple[Parm, ...]:
    found = ((name, getattr(source, field), datatype) for field, name, datatype in table)
    return tuple(Parm(name, _value(value), datatype) for name, value, datatype in found if value is not None)


def _value(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _block(kind: str, *parts: Characteristic) -> Characteristic:
    return Characteristic(kind, (), parts)
