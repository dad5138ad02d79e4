"""The tables of the trail, for whoever reads it with SQL.

Rule 1: every column of `records` and `decisions` is covered by the record's hash; `held` by `records.held_sha256`; `policies` by its
own digest; `checkpoints` by one another. Nothing else is kept.
Rule 2: a migration makes these tables, and a test compares the two. An addition is a new migration.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()
_Number = BigInteger().with_variant(Integer, "sqlite")

trail = Table(
    "trail",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""What holds for the whole trail, from its beginning: `id`, `identifiers`, `key_check`, `created`."""

records = Table(
    "records",
    metadata,
    Column("sequence", _Number, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("source", Text),
    Column("input_sha256", Text),
    Column("evidence", Text),
    Column("fhir_release", Text),
    Column("resource_type", Text),
    Column("resource_id", Text),
    Column("verdict", Text),
    Column("within", Text),
    Column("intent", Text),
    Column("judged_on", Text),
    Column("policy_name", Text),
    Column("policy_version", Text),
    Column("policy_digest", Text),
    Column("engine_version", Text, nullable=False),
    Column("problems", Text),
    Column("not_checked", Text),
    Column("held_sha256", Text),
    Column("about", _Number),
    Column("actor", Text),
    Column("reason", Text),
    Column("hash", Text, nullable=False),
    Index("records_input", "input_sha256", "policy_digest"),
    Index("records_time", "time"),
)
"""One row a record; `kind` says what it is about: see `caveat.audit.record`."""

decisions = Table(
    "decisions",
    metadata,
    Column("sequence", _Number, ForeignKey("records.sequence"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("url", Text),
    Column("path", Text),
    Column("location", Text),
    Column("slot", Text),
    Column("value_type", Text),
    Column("verdict", Text, nullable=False),
    Column("ground", Text, nullable=False),
    Column("final", Integer, nullable=False),
    Column("rule", Text),
    Column("waiver", Text),
    Column("fault", Text),
    Column("value", Text),
    Index("decisions_url", "url"),
)
"""One row a decision of a checked resource, numbered from 0 in the order of the report."""

policies = Table(
    "policies",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("canonical_json", Text, nullable=False),
)
"""Each policy that judged, as canonical JSON: its rules with owner, reason and assessment, its waivers with their days."""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("line", Text, nullable=False),
)
"""One row a checkpoint, as the line that is printed: see `caveat.audit.checkpoint`."""

held = Table(
    "held",
    metadata,
    Column("sequence", _Number, ForeignKey("records.sequence"), primary_key=True, autoincrement=False),
    Column("envelope", LargeBinary, nullable=False),
)
"""The bytes of what was held, encrypted, where a key was given; `records.held_sha256` is the digest of the envelope."""

prunings = Table(
    "prunings",
    metadata,
    Column("through", _Number, primary_key=True, autoincrement=False),
)
"""Up to which record the trail was pruned; the triggers let nothing else be deleted."""
