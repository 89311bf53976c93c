"""``taxiway csp``: the table of CSP facts, and what an administrator adds to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from taxiway.cli.options import DEFAULT_DATA, AsJson, Data

app = typer.Typer(no_args_is_help=True, help="The table of CSP facts that configurations are checked against.")


@app.command("import")
def import_facts(
    archive: Annotated[Path, typer.Argument(help="The archive of DDF v2 files as Microsoft offers it, or one file.")],
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Read device descriptions (DDF v2) into the data folder; the server knows their nodes from its next start on.

    The facts that taxiway comes with stay as they are: the archive adds nodes to them. Importing another archive
    replaces what was imported before. Nothing of the archive is kept but names, formats, access and allowed values.
    """
    from taxiway.app import Files
    from taxiway.kernel.files import write_private
    from taxiway.wire import csp
    from taxiway.wire.ddf_archive import encode, read_archive

    facts = read_archive(archive.name, archive.read_bytes())
    write_private(Files(data).csp_facts, encode(facts))
    new = csp.extend(facts.nodes)
    said = {"name": facts.name, "sha256": facts.sha256, "files": facts.files, "nodes": len(facts.nodes), "new": new}
    if as_json:
        print(json.dumps(said))
        return
    print(f"{facts.files} files with {len(facts.nodes)} nodes, {new} of them new. Restart the server to use them.")


@app.command()
def show(
    uri: Annotated[str, typer.Argument(help="An OMA-URI.")], data: Data = DEFAULT_DATA, as_json: AsJson = False
) -> None:
    """Print what is known of a node: format, access, allowed values. Exit status 1 when it is not in the table."""
    import msgspec

    from taxiway.app import Files, load_facts
    from taxiway.wire import csp
    from taxiway.wire.csp_around import nearest

    load_facts(Files(data))
    node = csp.lookup(uri)
    if node is None:
        near = nearest(uri)
        print(json.dumps({"known": False, "nearest": near}) if as_json else f"Not known. Nearest: {near or 'none'}.")
        raise typer.Exit(1)
    facts = {name: value for name, value in msgspec.to_builtins(node).items() if value not in (None, False, [])}
    if as_json:
        print(json.dumps({"known": True, **facts}))
        return
    for name, value in facts.items():
        print(f"  {name:<10} {value}")
