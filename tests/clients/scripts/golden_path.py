"""The golden path: from an empty tenant to an enrolled device and back, by typed builders (02 section 10)."""

from __future__ import annotations

import asyncio
import base64
import sys

from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from sdk import Sdk, asking, person

INTUNE = "0000000a-0000-0000-c000-000000000000"
RULE = '(device.devicePhysicalIDs -any (_ -startsWith "[ZTDid]"))'


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
