"""The registration CSV: every documented variant is read, everything else is named with its place."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.wire.hardware_hash import HardwareHash
from taxiway.wire.registration_csv import HEADER, Problem, RegistrationCsvError, Row, read, read_all, write

HASH = HardwareHash(serial="SIM1", manufacturer="Contoso").encode_base64()
FULL = ",".join(HEADER)


def lines(*rows, header=FULL, end="\r\n"):
    return "".join(f"{line}{end}" for line in (header, *rows))


def ansi(*rows, header=FULL):
    return lines(*rows, header=header).encode("cp1252")


def codes(items):
    return [item.code for item in items]


@pytest.mark.parametrize(
    ("data", "repaired"),
    [
        (lines(f"S1,,{HASH},Käse,a@b.test").encode("cp1252"), []),
        (lines(f"S1,,{HASH},Käse,a@b.test", end="\n").encode("cp1252"), []),
        (lines(f"S1,,{HASH},Käse,a@b.test").rstrip().encode("cp1252"), []),
        (lines(f"S1,,{HASH},Käse,a@b.test").encode(), ["Encoding"]),
        (lines(f"S1,,{HASH},Käse,a@b.test").encode("utf-8-sig"), ["Encoding", "Encoding"]),
        (lines(f"S1,,{HASH},Käse,a@b.test").encode("utf-16"), ["Encoding"]),
        (codecs.BOM_UTF16_BE + lines(f"S1,,{HASH},Käse,a@b.test").encode("utf-16-be"), ["Encoding"]),
        (lines(f"S1,,{HASH},Käse,a@b.test").encode("utf-16-le"), ["Encoding"]),
        (lines(f'"S1","","{HASH}","Käse","a@b.test"').encode("cp1252"), ["Quotes"]),
        (lines(f"S1,,{HASH},Käse,a@b.test", header=FULL.lower()).encode("cp1252"), ["HeaderCase"] * 5),
        (lines(f" S1 ,,{HASH},Käse,a@b.test").encode("cp1252"), ["Blanks"]),
        (lines(f"S1,,{HASH},Käse,a@b.test,,").encode("cp1252"), ["FieldCount"]),
        (lines(f"x,S1,,{HASH},Käse,a@b.test", header=f"Owner,{FULL}").encode("cp1252"), ["ExtraColumn"]),
        (lines(f"a@b.test,Käse,{HASH},,S1", header=",".join(HEADER[::-1])).encode("cp1252"), []),
    ],
)
def test_p04_one_row_in_many_dresses(data, repaired):
    """Encoding, line ends, quotes, header order and case do not change what a row says; each repair is reported."""
    result = read_all(data)
    assert result.problems == ()
    assert codes(result.repairs) == repaired
    (row,) = result.rows
    assert (row.line, row.serial, row.product_id, row.group_tag, row.assigned_user) == (2, "S1", "", "Käse", "a@b.test")
    assert row.hardware_hash == HASH
    assert row.hardware.serial == "SIM1"


def test_r024_five_hundred_rows():
    """500 rows are read in order; the 501st refuses the file and says so."""
    rows = [f"S{n},,{HASH},," for n in range(501)]
    result = read_all(ansi(*rows[:500]))
    assert [row.serial for row in result.rows] == [f"S{n}" for n in range(500)]
    with pytest.raises(RegistrationCsvError, match="more than 500") as caught:
        read_all(ansi(*rows))
    assert (caught.value.code, caught.value.line) == ("TooManyRows", 502)
    assert len(read_all(ansi(*rows), limit=None).rows) == 501


@pytest.mark.parametrize("strict", [True, False])
def test_r025_columns_are_found_by_their_header(strict):
    """Three columns, both forms of four, and five are read alike."""
    three = read_all(ansi(f"S1,,{HASH}", header=",".join(HEADER[:3])), strict=strict).rows[0]
    tag = read_all(ansi(f"S1,,{HASH},T", header=",".join(HEADER[:4])), strict=strict).rows[0]
    user = read_all(ansi(f"S1,,{HASH},u@t", header=",".join((*HEADER[:3], HEADER[4]))), strict=strict).rows[0]
    full = read_all(ansi(f"S1,,{HASH},T,u@t"), strict=strict).rows[0]
    assert [(r.group_tag, r.assigned_user) for r in (three, tag, user, full)] == [
        ("", ""),
        ("T", ""),
        ("", "u@t"),
        ("T", "u@t"),
    ]


@pytest.mark.parametrize(
    ("data", "code", "column"),
    [
        (lines(f"S1,,{HASH},,").encode("utf-8-sig"), "Encoding", 1),
        (lines(f"S1,,{HASH},,").encode("utf-16"), "Encoding", 1),
        (ansi(header=FULL.replace("Hash", "hash")), "HeaderCase", 3),
        (ansi(header=f"{FULL},Owner"), "ExtraColumn", 6),
        (ansi(header=f'"{FULL}"'), "Quotes", 1),
        (ansi(header="Device Serial Number,Hardware Hash"), "MissingColumn", 1),
    ],
)
def test_r026_strict_refuses_the_file_and_names_the_reason(data, code, column):
    """A strict reader accepts only what the documentation allows."""
    with pytest.raises(RegistrationCsvError) as caught:
        read_all(data, strict=True)
    assert (caught.value.code, caught.value.line, caught.value.column) == (code, 1, column)


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (f'"S1",,{HASH},,', "Quotes", 1),
        (f"S1,,{HASH},K\u00e4se,".encode().decode("latin-1"), "Encoding", 1),
        (f"S1,,{HASH}", "FieldCount", 1),
        (f"S1,,{HASH[:-1]},,", "NotBase64", 3),
        (f",,{HASH},,", "Missing", 1),
    ],
)
def test_r026_strict_leaves_out_the_row_and_names_the_reason(row, code, column):
    """In a strict file the other rows still count."""
    result = read_all(lines(row, f"S2,,{HASH},,").encode("latin-1"), strict=True)
    assert [(p.line, p.column, p.code) for p in result.problems] == [(2, column, code)]
    assert [r.serial for r in result.rows] == ["S2"]


def test_r027_unpadded_base64():
    """Lenient reading restores the padding and reports it."""
    result = read_all(ansi(f"S1,,{HASH[:-2]},,"))
    assert result.rows[0].hardware_hash == f"{HASH[:-2]}=="
    assert [(r.line, r.column, r.code, r.field) for r in result.repairs] == [(2, 3, "Padding", "Hardware Hash")]


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("S1,,,,", "Missing", 3),
        ("S1,,not base64!,,", "NotBase64", 3),
        ("S1,,AAAA,,", "InvalidZtdHardwareHash", 3),
        (f"S1,,{HASH[:40]}B{HASH[41:]},,", "InvalidZtdHardwareHash", 3),
        (f"S1,,{HASH},,,more", "FieldCount", 1),
        (f'S1,,{HASH},"T,', "Quotes", 1),
        (f"S1,,{HASH},T\x00,", "ControlCharacter", 4),
        (f"S1,,{HASH},T\x81,", "Encoding", 4),
    ],
)
def test_r031_problems_name_line_and_column_and_cost_one_row(row, code, column):
    """A bad row is named by its place and every good row is still there."""
    result = read_all(lines(f"S0,,{HASH},,", row, "", f"S2,,{HASH},,").encode("latin-1"))
    assert [(p.line, p.column, p.code) for p in result.problems] == [(3, column, code)]
    assert [(r.line, r.serial) for r in result.rows] == [(2, "S0"), (5, "S2")]


def test_r030_a_hash_without_serial_is_a_problem_of_its_row():
    """Serial and manufacturer must be inside the hash."""
    blob = HardwareHash(manufacturer="Contoso").encode_base64()
    assert codes(read_all(ansi(f"S1,,{blob},,")).problems) == ["InvalidZtdHardwareHash"]


def test_a_missing_serial_is_taken_from_the_hash():
    """The hash knows the serial number, so an empty column is repaired."""
    result = read_all(ansi(f",,{HASH},,"))
    assert result.rows[0].serial == "SIM1"
    assert codes(result.repairs) == ["Missing"]


@pytest.mark.parametrize(
    ("data", "code", "text"),
    [
        (b"", "MissingHeader", "empty"),
        (f"S1,,{HASH}\r\n".encode(), "MissingHeader", "no header"),
        (ansi(header=FULL.replace(",", ";")), "MissingHeader", "commas"),
        (ansi(header=f"{FULL},Group Tag"), "DuplicateColumn", "twice"),
        (ansi(header="Device Serial Number,Windows Product ID"), "MissingColumn", "Hardware Hash"),
        (ansi(header=f'"{FULL}'), "Quotes", "other half"),
        (ansi("x" * 20000), "LineTooLong", "line 2"),
        (b"x" * 20000, "LineTooLong", "line 1"),
    ],
)
def test_files_refused_as_a_whole(data, code, text):
    """What is wrong with the whole file is one named error."""
    with pytest.raises(RegistrationCsvError, match=text) as caught:
        read_all(data)
    assert caught.value.code == code


def test_a_stream_needs_no_whole_file():
    """Rows come as their bytes arrive, in pieces of any size."""
    data = lines(*[f"S{n},,{HASH},," for n in range(3)]).encode("utf-16")
    pieces = (data[i : i + 7] for i in range(0, len(data), 7))
    assert [item.serial for item in read(pieces) if isinstance(item, Row)] == ["S0", "S1", "S2"]

    def endless():
        yield FULL.encode() + b"\n"
        while True:
            yield f"S,,{HASH},,\n".encode()

    stream = read(endless(), limit=None)
    assert [type(next(stream)) for _ in range(3)] == [Row] * 3


def test_the_script_writes_utf16_without_quotes():
    """A byte order mark, CRLF, three or five columns, no quotation mark; about 8.1 KB for one device."""
    data = write([("S1", "", HASH)])
    assert data[:2] == b"\xff\xfe"
    assert data[2:].decode("utf-16-le") == f"Device Serial Number,Windows Product ID,Hardware Hash\r\nS1,,{HASH}\r\n"
    assert 8000 < len(data) < 8200
    five = write([('S"1', "", HASH, "T", "u@t"), ("S2", "", HASH)], columns=5)
    assert b'"' not in five
    assert [(r.serial, r.group_tag, r.assigned_user) for r in read_all(five).rows] == [
        ("S1", "T", "u@t"),
        ("S2", "", ""),
    ]
    with pytest.raises(RegistrationCsvError) as caught:
        write([("S,1", "", HASH)])
    assert caught.value.code == "Unwritable"


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(lambda b: FULL.encode() + b"\n" + b)))
def test_any_bytes_are_rows_problems_or_refused(data):
    """Bytes never raise anything but the named error, however they are cut."""
    outcomes = []
    for chunks in ([data], [data[i : i + 1] for i in range(len(data))]):
        for strict in (True, False):
            try:
                outcomes.append((strict, list(read(chunks, strict=strict))))
            except RegistrationCsvError as error:
                outcomes.append((strict, error.code, error.line, error.column))
    assert outcomes[:2] == outcomes[2:]


@given(st.lists(st.text(max_size=30).filter(lambda s: s.strip()), max_size=5))
def test_any_text_row_counts_once(rows):
    """Each line that is not blank is one row or one problem."""
    safe = [row.replace("\n", " ").replace("\r", " ") for row in rows]
    data = codecs.BOM_UTF16_LE + lines(*safe).encode("utf-16-le", "replace")
    items = [item for item in read([data]) if isinstance(item, Row | Problem)]
    assert len(items) == len([row for row in safe if row.strip()])


def test_wide_text_is_not_decoded_twice():
    """Characters of a UTF-16 file that look like UTF-8 bytes stay what they are."""
    data = lines(f"S1,,{HASH},\u00c3\u00a4,").encode("utf-16")
    assert read_all(data).rows[0].group_tag == "\u00c3\u00a4"
