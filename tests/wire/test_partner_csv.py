"""Partner Center's CSV (06 section 2.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.wire.partner_csv import BadPartnerCsv, read

HEADER = "Device serial number,Windows product ID,Hardware hash,Manufacturer name,Device model"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_r045_rows_fill_what_they_have(codec):
    """The tuple, a product key alone, a hash; in any encoding, and empty lines are nothing."""
    text = f"{HEADER}\r\nS-1,,,Contoso,Book\r\n\r\n,3305400111222,,,\r\n,,T0E=,,\r\n"
    rows = read(text.encode(codec))
    assert [(row.line, row.members) for row in rows] == [
        (2, {"SerialNumber": "S-1", "OemManufacturerName": "Contoso", "ModelName": "Book"}),
        (4, {"ProductKey": "3305400111222"}),
        (5, {"HardwareHash": "T0E="}),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "Serial,Model\n", f"{HEADER},Group Tag\n", f"{HEADER}\na,b,c,d,e,f\n", HEADER + "\nS,,,M,B" * 1001],
)
def test_r045_a_file_of_another_kind_is_refused(text):
    """No header, other columns, more cells than columns, more rows than an upload has."""
    with pytest.raises(BadPartnerCsv, match=r"line|column|file"):
        read(text.encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_refused(data):
    """Nothing else comes of hostile bytes."""
    try:
        read(HEADER.encode() + b"\n" + data)
        read(data)
    except BadPartnerCsv:
        pass
