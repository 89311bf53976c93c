"""What the bodies of a population have in common."""

from __future__ import annotations

import base64

MANAGEMENT, APPS = "/beta/deviceManagement", "/beta/deviceAppManagement"
RULE = '(device.devicePhysicalIDs -any (_ -contains "[OrderID]:Kiosk"))'
TYPE = "@odata.type"
SETTING = "#microsoft.graph.deviceManagementConfiguration"
CORTANA = "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana"


def graph(name: str) -> str:
    return f"#microsoft.graph.{name}"


def group(name: str) -> dict:
    return {"displayName": name, "mailNickname": name.lower(), "securityEnabled": True, "mailEnabled": False}


def script(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def to(name: str, kind: str = "groupAssignmentTarget", **more: object) -> dict:
    return {"target": {TYPE: graph(kind), "groupId": name, **more}}


EVERYBODY = {"target": {TYPE: graph("allLicensedUsersAssignmentTarget")}}
DEVICES = {"target": {TYPE: graph("allDevicesAssignmentTarget")}}
FILTERED = {
    "target": {
        TYPE: graph("allDevicesAssignmentTarget"),
        "deviceAndAppManagementAssignmentFilterId": "<filter>",
        "deviceAndAppManagementAssignmentFilterType": "include",
    }
}
BOTH = [to("<pilot>"), to("<kiosk>", "exclusionGroupAssignmentTarget")]
