"""Where the trail is kept: a file of SQLite or a PostgreSQL server; opened, made and brought up to date here.

Rule 1: one writer at a time: BEGIN IMMEDIATE on SQLite, an advisory lock on PostgreSQL. A commit returns when it is on disk
(`synchronous=FULL`, `synchronous_commit=on`).
Rule 2: whatever goes wrong with it is `AuditUnavailable`, whose message has no parameter of a statement in it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from caveat.audit.extras import required
from caveat.domain.errors import AuditUnavailable, UsageError
from caveat.telemetry.logs import ERROR, Event, log

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

HEAD: Final = "0001"
"""The newest migration: what `migrations` ends in."""
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_PATIENCE: Final = 30.0
"""How many seconds a writer waits for the others."""
_ROOM: Final = 64 * 1024
"""How many KiB of a file are held in memory where all of it is read, and how many are sorted at once."""
_ADVISORY: Final = 4_711_202_611
"""The advisory lock of the trail on a server: one trail a database (or schema)."""


def url_of(where: str | Path) -> URL:
    """Return the URL of a trail: a path is a file of SQLite, `postgresql://` a server; UsageError for anything else."""
    required("sqlalchemy", "alembic")
    from sqlalchemy import URL, make_url  # noqa: PLC0415  an extra
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415  an extra

    text = os.fspath(where)
    if not text or ":memory:" in text:
        raise UsageError("a trail outlives the program that writes it: name a file, or `postgresql://user@host/database`")
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except ArgumentError:
        raise UsageError("this is no URL of a trail; write a path, or `postgresql://user@host/database`") from None
    if url.get_backend_name() == "postgresql":
        required("psycopg", extra="postgres")
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite" or not url.database or url.query:
        raise UsageError(
            "a trail is kept in a file of SQLite or in PostgreSQL; write a path, or `postgresql://user@host/database`"
        )
    return url.set(drivername="sqlite")


class Store:
    """One trail's connections. Thread-safe; after a fork the child makes its own."""

    __slots__ = ("_engine", "_lock", "_pid", "url")

    def __init__(self, url: URL) -> None:
        """Connect when first needed."""
        self.url = url
        self._lock = Lock()
        self._pid = os.getpid()
        self._engine: Engine | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def system(self) -> str:
        """The kind of database, as OpenTelemetry names it."""
        return "sqlite" if self.is_sqlite else "postgresql"

    @property
    def file(self) -> Path | None:
        """The file, None on a server."""
        return Path(self.url.database or "") if self.is_sqlite else None

    def exists(self) -> bool:
        """Return whether there is anything to open; of a server only that can be said which it says when asked."""
        return self.file is None or self.file.exists()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that nobody else writes beside, and commit it durably; AuditUnavailable when any of it fails."""
        with self._told("recorded in"), self._lock, self._engine_here().connect() as connection, connection.begin():
            if not self.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY})")
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees the trail as it is at one moment."""
        with self._told("read from"), self._engine_here().connect() as connection:
            options = {"caveat_reading": True} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
            reader = connection.execution_options(**options)
            with reader.begin():
                yield reader

    def close(self) -> None:
        """Give the connections back; the next use makes new ones."""
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = None

    def __del__(self) -> None:
        """Give the connections back of a trail that nobody closed."""
        with suppress(Exception):  # Python may be ending
            self.close()

    def _engine_here(self) -> Engine:
        """Return the engine of this process: a connection must not be used on both sides of a fork."""
        if self._pid != os.getpid():
            if self._engine is not None:
                self._engine.dispose(close=False)
            self._engine, self._pid = None, os.getpid()
        if self._engine is None:
            self._engine = _engine(self.url)
        return self._engine

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Turn whatever the database says into AuditUnavailable."""
        import sqlite3  # noqa: PLC0415  a check without a trail does not need it

        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  an extra

        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            where = self.url.render_as_string(hide_password=True)
            log(Event.UNAVAILABLE, ERROR, system=self.system, kind=type(getattr(error, "orig", None) or error).__name__)
            raise AuditUnavailable(f"nothing can be {doing} the audit trail {where}: {_said(error)}") from None


def _said(error: BaseException) -> str:
    """Say what a database complains of without what it was asked: of a server's words only the code is known to hold no data."""
    cause = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None)
    kind = type(cause).__name__
    if type(cause).__module__ == "sqlite3":
        return f"{kind}: {cause}"
    if isinstance(cause, OSError):
        return f"{kind}: {cause.strerror}"
    return f"{kind}, SQLSTATE {state}" if state else kind


def _engine(url: URL) -> Engine:
    from sqlalchemy import create_engine, event  # noqa: PLC0415  an extra

    if url.get_backend_name() != "sqlite":
        said = f"-c synchronous_commit=on -c lock_timeout={int(_PATIENCE * 1000)}"
        connect = {"connect_timeout": 10, "options": said, **dict(url.query)}
        return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=connect)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _PATIENCE})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: object) -> None:
    """Set a new connection of SQLite up: the transactions are ours to begin, a commit is on disk when it returns."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    _write_ahead(connection)


def _write_ahead(connection: Any) -> None:
    """Switch the log ahead of writing on; two that do so to a new file at once are not made to wait by SQLite itself."""
    import sqlite3  # noqa: PLC0415  as above

    until = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("caveat_reading")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def make_room(connection: Connection) -> None:
    """Let whoever reads a whole trail hold more of it in memory; not as a mapped file, for one that is cut short would kill."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size=-{_ROOM}")


# migrations


def state_of(connection: Connection) -> str | None:
    """Return the migration that a trail is at, None when there is no trail yet."""
    if not _has_state(connection):
        return None
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())


def _has_state(connection: Connection) -> bool:
    if connection.dialect.name == "sqlite":  # SQLAlchemy imports much to answer this
        said = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
        return bool(connection.exec_driver_sql(said).scalar())
    from sqlalchemy import inspect  # noqa: PLC0415  an extra

    return inspect(connection).has_table("alembic_version")


def upgrade(connection: Connection, state: str | None) -> None:
    """Bring the tables to the newest migration; UsageError when they are beyond it."""
    from alembic import command  # noqa: PLC0415  an extra, and slow to import
    from alembic.config import Config  # noqa: PLC0415  as above

    if state is not None and state > HEAD:
        raise UsageError(
            f"this trail was written by a newer Caveat (its tables are at {state}, and this one knows {HEAD}); upgrade Caveat"
        )
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
