"""``taxiway explain membership``: why a device or user is in a group, or is not."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from taxiway.cli.connect import Connection, connected
from taxiway.cli.options import AsJson


@connected
def membership(
    name: Annotated[str, typer.Argument(metavar="DEVICE-OR-UPN", help="Serial number, name or id of a device; a UPN.")],
    group: Annotated[str, typer.Option(help="Name or id of the group.")] = "",
    rule: Annotated[str, typer.Option(help="A rule to try instead of a group's.")] = "",
    *,
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """Each part of the rule with its verdict and the value it looked at; of a stated member, the groups between.

    Says when the group was last evaluated, and whether it is paused or failed. Exit status 0 for a member, 1 otherwise.
    """
    if bool(group) is bool(rule):
        raise typer.BadParameter("Give either --group or --rule.")
    asked = {"object": name, "group": group} if group else {"object": name, "rule": rule}
    found = connection.tell("/taxiway/explain/membership", asked, _print, as_json)
    raise typer.Exit(0 if found["member"] else 1)


def _print(found: dict[str, Any]) -> None:
    if found["group"] is None:
        print(f"{found['object']} {'would be' if found['member'] else 'would not be'} a member by this rule.")
    else:
        group = found["group"]
        print(f"{found['object']} {'is' if found['member'] else 'is not'} a member of '{group['name']}'.")
        if group["processing"]:
            print(f"  processing {group['processing']}, {group['status']}, last evaluated {group['lastEvaluated']}")
    for reason in found["why"]:
        print(f"  - {reason['text']}")
    if found["rule"] is not None:
        _part(found["rule"], 1)


def _part(part: dict[str, Any], depth: int) -> None:
    value = f"   ({part['property']} is {json.dumps(part['value'])})" if part["property"] else ""
    print(f"{'  ' * depth}{'yes' if part['holds'] else 'no '}  {part['expression']}{value}")
    for one in part["parts"]:
        _part(one, depth + 1)
