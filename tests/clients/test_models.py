"""Every answer of a full tenant, held against the models of the Graph SDKs: names, types, enums (02 section 13)."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import httpx
import pytest

from clients import environment, kept, models
from clients.everything import Everything
from e2e.sweeping import root_certificate
from taxiway.device import Host, Pace
from taxiway.graph.operations import OPERATIONS
from taxiway.kernel import SystemClock, SystemEntropy, ThreadWorkers
from taxiway.rehearsal.fleet import power_on
from taxiway.rehearsal.plan import read_plan
from taxiway.rehearsal.server import LocalServer
from taxiway.rehearsal.tutorial import Tutorial, endpoints

QUICK = Pace(poll=0.05, install=0.01, encryption=0.01)
#: How many objects of one type are read one by one.
ENOUGH = 30

#: Addresses that Graph has had, that clients call, and that the SDKs of today do not know.
UNKNOWN = {
    "deviceAppManagement/mobileApps/{id}/deviceStatuses",
    "deviceAppManagement/mobileApps/{id}/installSummary",
    "deviceAppManagement/mobileApps/{id}/userStatuses",
    "deviceLocalCredentials/{id}",
    "deviceManagement/autopilotEvents/{id}/policyStatusDetails",
    "deviceManagement/deviceConfigurations/{id}/managedDeviceCertificateStates",
    "deviceManagement/tenantAssociatedDevices",
}
#: Nobody in the tenant has one: it takes an authenticator, Configuration Manager, remediations that are run.
NOT_MADE = {
    "deviceManagement/comanagedDevices",
    "deviceManagement/comanagedDevices/{id}",
    "deviceManagement/managedDevices/{id}/deviceHealthScriptStates",
    "users/{id}/authentication/fido2Methods",
    "users/{id}/authentication/fido2Methods/{method}",
    "users/{id}/authentication/softwareOathMethods",
    "groups/{id}/membersWithLicenseErrors",
    "me/memberOf",
    "me/transitiveMemberOf",
}
#: What is at an address of its own, and not in the object.
STREAMS = {
    "Application": {"logo"},
    "OrganizationalBranding": {
        *("backgroundImage", "bannerLogo", "customCSS", "favicon", "headerLogo", "squareLogo", "squareLogoDark")
    },
}
STREAMS["OrganizationalBrandingLocalization"] = STREAMS["OrganizationalBranding"]
#: What is taken and never shown.
SECRETS = {"WindowsWifiConfiguration": {"preSharedKey"}}


_APPS, _BOTH = "deviceAppManagement", ("assignments", "assignments/{assignment}")
_PROFILES = "deviceManagement/windowsAutopilotDeploymentProfiles"
#: Where the SDK has what an address answers.
_ELSEWHERE = {
    "me": "users/{id}",
    "me/memberOf": "users/{id}/memberOf",
    "me/transitiveMemberOf": "users/{id}/transitiveMemberOf",
    "directory/deletedItems": "directory/deletedItems/graph.group",
    # The common list answers for all kinds, whose assignments Graph has at the addresses of the kinds.
    **{
        f"{_APPS}/managedAppPolicies/{{id}}/{name}": f"{_APPS}/iosManagedAppProtections/{{id}}/{name}" for name in _BOTH
    },
    **{
        f"deviceManagement/windowsAutopilotDeviceIdentities/{{id}}/{profile}/{name}": f"{_PROFILES}/{{id}}/{name}"
        for profile in ("deploymentProfile", "intendedDeploymentProfile")
        for name in ("assignments", "assignedDevices")
    },
}


@dataclass
class Reading:
    """All that one version answers: ``faults`` by type, ``lacking`` properties by type, ``empty`` addresses."""

    version: str
    http: httpx.Client
    faults: Counter = field(default_factory=Counter)
    lacking: dict = field(default_factory=lambda: defaultdict(set))
    unknown: set = field(default_factory=set)
    empty: set = field(default_factory=set)
    _ids: dict = field(default_factory=lambda: defaultdict(list))

    def read(self) -> None:
        """Lists first, then what their items lead to."""
        patterns = {each.pattern for each in OPERATIONS if each.method == "GET" and self._is_served(each)}
        for pattern in sorted(patterns, key=lambda one: (one.count("/"), one)):
            model = models.answered(self.version, _ELSEWHERE.get(pattern, pattern))
            if model is None:
                self.unknown.add(pattern)
                continue
            found = [self._answer(pattern, path, model) for path in self._paths(pattern)]
            if not any(found):
                self.empty.add(pattern)

    def _is_served(self, operation) -> bool:
        ours = "taxiway" in operation.pattern or "{=" in operation.pattern
        image = operation.pattern.rpartition("/")[2] in STREAMS["OrganizationalBranding"]
        late = operation.beta and self.version != "beta"
        return not (ours or image or late or operation.pattern.endswith("$count"))

    def _paths(self, pattern: str) -> list[str]:
        """The addresses of a pattern, by the ids that its lists showed."""
        paths = [""]
        for segment in pattern.split("/"):
            if segment.startswith("{"):
                paths = [f"{path}/{one}" for path in paths for one in self._known(path)]
            else:
                paths = [f"{path}/{segment}" for path in paths]
        return paths

    def _known(self, path: str) -> list[str]:
        if path == "/directoryObjects":
            return [one for kind in ("users", "groups", "devices") for one in self._ids[f"/{kind}"]]
        if path.endswith("/mobileAppIntentAndStates"):
            return self._ids["/deviceManagement/managedDevices"]
        return self._ids[path]

    def _answer(self, pattern: str, path: str, model: models.Model) -> bool:
        """Read one address; whether there was anything."""
        cast = "/graph.group" if pattern == "directory/deletedItems" else ""
        answer = self.http.get(f"/{self.version}{path}{cast}")
        if answer.status_code == 404:
            return False
        assert answer.status_code == 200, f"{path}: {answer.text}"
        body = answer.json()
        if "value" not in model.fields:
            self._hold(model, body)
            if self._is_whole(pattern):
                self._hold_whole(path, model, body)
            return True
        kinds = Counter()
        for item in body["value"]:
            self._hold(models.model(model.fields["value"].of), item)
            kinds[item.get("@odata.type")] += 1
            if kinds[item.get("@odata.type")] <= ENOUGH:
                self._ids[path].append(item.get("id"))
        return bool(body["value"])

    def _is_whole(self, pattern: str) -> bool:
        """Whether an object has all properties of its model: one that is kept as it came, of the version it came by."""
        made = [version for path, version in kept.VERSIONS.items() if f"{pattern}/".startswith(f"{path}/")]
        return made in ([], [self.version])

    def _hold_whole(self, path: str, model: models.Model, body: dict) -> None:
        """What the model has and the object lacks when it is asked for."""
        if model.name == "DirectoryObject":
            return  # the object has an address of its own kind, where its properties are asked for
        model = self._type_of(model, body)
        wanted = model.plain.keys() - {"@odata.type", "id"} - STREAMS.get(model.name, set())
        answer = self.http.get(f"/{self.version}{path}", params={"$select": ",".join(sorted(wanted))})
        assert answer.status_code == 200, f"{path}: {answer.text}"
        self.lacking[model.name] |= wanted - answer.json().keys() - SECRETS.get(model.name, set())

    def _type_of(self, model: models.Model, item: dict) -> models.Model:
        name = item.get("@odata.type", "").rpartition(".")[2]
        found = models.named(self.version, name) if name else model
        if found is None:
            self.faults[f"no type {name}"] += 1
        return found or model

    def _hold(self, model: models.Model, item: dict) -> None:
        """Every name and value, as deep as they go; annotations are nobody's."""
        model = self._type_of(model, item)
        for name, value in item.items():
            known = model.fields.get(name)
            if "@" in name:
                continue
            if known is None:
                self.faults[f"{model.name} has no {name}"] += 1
            elif known.many and known.kind != "enum" and not isinstance(value, list | None):
                self.faults[f"{model.name}.{name} is a list"] += 1
            else:
                for one in value if isinstance(value, list) else [value]:
                    self._hold_value(f"{model.name}.{name}", known, one)

    def _hold_value(self, where: str, known: models.Field, value) -> None:
        if value is None:
            return
        if known.kind == "object":
            self._hold(models.model(known.of), value)
        elif known.kind == "enum":
            for one in value.split(","):  # several flags are one text
                if not models.is_member(known.of, one):
                    self.faults[f"{where} has no member {one}"] += 1
        elif not _fits(known.kind, value):
            self.faults[f"{where} is no {known.kind}: {value!r}"] += 1


_PYTHON = {"bool": bool, "int": int, "float": int | float}
_TEXTS = {
    "datetime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "time": re.compile(r"\d\d:\d\d:\d\d(\.\d{1,7})?"),
    "timedelta": re.compile(r"-?P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?"),
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "bytes": re.compile(r"[A-Za-z0-9+/]*={0,2}"),
}


def _fits(kind: str, value) -> bool:
    """Whether a value is written as its type is."""
    if kind in _PYTHON:
        return isinstance(value, _PYTHON[kind]) and isinstance(value, bool) == (kind == "bool")
    return isinstance(value, str) and (kind not in _TEXTS or _TEXTS[kind].fullmatch(value) is not None)


async def _fill(folder):
    """A tenant with one of everything and a PC at its desktop; the addresses and a token."""
    server = LocalServer(folder / "server")
    addresses = await server.start()
    tutorial = Tutorial(
        addresses,
        read_plan(),
        folder / "pcs",
        Host(ThreadWorkers(2), pace=QUICK),
        SystemEntropy(),
        progress=lambda *_: None,
        watcher=lambda *_: None,
    )
    async with tutorial.administrator() as admin:
        seats = await tutorial.prepare(admin, 1)
        root, _ = root_certificate(tutorial.host.keys, SystemClock())
        everything = Everything(admin, "ada@contoso.example", root)
        await everything.make()
        [outcome] = await power_on(seats, endpoints(addresses), lambda *_: None)
        assert outcome.reached == "desktop", outcome.failure
        await everything.device(outcome.intune_device_id)
        token = await admin._access_token()
    return server, addresses, token


@pytest.fixture(scope="module")
def readings(tmp_path_factory):
    """What both versions answer."""
    environment.make()
    with asyncio.Runner() as runner:
        server, addresses, token = runner.run(_fill(tmp_path_factory.mktemp("full")))
        trusted = ssl.create_default_context(cafile=addresses.ca_file)
        headers = {"authorization": f"Bearer {token}"}
        made = {}
        with httpx.Client(base_url=addresses.people, verify=trusted, headers=headers, timeout=60) as http:
            for version in models.PACKAGES:
                made[version] = Reading(version, http)
                made[version].read()
        runner.run(server.stop())
    return made


@pytest.fixture(params=list(models.PACKAGES))
def reading(request, readings):
    return readings[request.param]


def test_each_address_is_one_of_the_sdk(reading):
    """But for those it has dropped, which are named here."""
    beta_only = {each.pattern for each in OPERATIONS if each.beta} if reading.version == "v1.0" else set()
    assert reading.unknown == UNKNOWN - beta_only


def test_something_was_read_at_each_address(reading):
    """So that the other tests here say something."""
    assert reading.empty - NOT_MADE == set()


def test_no_answer_has_what_its_model_lacks(reading):
    """No name, no value of another type, no enum member that the SDK would take for none; annotations aside."""
    assert reading.faults == {}


def test_each_object_has_every_property_of_its_model(reading):
    """Navigations and streams aside; those that are shown on request, on request."""
    assert {name: names for name, names in reading.lacking.items() if names} == {}
