"""Messages of the management extension: as the documentation writes them, tolerantly read, within limits."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.wire.errors import WireError
from taxiway.wire.extension import (
    AGENT_PRODUCT,
    CHECK_IN_PATH,
    REPORT_PATH,
    Answer,
    App,
    CheckIn,
    Receipts,
    Reports,
    Rule,
    read_answer,
    read_request,
    tracking_name,
    write,
)

DOCUMENT = (Path(__file__).parents[2] / "docs" / "management-extension.md").read_text("utf-8")


def test_the_documents_examples_are_messages():
    """Each example of the specification is read as what it stands for."""
    found = re.findall(r"^    (\{.*(?:\n      .*)*)", DOCUMENT, re.MULTILINE)
    check_in, answer, report = (text for text in found if '"version"' in text)
    assert read_request(check_in.encode(), CheckIn).agent_version == "1.0.0"
    shown = answer.replace("[...]", "[]")
    assert read_answer(shown.encode(), Answer).apps == []
    [told] = read_request(report.encode(), Reports).reports
    assert (told.state, told.exit_code, told.error, told.number) == ("failed", 1603, 0x80070643, 17)
    receipt = re.search(r'`(\{"number": 17.*?\})`', DOCUMENT)
    [read] = read_answer(f'{{"receipts": [{receipt[1]}]}}'.encode(), Receipts).receipts
    assert (read.outcome, read.again) == ("recorded", False)
    for name in (CHECK_IN_PATH, REPORT_PATH, AGENT_PRODUCT):
        assert name in DOCUMENT


def test_the_document_names_every_member_of_an_app():
    """What an agent is told stands in the specification under the name that is sent."""
    app = App(id="a", revision=1, name="n", intent="required", kind="win32")
    for name in app.__struct_encode_fields__:
        assert f"`{name}`" in DOCUMENT, name


def test_what_is_not_known_is_passed_over():
    """A newer server may say more; absent members have their default."""
    body = {
        "version": 1,
        "colour": "blue",
        "apps": [
            {
                "id": "a",
                "revision": 2,
                "name": "Tool",
                "intent": "required",
                "kind": "win32",
                "weather": {"sun": [1]},
                "detection": [{"kind": "file", "path": "C:\\", "name": "x", "in32Bit": True, "hue": 1}],
            }
        ],
    }
    [app] = read_answer(json.dumps(body).encode(), Answer).apps
    assert (app.minutes, app.context, app.tracked, app.content) == (60, "system", False, None)
    assert app.detection == [Rule(kind="file", path="C:\\", name="x", in_32_bit=True)]
    assert read_answer(write(Answer(apps=[app])), Answer).apps == [app]


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_refused_on_both_sides(version):
    """Nothing is guessed of a version that is not spoken."""
    body = json.dumps({"version": version, "instance": "a"}).encode()
    for read in (lambda: read_request(body, CheckIn), lambda: read_answer(body, Answer)):
        with pytest.raises(WireError):
            read()


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_message_or_a_named_error(data):
    """No other exception leaves a reader."""
    for read, shape in ((read_request, CheckIn), (read_request, Reports), (read_answer, Answer)):
        try:
            read(data, shape)
        except WireError:
            continue


GOOD = {"id": "a", "revision": 1, "name": "Tool", "intent": "required", "kind": "win32"}
PACKAGE = {"path": "/content/x", "sha256": "0" * 64, "size": 1, "keys": "", "mac": "", "digest": ""}


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "../../windows"},
        {"id": ""},
        {"intent": "perhaps"},
        {"content": {**PACKAGE, "path": "@elsewhere.example/x"}},
        {"content": {**PACKAGE, "path": "//elsewhere.example/x"}},
        {"content": {**PACKAGE, "sha256": "../" + "0" * 61}},
    ],
)
def test_an_answer_cannot_lead_the_pc_astray(wrong):
    """Names of files and nodes are plain, and a package comes from the server that was asked."""
    assert read_answer(json.dumps({"apps": [{**GOOD, "content": PACKAGE}]}).encode(), Answer).apps
    with pytest.raises(WireError):
        read_answer(json.dumps({"apps": [{**GOOD, **wrong}]}).encode(), Answer)


def test_the_tracking_name_is_the_one_readers_know():
    """As Intune's agent names its apps (05 section 10.4)."""
    assert tracking_name("5d7c", 3) == "Win32App_5d7c_3"
