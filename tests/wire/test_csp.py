"""The table of CSP facts, the lists of the Enrollment Status Page, the MSI job (05 sections 6.1, 9.1, 10)."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.wire import csp, expected, msi_job
from taxiway.wire.csp_around import nearest
from taxiway.wire.errors import WireError

ESP = "./Device/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server/FirstSyncStatus"


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        (f"{ESP}/BlockInStatusPage", "Vendor/MSFT/DMClient/Provider/{ProviderID}/FirstSyncStatus/BlockInStatusPage"),
        ("./Vendor/MSFT/DeviceStatus/SecureBootState", "Vendor/MSFT/DeviceStatus/SecureBootState"),
        ("./device/vendor/msft/BITLOCKER/requiredeviceencryption", "Vendor/MSFT/BitLocker/RequireDeviceEncryption"),
        ("./DevInfo/DevId", "DevInfo/DevId"),
        ("./DevDetail/Ext/DeviceHardwareData", "DevDetail/Ext/DeviceHardwareData"),
        ("./User/Vendor/MSFT/WiFi/Profile/Tower%2FApron/WlanXml", "Vendor/MSFT/WiFi/Profile/{SSID}/WlanXml"),
        ("./Device/Vendor/MSFT/Policy/Config/Anything/AtAll", "Vendor/MSFT/Policy/Config/{Area}/{Policy}"),
        ("./Device/Vendor/MSFT/Policy/Config/DeviceLock/Other", "Vendor/MSFT/Policy/Config/{Area}/{Policy}"),
        ("./Device/Vendor/MSFT/Policy/Config/DeviceLock", "Vendor/MSFT/Policy/Config/{Area}"),
        ("./Device/Vendor/MSFT/Policy/Result/Update/AllowAutoUpdate", "Vendor/MSFT/Policy/Result/{Area}/{Policy}"),
        (
            "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B1-2%7D/Status",
            "Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/{ProductID}/Status",
        ),
        ("./Device/Vendor/MSFT", "Vendor/MSFT"),
    ],
)
def test_nodes_are_found_by_any_spelling(uri, path):
    """Scope or legacy prefix, any case, encoded and free segments lead to the same node (05 section 9.1)."""
    node = csp.lookup(uri)
    assert node is not None
    assert node.path == path


@pytest.mark.parametrize(
    "uri",
    [
        "",
        ".",
        "/Device/Vendor",
        "Vendor/MSFT/BitLocker",
        "./Device//Vendor",
        "./Device/./Vendor",
        "./Device/Vendor/*",
        "./User",
        "./Device/Vendor/MSFT/Nowhere",
        f"{ESP}/Nothing",
        "./User/Vendor/MSFT/BitLocker/RequireDeviceEncryption",
        "./User/Vendor/MSFT/Policy/Config/DeviceLock/MinDevicePasswordLength",
        "./a" + "/a" * 100,
    ],
)
def test_what_is_no_node(uri):
    """Broken URIs, unknown names and nodes of the other scope are not found (05 section 6.1)."""
    assert csp.lookup(uri) is None


def test_facts_differ_by_scope():
    """The same name has its own access under ./User (05 section 10.3)."""
    device, user = (
        csp.lookup(f"{ESP}/CustomErrorText"),
        csp.lookup(f"{ESP}/CustomErrorText".replace("Device", "User", 1)),
    )
    assert device is not None
    assert user is not None
    assert (device.access, user.access) == ("ADGR", "GR")


def test_esp_facts():
    """The page's nodes have the documented defaults, ranges and one-way switches (05 section 10.3)."""
    facts = {
        name: csp.lookup(f"{ESP}/{name}") for name in ("SkipDeviceStatusPage", "TimeOutUntilSyncFailure", "IsSyncDone")
    }
    skip, timeout, done = facts.values()
    assert skip is not None
    assert timeout is not None
    assert done is not None
    assert (skip.default, skip.access) == ("true", "GR")
    assert (timeout.default, timeout.range) == ("60", (1, 1440))
    assert (done.default, done.one_way) == ("false", "true")


@pytest.mark.parametrize(
    ("uri", "verb", "form", "data", "says"),
    [
        (f"{ESP}/BlockInStatusPage", "Replace", "int", "3", None),
        (f"{ESP}/BlockInStatusPage", "Replace", "int", "8", "bits"),
        (f"{ESP}/BlockInStatusPage", "Replace", "int", "-1", "bits"),
        (f"{ESP}/BlockInStatusPage", "Add", "int", "3", "Add is not allowed"),
        (f"{ESP}/BlockInStatusPage", "Replace", "chr", "3", "format"),
        (f"{ESP}/TimeOutUntilSyncFailure", "Replace", "int", "1441", "between"),
        (f"{ESP}/TimeOutUntilSyncFailure", "Replace", "int", "an hour", "integer"),
        (f"{ESP}/ServerHasFinishedProvisioning", "Replace", "bool", "true", None),
        (f"{ESP}/ServerHasFinishedProvisioning", "Replace", "bool", "false", "only be set to true"),
        (f"{ESP}/SkipDeviceStatusPage", "Replace", "bool", "yes", "true or false"),
        (f"{ESP}/WasDeviceSuccessfullyProvisioned", "Replace", "int", "5", "one of"),
        (f"{ESP}/ExpectedPolicies", "Delete", None, None, None),
        ("./Vendor/MSFT/DMClient/Provider/x/SyncApplicationVersion", "Replace", "chr", "4.0", None),
        ("./Vendor/MSFT/DMClient/Provider/x/SyncApplicationVersion", "Replace", "chr", "four", "form"),
        ("./Device/Vendor/MSFT/RootCATrustedCertificates/Root/AB/EncodedCertificate", "Add", "b64", "TUlJ", None),
        ("./Device/Vendor/MSFT/RootCATrustedCertificates/Root/AB/EncodedCertificate", "Add", "b64", "MII!", "base64"),
        ("./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7Bx%7D/DownloadInstall", "Add", None, None, None),
        (
            "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7Bx%7D/DownloadInstall",
            "Exec",
            "xml",
            "<a/>",
            None,
        ),
        ("./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7Bx%7D/Status", "Replace", "int", "70", "takes G"),
        ("./Device/Vendor/MSFT/WiFi/Profile/T", "Add", "node", "x", "interior"),
        ("./Device/Vendor/MSFT/Reboot/RebootNow", "Exec", None, None, None),
        ("./Device/Vendor/MSFT/Policy/Config/Area/Any", "Replace", "chr", "<enabled/>", None),
        ("./User/Vendor/MSFT/BitLocker/RequireDeviceEncryption", "Replace", "int", "1", "only in device scope"),
        ("./Device/Vendor/MSFT/Nowhere/Node", "Replace", "int", "1", "not in the table"),
        ("Nowhere", "Replace", "int", "1", "not a LocURI"),
    ],
)
def test_writes_are_checked(uri, verb, form, data, says):
    """A write is good or has a sentence that says what is wrong with it (05 sections 6.1 and 10)."""
    problems = csp.check_write(uri, verb, form, data)
    if says is None:
        assert problems == []
    else:
        assert len(problems) == 1
        assert says in problems[0]


def test_locations_have_one_spelling():
    """Every spelling of a location has one key and one written form (05 section 9.1)."""
    spellings = [
        "./Vendor/MSFT/WiFi/Profile/A%20b",
        "./Device/Vendor/MSFT/WiFi/Profile/A b",
        "./DEVICE/vendor/msft/wifi/profile/a%20B",
    ]
    found = [csp.locate(uri) for uri in spellings]
    assert len({location.key for location in found if location}) == 1
    assert found[0] is not None
    assert found[0].uri == "./Device/Vendor/MSFT/WiFi/Profile/A%20b"
    info = csp.locate("./DevInfo/DevId")
    assert info is not None
    assert info.uri == "./DevInfo/DevId"


@given(
    st.sampled_from(["device", "user"]),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=6),
)
def test_locations_round_trip(scope, segments):
    """Any names, slashes and braces included, survive being written as a LocURI."""
    location = csp.Location(scope, ("Vendor", *segments))
    if not {".", "*"} & set(segments):
        assert csp.locate(location.uri) == location


def test_table_is_sound():
    """Each node's format and access are of the known ones, and its default is a value it accepts."""
    for _, node in csp.nodes():
        assert node.format in {"any", "chr", "int", "bool", "b64", "xml", "node", "null"}, node
        assert node.access, node
        assert set(node.access) <= set("ADGRX"), node
        if node.default is not None and node.one_way is None:
            assert csp.check_value(node, node.default) == [], node


@given(st.text(max_size=40), st.sampled_from(["Add", "Get", "Exec", "Replace"]), st.text(max_size=10))
def test_any_text_is_answered(uri, verb, data):
    """No URI and no value makes the check fail with anything but sentences."""
    assert isinstance(csp.check_write(uri, verb, "int", data), list)
    assert isinstance(csp.check_write(f"{ESP}/TimeOutUntilSyncFailure", verb, "int", data), list)


def test_expected_lists():
    """URIs and apps are separated by U+F000; an app carries a count that is only shown (05 section 10.3)."""
    assert expected.split_uris(expected.join_uris(["./a", "./b"])) == ["./a", "./b"]
    assert expected.split_uris("") == []
    apps = [expected.TrackedApp("./Device/Vendor/MSFT/x/Status"), expected.TrackedApp("./y", 2)]
    assert expected.join_apps(apps) == "./Device/Vendor/MSFT/x/Status;1\uf000./y;2"
    assert expected.split_apps(expected.join_apps(apps)) == apps
    assert expected.split_apps("./z;many") == [expected.TrackedApp("./z", 1)]


JOB = msi_job.MsiJob(
    product_id="{11111111-2222-3333-4444-555555555555}",
    urls=("https://mdm.test/a.msi?x&y", "https://mdm.test/b.msi"),
    sha256="ab" * 32,
    version="1.4.0",
)


def test_msi_job_round_trip():
    """The device reads the job the server wrote."""
    assert msi_job.parse_msi_job(msi_job.render_msi_job(JOB)) == JOB


def test_msi_job_inherits_no_namespace():
    """Inline job markup is read whatever namespace it inherited (05 section 10.5)."""
    inline = msi_job.render_msi_job(JOB).replace("<MsiInstallJob ", '<MsiInstallJob xmlns="SYNCML:SYNCML1.2" ')
    assert msi_job.parse_msi_job(f"\n  {inline}\n") == JOB


@pytest.mark.parametrize(
    ("old", "new"),
    [("FileHash>ab", "FileHash>zz"), ("ContentURL>", "Other>"), ("MsiInstallJob", "Job"), (">60<", ">soon<")],
)
def test_bad_msi_jobs_are_named(old, new):
    """A job without address, hash or form is refused by name."""
    with pytest.raises(msi_job.BadMsiJob):
        msi_job.parse_msi_job(msi_job.render_msi_job(JOB).replace(old, new))


@given(st.text())
def test_any_job_text_is_read_or_named(data):
    """Any text becomes a job or a WireError."""
    with contextlib.suppress(WireError):
        msi_job.parse_msi_job(data)


def test_the_nearest_name_is_looked_for_in_bounds():
    """A slip is found under a placeholder too; a name of any length costs nothing."""
    near = "./Device/Vendor/MSFT/WiFi/Profile/Caf%C3%A9/WlanXml"
    assert nearest("./Device/Vendor/MSFT/WiFi/Profil/Caf%C3%A9/WlanXm") == near
    assert nearest("./Device/Vendor/MSFT/BitLocker/" + "x" * 1_000_000) is None
    assert nearest("Vendor/MSFT/BitLocker/RequireDeviceEncryption") is not None
    assert nearest("./" + "/".join(["a"] * 100)) is None
