"""Nothing in the checkout speaks of the machine it was written on, or of where its packages were fetched."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Each pattern is written so that it does not find itself.
LOCAL = re.compile(
    r"""
      (?<![\w.])/(?:wor[k]|roo[t]|tm[p]|hom[e]|User[s]|op[t])/\w   # a path of one machine
    | [A-Z]:\\User[s]\\                                            # the same elsewhere
    | pyp[i]\.org | pythonhoste[d]\.org                            # a registry
    | packages\.fhi[r]\.org | packages\.simplifie[r]\.net
    | --(?:extra-)?inde[x]-url[ =]\w | --find-link[s][ =]\w        # where to fetch from
    | \bfil[e]:///\w
    """,
    re.VERBOSE,
)


def candidates() -> list[Path]:
    """Return what is tracked, and what would be with the next `git add`."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout here, so nothing is tracked")
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [path for path in (ROOT / name for name in listed.split("\0") if name) if path.is_file()]


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    """A checkout works anywhere, so nothing in it points to one place."""
    found = []
    for path in candidates():
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [f"{path.relative_to(ROOT)}:{number}" for number, line in enumerate(lines, 1) if LOCAL.search(line)]
    assert found == []


def test_no_tracked_file_is_a_built_thing() -> None:
    """What can be built is built, not kept."""
    assert [path.name for path in candidates() if path.suffix in {".whl", ".pyc", ".so", ".egg"}] == []


def test_the_lock_names_packages_and_hashes_only() -> None:
    """Every line of the lock is a package with its version, one of its hashes, or who asked for it."""
    line = re.compile(r"[a-z0-9-]+==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|    #( .*)?")
    lines = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8").splitlines()
    assert lines
    assert [text for text in lines if not line.fullmatch(text)] == []
