"""One of the two Graph SDKs as the driver scripts use it: each call is a step whose answer has to be read whole."""

from __future__ import annotations

import asyncio
import importlib
import re
import warnings

from azure.identity import UsernamePasswordCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from parsed import Recording, remainder

warnings.simplefilter("ignore", DeprecationWarning)  # of name and password

_GRAPH = "https://graph.microsoft.com/.default"


class Sdk:
    """One of the two SDKs, with what it said of each step."""

    def __init__(self, package: str, version: str, host: str, credential, scopes=(_GRAPH,)) -> None:
        self.package, self.steps = package, {}
        service = importlib.import_module(f"{package}.graph_service_client").GraphServiceClient
        self.client = service(credential, scopes=list(scopes)) if scopes else service(credential)
        self.adapter = self.client.request_adapter
        self.adapter.base_url = f"https://{host}/{version}"
        self.answers = self.adapter._parse_node_factory = Recording(self.adapter._parse_node_factory)

    @property
    def me(self):
        """The builder of ``/me``: a property of one SDK, a method of the other."""
        found = self.client.me
        return found() if callable(found) else found

    def model(self, name: str, /, **values):
        """A model of the SDK, such as ``GroupAssignmentTarget``."""
        file = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
        made = getattr(importlib.import_module(f"{self.package}.generated.models.{file}"), name)()
        return _filled(made, values)

    def body(self, path: str, name: str, /, **values):
        """The body of an action, which lies beside its builder."""
        return _filled(getattr(importlib.import_module(f"{self.package}.generated.{path}"), name)(), values)

    async def step(self, name: str, doing):
        """One call: what it gave, with everything of the answer in its model."""
        self.answers.last = None
        made = await doing
        left = (
            remainder(made, self.answers.last) if self.answers.last is not None and hasattr(made, "serialize") else []
        )
        self.steps[name] = left or "done"
        return made

    async def until(self, name: str, ask, ready):
        """Ask until it is so, as clients poll."""
        for _ in range(200):
            made = await self.step(name, ask())
            if ready(made):
                return made
            await asyncio.sleep(0.1)
        raise TimeoutError(name)

    async def refused(self, doing) -> dict:
        """What the SDK makes of an error."""
        errors = importlib.import_module(f"{self.package}.generated.models.o_data_errors.o_data_error")
        try:
            await doing
        except errors.ODataError as error:
            inner = error.error.inner_error
            return {
                "status": error.response_status_code,
                "code": error.error.code,
                "message": error.error.message,
                "request": str(inner.request_id),
                "client_request": str(inner.client_request_id),
                "date": str(inner.date),
            }
        return {}


def _filled(model, values: dict):
    for name, value in values.items():
        assert hasattr(model, name), f"{type(model).__name__} has no {name}"
        setattr(model, name, value)
    return model


def asking(builder, **options) -> RequestConfiguration:
    """Query options for the GET of a builder, by its own type for them."""
    [kind] = [each for name, each in vars(type(builder)).items() if name.endswith("GetQueryParameters")]
    return RequestConfiguration(query_parameters=kind(**options))


def person(given: dict) -> UsernamePasswordCredential:
    """The administrator."""
    where = {"authority": f"https://{given['login']}", "disable_instance_discovery": True}
    names = (given["client"], given["name"], given["password"])
    return UsernamePasswordCredential(*names, tenant_id=given["tenant"], **where)
