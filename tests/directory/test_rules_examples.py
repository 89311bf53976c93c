"""Every example of the specification: who is a member by which rule, and which rule is refused how (07 section 18)."""

from datetime import UTC, datetime

import pytest

from taxiway.directory.rules import Context, RuleError, compile_rule

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PREFIX = "00000000-0000-4000-8000-000000000"
EXTENSION = "extension_c272a57b722d4eb29bfe327874ae79cb_officenumber"
EXCHANGE = "efb87545-963c-4e0d-99df-69c6916d9eb0"
INTUNE_APP = "0000000a-0000-0000-c000-000000000000"
HARDWARE = "[HWID]:h:6755410885010397"


def plan(service, status, plan_id="c1ec4a95-1f05-45b3-a911-aa3fa01094f5"):
    return {"service": service, "capabilityStatus": status, "servicePlanId": plan_id}


USERS = {
    "U1": {
        "objectid": f"{PREFIX}101",
        "displayname": "David Ada",
        "department": "Sales",
        "country": "US",
        "city": "Lagos",
        "jobtitle": "SDE II",
        "mail": "ada@contoso.test",
        "mailnickname": "ada-vendor",
        "userprincipalname": "ada@contoso.test",
        "usertype": "Member",
        "accountenabled": True,
        "employeeid": "1001",
        "employeehiredate": datetime(2026, 11, 25, 9, tzinfo=UTC),
        "proxyaddresses": ["SMTP:ada@contoso.test", "smtp:contoso.ada@fabrikam.test"],
        "othermails": ["ada.home@outlook.test"],
        "assignedplans": [plan("SCO", "Enabled"), plan("exchange", "Enabled", EXCHANGE)],
        "extensionattribute15": "Marketing",
        EXTENSION: "123",
    },
    "U2": {
        "objectid": f"{PREFIX}102",
        "displayname": "Da",
        "department": "Marketing",
        "country": "US",
        "city": "Port Harcourt",
        "jobtitle": "Manager",
        "mail": "",
        "mailnickname": "bo",
        "userprincipalname": "bo@contoso.test",
        "usertype": "Member",
        "accountenabled": True,
        "employeehiredate": "2020-01-15T00:00Z",
        "proxyaddresses": [],
        "assignedplans": None,
    },
    "U3": {
        "objectid": f"{PREFIX}103",
        "displayname": "aDa Guest",
        "department": None,
        "mail": "guest@fabrikam.test",
        "mailnickname": "guest_fabrikam.test#EXT#",
        "userprincipalname": "guest_fabrikam.test#EXT#@contoso.test",
        "usertype": "Guest",
        "accountenabled": True,
        "proxyaddresses": ["SMTP:guest@fabrikam.test"],
        "othermails": ["guest@fabrikam.test"],
    },
    "U4": {
        "objectid": f"{PREFIX}104",
        "displayname": "Kim O'Brien",
        "department": '"Sales"',
        "country": "DE",
        "city": "Berlin",
        "jobtitle": "Director",
        "mail": "kim@contoso.test",
        "mailnickname": "kim",
        "userprincipalname": "kim@contoso.test",
        "usertype": "Member",
        "accountenabled": False,
        "dirsyncenabled": True,
        "employeeid": "2002",
        "employeehiredate": datetime(2026, 11, 20, tzinfo=UTC),
        "proxyaddresses": ["SMTP:kim@contoso.test"],
        "assignedplans": [plan("SCO", "Deleted")],
        "extensionattribute15": "null",
    },
}


def device(number, name, os, ownership, trust, **more):
    values = {"deviceostype": os, "deviceownership": ownership, "devicetrusttype": trust}
    return {"objectid": f"{PREFIX}{number}", "displayname": name, "accountenabled": True, **values, **more}


DEVICES = {
    "D1": device(
        201, "DESKTOP-NL001", "Windows", "Company", "AzureAd",
        isrooted=False,
        deviceosversion="10.0.26100.1742",
        managementtype="MDM",
        devicemanagementappid=INTUNE_APP,
        devicemanufacturer="Microsoft Corporation",
        devicemodel="Virtual Machine",
        devicecategory="Sales laptop",
        enrollmentprofilename="AP-UserDriven",
        extensionattribute1="kiosk",
        systemlabels=["M365Managed"],
        devicephysicalids=[
            f"[ZTDID]:{PREFIX}701", "[OrderID]:SALES-NL", "[PurchaseOrderId]:76222342342", HARDWARE,
            "[GID]:g:6825773979753362", f"[USER-HWID]:{PREFIX}101:6755410885010397",
        ],
    ),
    "D2": device(
        202, "SN-0002", "Windows", None, "AzureAd", devicephysicalids=[f"[ZTDID]:{PREFIX}702", "[OrderID]:KIOSK"]
    ),
    "D3": device(
        203, "BO-HOME", "Windows", "Personal", "Workplace",
        isrooted=False,
        deviceosversion="10.0.19045.5011",
        managementtype="MDM",
        devicemanagementappid=INTUNE_APP,
        devicemanufacturer="LENOVO",
        devicemodel="20XX",
        devicephysicalids=[HARDWARE, f"[USER-HWID]:{PREFIX}102:6755410885010397"],
    ),
    "D4": device(
        204, "Rob iPad", "iPad", "Company", "Workplace",
        isrooted=False,
        deviceosversion="17.1",
        managementtype="MDM",
        devicemanagementappid=INTUNE_APP,
        enrollmentprofilename="DEP iPhones",
    ),
    "D5": device(
        205, "pixel", "AndroidForWork", "Personal", "Workplace",
        accountenabled=False,
        isrooted=True,
        deviceosversion="15",
        managementtype="MDM",
        devicemanagementappid=INTUNE_APP,
    ),
    "D6": device(
        206, "OLD-PC-06", "Windows", "Company", "AzureAd",
        isrooted=False,
        deviceosversion="10.0.26100.3000",
        managementtype="configurationManagerClientMdm",
        devicemanagementappid="54b943f8-d761-4f8d-951e-9cea1846db5a",
        devicemanufacturer="Dell Inc.",
        enrollmentprofilename="OfflineAutopilotprofile-abc123",
        systemlabels=["MDEManaged", "MDEJoined"],
        devicephysicalids=[HARDWARE],
    ),
}  # fmt: skip

GROUPS = {f"{PREFIX}801": {"101", "102", "201"}, f"{PREFIX}802": {"103", "204"}}


def groups_of(obj):
    return [group for group, members in GROUPS.items() if obj["objectid"][-3:] in members]


def manager_of(obj):
    return f"{PREFIX}104" if obj["objectid"][-3:] in {"101", "102"} else None


CONTEXT = Context(NOW, groups_of, manager_of)
LONG = "x" * 3050

# Of each example its number, the rule, and who is a member.
VALID = [
    (1, 'user.department -eq "Sales"', "U1"),
    (2, '(user.department -eq "sales")', "U1"),
    (3, 'user.department -eq "`"Sales`""', "U4"),
    (4, "user.displayName -eq \"Kim O''Brien\"", "U4"),
    (5, "user.department -eq null", "U3"),
    (6, "user.department -ne null", "U1 U2 U4"),
    (7, "user.department -eq $null", "U3"),
    (8, 'user.extensionAttribute15 -eq "null"', "U4"),
    (9, 'user.department -ne "Sales"', "U2 U3 U4"),
    (10, "user.objectId -ne null", "U1 U2 U3 U4"),
    (11, '(user.objectId -ne null) -and (user.userType -eq "Member")', "U1 U2 U4"),
    (12, "user.accountEnabled -eq true", "U1 U2 U3"),
    (13, "user.accountEnabled -ne true", "U4"),
    (14, "user.dirSyncEnabled -eq true", "U4"),
    (15, 'user.displayName -match "^Da.*"', "U1 U2"),
    (16, 'user.displayName -match ".*vid"', "U1"),
    (17, 'user.city -match "ago"', "U1"),
    (18, 'user.city -startsWith "Lag"', "U1"),
    (19, 'user.city -in ["Lagos","Berlin"]', "U1 U4"),
    (20, 'user.city -notIn ["Lagos", "Port Harcourt"]', "U3 U4"),
    (21, 'user.mail -endsWith "@Contoso.test"', "U1 U4"),
    (22, 'user.mail -notEndsWith "@contoso.test"', "U2 U3"),
    (23, 'user.mailNickname -endsWith "-vendor"', "U1"),
    (24, 'user.userPrincipalName -notContains "#EXT#"', "U1 U2 U4"),
    (25, 'user.jobTitle -contains "sde"', "U1"),
    (26, 'user.city -notMatch "^(lagos|berlin)$"', "U2 U3"),
    (27, "user.mail \u2013ne null", "U1 U3 U4"),
    (28, 'user.department eq "Marketing" or user.city eq "Berlin"', "U2 U4"),
    (29, 'USER.DEPARTMENT -EQ "MARKETING"', "U2"),
    (30, '(user.department -eq "Sales") -or (user.department -eq "Marketing")', "U1 U2"),
    (31, 'user.department -eq "Sales" -and -not (user.jobTitle -startsWith "SDE")', ""),
    (32, '-not user.department -eq "Sales"', "U2 U3 U4"),
    (33, 'user.country -eq "DE" -or user.country -eq "US" -and user.department -eq "Sales"', "U1 U4"),
    (34, '(user.country -eq "DE" -or user.country -eq "US") -and user.department -eq "Sales"', "U1"),
    (35, 'not (user.country -eq "US" and user.city -eq "Lagos")', "U2 U3 U4"),
    (36, '-not -not user.userType -eq "Guest"', "U3"),
    (37, 'user.otherMails -startsWith "ada.home"', "U1"),
    (38, 'user.proxyAddresses -notEndsWith "@fabrikam.test"', "U2 U4"),
    (39, '(user.proxyAddresses -any (_ -startsWith "smtp:contoso"))', "U1"),
    (40, 'user.proxyAddresses -all (_ -endsWith "@contoso.test")', "U2 U4"),
    (
        41,
        (
            f'user.assignedPlans -any (assignedPlan.servicePlanId -eq "{EXCHANGE}" '
            '-and assignedPlan.capabilityStatus -eq "Enabled")'
        ),
        "U1",
    ),
    (
        42,
        'user.assignedPlans -any (assignedPlan.service -eq "SCO" -and assignedPlan.capabilityStatus -eq "Enabled")',
        "U1",
    ),
    (43, "user.assignedPlans -all (assignedPlan.servicePlanId -eq null)", "U2 U3"),
    (44, 'user.assignedPlans -any (assignedPlan.service -eq "SCO") -and user.accountEnabled -eq true', "U1"),
    (45, "user.employeeHireDate -ge system.now -plus p1d", "U1"),
    (46, "user.employeehiredate -le 2020-06-10T18:13:20Z", "U2"),
    (47, "user.employeeHireDate -ge system.now -minus P7D -and user.employeeHireDate -le system.now", "U4"),
    (48, '(user.extensionAttribute15 -eq "Marketing")', "U1"),
    (49, 'user.extension_c272a57b722d4eb29bfe327874ae79cb_OfficeNumber -eq "123"', "U1"),
    (50, 'Direct Reports for "00000000-0000-4000-8000-000000000104"', "U1 U2"),
    (51, "user.memberof -any (group.objectId -in ['00000000-0000-4000-8000-000000000801'])", "U1 U2"),
    (
        52,
        f"user.memberOf -any (group.objectId -in ['{PREFIX}801', '{PREFIX}802'])",
        "U1 U2 U3",
    ),
    (53, f'user.department -eq "{LONG}"', ""),
    (54, "device.objectId -ne null", "D1 D2 D3 D4 D5 D6"),
    (55, '(device.devicePhysicalIDs -any (_ -startsWith "[ZTDid]"))', "D1 D2"),
    (56, 'device.devicePhysicalIDs -any _ -startsWith "[ZTDId]"', "D1 D2"),
    (57, '(device.devicePhysicalIDs -any (_ -contains "[ZTDID]"))', "D1 D2"),
    (58, '(device.devicePhysicalIds -any (_ -eq "[OrderID]:SALES-NL"))', "D1"),
    (59, '(device.devicePhysicalIds -any (_ -startsWith "[OrderID]:SALES"))', "D1"),
    (60, '(device.devicePhysicalIds -any _ -eq "[PurchaseOrderId]:76222342342")', "D1"),
    (
        61,
        '(device.deviceOSType -eq "Windows") and (device.devicePhysicalIDs -all (_ -notStartsWith "[ZTDID]"))',
        "D3 D6",
    ),
    (62, 'device.devicePhysicalIds -any _ -startsWith "[ZTDId]" -and device.deviceOwnership -eq "Company"', "D1"),
    (63, '(device.devicePhysicalIds -any (_ -eq "[OrderID]:SALES-NL" -or _ -eq "[OrderID]:KIOSK"))', "D1 D2"),
    (64, '(device.devicePhysicalIds -any (_ -in ["[OrderID]:SALES-NL","[OrderID]:KIOSK"]))', "D1 D2"),
    (65, '(device.deviceOSType -eq "iPad") -or (device.deviceOSType -eq "iOS")', "D4"),
    (66, 'device.deviceOSType -startsWith "Android"', "D5"),
    (67, 'device.deviceOSVersion -startsWith "10.0.1"', "D3"),
    (68, 'device.deviceOSVersion -startsWith "10.0.26100"', "D1 D6"),
    (69, 'device.deviceOwnership -eq "Company" -and device.managementType -eq "MDM"', "D1 D4"),
    (70, 'device.deviceTrustType -eq "AzureAD" -and device.accountEnabled -eq true', "D1 D2 D6"),
    (71, "device.isRooted -eq true", "D5"),
    (72, 'device.enrollmentProfileName -eq "AP-UserDriven"', "D1"),
    (73, 'device.enrollmentProfileName -startsWith "OfflineAutopilotprofile-"', "D6"),
    (74, 'device.deviceManagementAppId -eq "0000000a-0000-0000-c000-000000000000"', "D1 D3 D4 D5"),
    (75, 'device.systemLabels -startsWith "M365Managed"', "D1"),
    (76, 'device.systemLabels -any (_ -eq "MDEJoined")', "D6"),
    (77, 'device.extensionAttribute1 -eq "kiosk"', "D1"),
    (78, 'device.deviceManufacturer -eq "Microsoft Corporation" -and device.deviceModel -match "^virtual"', "D1"),
    (79, 'device.deviceCategory -in ["Sales laptop","Kiosk"]', "D1"),
    (80, "device.memberof -any (group.objectId -in ['00000000-0000-4000-8000-000000000801'])", "D1"),
    (81, 'device.displayName -match "^DESKTOP-[A-Z]{2}\\d{3}$"', "D1"),
    (82, 'device.organizationalUnit -eq "Sales"', ""),
    (83, 'device.devicePhysicalIds -all (_ -startsWith "[ZTDID]")', "D4 D5"),
    (
        84,
        '-not (device.devicePhysicalIds -any (_ -startsWith "[ZTDID]")) -and device.deviceOSType -eq "Windows"',
        "D3 D6",
    ),
    (85, "device.deviceOSVersion -eq null", "D2"),
]

# Of each example its number, the kind of group, the rule, and the class and detail of the error.
REFUSED = [
    (
        86,
        "user",
        '(user.department -eq "Sales") (user.department -eq "Marketing")',
        "Query compilation error",
        "Missing logical operator or unexpected text at 30",
    ),
    (
        87,
        "user",
        '(user.userPrincipalName -match "*@domain.ext")',
        "Query compilation error",
        "Invalid regular expression",
    ),
    (
        88,
        "user",
        '(user.invalidProperty -eq "Value")',
        "Wrong property applied",
        "Property 'invalidproperty' cannot be applied to object 'User'",
    ),
    (
        89,
        "user",
        "(user.accountEnabled -contains true)",
        "Operator is not supported on attribute",
        "-contains on 'accountEnabled'",
    ),
    (90, "user", "mail -ne null", "Invalid object type", "No object type"),
    (91, "user", '(accountEnabled -eq true) and (user.userType -eq "Member")', "Invalid object type", "No object type"),
    (
        92,
        "user",
        "user.employeeId -not null",
        "Invalid operands found for operator",
        "Invalid operands found for operator -not",
    ),
    (
        93,
        "user",
        "user.mail -eq -not null",
        "Invalid operands found for operator",
        "Invalid operands found for operator -eq",
    ),
    (94, "user", "-not null", "Invalid operands found for operator", "Invalid operands found for operator -not"),
    (
        95,
        "user",
        "user.department -startsWith null",
        "Invalid operands found for operator",
        "Invalid operands found for operator -startswith",
    ),
    (
        96,
        "user",
        "user.department -eq Sales",
        "Invalid operands found for operator",
        "Invalid operands found for operator -eq",
    ),
    (97, "user", 'user.department -eq "Sales', "Query compilation error", "Unterminated string at 20"),
    (98, "user", '(user.department -eq "Sales"', "Query compilation error", "Expected ')' at 28"),
    (
        99,
        "user",
        'user.department -in "Sales"',
        "Invalid operands found for operator",
        "Invalid operands found for operator -in",
    ),
    (100, "user", 'user.department -in ["Sales"', "Query compilation error", "Expected ',' or ']' at 28"),
    (
        101,
        "user",
        "user.department -in []",
        "Invalid operands found for operator",
        "Invalid operands found for operator -in",
    ),
    (102, "user", 'user.department -like "S*"', "Query compilation error", "Unknown operator '-like'"),
    (103, "user", '"Sales" -eq user.department', "Invalid operands found for operator", "Property expected at 0"),
    (104, "user", 'user.department -eq "Sales" -and', "Query compilation error", "Property expected at 32"),
    (105, "user", 'user.department -any (_ -eq "x")', "Operator is not supported on attribute", "-any on 'department'"),
    (106, "user", 'user.assignedPlans -eq "x"', "Operator is not supported on attribute", "-eq on 'assignedPlans'"),
    (
        107,
        "user",
        'user.assignedPlans -any (assignedPlan.name -eq "x")',
        "Wrong property applied",
        "Property 'name' cannot be applied to object 'Assignedplan'",
    ),
    (
        108,
        "user",
        'user.proxyAddresses -any (user.mail -eq "x")',
        "Wrong property applied",
        "Property 'mail' cannot be applied to object 'User'",
    ),
    (
        109,
        "user",
        'group.objectId -eq "x"',
        "Wrong property applied",
        "Property 'objectid' cannot be applied to object 'Group'",
    ),
    (
        110,
        "user",
        'user.department -eq "Sales" -and device.deviceOSType -eq "Windows"',
        "Mixed use of properties",
        "device property in a rule for users",
    ),
    (111, "device", 'user.department -eq "Sales"', "Mixed use of properties", "user property in a rule for devices"),
    (
        112,
        "device",
        'Direct Reports for "00000000-0000-4000-8000-000000000104"',
        "Invalid object type",
        "Direct Reports selects users",
    ),
    (
        113,
        "user",
        'Direct Reports for "00000000-0000-4000-8000-000000000104" -and user.country -eq "US"',
        "Invalid object type",
        "No object type",
    ),
    (
        114,
        "user",
        "user.memberOf -any (group.objectId -in ['00000000-0000-4000-8000-000000000801']) -and user.city -eq \"Lagos\"",
        "Invalid rule",
        "memberOf cannot be combined with other expressions",
    ),
    (
        115,
        "user",
        "user.memberOf -any (group.objectId -eq '00000000-0000-4000-8000-000000000801')",
        "Operator is not supported on attribute",
        "-eq on 'memberOf'",
    ),
    (
        116,
        "device",
        '(device.devicePhysicalIDs -any "_ -contains [ZTDId]")',
        "Invalid operands found for operator",
        "Invalid operands found for operator -any",
    ),
    (
        117,
        "device",
        'device.isRooted -eq "yes"',
        "Invalid operands found for operator",
        "Invalid operands found for operator -eq",
    ),
    (
        118,
        "user",
        "user.employeeHireDate -ge system.now -plus 1day",
        "Invalid operands found for operator",
        "Invalid operands found for operator -ge",
    ),
    (119, "user", f'user.department -eq "{LONG}x"', "Rule too long", "3073 characters, maximum 3072"),
    (120, "user", "", "Query compilation error", "Empty rule"),
]


@pytest.mark.parametrize(("number", "text", "expected"), VALID)
def test_r048_members(number, text, expected):
    """The rule selects exactly these objects, its canonical form does too, and the index never hides one."""
    kind, objects = ("user", USERS) if number <= 53 else ("device", DEVICES)
    rule = compile_rule(text, kind)
    assert rule.text == text
    members = [name for name, obj in objects.items() if rule.matches(obj, CONTEXT)]
    assert members == expected.split()
    again = compile_rule(rule.canonical, kind) if len(rule.canonical) <= 3072 else rule
    assert again.canonical == rule.canonical
    assert [name for name, obj in objects.items() if again.matches(obj, CONTEXT)] == members
    assert [name for name, obj in objects.items() if rule.explain(obj, CONTEXT).result] == members


@pytest.mark.parametrize(("number", "kind", "text", "title", "detail"), REFUSED)
def test_refused(number, kind, text, title, detail):
    """The rule is refused with this class and detail, at a place inside the text."""
    with pytest.raises(RuleError) as caught:
        compile_rule(text, kind)
    assert (caught.value.title, caught.value.message) == (title, detail)
    assert caught.value.portal_text == f"{title}.{detail}"
    at, token = caught.value.position, caught.value.token
    assert 0 <= at <= len(text)
    assert text[at : at + len(token)] == token
    assert token or at in (0, len(text), 3072)
