"""Makes the first tables of the trail, and the triggers that refuse to change them.

Rule 1: a migration is never changed after a release, so it does not use `caveat.audit.schema`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TEXTS = (
    "kind",
    "source",
    "evidence",
    "fhir_release",
    "resource_type",
    "verdict",
    "within",
    "intent",
    "judged_on",
    "policy_name",
)
_SHARED = (*_TEXTS, "policy_version", "policy_digest", "engine_version", "problems", "not_checked", "actor", "reason")
_KEPT = ("trail", "contexts", "entries", "decisions", "policies", "checkpoints", "held", "prunings")
_PRUNED = ("entries", "decisions", "held")
"""The tables whose rows may be deleted up to where a row of `prunings` says."""


def upgrade() -> None:
    """Make tables, indexes and triggers."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table("trail", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False))
    _make_records(number)
    _make_decisions(number)
    op.create_table(
        "policies", sa.Column("digest", sa.Text, primary_key=True), sa.Column("canonical_json", sa.Text, nullable=False)
    )
    op.create_table(
        "checkpoints",
        sa.Column("number", number, primary_key=True, autoincrement=False),
        sa.Column("line", sa.Text, nullable=False),
    )
    op.create_table(
        "held",
        sa.Column("sequence", number, sa.ForeignKey("entries.sequence"), primary_key=True, autoincrement=False),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
    )
    op.create_table("prunings", sa.Column("through", number, primary_key=True, autoincrement=False))
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _make_records(number: sa.types.TypeEngine[int]) -> None:
    """Make what a record has of its own, what it shares with others, and the view that shows both."""
    op.create_table(
        "contexts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        *(sa.Column(name, sa.Text, nullable=name not in {"kind", "engine_version"}) for name in _SHARED),
    )
    op.create_table(
        "entries",
        sa.Column("sequence", number, primary_key=True, autoincrement=False),
        sa.Column("time", sa.Text, nullable=False),
        sa.Column("input_sha256", sa.Text),
        sa.Column("resource_id", sa.Text),
        sa.Column("held_sha256", sa.Text),
        sa.Column("about", number),
        sa.Column("context", sa.Integer, sa.ForeignKey("contexts.id"), nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    about = sa.text("about IS NOT NULL")  # reviews only: an index of all inputs costs a bulk check a tenth of its time
    op.create_index("entries_reviewed", "entries", ["input_sha256"], sqlite_where=about, postgresql_where=about)
    own = "e.sequence, e.time, e.input_sha256, e.resource_id, e.held_sha256, e.about, e.hash"
    shared = ", ".join(f"c.{name}" for name in _SHARED)
    op.execute(f"CREATE VIEW records AS SELECT {own}, {shared} FROM entries e JOIN contexts c ON c.id = e.context")  # noqa: S608


def _make_decisions(number: sa.types.TypeEngine[int]) -> None:
    never_null = {"verdict", "ground"}
    before = ("url", "path", "location", "slot", "value_type", "verdict", "ground")
    op.create_table(
        "decisions",
        sa.Column("sequence", number, sa.ForeignKey("entries.sequence"), primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=name not in never_null) for name in before),
        sa.Column("final", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("rule", "waiver", "fault", "value")),
    )
    op.create_index("decisions_url", "decisions", ["url"])


# the triggers: a courtesy to whoever errs, no proof against whoever wants to


def _guard_sqlite() -> None:
    through = "(SELECT coalesce(max(through), 0) FROM prunings)"
    for table in _KEPT:
        refusal = f"SELECT RAISE(ABORT, 'the audit trail is never changed: {table}')"
        beyond = f"WHEN old.sequence > {through} " if table in _PRUNED else ""
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN {refusal}; END")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {beyond}BEGIN {refusal}; END")


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION caveat_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'DELETE' AND TG_TABLE_NAME IN ('entries', 'decisions', 'held') THEN "
        "IF OLD.sequence <= (SELECT coalesce(max(through), 0) FROM prunings) THEN RETURN OLD; END IF; END IF; "
        "RAISE EXCEPTION 'the audit trail is never changed: %', TG_TABLE_NAME; END $$"
    )
    for table in _KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_never_changed BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION caveat_never_changed()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION caveat_never_changed()"
        )
