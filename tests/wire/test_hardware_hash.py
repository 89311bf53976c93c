"""The hardware hash: what is written can be read, and what is damaged is named."""

import base64
import hashlib
import struct
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.wire import hardware_facts as facts
from taxiway.wire.hardware_hash import (
    HardwareHash,
    InvalidHardwareHash,
    UnknownElement,
    decode,
    decode_base64,
    from_base64,
    repair_padding,
)

EK = bytes(range(256))


def laptop(**changes):
    values = {
        "tool": facts.ToolInfo((10, 0, 26100, 1), (10, 0, 26100, 1742), datetime(2026, 3, 1, 8, 30, tzinfo=UTC), -300),
        "processors": facts.Processors(9, 1, 10, 12, hyper_threading=True),
        "core_classes": (facts.CoreClass(1, 2, 4), facts.CoreClass(0, 8, 8)),
        "memory": facts.Memory(16, 64, 2),
        "cpu_vendor": "GenuineIntel",
        "cpu_brand": "Imaginary CPU 7",
        "disks": (facts.Disk(512, facts.BUS_NVME),),
        "disk_identities": (facts.DiskIdentity("DISK-1", "Fast", ""),),
        "adapters": (
            facts.NetworkAdapter(facts.MEDIUM_8023, bytes.fromhex("02aabbccdd01"), "PCI"),
            facts.NetworkAdapter(facts.MEDIUM_8023, bytes.fromhex("02aabbccdd02"), "USB"),
            facts.NetworkAdapter(facts.MEDIUM_BLUETOOTH, bytes.fromhex("02aabbccdd03"), "BTH"),
        ),
        "displays": (facts.Display(309, 174, 1920, 1080, 0x80000000),),
        "display_sizes": (facts.DisplaySize(31, 17),),
        "chassis": facts.Chassis(10, 2),
        "tpm_version": "TPM-Version:2.0",
        "tpm_ek": EK,
        "offline_id": facts.OfflineDeviceId(facts.ID_SOURCE_TPM, hashlib.sha256(EK).digest()),
        "smbios_uuid": UUID("01234567-89ab-cdef-0123-456789abcdef"),
        "serial": "SIM00001",
        "firmware_vendor": "Contoso Firmware",
        "manufacturer": "Contoso Ltd",
        "product": "Falcon 7",
        "sku": "F7",
        "family": "Falcon",
        "system_version": "1",
        "product_key_id": "1234567890123",
        "kernel_disk_identities": (facts.DiskIdentity("DISK-1", "Fast", ""),),
        "gpu_memory": (facts.GpuMemory(1 << 27),),
        "gpu_names": ("Contoso|Pixels",),
        "unknown": (UnknownElement(35, b"\x02\xff\x07"),),
    }
    return HardwareHash(**(values | changes))


def sealed(elements, fill=3000):
    body = b"OA" + struct.pack("<H", 4 + len(elements)) + elements
    return (body + b"CS\x24\0" + hashlib.sha256(body).digest()).ljust(fill, b"\0")


def element(kind, payload):
    return struct.pack("<HH", kind, len(payload) + 4) + payload


MINIMAL = element(14, b"S1\0") + element(16, b"Contoso\0")


def fault(blob):
    with pytest.raises(InvalidHardwareHash) as caught:
        decode(blob)
    return caught.value.fault


def test_everything_written_is_read_back():
    """A hash holds every fact it was made from, in 3000 bytes and 4000 characters without padding."""
    hardware = laptop()
    assert len(hardware.encode()) == 3000
    text = hardware.encode_base64()
    assert len(text) == 4000
    assert not text.endswith("=")
    assert text[:3] in {"T0E", "T0F", "T0G", "T0H"}
    assert decode(hardware.encode()) == hardware
    assert decode_base64(text) == hardware


def test_the_skeleton_of_the_specification():
    """Element bytes are those of 06 section 1.5."""
    tool = facts.ToolInfo((10, 0, 26100, 0), (10, 0, 26100, 0), datetime(2000, 1, 1, tzinfo=UTC), 0)
    assert tool.render().hex(" ").startswith("00 00 0a 00 00 00 f4 65 00 00 0a 00 00 00 f4 65")
    assert tool.render()[-4:] == bytes.fromhex("00020909")
    assert facts.Processors(9, 1, 2, 4, hyper_threading=True).render() == bytes.fromhex("090001000200040001000000")
    blob = HardwareHash(serial="SIM00001", manufacturer="Contoso Ltd").encode()
    assert blob[4:17] == bytes.fromhex("0e000d0053494d303030303100")
    assert blob[17:33] == bytes.fromhex("10001000436f6e746f736f204c746400")


def test_lengths_of_the_fixed_elements():
    """The fixed layouts have the lengths of 06 section 1.3, headers included."""
    lengths = {1: 28, 2: 16, 4: 52, 5: 25, 6: 16, 9: 16, 10: 9, 11: 46, 12: 20, 24: 18, 25: 260, 27: 8, 29: 22, 34: 15}
    blob = laptop().encode()
    offset, seen = 4, {}
    while offset < int.from_bytes(blob[2:4], "little"):
        kind, length = struct.unpack_from("<HH", blob, offset)
        seen[kind] = length
        offset += length
    assert {kind: seen[kind] for kind in lengths} == lengths


@pytest.mark.parametrize(
    ("blob", "expected"),
    [
        (b"", "magic"),
        (b"XX" + laptop().encode()[2:], "magic"),
        (b"OA", "truncated"),
        (laptop().encode()[:400], "truncated"),
        (sealed(MINIMAL).replace(b"CS", b"CT"), "trailer"),
        (b"OA\0\0" + bytes(2996), "trailer"),
        (laptop().encode().replace(b"SIM00001", b"SIM00002"), "checksum"),
        (sealed(MINIMAL)[:-1] + b"x", "fill"),
        (sealed(MINIMAL, 5000), "too_large"),
        (sealed(MINIMAL + b"\x01\0"), "elements"),
        (sealed(MINIMAL + struct.pack("<HH", 15, 3)), "elements"),
        (sealed(MINIMAL + struct.pack("<HH", 15, 400)), "elements"),
        (sealed(MINIMAL + element(14, b"S2\0")), "elements"),
        (sealed(MINIMAL + element(1, b"short")), "payload"),
        (sealed(MINIMAL + element(15, b"no end")), "payload"),
        (sealed(MINIMAL + element(8, bytes(10) + b"\x09\0\0\0ab")), "payload"),
        (sealed(MINIMAL + element(8, b"a")), "payload"),
        (sealed(MINIMAL + element(4, b"a")), "payload"),
        (sealed(MINIMAL + element(25, b"a")), "payload"),
        (sealed(MINIMAL + element(12, b"a")), "payload"),
        (sealed(MINIMAL + element(34, b"\x02")), "payload"),
        (sealed(MINIMAL + element(30, b"abc")), "payload"),
        (sealed(MINIMAL + element(11, bytes(41))), "payload"),
        (sealed(MINIMAL + element(11, bytes(42))), "payload"),
        (sealed(element(16, b"Contoso\0")), "serial"),
        (sealed(element(14, b" \0") + element(16, b"Contoso\0")), "serial"),
        (sealed(element(14, b"S1\0") + element(16, b"\0")), "manufacturer"),
        (laptop(tpm_ek=EK[::-1]).encode(), "offline_id"),
    ],
)
def test_a_damaged_hash_is_named_for_what_it_is(blob, expected):
    """Each kind of damage has its own fault."""
    assert fault(blob) == expected


def test_r030_serial_and_manufacturer_suffice():
    """A hash reduced to serial and manufacturer is read; one without either is refused."""
    assert decode(sealed(MINIMAL)).serial == "S1"
    assert fault(sealed(element(14, b"S1\0"))) == "manufacturer"


def test_lost_fill_does_no_harm():
    """The zeros behind the checksum carry nothing, so a paste that lost some is still whole."""
    assert decode(laptop().encode()[:2000].ljust(2500, b"\0")) == laptop()


def test_too_many_facts():
    """Facts that do not fit into the blob are refused when writing."""
    with pytest.raises(InvalidHardwareHash, match="fit"):
        laptop(sku="x" * 3000).encode()
    with pytest.raises(InvalidHardwareHash, match="element 10"):
        laptop(chassis=facts.Chassis(300, 0)).encode()


def test_r027_padding():
    """Unpadded base64 is refused when strict and repaired by the documented loop."""
    text = base64.b64encode(sealed(MINIMAL, 2999)).decode()
    assert text.endswith("=")
    bare = text.rstrip("=")
    with pytest.raises(InvalidHardwareHash) as caught:
        decode_base64(bare)
    assert caught.value.fault == "padding"
    assert decode_base64(bare, repair=True).serial == "S1"
    assert repair_padding(text) == (text, sealed(MINIMAL, 2999))


@pytest.mark.parametrize(
    ("text", "repaired"), [("wAA", "wAA="), ("wA", "wA=="), ("w", "wA=="), ("wAAAw", "wAAAwA=="), ("wAAA", "wAAA")]
)
def test_the_documented_repair_loop(text, repaired):
    """`=` is appended; a `==` that does not help becomes `A`."""
    assert repair_padding(text)[0] == repaired


@pytest.mark.parametrize("text", ["T0E!", "T0E\u00e9", "T=0E", "T0E=====", "T0 E", '"T0E="'])
def test_not_base64(text):
    """Characters outside the alphabet cannot be repaired."""
    with pytest.raises(InvalidHardwareHash) as caught:
        repair_padding(text)
    assert caught.value.fault == "base64"


def test_identity_leaves_out_what_does_not_identify():
    """USB and Bluetooth adapters, dummy UUIDs and empty disk serials recognise no device."""
    identity = laptop().identity()
    assert identity.macs == ("02aabbccdd01",)
    assert identity.disk_serials == ("DISK-1",)
    assert identity.ek == hashlib.sha256(EK).hexdigest()
    assert identity.smbios_uuid == "01234567-89ab-cdef-0123-456789abcdef"
    assert (identity.serial, identity.manufacturer, identity.product) == ("SIM00001", "Contoso Ltd", "Falcon 7")
    blank = laptop(smbios_uuid=UUID(int=2**128 - 1), tpm_ek=None, disk_identities=(), kernel_disk_identities=())
    assert blank.identity().smbios_uuid == ""
    assert blank.identity().ek == identity.ek
    assert laptop(tpm_ek=None, offline_id=facts.OfflineDeviceId(3, bytes(32))).identity().ek == ""


def test_r039_two_hashes_of_one_device_share_their_identity():
    """Another time changes the blob and not the identity."""
    later = laptop(tool=facts.ToolInfo((10, 0, 1, 1), (10, 0, 1, 1), datetime(2026, 4, 1, tzinfo=UTC)))
    assert later.encode() != laptop().encode()
    assert later.identity() == laptop().identity()


@given(st.binary(max_size=200))
def test_any_elements_are_read_or_refused(elements):
    """Bytes under a right checksum never raise anything but the named error."""
    for blob in (sealed(elements), sealed(MINIMAL + elements), elements):
        try:
            decode(blob)
        except InvalidHardwareHash:
            continue


@given(st.text(max_size=50))
def test_any_text_is_base64_or_refused(text):
    """Text never raises anything but the named error."""
    for read in (from_base64, repair_padding, decode_base64):
        try:
            read(text)
        except InvalidHardwareHash:
            continue


plain = st.text(st.characters(exclude_characters="\0|", exclude_categories=["Cs"]), max_size=20)


@given(plain.map(lambda s: f"S{s}"), plain.map(lambda s: f"M{s}"), plain, st.binary(min_size=6, max_size=6))
def test_any_facts_survive_the_wire(serial, manufacturer, name, mac):
    """Whatever text firmware holds comes back."""
    hardware = laptop(
        serial=serial,
        manufacturer=manufacturer,
        gpu_names=(name,),
        disk_identities=(facts.DiskIdentity(name, name, name),),
        adapters=(facts.NetworkAdapter(0, mac, name),),
    )
    assert decode(hardware.encode()) == hardware
