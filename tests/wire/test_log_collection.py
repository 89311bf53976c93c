"""The order to collect logs, its results, and the messages of an attestation (05 sections 10.16 and 10.17)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.wire import attestation
from taxiway.wire.attestation import Measured, Order
from taxiway.wire.encryption import EncryptionStatus, bits
from taxiway.wire.errors import WireError
from taxiway.wire.log_collection import Collection, parse_collection, read_results, render_collection, render_results

#: The sample of 05 section 10.16, as it stands there.
SAMPLE = r"""<Collection>
  <ID>3c0f5c0e-2c3e-4a0a-8a86-0d4a7b6e7f10</ID>
  <SasUrl><![CDATA[https://mdm.example.test/diag/put?token=abc]]></SasUrl>
  <RegistryKey>HKLM\Software\Microsoft\Enrollments</RegistryKey>
  <Command>%windir%\system32\dsregcmd.exe /status</Command>
  <FoldersFiles>%ProgramData%\Microsoft\DiagnosticLogCSP\Collectors\*.etl</FoldersFiles>
  <Events>Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider/Admin</Events>
</Collection>"""


def test_the_sample_is_read():
    """Every directive of the specification's own order, the address out of its CDATA."""
    order = parse_collection(SAMPLE)
    assert order.id == "3c0f5c0e-2c3e-4a0a-8a86-0d4a7b6e7f10"
    assert order.sas_url == "https://mdm.example.test/diag/put?token=abc"
    assert order.commands == (r"%windir%\system32\dsregcmd.exe /status",)
    assert order.folders == (r"%ProgramData%\Microsoft\DiagnosticLogCSP\Collectors\*.etl",)
    assert (len(order.registry), len(order.events)) == (1, 1)


def test_an_order_is_read_as_it_was_written():
    """Addresses keep their ampersands, and results name the id and the code of the whole."""
    order = Collection("id", "https://a.test/x?a=1&b=2", registry=("HKLM\\A<B>",), commands=("c",))
    assert parse_collection(render_collection(order)) == order
    assert read_results(render_results(order, 0x80070005, {"c": 0x80070002})) == ("id", 0x80070005)
    assert read_results(render_results(order, 0, {})) == ("id", 0)


@given(st.text(max_size=200))
def test_any_text_is_an_order_or_a_named_error(text):
    """Nothing else escapes, and results that are none are none."""
    with contextlib.suppress(WireError):
        parse_collection(text)
    read_results(text)
    with contextlib.suppress(WireError):
        attestation.read_order(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_evidence_or_a_named_error(data):
    """The service never trips over what a device sends."""
    with contextlib.suppress(WireError):
        signed, _ = attestation.unpack(data)
        attestation.read_measured(signed)


def test_the_members_of_an_attestation_have_windows_names():
    """``rpID`` and ``serviceEndpoint`` as the CSP documents them; evidence is read as it was signed."""
    order = Order("tenant", "https://a.test", "n", "", "cv")
    assert '"rpID":"tenant"' in attestation.write_order(order)
    assert attestation.read_order(attestation.write_order(order)) == order
    measured = Measured("n", 3, bit_locker=True, secure_boot=True, code_integrity=True, early_launch=False)
    signed = attestation.evidence(measured)
    assert attestation.unpack(attestation.pack(signed, b"sig")) == (signed, b"sig")
    assert attestation.read_measured(signed) == measured


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("0", []),
        ("", []),
        ("x", []),
        ("99999999999", []),
        ("8196", [EncryptionStatus.UNPROTECTED, EncryptionStatus.NO_TPM]),
        ("65536", []),
    ],
)
def test_a_status_is_read_bit_by_bit(status, found):
    """What is no number, or no bit of the node, says nothing."""
    assert bits(status) == found
