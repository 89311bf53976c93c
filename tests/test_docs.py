"""The documentation says what the program does."""

from pathlib import Path

import msgspec
import pytest

from taxiway import enrollment, signin
from taxiway.rehearsal import plan
from taxiway.settings import BadSettings, Settings, load_settings

DOCS = Path(__file__).parent.parent / "docs"


def test_every_setting_is_documented():
    """docs/settings.md has a line with name and default for each setting."""
    text = (DOCS / "settings.md").read_text("utf-8")
    for section in msgspec.structs.fields(Settings):
        assert f"## [{section.name}]" in text
        for field in msgspec.structs.fields(section.type):
            default = f"`{field.default}`" if field.default != "" else "empty"
            assert f"| `{field.name}` | {default} |" in text


def test_every_sign_in_switch_is_documented_and_off():
    """docs/settings.md names each switch of a tenant; none is on by itself."""
    text = (DOCS / "settings.md").read_text("utf-8")
    for field in msgspec.structs.fields(signin.Policy):
        assert f"| `{field.name}` |" in text
        assert field.default is False


def test_every_enrollment_switch_is_documented():
    """docs/settings.md names each switch of the enrollment policy with what it is at first."""
    text = (DOCS / "settings.md").read_text("utf-8")
    for field in msgspec.structs.fields(enrollment.EnrollmentPolicy):
        default = "[]" if field.name == "trusted_issuers" else "off" if field.default is False else field.default
        assert f"| `{field.name}` | {default} |" in text


@pytest.mark.parametrize(
    "section",
    [
        plan.UserPlan,
        plan.MdmScope,
        plan.JoinPolicy,
        plan.GroupPlan,
        plan.EspPlan,
        plan.ProfilePlan,
        plan.AppPlan,
        plan.PolicyPlan,
    ],
)
def test_every_key_of_a_plan_is_documented(section):
    """docs/plan.md names each key."""
    text = (DOCS / "plan.md").read_text("utf-8")
    for field in msgspec.structs.fields(section):
        assert f"`{field.name}`" in text


def test_settings_come_from_file_then_environment(tmp_path):
    """A variable overrides the file, and a misspelt name is refused with the place to look."""
    (tmp_path / "taxiway.toml").write_text('[doors]\nhost = "mdm.example"\npeople_port = 443\n')
    settings = load_settings(tmp_path, {"TAXIWAY_DOORS_PEOPLE_PORT": "9443"})
    assert (settings.doors.host, settings.doors.people_port) == ("mdm.example", 9443)
    assert settings.urls.graph == "https://mdm.example:9443"
    with pytest.raises(BadSettings, match="poeple"):
        load_settings(tmp_path, {"TAXIWAY_DOORS_POEPLE_PORT": "1"})
