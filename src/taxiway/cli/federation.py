"""``taxiway federation``: which domains sign in at an outside OpenID provider."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from taxiway.cli.connect import Connection, connected
from taxiway.cli.options import AsJson

_PATH = "/taxiway/federation"


@connected
def federation(
    domain: Annotated[str, typer.Option("--domain", help="The domain to set or remove. Without it: print all.")] = "",
    issuer: Annotated[str, typer.Option("--issuer", help="The provider's issuer: its https address.")] = "",
    client_id: Annotated[str, typer.Option("--client-id", help="The id of this instance at the provider.")] = "",
    client_secret: Annotated[
        str, typer.Option("--client-secret", envvar="TAXIWAY_CLIENT_SECRET", help="Its secret. Prefer the environment.")
    ] = "",
    claim: Annotated[
        str, typer.Option("--claim", help="The claim with the user principal name: email, upn or preferred_username.")
    ] = "email",
    trusts_mfa: Annotated[bool, typer.Option("--trusts-mfa", help="A second factor shown there counts here.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Let the domain sign in here again.")] = False,
    *,
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """Print, set or remove the OpenID providers at which a tenant's domains sign in.

    Register the printed redirect address at the provider first. docs/settings.md says what each setting means.
    """
    given = {"issuer": issuer, "client_id": client_id, "client_secret": client_secret, "claim": claim}
    body = {"domain": domain, "trusts_mfa": trusts_mfa, **{name: value for name, value in given.items() if value}}

    if domain and remove:
        found = connection.call("DELETE", _PATH, query={"domain": domain})
    else:
        found = connection.call("PUT" if domain else "GET", _PATH, body if domain else None)
    _show(found, as_json=as_json)


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
        return
    print(f"  redirect address  {found['redirect_uri']}")
    for one in found["providers"]:
        mfa = "trusted" if one["trusts_mfa"] else "not trusted"
        print(f"  {one['domain']:<28} {one['issuer']} as {one['client_id']}, by {one['claim']}; second factor {mfa}")
