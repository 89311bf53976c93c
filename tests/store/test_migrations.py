"""The migrations make the schema that the rooms declare."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from taxiway.store import metadata, open_engine
from taxiway.store.migrate import migrate


def _indexes(engine):
    inspector = sa.inspect(engine)
    return {index["name"] for table in inspector.get_table_names() for index in inspector.get_indexes(table)}


def test_migrations_make_the_declared_schema(tmp_path, recwarn):
    """Every table, column and index that a room declares comes from a migration, and nothing else does."""
    engine = open_engine(f"sqlite:///{tmp_path}/migrated.db")
    migrate(engine)
    migrate(engine)  # again: nothing to do
    declared = sa.MetaData()
    for table in metadata.sorted_tables:
        if "test_" not in table.name:
            table.to_metadata(declared)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        # Indexes over expressions are compared by name below: SQLite does not tell what they are over.
        assert [change for change in compare_metadata(context, declared) if "index" not in change[0]] == []
        names = {row[0] for row in connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'index'"))}
    wanted = {index.name for table in declared.sorted_tables for index in table.indexes}
    assert {name for name in names if not name.startswith("sqlite_")} == wanted
    recwarn.clear()


def test_migrations_run_on_postgresql(postgres):
    """The same scripts run on an empty PostgreSQL database and make the same indexes."""
    engine = open_engine(postgres.fresh_database())
    migrate(engine)
    wanted = {i.name for t in metadata.sorted_tables if "test_" not in t.name for i in t.indexes}
    assert _indexes(engine) == wanted
    engine.dispose()


def test_sqlite_reads_by_the_narrow_index_though_that_costs_a_sort(tmp_path):
    """Without figures of its own it would read every row of a tenant, for these come in the order that is asked for."""
    engine = open_engine(f"sqlite:///{tmp_path}/x.db")
    migrate(engine)
    migrate(engine)  # again: the figures are there once
    engine.dispose()
    ask = "EXPLAIN QUERY PLAN SELECT * FROM autopilot_hardware WHERE tenant = 'a' AND ({}) ORDER BY id"
    with engine.connect() as connection:
        for where, columns in (("ek = 'b'", ["ek"]), ("ek = 'b' OR smbios_uuid = 'c'", ["ek", "smbios_uuid"])):
            plan = [row[3] for row in connection.exec_driver_sql(ask.format(where))]
            for column in columns:
                assert any(f"(tenant=? AND {column}=?)" in line for line in plan), plan
        twice = connection.exec_driver_sql("SELECT idx FROM sqlite_stat1 GROUP BY idx HAVING count(*) > 1").all()
    assert twice == []
