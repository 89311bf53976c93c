"""Which properties a rule may name, of which type, and where Graph keeps them (07 section 7)."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["device", "user"]


class Type(Enum):
    """What kind of value a property has, and so which operators it takes (07 section 4)."""

    BOOLEAN = auto()
    DATE = auto()
    STRING = auto()
    STRINGS = auto()
    PLANS = auto()
    GROUPS = auto()


class Attribute(NamedTuple):
    """A property of a user or device; `graph` is the name of the Graph property it comes from."""

    name: str
    type: Type
    graph: str

    @property
    def key(self) -> str:
        """The name in lower case, under which an object's value is looked up."""
        return self.name.lower()


PLAN_FIELDS = {"capabilitystatus": "capabilityStatus", "service": "service", "serviceplanid": "servicePlanId"}

_EXTENSION = re.compile(r"extension_[0-9a-f]{32}_\w{1,200}\Z", re.IGNORECASE | re.ASCII)

_RENAMED = {
    "user": {
        "facsimileTelephoneNumber": "faxNumber",
        "mailNickName": "mailNickname",
        "mobile": "mobilePhone",
        "objectId": "id",
        "physicalDeliveryOfficeName": "officeLocation",
        "sipProxyAddress": "imAddresses",
        "telephoneNumber": "businessPhones",
        "dirSyncEnabled": "onPremisesSyncEnabled",
    },
    "device": {
        "deviceManagementAppId": "mdmAppId",
        "deviceManufacturer": "manufacturer",
        "deviceModel": "model",
        "deviceOSType": "operatingSystem",
        "deviceOSVersion": "operatingSystemVersion",
        "devicePhysicalIds": "physicalIds",
        "deviceTrustType": "trustType",
        "objectId": "id",
    },
}
_NUMBERED = {"user": "onPremisesExtensionAttributes", "device": "extensionAttributes"}
_NAMES = {
    "user": {
        Type.BOOLEAN: "accountEnabled dirSyncEnabled",
        Type.DATE: "employeeHireDate",
        Type.STRING: (
            "city country companyName department displayName employeeId facsimileTelephoneNumber givenName jobTitle "
            "mail mailNickName mobile objectId onPremisesSecurityIdentifier onPremisesDistinguishedName "
            "passwordPolicies physicalDeliveryOfficeName postalCode preferredLanguage sipProxyAddress state "
            "streetAddress surname telephoneNumber usageLocation userPrincipalName userType"
        ),
        Type.STRINGS: "otherMails proxyAddresses",
        Type.PLANS: "assignedPlans",
        Type.GROUPS: "memberOf",
    },
    "device": {
        Type.BOOLEAN: "accountEnabled isRooted",
        Type.STRING: (
            "deviceCategory deviceId deviceManagementAppId deviceManufacturer deviceModel displayName deviceOSType "
            "deviceOSVersion deviceOwnership deviceTrustType enrollmentProfileName managementType objectId "
            "profileType organizationalUnit"
        ),
        Type.STRINGS: "devicePhysicalIds systemLabels",
        Type.GROUPS: "memberOf",
    },
}


def _table(kind: Kind) -> dict[str, Attribute]:
    renamed = _RENAMED[kind]
    attributes = [
        Attribute(name, type_, renamed.get(name, name))
        for type_, names in _NAMES[kind].items()
        for name in names.split()
    ]
    attributes += [
        Attribute(f"extensionAttribute{n}", Type.STRING, f"{_NUMBERED[kind]}.extensionAttribute{n}")
        for n in range(1, 16)
    ]
    return {attribute.key: attribute for attribute in attributes}


ATTRIBUTES: dict[Kind, dict[str, Attribute]] = {"user": _table("user"), "device": _table("device")}


def find(kind: Kind, name: str) -> Attribute | None:
    """Look a property up without regard to case; a directory extension is known for users only."""
    known = ATTRIBUTES[kind].get(name.lower())
    if known is None and kind == "user" and _EXTENSION.match(name):
        return Attribute(name, Type.STRING, name)
    return known
