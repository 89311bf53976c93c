"""Registering hardware (01 section 4)."""

import msgspec
import pytest

from support.hardware import make_hardware, row_of, unpadded
from taxiway import autopilot, directory
from taxiway.directory import SYSTEM_PRINCIPAL, Principal
from taxiway.enrollment import MANAGED
from taxiway.store import entries, router
from taxiway.wire.registration_csv import RegistrationCsvError, write

pytestmark = pytest.mark.anyio


def states(rows):
    return [(row["state"]["deviceErrorCode"], row["state"]["deviceErrorName"]) for row in rows]


def csv_of(hardware, columns=3, tag="", user=""):
    return write([(one.serial, "", one.encode_base64(), tag, user) for one in hardware], columns)


async def from_csv(service, content, **more):
    return await autopilot.import_csv(
        service.rt, service.tenant, content, principal=SYSTEM_PRINCIPAL, correlation="", **more
    )


async def test_r024_a_csv_of_500_rows_is_imported_and_501_rows_are_refused(service):
    """Five columns and 500 rows: every device is there; one row more and none is (R-24)."""
    hardware = [make_hardware() for _ in range(501)]
    with pytest.raises(RegistrationCsvError, match="500"):
        await from_csv(service, csv_of(hardware, 5, "KIOSK"))
    assert await service.read(autopilot.DEVICES.count) == 0
    file = await from_csv(service, csv_of(hardware[:500], 5, "KIOSK"))
    assert {row["state"]["deviceImportStatus"] for row in file.rows} == {"complete"}
    assert await service.read(autopilot.DEVICES.count) == 500
    assert await service.read(directory.DEVICES.count) == 500


async def test_r025_columns_are_found_by_their_header(service):
    """Three columns, four with a tag, four with a user, five: each row becomes what its header says (R-25)."""
    one, two, three = (make_hardware() for _ in range(3))
    await from_csv(service, csv_of([one], 3))
    await from_csv(service, csv_of([two], 4, "KIOSK"))
    header = "Device Serial Number,Windows Product ID,Hardware Hash,Assigned User\r\n"
    await from_csv(service, f"{header}{three.serial},,{three.encode_base64()},ada@contoso.example\r\n".encode())
    found = [await service.read(lambda tx, h=h: autopilot.record_of_serial(tx, h.serial)) for h in (one, two, three)]
    assert [(row["group_tag"], row["user_principal_name"]) for row in found] == [
        ("", ""),
        ("KIOSK", ""),
        ("", "ada@contoso.example"),
    ]


async def test_r026_the_strict_reader_names_what_the_lenient_one_repairs(service):
    """UTF-16 as the script writes it: refused when strict, imported and reported otherwise (R-26, P-04)."""
    content = csv_of([make_hardware()])
    with pytest.raises(RegistrationCsvError, match="UTF-16"):
        await from_csv(service, content, strict=True)
    file = await from_csv(service, content)
    assert len(file.rows) == 1
    assert [repair.code for repair in file.repairs] == ["Encoding"]


async def test_r027_a_hash_without_padding_is_repaired(service):
    """Base64 as Windows emits it, unpadded, is registered (R-27)."""
    hardware = make_hardware()
    assert await service.registered(hardware, hardware_identifier=unpadded(hardware))


async def test_r028_a_device_twice_in_one_batch_is_registered_once(service):
    """The first row is registered; the same hash, and a later hash of the same PC, are duplicates (R-28)."""
    hardware = make_hardware()
    later = msgspec.structs.replace(hardware, disk_identities=())
    rows = await service.imported(row_of(hardware), row_of(hardware), row_of(later), row_of(make_hardware()))
    assert states(rows) == [(0, ""), (0, "ZtdDeviceDuplicated"), (0, "ZtdDeviceDuplicated"), (0, "")]
    assert [row["state"]["deviceImportStatus"] for row in rows] == ["complete", "error", "error", "complete"]
    assert await service.read(autopilot.DEVICES.count) == 2


async def test_r029_a_device_that_is_registered_here_already(service):
    """806, and the registration stays as it was (R-29)."""
    hardware = make_hardware()
    ztdid = await service.registered(hardware, group_tag="A")
    assert states(await service.imported(row_of(hardware, group_tag="B"))) == [(806, "ZtdDeviceAlreadyAssigned")]
    assert (await service.record(ztdid))["group_tag"] == "A"


async def test_r029_a_device_that_another_tenant_has(service, other_tenant):
    """808 without a trace in the second tenant; once it is deregistered in the first, it can be registered (R-29)."""
    hardware = make_hardware()
    ztdid = await service.registered(hardware)
    refused = await service.imported(row_of(hardware), tenant=other_tenant)
    assert states(refused) == [(808, "ZtdDeviceAssignedToOtherTenant")]
    assert await service.read(directory.DEVICES.count, other_tenant) == 0
    await service.write(lambda tx: autopilot.deregister(tx, ztdid, principal=SYSTEM_PRINCIPAL))
    assert states(await service.imported(row_of(hardware), tenant=other_tenant)) == [(0, "")]


async def test_a_device_in_another_tenant_is_recognised_by_one_strong_fact(service, other_tenant):
    """A board that shares only its TPM key with a device elsewhere is 808: a tenant cannot take parts over."""
    hardware = make_hardware()
    await service.registered(hardware)
    moved = make_hardware(tpm_ek=hardware.tpm_ek)
    assert states(await service.imported(row_of(moved), tenant=other_tenant)) == [
        (808, "ZtdDeviceAssignedToOtherTenant")
    ]


@pytest.mark.parametrize("missing", ["serial", "manufacturer"])
async def test_r030_a_hash_without_serial_or_manufacturer_is_invalid(service, missing):
    """802 InvalidZtdHardwareHash (R-30)."""
    broken = make_hardware(**{missing: None})
    assert states(await service.imported(row_of(broken))) == [(802, "InvalidZtdHardwareHash")]


async def test_a_bad_row_costs_itself_alone(service):
    """A wrong checksum, no base64, no hash, nothing at all: each its own error, and the good rows are registered."""
    blob = make_hardware().encode_base64()
    damaged = blob[:40] + ("A" if blob[40] != "A" else "B") + blob[41:]
    rows = await service.imported(
        autopilot.ImportRow(serial_number="S1", hardware_identifier=damaged),
        row_of(make_hardware()),
        autopilot.ImportRow(serial_number="S2", hardware_identifier="not base64!"),
        autopilot.ImportRow(serial_number="S3"),
        autopilot.ImportRow(),
        row_of(make_hardware(), group_tag="a\x00b"),
        row_of(make_hardware()),
    )
    assert states(rows) == [
        (802, "InvalidZtdHardwareHash"),
        (0, ""),
        (802, "InvalidZtdHardwareHash"),
        (0, "ZtdDeviceNotFound"),
        (803, "MissingZtdSerialNumberAndProductKey"),
        (801, "InvalidZtdRequestBody"),
        (0, ""),
    ]
    assert await service.read(autopilot.DEVICES.count) == 2


async def test_r031_errors_name_the_lines_of_the_file(service):
    """A damaged hash on line 3 and a device that is known on line 4 (R-31)."""
    known, good, bad = make_hardware(), make_hardware(), make_hardware()
    await service.registered(known)
    blob = bad.encode_base64()
    lines = [
        "Device Serial Number,Windows Product ID,Hardware Hash",
        f"{good.serial},,{good.encode_base64()}",
        f"{bad.serial},,{'B' if blob[0] != 'B' else 'C'}{blob[1:]}",
        f"{known.serial},,{known.encode_base64()}",
    ]
    file = await from_csv(service, "\r\n".join(lines).encode())
    assert [(problem.line, problem.code) for problem in file.problems] == [
        (3, "InvalidZtdHardwareHash"),
        (4, "ZtdDeviceAlreadyAssigned"),
    ]
    log = await service.read(entries)
    assert [entry.what["line"] for entry in log if entry.kind == "import.refused"] == [4]


async def test_r032_the_domain_of_the_assigned_user_is_checked_and_the_name_is_not(service):
    """Another domain is refused; an unknown name is taken, with a warning in the log (R-32, P-05)."""
    strange, unknown = make_hardware(), make_hardware()
    rows = await service.imported(
        row_of(strange, assigned_user_principal_name="ada@fabrikam.example"),
        row_of(unknown, assigned_user_principal_name="nobody@CONTOSO.example"),
    )
    assert states(rows) == [(801, "InvalidZtdRequestBody"), (0, "")]
    [registered] = [entry for entry in await service.read(entries) if entry.kind == "autopilot.registered"]
    assert [reason["code"] for reason in registered.why] == ["assigned_user.unknown"]


async def test_r033_r034_a_good_row_makes_record_and_anchor(service):
    """Without a product id: the record, and a device object with [ZTDID] and [OrderID] physical ids (R-33, R-34)."""
    hardware = make_hardware()
    ztdid = await service.registered(hardware, group_tag="KIOSK", import_id="batch-1")
    record, device = await service.record(ztdid), await service.device(ztdid)
    assert device["physical_ids"] == [f"[ZTDID]:{ztdid}", "[OrderID]:KIOSK"]
    assert record["azure_active_directory_device_id"] == device["device_id"]
    assert record["serial_number"] == hardware.serial
    assert (record["manufacturer"], record["model"]) == ("Contoso Devices", "Contoso Book 14")
    assert (record["enrollment_state"], record["last_contacted_at"]) == ("notContacted", None)
    assert [row["import_id"] for row in await service.read(autopilot.IMPORTS.select)] == ["batch-1"]
    kinds = [entry.kind for entry in await service.read(lambda tx: entries(tx, subject=f"autopilot:{ztdid}"))]
    assert "autopilot.registered" in kinds


async def test_r035_an_anchor_belongs_to_nobody_before_its_first_enrollment(service):
    """A registered device is not joined and nobody's: the quota and the device lists pass over it (R-35)."""
    device = await service.device(await service.registered())
    assert (device["registered_at"], device["owner_id"], device["is_managed"]) == (None, None, None)


async def test_r034_a_dynamic_group_has_the_device_at_once(service):
    """The rule on [OrderID] holds in the transaction that registers (R-34, P-02)."""
    rule = '(device.devicePhysicalIds -any (_ -eq "[OrderID]:KIOSK"))'
    group = await service.group(rule=rule)
    ztdid, other = await service.registered(group_tag="KIOSK"), await service.registered(group_tag="OFFICE")
    members = await service.read(lambda tx: directory.members(tx, group))
    assert members == [("device", (await service.device(ztdid))["id"])]
    assert other


async def test_r038_a_new_tag_moves_the_device_between_groups(service):
    """Name, tag, order and greeting are editable; the tag moves the device at once (R-38)."""
    kiosk = await service.group("Kiosk", '(device.devicePhysicalIds -any (_ -eq "[OrderID]:KIOSK"))')
    office = await service.group("Office", '(device.devicePhysicalIds -any (_ -eq "[OrderID]:OFFICE"))')
    ztdid = await service.registered(group_tag="KIOSK")
    device = await service.device(ztdid)
    changes = {"group_tag": "OFFICE", "purchase_order_identifier": "PO-7", "display_name": "DESK-7"}
    await service.write(lambda tx: autopilot.update_properties(tx, ztdid, changes, principal=SYSTEM_PRINCIPAL))
    groups = await service.read(lambda tx: directory.groups_of(tx, "device", device["id"]))
    assert (office in groups, kiosk in groups) == (True, False)
    ids = (await service.device(ztdid))["physical_ids"]
    assert ids == [f"[ZTDID]:{ztdid}", "[OrderID]:OFFICE", "[PurchaseOrderId]:PO-7"]
    cleared = {"group_tag": ""}
    await service.write(lambda tx: autopilot.update_properties(tx, ztdid, cleared, principal=SYSTEM_PRINCIPAL))
    assert (await service.device(ztdid))["physical_ids"] == [f"[ZTDID]:{ztdid}", "[PurchaseOrderId]:PO-7"]
    assert (await service.record(ztdid))["display_name"] == "DESK-7"


@pytest.mark.parametrize(
    "changes", [{"serial_number": "X"}, {"group_tag": "a\nb"}, {"display_name": "much too long 1"}]
)
async def test_what_may_not_be_edited_is_refused(service, changes):
    """The serial number is the hardware's; texts have no control characters; a name is one that Windows takes."""
    ztdid = await service.registered()
    with pytest.raises(autopilot.AutopilotError):
        await service.write(lambda tx: autopilot.update_properties(tx, ztdid, changes, principal=SYSTEM_PRINCIPAL))


async def test_r039_the_same_machine_matches_and_a_new_board_does_not(service):
    """Another time and another disk: known. Another board under the same serial number: a new device (R-39)."""
    hardware = make_hardware()
    await service.registered(hardware)
    again = msgspec.structs.replace(hardware, disk_identities=(), tool=None)
    new = make_hardware(serial=hardware.serial)
    rows = await service.imported(row_of(again), row_of(new))
    assert states(rows) == [(806, "ZtdDeviceAlreadyAssigned"), (0, "")]


async def test_r043_r054_deregistering_removes_record_claims_and_anchor(service):
    """Nothing of the device is left, and the router has forgotten it (R-43, R-54)."""
    ztdid = await service.registered()
    await service.write(lambda tx: autopilot.deregister(tx, ztdid, principal=SYSTEM_PRINCIPAL))
    assert await service.record(ztdid) is None
    assert await service.device(ztdid) is None

    def claims(tx):
        return tx.all(router.router.select().where(router.router.c.kind == "hardware"))

    assert await service.read(claims) == []


async def test_a_shared_fact_stays_claimed_while_one_registration_needs_it(service, other_tenant):
    """Two registrations with one serial number: the tuple's claim outlives the first of them."""
    first = make_hardware()
    second = make_hardware(serial=first.serial)
    ztdid, _ = await service.registered(first), await service.registered(second)
    await service.write(lambda tx: autopilot.deregister(tx, ztdid, principal=SYSTEM_PRINCIPAL))
    stranger = make_hardware(serial=first.serial)
    assert states(await service.imported(row_of(stranger), tenant=other_tenant))[0][0] == 808


async def test_r040_registering_a_personal_device_leaves_it_personal_and_says_so(service):
    """The trust type stays Workplace, the anchor is an object of its own, and the import warns what is to do (R-40)."""
    hardware = make_hardware()

    def enroll(tx):
        device = directory.join_device(
            tx, display_name="HOME-PC", os="Windows", os_version="10.0.26100.1", trust_type="Workplace"
        )
        values = {"serial_number": hardware.serial.lower(), "join_type": "azureADRegistered"}
        MANAGED.insert(tx, {**values, "azure_ad_device_id": device["device_id"]})
        return device["id"]

    device_id = await service.write(enroll)
    [row, other] = await service.imported(row_of(hardware), row_of(make_hardware()))
    assert row["state"]["deviceImportStatus"] == "complete"
    assert [[finding["code"] for finding in one["findings"]] for one in (row, other)] == [["registered.workplace"], []]
    personal = await service.read(lambda tx: directory.find_device(tx, id=device_id))
    assert (personal["trust_type"], personal["ztdid"]) == ("Workplace", None)
    assert (await service.device(row["state"]["deviceRegistrationId"]))["id"] != device_id
    [warned] = [entry for entry in await service.read(entries) if entry.kind == "import.warned"]
    assert "reset" in warned.why[0]["text"]


async def test_r042_deregistering_a_joined_device_leaves_its_object(service):
    """Registration only: the device stays joined, without the tags (R-42)."""
    ztdid = await service.registered(group_tag="KIOSK")
    device = await service.device(ztdid)

    def join(tx):
        directory.join_device(
            tx,
            device_id=device["device_id"],
            display_name="PC-1",
            os="Windows",
            os_version="10.0.26100.1",
            trust_type="AzureAd",
        )
        autopilot.deregister(tx, ztdid, principal=SYSTEM_PRINCIPAL)
        return directory.find_device(tx, id=device["id"])

    kept = await service.write(join)
    assert kept["ztdid"] is None
    assert not [entry for entry in kept["physical_ids"] if entry.startswith(("[ZTDID]", "[OrderID]"))]


async def test_r044_who_may_register(service):
    """An Intune Administrator may, a user without a role may not (R-44)."""
    plain = Principal("user", "u1", service.tenant)
    with pytest.raises(directory.Forbidden):
        await service.imported(row_of(make_hardware()), principal=plain)
    administrator = Principal("user", "u2", service.tenant, roles=frozenset({directory.INTUNE_ADMINISTRATOR}))
    assert states(await service.imported(row_of(make_hardware()), principal=administrator)) == [(0, "")]


async def test_placeholder_serial_numbers_recognise_nobody(service, other_tenant):
    """Boards whose maker never set a number do not collide across tenants."""
    await service.registered(make_hardware(serial="To be filled by O.E.M."))
    rows = await service.imported(row_of(make_hardware(serial="To be filled by O.E.M.")), tenant=other_tenant)
    assert states(rows) == [(0, "")]
