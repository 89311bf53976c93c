"""The report of a hardware hash: what administrators know from the factory tool (06 section 1.6)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import msgspec
import pytest
from typer.testing import CliRunner

from taxiway.cli.main import app
from taxiway.device import Firmware
from taxiway.kernel import SeededEntropy, SystemClock
from taxiway.wire import registration_csv
from taxiway.wire.hardware_hash import HardwareHash
from taxiway.wire.hardware_report import render, report
from taxiway.wire.xml import parse_xml


@pytest.fixture
def hashed():
    firmware = Firmware.new(SeededEntropy("firmware"), serial="SN-0001")
    return firmware.hardware_hash(SystemClock().now())


def run(*arguments):
    return CliRunner().invoke(app, ["hash", "show", *arguments])


def test_the_report_names_what_scripts_read(hashed):
    """The five names of the common diagnostics script, and nothing that the hash does not tell."""
    told = dict(report(hashed))
    assert told["OsBuild"] == "10.0.26100.1742"
    assert told["SmbiosSystemSerialNumber"] == "SN-0001"
    assert told["SmbiosSystemManufacturer"] == hashed.manufacturer
    assert told["SmbiosSystemProductName"] == hashed.product
    assert told["TPMVersion"]
    assert told["OfflineDeviceId"] == told["EkPubHash"]
    assert dict(report(HardwareHash(serial="SN-1", manufacturer="A"))) == {
        "SmbiosSystemManufacturer": "A",
        "SmbiosSystemSerialNumber": "SN-1",
    }


#: As far as the order is known (06 section 1.6).
ORDER = [
    "ToolVersion",
    "HardwareInventoryVersion",
    "ToolBuild",
    "OSType",
    "OsCpuArchitecture",
    "OsBuild",
    "OsSystemTime",
    "OsLocalTime",
    "ProcessorModel",
    "ProcessorPackages",
    "ProcessorThreads",
    "ProcessorCores",
    "ProcessorHyperThreading",
    "SmbiosRamArrayCount",
    "SmbiosRamSlots",
    "SmbiosRamErrorCorrection",
    "SmbiosRamMaximumCapacity",
    "TotalPhysicalRAM",
    "SmbiosFirmwareVendor",
    "SmbiosSystemManufacturer",
    "SmbiosSystemProductName",
    "SmbiosSystemSerialNumber",
    "SmbiosUuid",
]


def test_the_report_keeps_the_tools_order(hashed):
    """Every name whose place is known, in its place; the first tools did not name the processor's maker apart."""
    names = [name for name, _ in report(hashed)]
    assert [name for name in names if name in ORDER] == ORDER
    old = msgspec.structs.replace(hashed, tool=msgspec.structs.replace(hashed.tool, tool_version=3))
    told = dict(report(old))
    assert (told["HardwareInventoryVersion"], "ProcessorManufacturer" in told) == ("131", False)
    assert "ProcessorManufacturer" in names


@pytest.mark.parametrize(
    ("quarters", "said"), [(-20, "2026-03-01T03:00:00-05:00"), (8, "2026-03-01T10:00:00+02:00"), (120, "+30:00")]
)
def test_an_offset_that_no_place_has_is_shown_as_it_is(hashed, quarters, said):
    """The tool of that time prints +30:00 as well; the command does not fail on it."""
    created = datetime(2026, 3, 1, 8, tzinfo=UTC)
    tool = msgspec.structs.replace(hashed.tool, created=created, utc_offset_minutes=quarters * 15)
    assert dict(report(msgspec.structs.replace(hashed, tool=tool)))["OsLocalTime"].endswith(said)


def test_the_report_is_the_tools_xml():
    """Values are escaped, and a reader finds them by attribute."""
    root = parse_xml(render([("SmbiosSystemManufacturer", 'A & "B"')]).encode())
    (row,) = root[0]
    assert (row.get("n"), row.get("v")) == ("SmbiosSystemManufacturer", 'A & "B"')


def test_a_file_of_one_hash_or_of_many_is_shown(tmp_path, hashed):
    """Base64 alone, with or without its line ends; and each row of a registration CSV."""
    alone, many = tmp_path / "hash.txt", tmp_path / "hashes.csv"
    text = hashed.encode_base64()
    alone.write_text("\n".join(text[place : place + 76] for place in range(0, len(text), 76)))
    many.write_bytes(registration_csv.write([("SN-0001", "", text), ("SN-0001", "", text)]))
    shown = run(str(alone))
    assert (shown.exit_code, shown.stdout.splitlines()[0]) == (0, "hash")
    assert "SmbiosSystemSerialNumber  SN-0001" in shown.stdout
    rows = [json.loads(line) for line in run(str(many), "--json").stdout.splitlines()]
    assert [row["place"] for row in rows] == ["line 2", "line 3"]
    assert run(str(many), "--serial", "sn-0001", "--xml").stdout.count("<HardwareReport>") == 2
    none = run(str(many), "--serial", "SN-9")
    assert (none.exit_code, "SN-9 was found" in none.stdout) == (1, True)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda blob: blob[:900], "ends after 900 bytes"),
        (lambda blob: blob[:50] + b"\xff" + blob[51:], "checksum"),
        (lambda blob: b"XX" + blob[2:], "letters OA"),
    ],
)
def test_a_damaged_hash_is_named_for_what_it_is(tmp_path, hashed, damage, said):
    """Cut, changed, or none at all: not shown, and the exit status says so."""
    file = tmp_path / "hash.csv"
    file.write_bytes(registration_csv.write([("SN-1", "", base64.b64encode(damage(hashed.encode())).decode())]))
    found = run(str(file))
    assert found.exit_code == 1
    assert said in found.stdout
