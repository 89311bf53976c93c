"""Device descriptions become facts: the shape, the quirks, and files that are none (05 sections 13.3 and 13.4)."""

from __future__ import annotations

import contextlib
import io
import random
import zipfile

import pytest

from taxiway.wire import csp, ddf_archive
from taxiway.wire.ddf import read_ddf
from taxiway.wire.ddf_archive import decode, encode, read_archive
from taxiway.wire.errors import BadDdf

NS = 'xmlns:MSFT="http://schemas.microsoft.com/MobileDevice/DM"'
DOCTYPE = '<!DOCTYPE MgmtTree PUBLIC " -//OMA//DTD-DM-DDF 1.2//EN" "http://x/d.dtd" [<?oma-ddf v="1.2"?>]>'


def leaf(name, form="int", access="<Add/><Delete/><Get/><Replace/>", more=""):
    return (
        f"<Node><NodeName>{name}</NodeName><DFProperties><AccessType>{access}</AccessType>{more}"
        f"<DFFormat><{form}/></DFFormat></DFProperties></Node>"
    )


def document(*inner, name="Sample", path="./Device/Vendor/MSFT", form="node"):
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{DOCTYPE}<MgmtTree {NS}><VerDTD>1.2</VerDTD><Node>'
        f"<NodeName>{name}</NodeName><Path>{path}</Path><DFProperties><AccessType><Get/></AccessType>"
        f"<DFFormat><{form}/></DFFormat></DFProperties>{''.join(inner)}</Node></MgmtTree>"
    ).encode("utf-8-sig")


def allowed(kind, *values, more=""):
    inner = "".join(f"<MSFT:Enum><MSFT:Value>{value}</MSFT:Value></MSFT:Enum>" for value in values)
    inner = inner if kind in {"ENUM", "Flag"} else "".join(f"<MSFT:Value>{value}</MSFT:Value>" for value in values)
    return f'<MSFT:AllowedValues ValueType="{kind}">{inner}{more}</MSFT:AllowedValues>'


def facts(*inner, **how):
    return {f"{scope}:{node.path}": node for scope, node in read_ddf(document(*inner, **how))}


def zipped(**files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.xml", content)
    return made.getvalue()


@pytest.fixture(autouse=True)
def table():
    """Each test leaves the table as the file has it."""
    yield
    csp.reset()


def test_a_leaf_has_format_access_default_and_range():
    """The minimal shape, with its BOM and document type."""
    found = facts(leaf("Level", more="<DefaultValue>1</DefaultValue>" + allowed("Range", "[0-2]")))
    node = found["device:Vendor/MSFT/Sample/Level"]
    assert (node.format, node.access, node.default, node.range) == ("int", "ADGR", "1", (0, 2))
    assert found["device:Vendor/MSFT/Sample"].format == "node"


def test_values_flags_lists_and_templates():
    """What a value may be, by the type of the allowed values."""
    found = facts(
        leaf("Choice", more=allowed("ENUM", "0", "1")),
        leaf("Bits", more=allowed("Flag", "1", "2", "4")),
        leaf("List", "chr", more=allowed("ENUM", "a", "b", more='<MSFT:List Delimiter=";"/>')),
        leaf("Template", "chr", more=allowed("ADMX")),
        leaf("Document", "chr", more=allowed("XSD")),
        leaf("Restarts", more="<MSFT:RebootBehavior>Automatic</MSFT:RebootBehavior>"),
        leaf("Whole", "node", more="<MSFT:AtomicRequired/>"),
    )
    at = {name.rpartition("/")[2]: node for name, node in found.items()}
    assert at["Choice"].values == ("0", "1")
    assert at["Bits"].mask == 7
    assert (at["List"].delimiter, at["List"].values) == (";", ())
    assert (at["Template"].admx, at["Document"].xml) == (True, True)
    assert (at["Restarts"].reboot, at["Whole"].atomic) == (True, True)


def test_the_known_quirks_are_survived():
    """A bool with numbers, decorated defaults, areas of format null, several builds, roots without a scope."""
    builds = "<MSFT:Applicability><MSFT:OsBuildVersion>{}</MSFT:OsBuildVersion></MSFT:Applicability>"
    found = facts(
        leaf("Force", "bool", more=allowed("ENUM", "0", "1", "8") + '<DefaultValue>"0"</DefaultValue>'),
        leaf("Nul", more="<DefaultValue>\\0</DefaultValue>"),
        leaf("Odd", "bool", more="<DefaultValue>maybe</DefaultValue>"),
        leaf("Old", more=builds.format("10.0.17763, 10.0.18362")),
        leaf("Coming", more=builds.format("99.9.99999")),
        path="./Vendor/MSFT",
        form="null",
    )
    force = found["device:Vendor/MSFT/Sample/Force"]
    assert (force.format, force.values, force.default) == ("int", ("0", "1", "8"), "0")
    assert found["device:Vendor/MSFT/Sample"].format == "node"
    assert found["device:Vendor/MSFT/Sample/Nul"].default is None
    assert found["device:Vendor/MSFT/Sample/Odd"].default is None
    assert found["device:Vendor/MSFT/Sample/Old"].build == "10.0.17763"
    assert "device:Vendor/MSFT/Sample/Coming" not in found


def test_a_node_without_a_name_is_a_placeholder_and_user_trees_are_user_scope():
    """What a server or a device names becomes a segment that takes any name."""
    inside = leaf("", "node", more="<DFTitle>Profile Name</DFTitle>").removesuffix("</Node>") + leaf("X") + "</Node>"
    found = facts(inside, path="./User/Vendor/MSFT")
    assert "user:Vendor/MSFT/Sample/{ProfileName}/X" in found


def test_an_archive_extends_the_table_and_ours_stays():
    """New nodes are known afterwards, in their scope; a node of ours keeps its facts; the compact form carries all."""
    ours = document(
        leaf("AllowCortana", "chr"),
        leaf("AllowTiles", more=allowed("ENUM", "0", "1")),
        name="Experience",
        path="./Device/Vendor/MSFT/Policy/Config",
    )
    found = decode(encode(read_archive("DDF.zip", zipped(Experience=ours, Sample=document(leaf("Level"))))))
    assert (found.files, len(found.nodes)) == (2, 5)
    assert csp.lookup("./Device/Vendor/MSFT/Sample/Level") is None
    assert csp.extend(found.nodes) == 4
    assert csp.lookup("./Vendor/MSFT/sample/LEVEL").format == "int"
    assert csp.lookup("./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana").values == ("0", "1")
    tiles = "Vendor/MSFT/Policy/Config/Experience/AllowTiles"
    assert csp.check_write(f"./Device/{tiles}", "Replace", "int", "2")
    assert csp.check_write(f"./User/{tiles}", "Replace", "int", "1"), "a device policy is no user policy"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<MgmtTree/>",
        b"<Other/>",
        b"PK\x03\x04 and no more",
        document(leaf("a/b")),
        document(path="Vendor/MSFT"),
        document(leaf("X").replace("<DFProperties>", "<P>").replace("</DFProperties>", "</P>")),
        b'<!DOCTYPE x [<!ENTITY a "b">]><MgmtTree>&a;</MgmtTree>',
        b"<!DOCTYPE x [",
        b'<!DOCTYPE x SYSTEM "unclosed><MgmtTree/>',
        b"<MgmtTree>" + b"<Node>" * 100 + b"</Node>" * 100 + b"</MgmtTree>",
    ],
)
def test_what_is_no_description_is_a_named_error(data):
    """Entities, endless document types, wrong roots, missing parts: BadDdf, and nothing else."""
    with pytest.raises(BadDdf):
        read_archive("x.xml", data)


def test_a_bomb_is_bounded(monkeypatch):
    """Whatever sizes an archive claims, no more than the limits is unpacked."""
    big = zipped(A=b" " * (ddf_archive.MAX_FILE + 1))
    assert len(big) < 10_000
    with pytest.raises(BadDdf, match=r"A\.xml: it unpacks to more"):
        read_archive("big.zip", big)
    monkeypatch.setattr(ddf_archive, "MAX_TOTAL", 2000)
    with pytest.raises(BadDdf, match="unpacks to more than 2000"):
        read_archive("many.zip", zipped(**{f"f{n}": document(leaf("L")) for n in range(10)}))
    monkeypatch.setattr(ddf_archive, "MAX_FILES", 3)
    with pytest.raises(BadDdf, match="at most 3"):
        read_archive("many.zip", zipped(**{f"f{n}": b"" for n in range(10)}))
    monkeypatch.setattr(ddf_archive, "MAX_NODES", 1)
    with pytest.raises(BadDdf, match="more than 1 nodes"):
        read_archive("x.xml", document(leaf("L")))


def test_a_wrong_file_in_an_archive_is_named():
    """The person who imports learns which of three hundred files it is."""
    with pytest.raises(BadDdf, match=r"^Wrong\.xml: "):
        read_archive("x.zip", zipped(Right=document(leaf("L")), Wrong=b"<x>"))


def test_spoiled_archives_are_refused_by_name():
    """Whatever bytes change in a zip or in a document: it is read, or it is BadDdf."""
    rng = random.Random(20260105)
    kinds = (allowed("Range", "[0-2]"), allowed("Flag", "1"), allowed("ENUM", "a"), "<DefaultValue>1</DefaultValue>")
    whole = document(*(leaf(f"L{n}", more=more) for n, more in enumerate(kinds)))
    for original in (whole, zipped(A=whole)):
        for _ in range(1500):
            data = bytearray(original)
            for _ in range(rng.randrange(1, 6)):
                place = rng.randrange(len(data))
                data[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(4))
            with contextlib.suppress(BadDdf):
                read_archive("x", bytes(data))
