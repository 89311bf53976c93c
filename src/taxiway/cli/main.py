"""The command's tree. What a command needs is imported when it runs, so that ``--help`` answers at once."""

from __future__ import annotations

import sys

import typer

from taxiway.cli import (
    csp,
    demo,
    device,
    esp,
    explain,
    explain_configuration,
    explain_membership,
    federation,
    hardware,
    partner,
    preflight,
    profile,
    proxy,
    registered,
    registration,
    switches,
    tenant,
    transfer,
    up,
)

app = typer.Typer(
    name="taxiway",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="""Windows Autopilot as one program: the service, and the PC at the other end of the wire.

    **taxiway demo** shows everything in one go. For a server of your own: **taxiway up**, then **taxiway setup**
    (steps 1 to 7 of the tutorial), **taxiway device new** and **taxiway device power-on** (step 8), **taxiway status**.
    """,
)
app.command("up")(up.up)
app.command("proxy")(proxy.proxy)
app.command("demo")(demo.demo)
app.command("setup")(registration.setup)
app.command("import")(registration.import_csv)
app.command("status")(registration.status)
app.command("preflight")(preflight.preflight)
app.command("signin-policy")(switches.signin_policy)
app.command("enrollment-policy")(switches.enrollment_policy)
app.command("autopilot-policy")(switches.autopilot_policy)
app.command("federation")(federation.federation)
app.command("esp")(esp.esp)
app.add_typer(device.app, name="device")
app.add_typer(profile.app, name="profile")
app.add_typer(explain.app, name="explain")
app.add_typer(csp.app, name="csp")
app.add_typer(hardware.app, name="hash")
app.add_typer(partner.app, name="partner")
app.add_typer(transfer.app, name="transfer")
app.add_typer(tenant.app, name="tenant")
device.app.command("assign")(registered.assign)
device.app.command("unassign")(registered.unassign)
device.app.command("rebind")(registered.rebind)
device.app.command("remove")(registered.remove)
explain.app.command("configuration")(explain_configuration.configuration)
explain.app.command("membership")(explain_membership.membership)


def main() -> None:
    """Run a command; an error of ours is a sentence and exit status 1, not a traceback."""
    from taxiway.kernel import TaxiwayError

    try:
        app()
    except TaxiwayError as error:
        text = " ".join(filter(None, (error.message, error.remedy)))
        print(f"taxiway: {text}", file=sys.stderr)
        for reason in error.reasons:
            print(f"  - {reason.text}", file=sys.stderr)
        sys.exit(1)
