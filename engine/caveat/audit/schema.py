"""The tables of the trail, for whoever reads it with SQL.

Rule 1: every column of `records` and `decisions` is covered by the record's hash; `held` by `records.held_sha256`; `policies` by
its own digest; `checkpoints` by one another. Nothing else is kept.
Rule 2: a migration makes these tables, and a test compares the two. An addition is a new migration.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, text

metadata = MetaData()
_Number = BigInteger().with_variant(Integer, "sqlite")
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
_MORE = ("policy_version", "policy_digest", "engine_version", "problems", "not_checked")
_SHARED = (*_TEXTS, *_MORE, "actor", "reason")

trail = Table(
    "trail",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""What holds for the whole trail, from its beginning: `nonce`, `identifiers`, `key_check`, `created`."""

contexts = Table(
    "contexts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False, unique=True),
    *(Column(name, Text, nullable=name not in {"kind", "engine_version"}) for name in _SHARED),
)
"""What many records have alike, once: a row here and a number there are a fifth of what they would take otherwise."""

entries = Table(
    "entries",
    metadata,
    Column("sequence", _Number, primary_key=True, autoincrement=False),
    Column("time", Text, nullable=False),
    Column("input_sha256", Text),
    Column("resource_id", Text),
    Column("held_sha256", Text),
    Column("about", _Number),
    Column("context", Integer, ForeignKey("contexts.id"), nullable=False),
    Column("hash", Text, nullable=False),
    Index("entries_reviewed", "input_sha256", sqlite_where=text("about IS NOT NULL"), postgresql_where=text("about IS NOT NULL")),
)
"""One row a record: what is its own."""

records = Table(
    "records",
    MetaData(),
    *(Column(name, Text) for name in ("kind", "time", "source", "input_sha256", "evidence", "fhir_release")),
    *(Column(name, Text) for name in ("resource_type", "resource_id", "verdict", "within", "intent", "judged_on")),
    *(Column(name, Text) for name in ("policy_name", "policy_version", "policy_digest", "engine_version")),
    *(Column(name, Text) for name in ("problems", "not_checked", "held_sha256", "actor", "reason", "hash")),
    Column("sequence", _Number, primary_key=True),
    Column("about", _Number),
)
"""A view of both, one row a record with every column; `kind` says what it is about: see `caveat.audit.record`. Read this one."""

decisions = Table(
    "decisions",
    metadata,
    Column("sequence", _Number, ForeignKey("entries.sequence"), primary_key=True, autoincrement=False),
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
    Column("sequence", _Number, ForeignKey("entries.sequence"), primary_key=True, autoincrement=False),
    Column("envelope", LargeBinary, nullable=False),
)
"""The bytes of what was held, encrypted, where a key was given; `records.held_sha256` is the digest of the envelope."""

prunings = Table(
    "prunings",
    metadata,
    Column("through", _Number, primary_key=True, autoincrement=False),
)
"""Up to which record the trail was pruned; the triggers let nothing else be deleted."""
