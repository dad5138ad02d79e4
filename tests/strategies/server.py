"""A PostgreSQL server of the tests' own: made, started and killed by them, reached by a socket that nobody else has."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

ABSENT = "POSTGRESQL IS ABSENT: this test starts a server of its own; Debian's package `postgresql` has the programs"
_PATIENCE = 60.0


def programs() -> Path | None:
    """Return the folder with `initdb` and `postgres`, None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).parent if named else None


class Server:
    """A running server; `url` opens a trail on it."""

    def __init__(self) -> None:
        folder = programs()
        assert folder is not None, ABSENT
        self.programs = folder
        self.home = Path(tempfile.mkdtemp(prefix="pg"))
        self.data = self.home / "data"
        self.owner = self._owner()
        if self.owner:
            shutil.chown(self.home, self.owner)
        self._run("initdb", "-D", str(self.data), "-U", "caveat", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://caveat@/postgres?host={self.home}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ["-k", str(self.home), "-c", "listen_addresses=", "-c", "max_connections=40"]
        self.process = subprocess.Popen(
            [str(self.programs / "postgres"), "-D", str(self.data), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._as_owner(),
        )
        until = time.monotonic() + _PATIENCE
        while subprocess.run([str(self.programs / "pg_isready"), "-q", "-h", str(self.home)], check=False).returncode:
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would: nothing is told to anybody."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_PATIENCE)

    def sql(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the owner of everything."""
        command = [
            str(self.programs / "psql"),
            "-q",
            "-h",
            str(self.home),
            "-U",
            "caveat",
            "-d",
            database,
            "-v",
            "ON_ERROR_STOP=1",
        ]
        for statement in statements:
            subprocess.run([*command, "-c", statement], check=True, capture_output=True)

    def fresh(self, name: str) -> str:
        """Make a database, and return the URL of a trail in it."""
        self.sql(f"CREATE DATABASE {name}")
        return f"postgresql://caveat@/{name}?host={self.home}"

    def close(self) -> None:
        """End it, and remove what it kept."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    @staticmethod
    def _owner() -> str | None:
        """Return who runs it: a server refuses to be run by root."""
        if os.geteuid() != 0:
            return None
        names = {entry.pw_name for entry in pwd.getpwall()}
        return "postgres" if "postgres" in names else "nobody"

    def _as_owner(self) -> dict[str, Any]:
        if self.owner is None:
            return {}
        entry = pwd.getpwnam(self.owner)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": self.home}

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([str(self.programs / program), *arguments], check=True, capture_output=True, **self._as_owner())
