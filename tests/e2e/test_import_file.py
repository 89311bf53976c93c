"""One file with everything that files have in the wild, imported over HTTPS by an administrator who signs in."""

from __future__ import annotations

import base64
import codecs

import pytest

from e2e.conftest import PASSWORD
from support.hardware import make_hardware, row_of, unpadded
from taxiway import autopilot, directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.registration import register
from taxiway.wire.registration_csv import RegistrationCsvError, write

pytestmark = pytest.mark.anyio

ENCODINGS = {
    "UTF-16": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-8 with BOM": lambda text: codecs.BOM_UTF8 + text.encode(),
    "ANSI": lambda text: text.encode("cp1252"),
}


@pytest.fixture
async def admin(instance):
    """An Intune administrator, signed in over HTTPS."""
    person = await instance.make_user("root@contoso.example", access_pass=False)

    def promote(tx):
        user = directory.find_user(tx, person.upn)
        directory.assign_role(tx, user["id"], directory.GLOBAL_ADMINISTRATOR, principal=SYSTEM_PRINCIPAL)

    await instance.rt.store.write(instance.tenant, promote)
    async with Administrator(
        instance.settings.urls.people, instance.files.root, person.upn, PASSWORD, instance.rt.clock, instance.rt.entropy
    ) as made:
        yield made


async def registered_at(instance, tenant, hardware):
    """Register a device beforehand."""
    [row] = await autopilot.import_devices(
        instance.rt, tenant, [row_of(hardware)], principal=SYSTEM_PRINCIPAL, correlation=""
    )
    assert row["state"]["deviceImportStatus"] == "complete"


def broken(hardware):
    """A hash whose checksum does not fit what it protects."""
    blob = bytearray(base64.b64decode(hardware.encode_base64()))
    blob[40] ^= 0xFF
    return base64.b64encode(blob).decode()


async def devices_of(instance):
    """Serial number -> registered device."""
    rows = await instance.rt.store.read(instance.tenant, autopilot.DEVICES.select)
    return {row["serial_number"]: row for row in rows}


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_r025_r027_r028_r029_r031_one_file_with_everything(instance, admin, encoding):
    """Each bad row has its documented code, its line and its column, and every good row is registered."""
    other = await instance.make_tenant("fabrikam.example")
    good, plain, loose, twice, here, elsewhere, torn = (make_hardware() for _ in range(7))
    await registered_at(instance, instance.tenant, here)
    await registered_at(instance, other, elsewhere)
    lines = [
        '"group tag","HARDWARE HASH","windows product id","Device serial number","Assigned User"',
        f'"Kiosk é","{good.encode_base64()}","","{good.serial}","ada@contoso.example"',
        f",{plain.encode_base64()},,{plain.serial},",
        f",{unpadded(loose)},,{loose.serial},",
        f"first,{twice.encode_base64()},,{twice.serial},",
        f"second,{twice.encode_base64()},,{twice.serial},",
        f",{here.encode_base64()},,{here.serial},",
        f",{elsewhere.encode_base64()},,{elsewhere.serial},",
        f",{broken(torn)},,{torn.serial},",
        f",=?=,,{torn.serial},",
        "",
    ]
    report = await register(admin, [ENCODINGS[encoding]("\r\n".join(lines))])
    assert set(report.registered) == {good.serial, plain.serial, loose.serial, twice.serial}
    told = {(row.line, row.column, row.code): row.text for row in report.refused}
    assert set(told) == {
        (6, 1, "0"),
        (7, 1, "806"),
        (8, 1, "808"),
        (9, 2, "InvalidZtdHardwareHash"),
        (10, 2, "NotBase64"),
    }
    assert told[6, 1, "0"].startswith("ZtdDeviceDuplicated")
    assert told[7, 1, "806"].startswith("ZtdDeviceAlreadyAssigned")
    assert told[8, 1, "808"].startswith("ZtdDeviceAssignedToOtherTenant")
    assert "checksum" in told[9, 2, "InvalidZtdHardwareHash"].lower()
    repairs = "\n".join(report.repairs)
    assert "line 4, column 2" in repairs
    assert "HARDWARE HASH" in repairs
    found = await devices_of(instance)
    assert set(found) == {*report.registered, here.serial}
    assert found[good.serial]["group_tag"] == "Kiosk é"
    assert found[good.serial]["user_principal_name"] == "ada@contoso.example"
    assert found[twice.serial]["group_tag"] == "first"


async def test_r024_a_file_of_501_rows_is_refused_and_nothing_is_imported(instance, admin):
    """The message says how many a file may hold and at which line it was too many; no row of it is registered."""
    hardware = make_hardware()
    rows = [(f"SN{number}", "", hardware.encode_base64()) for number in range(501)]
    with pytest.raises(RegistrationCsvError, match="500") as refused:
        await register(admin, [write(rows).decode("utf-16").encode("cp1252")], strict=True)
    assert (refused.value.code, refused.value.line) == ("TooManyRows", 502)
    assert await devices_of(instance) == {}
    assert await instance.rt.store.read(instance.tenant, autopilot.IMPORTS.count) == 0


async def test_a_long_file_goes_in_batches_and_is_repeated_after_it_broke_off(instance, admin, monkeypatch):
    """It is told how far it is; what was registered when it broke off is left as it is, and the rest follows."""
    monkeypatch.setattr("taxiway.rehearsal.registration._BATCH", 4)
    made = [make_hardware() for _ in range(22)]
    content = write((hardware.serial, "", hardware.encode_base64()) for hardware in made)
    pieces = [content[at : at + 1000] for at in range(0, len(content), 1000)]

    def break_off(report):
        if len(report.registered) >= 8:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await register(admin, pieces, progress=break_off)
    before = set(await devices_of(instance))
    assert 8 <= len(before) < len(made)
    told = []
    report = await register(admin, pieces, progress=lambda so_far: told.append(len(so_far.registered)))
    known = {row.text.rpartition(" ")[2] for row in report.known}  # what was on its way was registered as well
    assert known >= before
    assert {*report.registered, *known} == set(await devices_of(instance)) == {hardware.serial for hardware in made}
    assert not report.failed
    assert (len(told), told[-1]) == (6, len(report.registered))


async def test_a_file_that_is_no_registration_is_refused_by_name(instance, admin):
    """No header, a column twice, the hash missing, other separators: the code of each, and nothing is imported."""
    for content, code in (
        (b"", "MissingHeader"),
        (b"SN1,,AAAA\r\n", "MissingHeader"),
        (b"Device Serial Number;Hardware Hash\r\n", "MissingHeader"),
        (b"Device Serial Number,Windows Product ID\r\n", "MissingColumn"),
        (b"Hardware Hash,hardware hash\r\n", "DuplicateColumn"),
    ):
        with pytest.raises(RegistrationCsvError) as refused:
            await register(admin, [content])
        assert refused.value.code == code
    assert await devices_of(instance) == {}


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-8 with BOM"])
async def test_r026_strict_refuses_what_the_documentation_forbids(instance, admin, encoding):
    """In strict mode the encoding alone refuses the file and is named; without it the repair is reported."""
    hardware = make_hardware()
    text = f"Device Serial Number,Windows Product ID,Hardware Hash\r\n{hardware.serial},,{hardware.encode_base64()}\r\n"
    with pytest.raises(RegistrationCsvError, match="UTF-") as refused:
        await register(admin, [ENCODINGS[encoding](text)], strict=True)
    assert refused.value.code == "Encoding"
    assert await devices_of(instance) == {}
    report = await register(admin, [ENCODINGS[encoding](text)])
    assert report.registered == [hardware.serial]
    assert any("UTF-" in repair for repair in report.repairs)
