"""What saving a configuration refuses, and what it says without refusing (P-13)."""

import pytest

from graph.test_catalogue import POLICIES, choice, policy

CONFIGURATIONS = "/beta/deviceManagement/deviceConfigurations"
LOCK = "./Device/Vendor/MSFT/Policy/Config/DeviceLock/MinDevicePasswordLength"
TITLE = (
    "./Device/Vendor/MSFT/Policy/Config/LocalPoliciesSecurityOptions/"
    "InteractiveLogon_MessageTitleForUsersAttemptingToLogOn"
)


def custom(uri, value, kind="Integer"):
    setting = {"@odata.type": f"#microsoft.graph.omaSetting{kind}", "displayName": "s", "omaUri": uri, "value": value}
    kind_of = "#microsoft.graph.windows10CustomConfiguration"
    return {"@odata.type": kind_of, "displayName": "C", "omaSettings": [setting]}


def codes(row):
    return [one["code"] for one in row["@taxiway.findings"]]


async def assigned(graph, row, target):
    path = f"{CONFIGURATIONS}/{row['id']}"
    await graph.post(f"{path}/assign", {"assignments": [{"target": target}]}, expect=200)
    return await graph.get(path)


@pytest.mark.parametrize(
    ("uri", "value", "kind", "said"),
    [
        (
            "./Device/Vendor/MSFT/BitLocker/RequireDeviceEncription",
            1,
            "Integer",
            "Did you mean ./Device/Vendor/MSFT/BitLocker/RequireDeviceEncryption?",
        ),
        (
            "./Device/Vendor/MSFT/WiFi/Profil/Office/WlanXml",
            "<x/>",
            "String",
            "Did you mean ./Device/Vendor/MSFT/WiFi/Profile/Office/WlanXml?",
        ),
        ("./User/Vendor/MSFT/BitLocker/RequireDeviceEncryption", 1, "Integer", "exists only in device scope"),
        ("./Device/Vendor/MSFT/BitLocker/RequireDeviceEncryption", "1", "String", "has the format int, not chr"),
        ("./Device/Vendor/MSFT/BitLocker/RequireDeviceEncryption", 2, "Integer", "2 is not one of 0, 1"),
        ("./Device/Vendor/MSFT/Policy/Config/Update/ActiveHoursEnd", 24, "Integer", "24 is not between 0 and 23"),
        ("./Device/Vendor/MSFT/DeviceStatus/OS/Edition", "4", "String", "is not allowed"),
    ],
)
async def test_p13_a_wrong_oma_uri_is_refused_and_the_right_one_suggested(graph, uri, value, kind, said):
    """Name, scope, format, value and access are checked when it is saved: nothing is stored."""
    error = await graph.post(CONFIGURATIONS, custom(uri, value, kind), expect=400)
    assert said in error["error"]["message"]
    assert await graph.values(CONFIGURATIONS) == []


async def test_p13_a_setting_that_restarts_the_pc_is_said_and_kept(graph):
    """A warning, not a refusal; sharper once it is assigned to devices, gone where only users get it."""
    made = await graph.post(CONFIGURATIONS, custom(LOCK, 8))
    assert codes(made) == ["reboot", "signIn"]
    assert "where it is assigned to devices" in made["@taxiway.findings"][0]["text"]
    device = await assigned(graph, made, {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"})
    assert "the person signs in once more" in device["@taxiway.findings"][0]["text"]
    user = await assigned(graph, made, {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"})
    assert codes(user) == ["signIn"]


async def test_p13_a_setting_that_breaks_the_automatic_sign_in_is_said(graph):
    """By the value where only some values do; a change of the value takes the finding away."""
    assert codes(await graph.post(CONFIGURATIONS, custom(TITLE, "Hello", "String"))) == ["signIn"]
    assistant = "./Device/Vendor/MSFT/Policy/Config/Accounts/AllowMicrosoftAccountSignInAssistant"
    made = await graph.post(CONFIGURATIONS, custom(assistant, 0))
    assert "no Autopilot profile is downloaded" in made["@taxiway.findings"][0]["text"]
    await graph.call("PATCH", f"{CONFIGURATIONS}/{made['id']}", custom(assistant, 1), expect=204)
    assert codes(await graph.get(f"{CONFIGURATIONS}/{made['id']}")) == []


async def test_p13_a_policy_nobody_knows_is_sent_and_said(graph):
    """Policy/Config takes any name: a slip is named all the same; an ingested template's policy is not suspected."""
    made = await graph.post(CONFIGURATIONS, custom("./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortna", 0))
    assert codes(made) == ["unknown"]
    [finding] = made["@taxiway.findings"]
    assert "Did you mean ./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana?" in finding["text"]
    ingested = "./Device/Vendor/MSFT/Policy/Config/App~Policy~Category/Setting"
    assert codes(await graph.post(CONFIGURATIONS, custom(ingested, "<enabled/>", "String"))) == []


async def test_p13_the_findings_of_a_catalogue_policy_are_kept_too(graph):
    """And they cannot be written by a client."""
    lock = "device_vendor_msft_policy_config_devicelock_devicepasswordenabled"
    made = await graph.post(POLICIES, {**policy(choice(lock, 0)), "@taxiway.findings": []})
    assert codes(made) == ["reboot", "signIn"]
    assert codes(await graph.post(POLICIES, policy(choice(lock, 1)))) == ["reboot"]


async def test_p13_a_setting_of_a_newer_windows_is_said(graph):
    """Which build has it first, where not every Windows 11 does."""
    trust = "./Device/Vendor/MSFT/PassportForWork/T/Policies/UseCloudTrustForOnPremAuth"
    made = await graph.post(CONFIGURATIONS, custom(trust, "true", "Boolean"))
    assert codes(made) == ["build"]
    assert "needs Windows 10.0.22621 or later" in made["@taxiway.findings"][0]["text"]
