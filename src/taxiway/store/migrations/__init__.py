"""The schema's history: one Alembic script per change. Migrations import no room."""
