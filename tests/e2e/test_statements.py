"""Every statement of a deployment names the tenant (03 section 15.21; design, rule 3)."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from e2e.test_secrets import refusals
from taxiway.store import metadata, plans

pytestmark = pytest.mark.anyio

#: The one place that looks across tenants, and knows nothing but whose a key is.
ROUTER = {"router"}
_WORD = r"[A-Za-z_]\w*"


def tables_of(sql):
    """Table and the name it goes by, for each table that a statement reads or writes."""
    quoted = sql.replace('"', "")
    found = []
    for clause in re.findall(
        rf"\b(?:FROM|JOIN|UPDATE|INTO)\s+((?:{_WORD}(?:\s+AS\s+{_WORD})?)(?:,\s*{_WORD}(?:\s+AS\s+{_WORD})?)*)", quoted
    ):
        for part in clause.split(","):
            words = part.split()
            if words[0] in metadata.tables:
                found.append((words[0], words[-1] if len(words) == 3 else words[0]))
    return found


def unscoped(sql):
    """The tables of a statement that it touches without naming their tenant."""
    quoted = sql.replace('"', "")
    if quoted.startswith("INSERT"):
        columns = quoted.partition("(")[2].partition(")")[0]
        missing = [] if re.search(r"\btenant\b", columns) else [tables_of(quoted)[0][0]]
        return [name for name in missing if name not in ROUTER]
    conditions = quoted[re.search(r"\bWHERE\b|\bON\b|$", quoted).start() :]
    trouble = []
    for table, name in tables_of(quoted):
        if "tenant" not in metadata.tables[table].c or table in ROUTER:
            continue
        if not re.search(rf"\b{name}\.tenant\s*(?:=|IN\b)|(?:=|IN)\s*{name}\.tenant\b", conditions):
            trouble.append(table)
    return trouble


@pytest.fixture
def statements(engine, monkeypatch):
    """Each text that goes to the driver, by SQLAlchemy or by a plan of ours."""
    seen = set()
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _u, sql, *_: seen.add(sql))
    planned, run_sql = plans.Plan.run, plans.run_sql

    def run(plan, connection, parameters):
        seen.add(plan.sql)
        return planned(plan, connection, parameters)

    def text(connection, sql, values=(), **how):
        seen.add(sql)
        return run_sql(connection, sql, values, **how)

    monkeypatch.setattr(plans.Plan, "run", run)
    monkeypatch.setattr(plans, "run_sql", text)
    return seen


@pytest.mark.parametrize(
    ("sql", "trouble"),
    [
        ("SELECT prt.hash FROM prt WHERE prt.tenant = ? AND prt.hash = ?", []),
        ("SELECT prt.hash FROM prt WHERE prt.hash = ?", ["prt"]),
        ("SELECT prt.tenant FROM prt WHERE prt.hash = ?", ["prt"]),
        ("SELECT a.hash FROM prt AS a, totp WHERE a.tenant = ? AND totp.user_id = a.user_id", ["totp"]),
        ("SELECT a.hash FROM prt AS a JOIN totp ON totp.tenant = a.tenant WHERE a.tenant = ?", []),
        ("UPDATE prt SET tenant=? WHERE prt.hash = ?", ["prt"]),
        ("DELETE FROM prt WHERE prt.tenant = ?", []),
        ("DELETE FROM prt", ["prt"]),
        ("INSERT INTO prt (hash) VALUES (?)", ["prt"]),
        ("INSERT INTO prt (tenant, hash) VALUES (?, ?)", []),
    ],
)
def test_15_21_the_check_itself_sees_what_is_missing(sql, trouble):
    """A test that inspects statements is worth what it finds."""
    assert unscoped(sql) == trouble


async def test_15_21_every_statement_of_a_deployment_names_the_tenant(instance, statements, tmp_path):
    """From registration to the desktop, with refusals on the way: no read, write or delete goes without."""
    person = await instance.make_user()
    await instance.make_user("bob@contoso.example", access_pass=False)
    await instance.profile()
    pc = instance.make_pc(tmp_path / "pc")
    await instance.register(pc)
    outcome = await instance.power_on(pc, person)
    assert outcome.reached == "desktop", outcome.failure
    await refusals(instance)
    touched = {table for sql in statements for table, _ in tables_of(sql)}
    assert {"refresh_token", "auth_code", "prt", "log", "directory_device", "password", "used_nonce"} <= touched
    assert len([sql for sql in statements if tables_of(sql)]) > 100
    assert {sql: unscoped(sql) for sql in statements if unscoped(sql)} == {}
