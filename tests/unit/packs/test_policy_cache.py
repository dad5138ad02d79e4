"""A kept policy is used only where nothing has changed, and only from a folder and an entry that nobody else may write."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from caveat import Guard, RuleFileError
from caveat.packs import policies, policy_cache
from caveat.packs.lock import Lock, lock_text, locked_as
from caveat.packs.packages import FhirPackage, package_of
from caveat.packs.policies import load_policy
from caveat.packs.policy_cache import cached_policy
from caveat.policy.policy import Policy
from strategies.packaging import definition, package, write

LABEL = "org.example.a#1.0.0"
MAIN = """caveat 1;
policy "p" version "1" { owner "o"; }
import "shared/other.caveat" as other;
reject a: "https://x.example/a" on Patient because "b";
"""
OTHER = """caveat 1;
policy "q" version "1" { owner "o"; }
reject c: "https://x.example/c" on Patient because "b";
"""
TEST = """caveat 1;
test "t" { modifier "https://x.example/a" on Patient = true; expect reject by a at "Patient"; }
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder where policies are kept."""
    monkeypatch.setenv("CAVEAT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def main(tmp_path: Path) -> Path:
    """Return a rule file that imports another."""
    write(tmp_path / "policy", {"p.caveat": MAIN.encode(), "shared/other.caveat": OTHER.encode()})
    return tmp_path / "policy" / "p.caveat"


def loaded(path: Path) -> Policy:
    """Return the policy of a guard."""
    return Guard.from_files(path).policy


def entry(cache: Path) -> Path:
    """Return the one entry."""
    (found,) = cache.iterdir()
    return found


def test_a_kept_policy_is_the_policy(cache: Path, main: Path) -> None:
    """It is kept by the first guard, and equal, digest and all, to what is compiled."""
    assert cached_policy(main) is None
    first = loaded(main)
    again = cached_policy(main)
    assert again == first == load_policy(main).policy
    assert again is not None
    assert again.digest == first.digest
    assert [rule.name for rule in again.rules] == ["a", "other.c"]
    assert (cache.stat().st_mode & 0o777, entry(cache).stat().st_mode & 0o777) == (0o700, 0o600)


def test_the_second_guard_compiles_nothing(cache: Path, main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And needs neither parser nor terminal nor models."""
    loaded(main)
    monkeypatch.setattr(policies, "load_policy", None)
    assert loaded(main).name == "p"
    program = f"import sys; from caveat import Guard; Guard.from_files({str(main)!r}); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {"lark", "rich", "typer", "pydantic", "fhir", "caveat.lang"}.isdisjoint(told)
    assert "caveat.packs.policy_cache" in told


@pytest.mark.parametrize("changed", ["p.caveat", "shared/other.caveat"])
def test_a_changed_file_is_compiled(cache: Path, main: Path, changed: str) -> None:
    """A rule file and one that it imports: what they say now counts."""
    before = loaded(main)
    path = main.parent / changed
    path.write_text(path.read_text(encoding="utf-8").replace("reject", "review"), encoding="utf-8")
    assert cached_policy(main) is None
    assert loaded(main) == load_policy(main).policy != before


def test_a_file_that_is_gone_or_leads_elsewhere_is_compiled(cache: Path, main: Path, tmp_path: Path) -> None:
    """It is a mistake again, as it is without the cache."""
    loaded(main)
    other = main.parent / "shared" / "other.caveat"
    other.rename(tmp_path / "moved.caveat")
    with pytest.raises(RuleFileError):
        loaded(main)
    other.symlink_to(tmp_path / "moved.caveat")
    with pytest.raises(RuleFileError):
        loaded(main)


def test_a_new_or_broken_test_is_compiled(cache: Path, main: Path) -> None:
    """What stops a policy from loading does so with the cache too."""
    loaded(main)
    tests = main.with_name("p_test.caveat")
    tests.write_text(TEST, encoding="utf-8")
    assert cached_policy(main) is None
    loaded(main)
    assert cached_policy(main) is not None
    tests.write_text("caveat 1; test", encoding="utf-8")
    with pytest.raises(RuleFileError):
        loaded(main)


def test_another_engine_compiles(cache: Path, main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry is for one version of everything that makes a policy of a text."""
    loaded(main)
    monkeypatch.setattr(policy_cache, "_engine", lambda: b"9")
    assert cached_policy(main) is None


def test_another_version_compiles(cache: Path, main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry is for one version, even where no file of it has another size or time."""
    loaded(main)
    monkeypatch.setattr(policy_cache, "__version__", "9")
    assert cached_policy(main) is None


def test_used_packages(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that uses an archive is kept with the lock; another lock, or another archive, is looked at anew."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    raw = package(LABEL, definition("retake"))
    read = package_of(raw)
    assert isinstance(read, FhirPackage)
    text = f'caveat 1;\npolicy "p" version "1" {{ owner "o"; }}\nuse "{LABEL}";\n'
    lock = lock_text(Lock().having(locked_as(read, f"packages/{LABEL}.tgz")))
    held = {"p.caveat": text.encode(), f"packages/{LABEL}.tgz": raw, "caveat.lock": lock.encode()}
    path = write(tmp_path / "p", held) / "p.caveat"
    assert loaded(path) == cached_policy(path) == load_policy(path).policy
    archive = path.parent / f"packages/{LABEL}.tgz"
    archive.write_bytes(package(LABEL, definition("retake", modifier=False)))
    assert cached_policy(path) is None
    archive.unlink()
    assert cached_policy(path) is None
    archive.write_bytes(raw)
    assert cached_policy(path) is not None
    (path.parent / "caveat.lock").write_text(lock + " ", encoding="utf-8")
    assert cached_policy(path) is None


def test_a_package_in_a_folder_is_not_kept(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is what uses one that is built in, without a lock."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path = (
        write(tmp_path, {"p.caveat": b'caveat 1;\npolicy "p" version "1" { owner "o"; }\nuse "hl7.fhir.r4.core#4.0.1";\n'})
        / "p.caveat"
    )
    loaded(path)
    assert list(cache.iterdir()) == []


DAMAGE = {
    "cut short": lambda raw: raw[:-1],
    "empty": lambda _: b"",
    "no digest": lambda raw: raw.partition(b"\n")[2],
    "another verdict": lambda raw: raw.replace(b'"reject"', b'"accept"'),
    "another verdict, signed": lambda raw: signed(raw.partition(b"\n")[2].replace(b'"verdict":"reject"', b'"verdict":"accept"')),
    "another form": lambda _: signed(b"[]"),
    "no JSON": lambda _: signed(b"x"),
    "too deep": lambda _: signed(b"[" * 100_000),
    "a field of another kind": lambda raw: signed(raw.partition(b"\n")[2].replace(b'"packages":[]', b'"packages":{}')),
}


def signed(body: bytes) -> bytes:
    """Return an entry as whoever may write to the folder could make it."""
    return sha256(body).hexdigest().encode() + b"\n" + body


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_made_again(cache: Path, main: Path, damage) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  a table's column
    """It is passed over without a word, and the policy is what the rules say."""
    right = loaded(main)
    whole = entry(cache).read_bytes()
    assert damage(whole) != whole
    entry(cache).write_bytes(damage(whole))
    assert loaded(main) == right
    assert cached_policy(main) == right


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_an_entry_that_others_may_write_does_not_count(cache: Path, main: Path, mode: int) -> None:
    """It is made again, for the user alone."""
    loaded(main)
    entry(cache).chmod(mode)
    assert cached_policy(main) is None
    loaded(main)
    assert cached_policy(main) is not None


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_may_write_does_not_count(cache: Path, main: Path, mode: int) -> None:
    """Nothing is read from it, and nothing written."""
    loaded(main)
    entry(cache).unlink()
    cache.chmod(mode)
    loaded(main)
    assert list(cache.iterdir()) == []
    cache.chmod(0o700)
    loaded(main)
    cache.chmod(mode)
    assert cached_policy(main) is None


def test_what_is_not_the_users_own_does_not_count(cache: Path, main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever else owns it."""
    loaded(main)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert cached_policy(main) is None


def test_links_and_pipes_are_no_entries(cache: Path, main: Path, tmp_path: Path) -> None:
    """A link to an entry elsewhere, a folder that is a link, a pipe that would never end."""
    loaded(main)
    path = entry(cache)
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert cached_policy(main) is None
    path.unlink()
    os.mkfifo(path)
    assert cached_policy(main) is None
    path.unlink()
    elsewhere.rename(path)
    assert cached_policy(main) is not None
    cache.rename(tmp_path / "moved")
    cache.symlink_to(tmp_path / "moved")
    assert cached_policy(main) is None


def test_off(cache: Path, main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept, and nothing that was kept is used."""
    loaded(main)
    monkeypatch.setenv("CAVEAT_CACHE", "off")
    assert cached_policy(main) is None
    entry(cache).unlink()
    loaded(main)
    assert list(cache.iterdir()) == []


def test_where_policies_are_kept(tmp_path: Path, main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder for what can be made again, of the system or of the user's home; a relative one is passed over."""
    monkeypatch.delenv("CAVEAT_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    loaded(main)
    assert (tmp_path / ".cache" / "caveat").is_dir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    loaded(main)
    assert (tmp_path / "x" / "caveat").is_dir()
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(sys, "platform", "darwin")
    loaded(main)
    assert (tmp_path / "Library" / "Caches" / "caveat").is_dir()


def test_a_folder_that_cannot_be_made_is_no_fault(tmp_path: Path, main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy is compiled, and nothing is said."""
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("CAVEAT_CACHE", str(tmp_path / "file" / "cache"))
    assert loaded(main).name == "p"


def test_a_file_that_changes_while_it_is_compiled_is_not_kept(cache: Path, main: Path) -> None:
    """What is kept is what was compiled, or nothing."""
    compiled = load_policy(main)
    (main.parent / "shared" / "other.caveat").write_text(OTHER.replace("reject", "review"), encoding="utf-8")
    policy_cache.keep_policy(main, compiled)
    assert list(cache.iterdir()) == []


def test_a_mistake_is_said_each_time(cache: Path, main: Path) -> None:
    """Only policies are kept."""
    main.write_text("caveat 1; reject", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(RuleFileError):
            loaded(main)
    assert not cache.exists()


def test_old_entries_go(cache: Path, main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder does not grow without end."""
    monkeypatch.setattr(policy_cache, "_ENTRIES", 3)
    for number in range(8):
        main.write_text(MAIN + f"// {number}\n", encoding="utf-8")
        loaded(main)
    assert len(list(cache.iterdir())) <= 3
    assert cached_policy(main) is not None


def test_a_rule_file_that_is_too_large_is_left_to_the_parser(cache: Path, main: Path) -> None:
    """It says so."""
    main.write_bytes(b" " * (2**20 + 1))
    with pytest.raises(RuleFileError, match="CV009"):
        loaded(main)
