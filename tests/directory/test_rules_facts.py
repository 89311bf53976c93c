"""Graph resources as objects of rules."""

from taxiway.directory.rules import from_graph


def test_a_device_keeps_its_values_under_the_names_of_rules():
    """Renamed and nested properties are found; what is absent stays absent."""
    facts = from_graph(
        "device",
        {
            "id": "o1",
            "operatingSystem": "Windows",
            "physicalIds": ["[ZTDID]:x"],
            "mdmAppId": "m",
            "trustType": "AzureAd",
            "extensionAttributes": {"extensionAttribute1": "kiosk", "extensionAttribute2": None},
            "accountEnabled": False,
            "extension_c272a57b722d4eb29bfe327874ae79cb_office": "1",
        },
    )
    assert facts == {
        "objectid": "o1",
        "deviceostype": "Windows",
        "devicephysicalids": ["[ZTDID]:x"],
        "devicemanagementappid": "m",
        "devicetrusttype": "AzureAd",
        "extensionattribute1": "kiosk",
        "accountenabled": False,
    }


def test_a_user_has_one_telephone_and_one_sip_address():
    """Lists become the one value that rules know; directory extensions come along."""
    facts = from_graph(
        "user",
        {
            "mobilePhone": "3",
            "businessPhones": ["1", "2"],
            "imAddresses": ["xmpp:a", "SIP:a@b.test"],
            "onPremisesSyncEnabled": True,
            "onPremisesExtensionAttributes": {"extensionAttribute15": "z"},
            "extension_c272a57b722d4eb29bfe327874ae79cb_Office": "1",
            "extension_bad": "2",
        },
    )
    assert facts == {
        "mobile": "3",
        "telephonenumber": "1",
        "sipproxyaddress": "SIP:a@b.test",
        "dirsyncenabled": True,
        "extensionattribute15": "z",
        "extension_c272a57b722d4eb29bfe327874ae79cb_office": "1",
    }
