"""Whether the tables of a trail are those that Caveat made, with their triggers, and its file in order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from caveat.audit.appending import run
from caveat.audit.store import upgrade

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MASTER = "SELECT type, name, tbl_name, sql FROM sqlite_master"
_TRIGGERS = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O' AND tgrelid = ANY(%s::regclass[])"
_TABLES = ("trail", "contexts", "entries", "decisions", "policies", "checkpoints", "held", "prunings")


def shape_faults(connection: Connection) -> Iterator[str]:
    """Give what is wrong with the tables themselves."""
    if connection.dialect.name != "sqlite":
        found = {name for (name,) in connection.exec_driver_sql(_TRIGGERS, (list(_TABLES),)).all()}
        for table in _TABLES:
            if {f"{table}_never_changed", f"{table}_never_emptied"} - found:
                yield f"a trigger that keeps `{table}` from being changed is gone or off"
        return
    for (said,) in run(connection, "PRAGMA integrity_check(5)"):
        if said != "ok":
            yield "SQLite says that the file is damaged"
    there = {tuple(row) for row in run(connection, _MASTER)}
    for kind, name, *_ in sorted(there ^ _made(), key=str):
        yield f"the {kind} `{name}` is not as Caveat makes it"


@cache
def _made() -> frozenset[tuple[str, ...]]:
    """Return what a new file has."""
    from sqlalchemy import create_engine  # noqa: PLC0415  an extra

    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection, None)
        made = frozenset(tuple(row) for row in run(connection, _MASTER))
    engine.dispose()
    return made
