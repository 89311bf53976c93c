"""Bytes to a provisioning document, checked as a device checks it (04 section 11)."""

from collections.abc import Iterable
from typing import Any

from taxiway.wire.errors import BadProvisioning, BadSoap
from taxiway.wire.provisioning_types import (
    ESP_PARMS,
    HRESULT_APPLICATION,
    HRESULT_CERTIFICATE_STORE,
    HRESULT_DMCLIENT,
    POLL_PARMS,
    PROVIDER_PARMS,
    AppAuth,
    Application,
    Certificates,
    DmClient,
    FirstSyncStatus,
    Poll,
    ProvisioningDocument,
    Renewal,
    thumbprint,
)
from taxiway.wire.soap import decode_base64
from taxiway.wire.wap import Characteristic, parse_wap


def parse_provisioning(data: bytes) -> ProvisioningDocument:
    """Read the document; BadProvisioning carries the error number of the block at fault (04 section 12.4)."""
    blocks = parse_wap(data)
    stores = [block for block in blocks if block.type == "CertificateStore"]
    application = next((block for block in blocks if block.type == "APPLICATION"), None)
    client = next((block for block in blocks if block.type == "DMClient"), None)
    document = ProvisioningDocument(
        certificates=_certificates(stores),
        renewal=_renewal(stores),
        application=None if application is None else _application(application),
        dm_client=None if client is None else _dm_client(client),
    )
    _check_provider(document)
    return document


def _check_provider(document: ProvisioningDocument) -> None:
    if document.application is None or document.dm_client is None:
        return
    if document.application.provider_id != document.dm_client.provider_id:
        raise _client("Provider is not the PROVIDER-ID of APPLICATION.")


def _certificates(stores: list[Characteristic]) -> Certificates:
    device, user = _chain(stores, "My", "System"), _chain(stores, "My", "User")
    leaves = device + user
    roots, intermediates = _chain(stores, "Root", "System"), _chain(stores, "CA", "System")
    for kind, found in (("Root", roots), ("CA", intermediates), ("My", leaves)):
        if len(found) != 1:
            raise _store(f"CertificateStore has {len(found)} certificates under {kind}; it needs one.")
    return Certificates(root=roots[0], intermediate=intermediates[0], leaf=leaves[0], device_context=bool(device))


def _chain(stores: list[Characteristic], *path: str) -> list[bytes]:
    found = []
    for store in stores:
        place = store.at(*path)
        for entry in () if place is None else place.children:
            encoded = entry.parm("EncodedCertificate")
            if encoded is not None:
                found.append(_certificate(entry.type, encoded))
    return found


def _certificate(name: str, encoded: str) -> bytes:
    try:
        der = decode_base64(encoded)
    except BadSoap as error:
        raise _store(f"The certificate {name[:40]!r} is not base64.") from error
    if thumbprint(der) != name.upper():
        raise _store(f"The certificate named {name[:40]!r} has the thumbprint {thumbprint(der)}.")
    return der


def _renewal(stores: list[Characteristic]) -> Renewal | None:
    found = next((place for store in stores if (place := store.at("My", "WSTEP", "Renew"))), None)
    if found is None:
        return None
    default = Renewal()
    return Renewal(
        period_days=_number(found, "RenewPeriod", default.period_days, HRESULT_CERTIFICATE_STORE),
        retry_days=_number(found, "RetryInterval", default.retry_days, HRESULT_CERTIFICATE_STORE),
        server_url=found.parm("ServerURL"),
    )


def _application(block: Characteristic) -> Application:
    if block.parm("APPID") != "w7":
        raise _account("APPID is not w7.")
    auths = {auth.parm("AAUTHLEVEL"): auth for auth in block.every("APPAUTH")}
    return Application(
        provider_id=_required(block, "PROVIDER-ID"),
        address=_required(block, "ADDR"),
        name=block.parm("NAME") or "<unnamed>",
        server=_auth(auths.get("CLIENT"), "CLIENT"),
        client=_auth(auths.get("APPSRV"), "APPSRV"),
        certificate_criteria=_required(block, "SSLCLIENTCERTSEARCHCRITERIA"),
        role=block.parm("ROLE") or "32",
        # What the document leaves out has the device's defaults, not those we write (04 section 11.2).
        connection_retries=_number(block, "CONNRETRYFREQ", 3, HRESULT_APPLICATION),
        initial_backoff=_number(block, "INITIALBACKOFFTIME", 16_000, HRESULT_APPLICATION),
        max_backoff=_number(block, "MAXBACKOFFTIME", 86_400_000, HRESULT_APPLICATION),
        default_encoding=block.parm("DEFAULTENCODING") or "application/vnd.syncml.dm+xml",
    )


def _auth(block: Characteristic | None, level: str) -> AppAuth:
    if block is None:
        raise _account(f"APPLICATION has no APPAUTH of level {level}.")
    kind = block.parm("AAUTHTYPE") or ""
    if kind not in ({"DIGEST"} if level == "CLIENT" else {"BASIC", "DIGEST"}):
        raise _account(f"AAUTHTYPE of level {level} is {kind[:20]!r}.")
    nonce = block.parm("AAUTHDATA")
    if not nonce:
        # Windows reports this one as an unknown provisioning error (04 section 11.2).
        raise BadProvisioning(f"APPAUTH of level {level} has no nonce in AAUTHDATA.")
    return AppAuth(
        secret=_required(block, "AAUTHSECRET"),
        nonce=nonce,
        name=block.parm("AAUTHNAME"),
        type=kind,
    )


def _dm_client(block: Characteristic) -> DmClient:
    providers = block.at("Provider")
    if providers is None or len(providers.children) != 1:
        raise _client("DMClient needs exactly one Provider.")
    provider = providers.children[0]
    poll, status = provider.at("Poll"), provider.at("FirstSyncStatus")
    settings = _settings(provider, PROVIDER_PARMS)
    client = DmClient(
        provider_id=provider.type,
        ent_dm_id=settings.pop("ent_dm_id", ""),
        poll=None if poll is None else Poll(**(_POLL_DEFAULTS | _settings(poll, POLL_PARMS))),
        first_sync_status=None if status is None else FirstSyncStatus(**_settings(status, ESP_PARMS)),
        **settings,
    )
    problems = [] if client.poll is None else client.poll.problems()
    if problems:
        raise _client(" ".join(problems))
    return client


# The device's defaults for a schedule that is only partly given (04 section 11.3).
_POLL_DEFAULTS: dict[str, Any] = {
    "first_retries": 10,
    "first_interval": 15,
    "second_retries": 0,
    "second_interval": 0,
    "remaining_retries": 0,
    "remaining_interval": 0,
    "on_login": False,
    "all_users_on_first_login": False,
}


def _settings(block: Characteristic, table: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, name, datatype in table:
        value = block.parm(name)
        if value is None:
            continue
        if datatype == "boolean":
            if value.lower() not in {"true", "false"}:
                raise _client(f"{name} is {value[:20]!r}, not a boolean.")
            found[field] = value.lower() == "true"
        else:
            found[field] = _number(block, name, 0, HRESULT_DMCLIENT) if datatype == "integer" else value
    return found


def _number(block: Characteristic, name: str, default: int, hresult: int) -> int:
    value = block.parm(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= 10):
        raise BadProvisioning(f"{name} is {value[:20]!r}, not a number.", hresult=hresult)
    return int(value)


def _required(block: Characteristic, name: str) -> str:
    value = block.parm(name)
    if not value:
        raise _account(f"{block.type} lacks {name}.")
    return value


def _store(message: str) -> BadProvisioning:
    return BadProvisioning(message, hresult=HRESULT_CERTIFICATE_STORE)


def _account(message: str) -> BadProvisioning:
    return BadProvisioning(message, hresult=HRESULT_APPLICATION)


def _client(message: str) -> BadProvisioning:
    return BadProvisioning(message, hresult=HRESULT_DMCLIENT)
