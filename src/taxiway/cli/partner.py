"""``taxiway partner``: who may register devices for this tenant from outside (06 section 2.5)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taxiway.cli.connect import Connection, connected, known_server
from taxiway.cli.options import DEFAULT_DATA, AsJson, Authority, Data, Server

if TYPE_CHECKING:
    from taxiway.rehearsal.administrator import Administrator

app = typer.Typer(no_args_is_help=True, help="Let a partner register devices for this tenant, or end that.")

_PERMISSION = "Taxiway.PartnerDevices.ReadWrite.All"
_GRAPH = "00000003-0000-0000-c000-000000000000"
Name = Annotated[str, typer.Argument(help="The partner's name: that of its application in this tenant.")]


@app.command()
@connected
def consent(name: Name, connection: Connection, as_json: AsJson = False) -> None:
    """Consent to a partner: its application gets the one permission to register devices here.

    An application that does not exist yet is made, and its secret is printed once. The partner asks for tokens with the
    client credentials grant and uploads to /v1/customers/TENANT/deviceBatches.
    """

    async def work(signed_in: Administrator) -> dict[str, Any]:
        principal, secret = await _account(signed_in, name)
        role = await _role(signed_in)
        if role["id"] not in {held["appRoleId"] for held in await _held(signed_in, principal)}:
            body = {"principalId": principal["id"], "resourceId": role["resource"], "appRoleId": role["id"]}
            await signed_in.call("POST", f"/v1.0/servicePrincipals/{principal['id']}/appRoleAssignments", body)
        [tenant] = await signed_in.values("/v1.0/organization")
        return {"tenant": tenant["id"], "client_id": principal["appId"], "secret": secret}

    made = connection.run(work)
    if as_json:
        print(json.dumps(made))
        return
    print(f"{name} may register devices in the tenant {made['tenant']}.\n  client id  {made['client_id']}")
    if made["secret"]:
        print(f"  secret     {made['secret']}")


@app.command()
@connected
def revoke(name: Name, connection: Connection) -> None:
    """Take the consent back; what the partner registered stays registered. Exit status 1 when there was none."""

    async def work(signed_in: Administrator) -> bool:
        role = await _role(signed_in)
        for principal in await _named(signed_in, "servicePrincipals", name):
            for held in await _held(signed_in, principal):
                if held["appRoleId"] == role["id"]:
                    path = f"/v1.0/servicePrincipals/{principal['id']}/appRoleAssignments/{held['id']}"
                    await signed_in.call("DELETE", path)
                    return True
        return False

    done = connection.run(work)
    print(f"{name} may not register devices any more." if done else f"There is no consent to {name}.")
    raise typer.Exit(0 if done else 1)


@app.command()
def upload(
    file: Annotated[Path, typer.Argument(help="Partner Center's CSV: five columns, of which a row fills some.")],
    tenant: Annotated[str, typer.Option(help="The customer: its tenant id, as `consent` printed it.")],
    client_id: Annotated[str, typer.Option(help="The partner's application in the customer's tenant.")],
    secret: Annotated[str, typer.Option(envvar="TAXIWAY_PARTNER_SECRET", prompt=True, hide_input=True)],
    batch: Annotated[str, typer.Option(help="The name of the batch; default: that of the file.")] = "",
    data: Data = DEFAULT_DATA,
    server: Server = "",
    ca: Authority = None,
    as_json: AsJson = False,
) -> None:
    """Register a customer's devices as their partner: by hash, by product key, or by serial number, maker and model.

    Exit status 1 when a row was refused.
    """
    from taxiway.rehearsal.partner import upload_file

    said = {} if server and ca else known_server(data)
    results = asyncio.run(
        upload_file(
            server or said["people"],
            ca or Path(said["ca_file"]),
            tenant,
            (client_id, secret),
            batch or file.name,
            file.read_bytes(),
        )
    )
    refused = [result for result in results if result["errorCode"] != "0"]
    if as_json:
        print(json.dumps(results))
    else:
        print(f"{len(results) - len(refused)} devices registered, {len(refused)} refused")
        for result in refused:
            print(f"  refused   line {result['line']}: {result['errorCode']} {result['errorDescription']}")
    raise typer.Exit(1 if refused else 0)


async def _account(admin: Administrator, name: str) -> tuple[dict[str, Any], str]:
    """The partner's account in this tenant, and the secret where its application was made for this."""
    known = await _named(admin, "servicePrincipals", name)
    if known:
        return known[0], ""
    made = await _named(admin, "applications", name)
    application = made[0] if made else await admin.call("POST", "/v1.0/applications", {"displayName": name})
    principal = await admin.call("POST", "/v1.0/servicePrincipals", {"appId": application["appId"]})
    secret = await admin.call("POST", f"/v1.0/applications/{application['id']}/addPassword", {})
    return principal, secret["secretText"]


async def _role(admin: Administrator) -> dict[str, str]:
    [graph] = await admin.values("/v1.0/servicePrincipals", **{"$filter": f"appId eq '{_GRAPH}'"})
    role = next(one for one in graph["appRoles"] if one["value"] == _PERMISSION)
    return {"id": role["id"], "resource": graph["id"]}


async def _held(admin: Administrator, principal: dict[str, Any]) -> list[dict[str, Any]]:
    return await admin.values(f"/v1.0/servicePrincipals/{principal['id']}/appRoleAssignments")


async def _named(admin: Administrator, collection: str, name: str) -> list[dict[str, Any]]:
    quoted = name.replace("'", "''")
    return await admin.values(f"/v1.0/{collection}", **{"$filter": f"displayName eq '{quoted}'"})
