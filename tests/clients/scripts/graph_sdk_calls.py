"""msgraph-sdk and msgraph-beta-sdk: the golden path, and what every client of Graph does (02 section 10)."""

from __future__ import annotations

import asyncio
import base64
import importlib
import re
from pathlib import Path
from urllib.parse import urlencode

import httpx
from azure.identity import ClientSecretCredential
from golden_path import golden_path
from sdk import Sdk, asking, person
from talk import serve


async def upload(sdk: Sdk, given: dict) -> None:
    """An app with content: version, file, blocks, commit, publish (02 section 8.3)."""
    apps = sdk.client.device_app_management.mobile_apps
    kind, shown = "#microsoft.graph.win32LobApp", given["app"]
    rule = sdk.model(
        "Win32LobAppFileSystemRule",
        odata_type="#microsoft.graph.win32LobAppFileSystemRule",
        rule_type=_member(sdk, "Win32LobAppRuleType", "detection"),
        path="C:\\Program Files\\Contoso",
        file_or_folder_name="tool.exe",
        operation_type=_member(sdk, "Win32LobAppFileSystemOperationType", "exists"),
    )
    app = sdk.model(
        "Win32LobApp",
        odata_type=kind,
        display_name="Tool",
        publisher="Contoso",
        file_name="tool.intunewin",
        setup_file_path="setup.exe",
        install_command_line="setup.exe /S",
        uninstall_command_line="setup.exe /U",
        minimum_supported_windows_release="1607",
        rules=[rule],
    )
    made = await sdk.step("mobileApps POST", apps.post(app))
    item = apps.by_mobile_app_id(made.id)
    versions = item.graph_win32_lob_app.content_versions
    version = await sdk.step("contentVersions POST", versions.post(sdk.model("MobileAppContent")))
    files = versions.by_mobile_app_content_id(version.id).files
    content = sdk.model("MobileAppContentFile", name="IntunePackage.intunewin", size=shown["size"])
    content.size_encrypted = shown["size_encrypted"]
    file = files.by_mobile_app_content_file_id((await sdk.step("files POST", files.post(content))).id)
    ready = await sdk.until(
        "file polled", file.get, lambda one: one.upload_state.value == "azureStorageUriRequestSuccess"
    )
    async with httpx.AsyncClient() as blobs:
        block = {"comp": "block", "blockid": "MDAwMA=="}
        await _put(blobs, ready.azure_storage_uri, _bytes_of(shown["file"]), block)
        listed = b'<?xml version="1.0" encoding="utf-8"?><BlockList><Latest>MDAwMA==</Latest></BlockList>'
        await _put(blobs, ready.azure_storage_uri, listed, {"comp": "blocklist"})
    info = {name: base64.b64decode(shown["info"][spelled]) for name, spelled in _ENCRYPTION.items()}
    place = "device_app_management.mobile_apps.item.graph_win32_lob_app.content_versions.item.files.item.commit"
    known = sdk.model(
        "FileEncryptionInfo", profile_identifier="ProfileVersion1", file_digest_algorithm="SHA256", **info
    )
    body = sdk.body(f"{place}.commit_post_request_body", "CommitPostRequestBody", file_encryption_info=known)
    await sdk.step("commit", file.commit.post(body))
    await sdk.until("commit polled", file.get, lambda one: one.upload_state.value == "commitFileSuccess")
    change = sdk.model("Win32LobApp", odata_type=kind, committed_content_version=version.id)
    seen = await sdk.step("mobileApp PATCH", item.patch(change))
    seen = await sdk.step("mobileApp", item.get())
    assert seen.publishing_state.value == "published", seen.publishing_state


_ENCRYPTION = {
    "encryption_key": "encryptionKey",
    "mac_key": "macKey",
    "initialization_vector": "initializationVector",
    "mac": "mac",
    "file_digest": "fileDigest",
}


def _member(sdk: Sdk, enum: str, value: str):
    file = re.sub(r"(?<!^)([A-Z])", r"_\1", enum).lower()
    return getattr(importlib.import_module(f"{sdk.package}.generated.models.{file}"), enum)(value)


def _bytes_of(file: str) -> bytes:
    return Path(file).read_bytes()


async def _put(blobs: httpx.AsyncClient, address: str, content: bytes, options: dict) -> None:
    answer = await blobs.put(
        f"{address}&{urlencode(options)}", content=content, headers={"x-ms-blob-type": "BlockBlob"}
    )
    assert answer.status_code == 201, answer.text


async def pages(sdk: Sdk) -> dict:
    """All groups, two at a time, by the page iterator and by the link itself."""
    from msgraph_core.tasks.page_iterator import PageIterator

    groups, seen = sdk.client.groups, []
    for number in range(3):
        names = {"display_name": f"G{number}", "mail_nickname": f"g{number}"}
        made = sdk.model("Group", mail_enabled=False, security_enabled=True, **names)
        await sdk.step("groups POST", groups.post(made))
    first = await sdk.step("groups $top=2", groups.get(asking(groups, top=2)))
    iterator = PageIterator(first, sdk.adapter)
    await iterator.iterate(lambda group: seen.append(group.id) or True)
    page, followed = first, [one.id for one in first.value]
    while page.odata_next_link:
        page = await sdk.step("groups, next page", groups.with_url(page.odata_next_link).get())
        followed += [one.id for one in page.value]
    return {"iterated": seen, "followed": followed}


async def batch(sdk: Sdk) -> dict:
    """Four requests in one, with whole addresses; the SDK's `depends_on` is no member that Graph knows."""
    from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
    from msgraph_core.requests.batch_request_content import BatchRequestContent
    from msgraph_core.requests.batch_request_item import BatchRequestItem

    client = sdk.client
    asked = {
        "me": sdk.me.to_get_request_information(),
        "groups": client.groups.to_get_request_information(asking(client.groups, top=1)),
        "nobody": client.groups.by_group_id("00000000-0000-0000-0000-0000000000aa").to_get_request_information(),
    }
    items = {name: BatchRequestItem(request, id=name) for name, request in asked.items()}
    waits = BatchRequestItem(client.organization.to_get_request_information(), id="waits", depends_on=[items["nobody"]])
    content = BatchRequestContent({**items, "waits": waits})
    answer = await BatchRequestBuilder(sdk.adapter).post(content)
    return {name: answer.get_response_status_codes()[name] for name in (*items, "waits")}


async def habits(given: dict) -> dict:
    """Who am I, errors, pages, batches, content: with both SDKs."""
    found = {}
    for package, version in (("msgraph_beta", "beta"), ("msgraph", "v1.0")):
        sdk = Sdk(package, version, given["host"], person(given))
        me = await sdk.step("me", sdk.me.get())
        nobody = sdk.client.groups.by_group_id("00000000-0000-0000-0000-0000000000aa")
        missing = sdk.client.device_management.managed_devices.by_managed_device_id("nothing")
        await upload(sdk, given)
        found[version] = {
            "me": me.user_principal_name,
            "directory error": await sdk.refused(nobody.get()),
            "intune error": await sdk.refused(missing.get()),
            "pages": await pages(sdk),
            "batch": await batch(sdk),
            "steps": sdk.steps,
        }
    return found


async def app_only(given: dict) -> dict:
    """A service by its secret, with the scope that the SDK makes of the host; it is nobody's ``me``."""
    found = {}
    where = {"authority": f"https://{given['login']}", "disable_instance_discovery": True}
    for package, version in (("msgraph_beta", "beta"), ("msgraph", "v1.0")):
        credential = ClientSecretCredential(given["tenant"], given["client"], given["secret"], **where)
        sdk = Sdk(package, version, given["host"], credential, scopes=())
        await sdk.step("identities", sdk.client.device_management.windows_autopilot_device_identities.get())
        plain = sdk.model("Group", display_name="N", mail_enabled=False, mail_nickname="n", security_enabled=True)
        found[version] = {
            "steps": sdk.steps,
            "me": await sdk.refused(sdk.me.get()),
            "write": await sdk.refused(sdk.client.groups.post(plain)),
        }
    return found


def _run(function):
    return lambda **given: asyncio.run(function(given))


if __name__ == "__main__":
    serve({"golden_path": _run(golden_path), "habits": _run(habits), "app_only": _run(app_only)})
