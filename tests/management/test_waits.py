"""What a page waits for, in words: apps of every kind and certificates (05 section 11, P-16)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from taxiway.management.esp.waits import waiting_for
from taxiway.management.session.runs import ABSENT, Run

SINCE = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
MODERN = "./Device/Vendor/MSFT/EnterpriseModernAppManagement"
TOOL = f"{MODERN}/AppManagement/AppStore/Tool_1/Tool_1.0.0.0_x64__1/Name"
OFFICE = "./Device/Vendor/MSFT/Office/Installation/one"
SCEP = "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/one"
PFX = "./Device/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/one"


def row(verb, uri, origin):
    """A command that was carried out."""
    return {"verb": verb, "uri": uri, "origins": [origin], "updated_at": SINCE, "state": "done", "key": "", "lane": ""}


@pytest.mark.parametrize(
    ("lists", "order", "facts", "why"),
    [
        ({"modern": [TOOL]}, f"{MODERN}/AppInstallation/Tool_1/HostedInstall", {}, "no status reported yet"),
        (
            {"modern": [TOOL]},
            f"{MODERN}/AppInstallation/Tool_1/HostedInstall",
            {f"{MODERN}/AppInstallation/Tool_1/Status": "1"},
            "being installed",
        ),
        (
            {"modern": [TOOL]},
            f"{MODERN}/AppInstallation/Tool_1/HostedInstall",
            {f"{MODERN}/AppInstallation/Tool_1/Status": "3"},
            None,
        ),
        ({"msi": [f"{OFFICE}/FinalStatus"]}, f"{OFFICE}/Install", {f"{OFFICE}/FinalStatus": "60"}, "failed"),
        ({"msi": [f"{OFFICE}/FinalStatus"]}, f"{OFFICE}/Install", {f"{OFFICE}/FinalStatus": "70"}, None),
        ({"scep": [SCEP]}, f"{SCEP}/Install", {f"{SCEP}/Status": "2"}, "is being enrolled"),
        ({"scep": [SCEP]}, f"{SCEP}/Install", {f"{SCEP}/Status": "16"}, "failed"),
        ({"scep": [SCEP]}, f"{SCEP}/Install", {f"{SCEP}/Status": ABSENT}, "the device does not know of it"),
        ({"scep": [SCEP]}, f"{SCEP}/Install", {f"{SCEP}/Status": "1"}, None),
        ({"pfx": [PFX]}, f"{PFX}/PFXCertBlob", {f"{PFX}/Status": "0"}, None),
        ({"pfx": [PFX]}, f"{PFX}/PFXCertBlob", {f"{PFX}/Status": "-2147024810"}, "failed"),
    ],
)
def test_p16_each_kind_of_thing_is_waited_for_by_name(lists, order, facts, why):
    """The wait names the node, who asks for it, since when, and why; what is there is no wait."""
    run = Run("one", "released", esp={"lists": lists, "since": SINCE.isoformat()}, facts=facts)
    verb = "Atomic" if "ClientCertificate" in order else "Exec"
    waits = waiting_for(run, {"1": row(verb, order, "mobile_app:1")})
    assert waits[-1].what.endswith("/IsSyncDone")
    found = [(wait.why, wait.origins, wait.since) for wait in waits[:-1]]
    assert found == ([] if why is None else [(why, ("mobile_app:1",), SINCE)])


def test_p16_what_a_user_waits_for_is_that_users():
    """A user's facts are kept apart, and so are that user's certificates."""
    node = SCEP.replace("./Device", "./User")
    users = {
        "ada": {"state": "released", "since": SINCE.isoformat(), "scep": [node]},
        "eve": {"state": "released", "since": SINCE.isoformat(), "scep": [node]},
    }
    run = Run("one", "done", esp={"users": users}, facts={f"user:ada|{node}/Status": "1"})
    waits = [wait for wait in waiting_for(run, {}) if wait.what == node]
    assert [wait.why for wait in waits] == ["no status reported yet"]
