"""msgraph-sdk and msgraph-beta-sdk: from an empty tenant to an enrolled device and back (02 section 10)."""

from __future__ import annotations

import asyncio
import base64
import importlib
import re
import sys
import types
import warnings
from pathlib import Path
from urllib.parse import urlencode

import httpx
from azure.identity import ClientSecretCredential, UsernamePasswordCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from parsed import Recording, remainder
from talk import serve

warnings.simplefilter("ignore", DeprecationWarning)  # of name and password

INTUNE = "0000000a-0000-0000-c000-000000000000"
RULE = '(device.devicePhysicalIDs -any (_ -startsWith "[ZTDid]"))'
_GRAPH = "https://graph.microsoft.com/.default"


def supply_deprecated() -> None:
    """msgraph-core's batches import a package that it does not declare: a decorator that warns (02 section 10, C3)."""
    module = types.ModuleType("deprecated")
    module.deprecated = lambda *_, **__: lambda function: function
    sys.modules.setdefault("deprecated", module)


class Sdk:
    """One of the two SDKs, with what it said of each step."""

    def __init__(self, package: str, version: str, host: str, credential, scopes=(_GRAPH,)) -> None:
        self.package, self.steps = package, {}
        service = importlib.import_module(f"{package}.graph_service_client").GraphServiceClient
        self.client = service(credential, scopes=list(scopes)) if scopes else service(credential)
        self.adapter = self.client.request_adapter
        self.adapter.base_url = f"https://{host}/{version}"
        self.answers = self.adapter._parse_node_factory = Recording(self.adapter._parse_node_factory)

    @property
    def me(self):
        """The builder of ``/me``: a property of one SDK, a method of the other."""
        found = self.client.me
        return found() if callable(found) else found

    def model(self, name: str, /, **values):
        """A model of the SDK, such as ``GroupAssignmentTarget``."""
        file = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
        made = getattr(importlib.import_module(f"{self.package}.generated.models.{file}"), name)()
        return _filled(made, values)

    def body(self, path: str, name: str, /, **values):
        """The body of an action, which lies beside its builder."""
        return _filled(getattr(importlib.import_module(f"{self.package}.generated.{path}"), name)(), values)

    async def step(self, name: str, doing):
        """One call: what it gave, with everything of the answer in its model."""
        self.answers.last = None
        made = await doing
        left = (
            remainder(made, self.answers.last) if self.answers.last is not None and hasattr(made, "serialize") else []
        )
        self.steps[name] = left or "done"
        return made

    async def until(self, name: str, ask, ready):
        """Ask until it is so, as clients poll."""
        for _ in range(200):
            made = await self.step(name, ask())
            if ready(made):
                return made
            await asyncio.sleep(0.1)
        raise TimeoutError(name)

    async def refused(self, doing) -> dict:
        """What the SDK makes of an error."""
        errors = importlib.import_module(f"{self.package}.generated.models.o_data_errors.o_data_error")
        try:
            await doing
        except errors.ODataError as error:
            inner = error.error.inner_error
            return {
                "status": error.response_status_code,
                "code": error.error.code,
                "message": error.error.message,
                "request": str(inner.request_id),
                "client_request": str(inner.client_request_id),
                "date": str(inner.date),
            }
        return {}


def _filled(model, values: dict):
    for name, value in values.items():
        assert hasattr(model, name), f"{type(model).__name__} has no {name}"
        setattr(model, name, value)
    return model


def asking(builder, **options) -> RequestConfiguration:
    """Query options for the GET of a builder, by its own type for them."""
    [kind] = [each for name, each in vars(type(builder)).items() if name.endswith("GetQueryParameters")]
    return RequestConfiguration(query_parameters=kind(**options))


def person(given: dict) -> UsernamePasswordCredential:
    """The administrator."""
    where = {"authority": f"https://{given['login']}", "disable_instance_discovery": True}
    names = (given["client"], given["name"], given["password"])
    return UsernamePasswordCredential(*names, tenant_id=given["tenant"], **where)


# ------------------------------------------------------------------------------------------ the golden path


class Golden:
    """The steps of 02 section 10 in their order; v1.0 has some of them."""

    def __init__(self, sdk: Sdk, given: dict) -> None:
        self.sdk, self.given, self.ids = sdk, given, {}
        self.graph, self.intune = sdk.client, sdk.client.device_management

    async def prepare(self) -> None:
        """The organization, a group for the devices, one for those who may enroll."""
        sdk, graph = self.sdk, self.graph
        await sdk.step("organization", graph.organization.get())
        dynamic = sdk.model(
            "Group",
            display_name="Autopilot devices",
            mail_enabled=False,
            mail_nickname="autopilot",
            security_enabled=True,
            group_types=["DynamicMembership"],
            membership_rule=RULE,
            membership_rule_processing_state="On",
        )
        self.ids["devices"] = (await sdk.step("groups POST, dynamic", graph.groups.post(dynamic))).id
        plain = sdk.model(
            "Group", display_name="Staff", mail_enabled=False, mail_nickname="staff", security_enabled=True
        )
        self.ids["staff"] = (await sdk.step("groups POST", graph.groups.post(plain))).id
        user = await sdk.step("users/{upn}", graph.users.by_user_id(self.given["user"]).get())
        members = graph.groups.by_group_id(self.ids["staff"]).members
        await sdk.step("members/$ref POST", members.ref.post(self._reference(f"users/{user.id}")))
        await sdk.step("members", members.get())

    def _reference(self, path: str):
        return self.sdk.model("ReferenceCreate", odata_id=f"{self.sdk.adapter.base_url}/{path}")

    def _target(self, group: str):
        kind = "#microsoft.graph.groupAssignmentTarget"
        return self.sdk.model("GroupAssignmentTarget", odata_type=kind, group_id=group)

    async def configure(self) -> None:
        """Deployment profile, Enrollment Status Page, who may join, who is managed."""
        sdk, intune, devices = self.sdk, self.intune, self.ids["devices"]
        outside = sdk.model(
            "OutOfBoxExperienceSetting", eula_hidden=True, privacy_settings_hidden=True, escape_link_hidden=True
        )
        profile = sdk.model(
            "AzureADWindowsAutopilotDeploymentProfile",
            odata_type="#microsoft.graph.azureADWindowsAutopilotDeploymentProfile",
            display_name="Standard",
            device_name_template="CON-%RAND:5%",
            locale="os-default",
            out_of_box_experience_setting=outside,
        )
        made = await sdk.step("profile POST", intune.windows_autopilot_deployment_profiles.post(profile))
        self.ids["profile"] = made.id
        item = intune.windows_autopilot_deployment_profiles.by_windows_autopilot_deployment_profile_id(made.id)
        assignment = sdk.model("WindowsAutopilotDeploymentProfileAssignment", target=self._target(devices))
        await sdk.step("profile assignment POST", item.assignments.post(assignment))
        page = sdk.model(
            "Windows10EnrollmentCompletionPageConfiguration",
            odata_type="#microsoft.graph.windows10EnrollmentCompletionPageConfiguration",
            display_name="Setting up",
            show_installation_progress=True,
            install_progress_timeout_in_minutes=60,
            selected_mobile_app_ids=[],
        )
        made = await sdk.step("ESP POST", intune.device_enrollment_configurations.post(page))
        item = intune.device_enrollment_configurations.by_device_enrollment_configuration_id(made.id)
        assigned = sdk.model("EnrollmentConfigurationAssignment", target=self._target(devices))
        place = "device_management.device_enrollment_configurations.item.assign.assign_post_request_body"
        body = sdk.body(place, "AssignPostRequestBody", enrollment_configuration_assignments=[assigned])
        await sdk.step("ESP assign", item.assign.post(body))
        await sdk.step("ESP $expand=assignments", item.get(asking(item, expand=["assignments"])))
        await self._registration_policy()
        policies = self.graph.policies.mobile_device_management_policies
        included = policies.by_mobile_device_management_policy_id(INTUNE).included_groups
        await sdk.step("MDM includedGroups/$ref", included.ref.post(self._reference(f"groups/{self.ids['staff']}")))
        await sdk.step("MDM includedGroups", included.get())
        await sdk.step("MDM policies", policies.get())

    async def _registration_policy(self) -> None:
        """Everybody may join. The SDK reads this policy and has no builder that writes it."""
        sdk = self.sdk
        policy = await sdk.step("deviceRegistrationPolicy", self.graph.policies.device_registration_policy.get())
        everybody = "#microsoft.graph.allDeviceRegistrationMembership"
        policy.azure_a_d_join.allowed_to_join = sdk.model("AllDeviceRegistrationMembership", odata_type=everybody)
        policy.user_device_quota = 20
        request = RequestInformation(Method.PUT, "{+baseurl}/policies/deviceRegistrationPolicy", {})
        request.headers.try_add("Accept", "application/json")
        request.set_content_from_parsable(sdk.adapter, "application/json", policy)
        made = await sdk.step("deviceRegistrationPolicy PUT", sdk.adapter.send_async(request, type(policy), {}))
        assert made.user_device_quota == 20

    async def register(self, serial: str, hardware: bytes) -> str:
        """Import a hardware hash and wait; the id of the registration."""
        sdk, imports = self.sdk, self.intune.imported_windows_autopilot_device_identities
        row = sdk.model(
            "ImportedWindowsAutopilotDeviceIdentity",
            serial_number=serial,
            hardware_identifier=hardware,
            group_tag="SDK",
        )
        place = "device_management.imported_windows_autopilot_device_identities.import_.import_post_request_body"
        body = sdk.body(place, "ImportPostRequestBody", imported_windows_autopilot_device_identities=[row])
        made = await sdk.step("import", imports.import_.post(body))
        item = imports.by_imported_windows_autopilot_device_identity_id(made.value[0].id)
        done = await sdk.until(
            "import polled", item.get, lambda one: one.state.device_import_status.value not in ("unknown", "pending")
        )
        assert done.state.device_import_status.value == "complete", done.state
        identities = self.intune.windows_autopilot_device_identities
        wanted = asking(identities, filter=f"contains(serialNumber,'{serial}')")
        found = await sdk.step("identity by contains", identities.get(wanted))
        assert [one.id for one in found.value] == [done.state.device_registration_id]
        assert found.value[0].group_tag == "SDK"
        return found.value[0].id

    def identity(self, identity: str):
        """The builder of a registration."""
        return self.intune.windows_autopilot_device_identities.by_windows_autopilot_device_identity_id(identity)

    async def assign_user(self, identity: str) -> None:
        """Who the device is for."""
        place = "device_management.windows_autopilot_device_identities.item.assign_user_to_device"
        name = "AssignUserToDevicePostRequestBody"
        values = {"user_principal_name": self.given["user"], "addressable_user_name": "Ada"}
        body = self.sdk.body(f"{place}.assign_user_to_device_post_request_body", name, **values)
        await self.sdk.step("assignUserToDevice", self.identity(identity).assign_user_to_device.post(body))
        seen = await self.sdk.step("identity", self.identity(identity).get())
        assert seen.user_principal_name == self.given["user"]

    async def wait_for_profile(self, identity: str) -> None:
        """Sync, then poll as scripts do."""
        await self.sdk.step("windowsAutopilotSettings/sync", self.intune.windows_autopilot_settings.sync.post())
        await self.sdk.step("windowsAutopilotSettings", self.intune.windows_autopilot_settings.get())
        wide = asking(self.identity(identity), expand=["deploymentProfile", "intendedDeploymentProfile"])
        seen = await self.sdk.until(
            "identity $expand=deploymentProfile",
            lambda: self.identity(identity).get(wide),
            lambda one: one.deployment_profile_assignment_status.value.startswith("assigned"),
        )
        assert seen.deployment_profile.id == self.ids["profile"]
        assert type(seen.deployment_profile).__name__ == "AzureADWindowsAutopilotDeploymentProfile"

    async def look_at(self, serial: str) -> None:
        """What the device left: a managed device, a device in Entra."""
        every = self.intune.managed_devices
        wanted = asking(every, filter=f"serialNumber eq '{serial}'")
        found = await self.sdk.step("managedDevices by serialNumber", every.get(wanted))
        [managed] = found.value
        self.ids["managed"] = managed.id
        await self.sdk.step("managedDevice", self.intune.managed_devices.by_managed_device_id(managed.id).get())
        wanted = asking(self.graph.devices, filter=f"deviceId eq '{managed.azure_a_d_device_id}'")
        found = await self.sdk.step("devices by deviceId", self.graph.devices.get(wanted))
        [device] = found.value
        assert device.display_name == managed.device_name
        self.ids["device"] = device.id

    async def act(self) -> None:
        """Sync it, wipe it."""
        item = self.intune.managed_devices.by_managed_device_id(self.ids["managed"])
        await self.sdk.step("syncDevice", item.sync_device.post())
        place = "device_management.managed_devices.item.wipe.wipe_post_request_body"
        body = self.sdk.body(place, "WipePostRequestBody", keep_enrollment_data=False, keep_user_data=False)
        await self.sdk.step("wipe", item.wipe.post(body))
        seen = await self.sdk.step("managedDevice, wiping", item.get())
        assert {one.action_name for one in seen.device_action_results} >= {"syncDevice", "factoryReset"}

    async def clear(self, identity: str) -> None:
        """Take away the managed device, the registration and the device."""
        managed = self.intune.managed_devices.by_managed_device_id(self.ids["managed"])
        await self.sdk.step("managedDevice DELETE", managed.delete())
        await self.sdk.step("identity DELETE", self.identity(identity).delete())
        await self.sdk.step("device DELETE", self.graph.devices.by_device_id(self.ids["device"]).delete())
        assert (await self.sdk.refused(managed.get()))["status"] == 404
        assert (await self.sdk.refused(self.identity(identity).get()))["status"] == 404


async def golden_path(given: dict) -> dict:
    """beta leads a device in; v1.0 does all that it has; beta leads the device out."""
    credential = person(given)
    beta = Golden(Sdk("msgraph_beta", "beta", given["host"], credential), given)
    v1 = Golden(Sdk("msgraph", "v1.0", given["host"], credential), given)
    first, second = given["pcs"]
    await beta.prepare()
    await beta.configure()
    identity = await beta.register(first["serial"], base64.b64decode(first["hash"]))
    await beta.assign_user(identity)
    await beta.wait_for_profile(identity)
    power_on = await asyncio.create_subprocess_exec(
        *first["power_on"], stdout=sys.stderr, stderr=sys.stderr, env=first["environment"]
    )
    assert await power_on.wait() == 0
    await beta.look_at(first["serial"])
    [event] = (await beta.sdk.step("autopilotEvents", beta.intune.autopilot_events.get())).value
    assert event.device_serial_number == first["serial"]
    await v1.prepare()
    other = await v1.register(second["serial"], base64.b64decode(second["hash"]))
    await v1.assign_user(other)
    await v1.sdk.step("identity DELETE", v1.identity(other).delete())
    await v1.look_at(first["serial"])
    await v1.act()
    await beta.look_at(first["serial"])
    await beta.act()
    await beta.clear(identity)
    return {"beta": beta.sdk.steps, "v1.0": v1.sdk.steps}


# ------------------------------------------------------------------------------------------ what all clients do


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
    supply_deprecated()
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
