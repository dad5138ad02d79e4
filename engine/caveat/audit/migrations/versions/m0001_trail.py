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

_KEPT = ("trail", "records", "decisions", "policies", "checkpoints", "held", "prunings")
_PRUNED = ("records", "decisions", "held")
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
        sa.Column("sequence", number, sa.ForeignKey("records.sequence"), primary_key=True, autoincrement=False),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
    )
    op.create_table("prunings", sa.Column("through", number, primary_key=True, autoincrement=False))
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _make_records(number: sa.types.TypeEngine[int]) -> None:
    before = ("kind", "time", "source", "input_sha256", "evidence", "fhir_release", "resource_type", "resource_id", "verdict")
    middle = ("within", "intent", "judged_on", "policy_name", "policy_version", "policy_digest", "engine_version", "problems")
    last = ("actor", "reason", "hash")
    never_null = {"kind", "time", "engine_version", "hash"}

    def texts(names: tuple[str, ...]) -> list[sa.Column[str]]:
        return [sa.Column(name, sa.Text, nullable=name not in never_null) for name in names]

    op.create_table(
        "records",
        sa.Column("sequence", number, primary_key=True, autoincrement=False),
        *texts((*before, *middle, "not_checked", "held_sha256")),
        sa.Column("about", number),
        *texts(last),
    )
    op.create_index("records_input", "records", ["input_sha256", "policy_digest"])
    op.create_index("records_time", "records", ["time"])


def _make_decisions(number: sa.types.TypeEngine[int]) -> None:
    never_null = {"verdict", "ground"}
    before = ("url", "path", "location", "slot", "value_type", "verdict", "ground")
    op.create_table(
        "decisions",
        sa.Column("sequence", number, sa.ForeignKey("records.sequence"), primary_key=True, autoincrement=False),
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
        "IF TG_OP = 'DELETE' AND TG_TABLE_NAME IN ('records', 'decisions', 'held') THEN "
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
