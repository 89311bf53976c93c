"""Steps 1 to 7 of the tutorial, carried out at Microsoft Graph as an administrator would (01 section 1.1).

Every step can be repeated: what is there already under the same name is changed or left, not made twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.content import MSI, WIN32, made_up_msi, made_up_package, upload_content
from taxiway.rehearsal.plan import AppPlan, GroupPlan, Plan, PolicyPlan
from taxiway.rehearsal.registration import Report, assign_users, register, wait_for_profiles

State = Literal["running", "done", "skipped"]
#: Called as (number of the step, its title, its state, what was done).
Progress = Callable[[int, str, State, str], None]

INTUNE = "0000000a-0000-0000-c000-000000000000"
_SCOPES = {"none": "none", "some": "selected", "all": "all"}

#: Per kind of app: how its content is made up, what the file is called, its type at Graph.
_CONTENTS = {
    "msi": (made_up_msi, "{}.msi", MSI),
    "win32": (made_up_package, "IntunePackage.intunewin", WIN32),
}

TITLES = {
    1: "Set up Windows automatic Intune enrollment",
    2: "Allow users to join devices to Microsoft Entra ID",
    3: "Register devices as Windows Autopilot devices",
    4: "Create a device group",
    5: "Configure and assign the Enrollment Status Page",
    6: "Create and assign an Autopilot profile",
    7: "Assign Autopilot devices to users",
}


@dataclass(slots=True)
class Setup:
    """One run of the seven steps.

    ``csv``: the file of step 3. ``users_of``: serial number -> user of step 7. ``passwords``: of the users made here.
    """

    admin: Administrator
    plan: Plan
    progress: Progress
    csv: bytes | None = None
    users_of: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    report: Report | None = None
    _groups: dict[str, str] = field(default_factory=dict)

    async def run(self) -> None:
        """All seven, in the tutorial's order; groups and users that a step needs are made first."""
        await self._users()
        await self._plain_groups()
        await self._step(1, self._mdm_scope)
        await self._step(2, self._join_policy)
        await self._step(3, self._register)
        await self._step(4, self._device_groups)
        await self._step(5, self._esp)
        await self._step(6, self._profile)
        await self._contents()
        await self._step(7, self._assign)

    async def _step(self, number: int, step: Callable[[], Awaitable[str]]) -> None:
        self.progress(number, TITLES[number], "running", "")
        done = await step()
        self.progress(number, TITLES[number], "done" if done else "skipped", done or "nothing to do in the plan")

    # ------------------------------------------------------------------------------------------ people and groups

    async def _users(self) -> None:
        skus = await self.admin.values("/v1.0/subscribedSkus")
        for user in self.plan.users:
            upn = self.plan.upn(user.upn)
            if not await self.admin.values("/v1.0/users", **{"$filter": f"userPrincipalName eq '{upn}'"}):
                password = self.passwords.setdefault(upn, self._password())
                await self.admin.call(
                    "POST",
                    "/v1.0/users",
                    {
                        "accountEnabled": True,
                        "displayName": user.display_name,
                        "mailNickname": upn.partition("@")[0],
                        "userPrincipalName": upn,
                        "usageLocation": "US",
                        "passwordProfile": {"password": password, "forceChangePasswordNextSignIn": False},
                    },
                )
            if user.licensed:
                added = [{"skuId": sku["skuId"], "disabledPlans": []} for sku in skus[:1]]
                await self.admin.call(
                    "POST", f"/v1.0/users/{upn}/assignLicense", {"addLicenses": added, "removeLicenses": []}
                )

    def _password(self) -> str:
        return f"Tw-{self.admin.entropy.token(12)}-7a"

    async def _plain_groups(self) -> None:
        for group in self.plan.groups:
            if not (group.rule and group.of == "devices"):
                await self._group(group)

    async def _group(self, group: GroupPlan) -> None:
        found = await self.admin.values("/v1.0/groups", **{"$filter": f"displayName eq '{_quoted(group.name)}'"})
        if found:
            self._groups[group.name] = found[0]["id"]
            return
        body: dict[str, Any] = {
            "displayName": group.name,
            "mailEnabled": False,
            "mailNickname": "".join(c for c in group.name.lower() if c.isalnum()) or "group",
            "securityEnabled": True,
            "groupTypes": [],
        }
        if group.rule:
            body |= {
                "groupTypes": ["DynamicMembership"],
                "membershipRule": group.rule,
                "membershipRuleProcessingState": "On",
            }
        made = await self.admin.call("POST", "/v1.0/groups", body)
        self._groups[group.name] = made["id"]
        for member in group.members:
            user = await self.admin.get(f"/v1.0/users/{self.plan.upn(member)}")
            reference = f"{self.admin.origin}/v1.0/directoryObjects/{user['id']}"
            await self.admin.call("POST", f"/v1.0/groups/{made['id']}/members/$ref", {"@odata.id": reference})

    # ------------------------------------------------------------------------------------------ the steps

    async def _mdm_scope(self) -> str:
        address = f"/beta/policies/mobileDeviceManagementPolicies/{INTUNE}"
        wanted = self.plan.mdm
        if wanted.applies_to != "some":
            await self.admin.call("PATCH", address, {"appliesTo": _SCOPES[wanted.applies_to]})
            return f"MDM user scope: {wanted.applies_to}"
        for name in wanted.groups:
            reference = f"{self.admin.origin}/beta/groups/{self._groups[name]}"
            await self.admin.call("POST", f"{address}/includedGroups/$ref", {"@odata.id": reference})
        return f"MDM user scope: {', '.join(wanted.groups)}"

    async def _join_policy(self) -> str:
        wanted = self.plan.join
        kinds = {
            "all": "allDeviceRegistrationMembership",
            "none": "noDeviceRegistrationMembership",
            "selected": "enumeratedDeviceRegistrationMembership",
        }
        allowed: dict[str, Any] = {"@odata.type": f"#microsoft.graph.{kinds[wanted.allowed]}"}
        if wanted.allowed == "selected":
            allowed |= {"users": [], "groups": [self._groups[name] for name in wanted.groups]}
        address = "/beta/policies/deviceRegistrationPolicy"
        policy = await self.admin.get(address)
        policy["userDeviceQuota"] = wanted.quota or 2_147_483_647
        policy["multiFactorAuthConfiguration"] = "required" if wanted.require_mfa else "notRequired"
        policy["azureADJoin"]["allowedToJoin"] = allowed
        await self.admin.call("PUT", address, {k: v for k, v in policy.items() if not k.startswith("@odata.context")})
        return f"join allowed for {wanted.allowed}, {wanted.quota or 'unlimited'} devices per user"

    async def _register(self) -> str:
        if self.csv is None:
            return ""
        report = await register(self.admin, [self.csv])
        self.report = report
        return report.sentence

    async def _device_groups(self) -> str:
        groups = [group for group in self.plan.groups if group.rule and group.of == "devices"]
        for group in groups:
            await self._group(group)
        return ", ".join(group.name for group in groups)

    async def _esp(self) -> str:
        wanted = self.plan.esp
        if wanted is None:
            return ""
        kind = "windows10EnrollmentCompletionPageConfiguration"
        body = {
            "@odata.type": f"#microsoft.graph.{kind}",
            "displayName": wanted.name,
            "showInstallationProgress": True,
            "installProgressTimeoutInMinutes": wanted.minutes,
            "customErrorMessage": wanted.message,
            "allowLogCollectionOnInstallFailure": wanted.collect_logs,
            "blockDeviceSetupRetryByUser": not wanted.block,
            "allowDeviceResetOnInstallFailure": wanted.allow_reset,
            "allowDeviceUseOnInstallFailure": wanted.allow_use,
            "trackInstallProgressForAutopilotOnly": True,
            "disableUserStatusTrackingAfterFirstUser": True,
            "selectedMobileAppIds": [],
            "roleScopeTagIds": ["0"],
        }
        address = "/beta/deviceManagement/deviceEnrollmentConfigurations"
        made = await self._make(address, body)
        targets = {"enrollmentConfigurationAssignments": self._assignments(wanted.groups, for_users=False)}
        await self.admin.call("POST", f"{address}/{made['id']}/assign", targets)
        return f"{wanted.name} for {', '.join(wanted.groups)}"

    async def _profile(self) -> str:
        wanted = self.plan.profile
        if wanted is None:
            return ""
        body = {
            "@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile",
            "displayName": wanted.name,
            "deviceNameTemplate": wanted.name_template,
            "locale": wanted.language,
            "deviceType": "windowsPc",
            "preprovisioningAllowed": False,
            "hardwareHashExtractionEnabled": True,
            "outOfBoxExperienceSetting": {
                "privacySettingsHidden": wanted.hide_privacy,
                "eulaHidden": wanted.hide_eula,
                "userType": wanted.user_type,
                "deviceUsageType": "singleUser",
                "keyboardSelectionPageSkipped": wanted.skip_keyboard,
                "escapeLinkHidden": wanted.hide_change_account,
            },
            "roleScopeTagIds": ["0"],
        }
        address = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles"
        made = await self._make(address, body)
        present = {a["target"].get("groupId") for a in await self.admin.values(f"{address}/{made['id']}/assignments")}
        for assignment in self._assignments(wanted.groups, for_users=False):
            if assignment["target"].get("groupId") not in present:
                await self.admin.call("POST", f"{address}/{made['id']}/assignments", assignment)
        if self.report is not None:
            await wait_for_profiles(self.admin, self.report.registered)
        return f"{wanted.name} for {', '.join(wanted.groups)}"

    async def _assign(self) -> str:
        return await assign_users(self.admin, self.users_of)

    # ------------------------------------------------------------------------------------------ what it is for

    async def _contents(self) -> None:
        for app in self.plan.apps:
            await self._app(app)
        for policy in self.plan.policies:
            await self._policy(policy)

    async def _app(self, app: AppPlan) -> None:
        address = "/beta/deviceAppManagement/mobileApps"
        made = await self._make(address, self._msi(app) if app.kind == "msi" else self._win32(app))
        if not made.get("committedContentVersion"):
            make, name, kind = _CONTENTS[app.kind]
            content = make(app.size_kb * 1024, self.admin.entropy)
            await upload_content(self.admin, made["id"], name.format(app.name), content, kind)
        targets = [
            {"@odata.type": "#microsoft.graph.mobileAppAssignment", "intent": "required", "settings": None, **target}
            for target in self._assignments(app.groups, for_users=app.for_users)
        ]
        await self.admin.call("POST", f"{address}/{made['id']}/assign", {"mobileAppAssignments": targets})

    def _msi(self, app: AppPlan) -> dict[str, Any]:
        return {
            "@odata.type": f"#{MSI}",
            "displayName": app.name,
            "description": app.name,
            "publisher": self.plan.organization,
            "fileName": f"{app.name}.msi",
            "productCode": "{" + self.admin.entropy.uuid().upper() + "}",
            "productVersion": app.version,
            "ignoreVersionDetection": False,
            "useDeviceContext": not app.for_users,
        }

    def _win32(self, app: AppPlan) -> dict[str, Any]:
        """As IntuneWin32App writes one: it is there when its program has at least this version."""
        found = {
            "@odata.type": "#microsoft.graph.win32LobAppFileSystemDetection",
            "path": f"%ProgramFiles%\\{self.plan.organization}\\{app.name}",
            "fileOrFolderName": "app.exe",
            "check32BitOn64System": False,
            "detectionType": "version",
            "operator": "greaterThanOrEqual",
            "detectionValue": app.version,
        }
        return {
            "@odata.type": f"#{WIN32}",
            "displayName": app.name,
            "description": app.name,
            "publisher": self.plan.organization,
            "displayVersion": app.version,
            "fileName": f"{app.name}.intunewin",
            "setupFilePath": "setup.exe",
            "installCommandLine": "setup.exe /quiet",
            "uninstallCommandLine": "setup.exe /uninstall /quiet",
            "applicableArchitectures": "x64",
            "minimumSupportedWindowsRelease": "1607",
            "installExperience": {"runAsAccount": "system", "deviceRestartBehavior": "basedOnReturnCode"},
            "detectionRules": [found],
        }

    async def _policy(self, policy: PolicyPlan) -> None:
        address = f"/beta/deviceManagement/{policy.kind}"
        made = await self._make(address, {"displayName": policy.name, **policy.body})
        targets = self._assignments(policy.groups, for_users=policy.for_users)
        await self.admin.call("POST", f"{address}/{made['id']}/assign", {"assignments": targets})

    async def _make(self, address: str, body: dict[str, Any]) -> dict[str, Any]:
        """The object of this name, made if it is not there."""
        for found in await self.admin.values(address):
            if found.get("displayName") == body["displayName"]:
                return found
        made: dict[str, Any] = await self.admin.call("POST", address, body)
        return made

    def _assignments(self, groups: list[str], *, for_users: bool) -> list[dict[str, Any]]:
        targets: list[dict[str, Any]] = [
            {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": self._groups[name]} for name in groups
        ]
        if for_users:
            targets.append({"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"})
        return [{"target": target} for target in targets]


def _quoted(text: str) -> str:
    return text.replace("'", "''")
