"""`caveat check --audit` and `caveat audit` as users meet them: whole output, exit codes, and never a value."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from caveat.cli.app import run
from strategies.trailing import LOOSER, RULES, changed, patient

Answer = tuple[int, str, str]
Cli = Callable[..., Answer]
TRAIL = ("--audit", "audit.db")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return a function that runs a command in a folder with rules and documents, and gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "rules.caveat").write_text(RULES)
    (tmp_path / "looser.caveat").write_text(LOOSER)
    for verb in ("warn", "review", "unknown"):
        (tmp_path / f"{verb}.json").write_bytes(patient(verb))
    (tmp_path / "many.ndjson").write_bytes(b"\n".join(patient(*["review"] * (n % 2), identity=f"p{n}") for n in range(6)))

    def called(*arguments: str) -> Answer:
        code = run(arguments)
        said = capsys.readouterr()
        assert "value of" not in said.out + said.err
        return code, said.out, said.err

    return called


@pytest.fixture
def held(cli: Cli) -> Cli:
    """Return the same, with a study of each verdict checked, and a key for what is held."""
    assert cli("audit", "keys", "q.key", "--for", "quarantine")[0] == 0
    code, _, _ = check(cli, "warn.json", "review.json", "unknown.json")
    assert code == 1
    return cli


def check(cli: Cli, *inputs: str) -> Answer:
    return cli("check", *TRAIL, "--quarantine-key", "q.key", "-p", "rules.caveat", "--source", "pacs-a", *inputs)


def kinds(path: str = "audit.db") -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [kind for (kind,) in connection.execute("SELECT kind FROM records ORDER BY sequence")]


def test_check_records_every_answer(cli: Cli) -> None:
    """One record a document and one a line, by whatever form the answer is given; without --audit there is no trail."""
    assert cli("check", "-p", "rules.caveat", "warn.json")[0] == 0
    assert not Path("audit.db").exists()
    assert cli("check", *TRAIL, "-p", "rules.caveat", "warn.json", "many.ndjson", "--format", "json")[0] == 1
    assert kinds() == ["policy", *["check"] * 7]
    assert cli("check", *TRAIL, "--load", "-p", "rules.caveat", "warn.json", "review.json")[0] == 1
    assert cli("check", *TRAIL, "-p", "rules.caveat", "--ndjson", "many.ndjson")[0] == 1
    assert len(kinds()) == 16


def test_check_that_cannot_record_answers_nothing(cli: Cli) -> None:
    """The exit code is 3, stdout is empty, and stderr says why."""
    assert cli("check", *TRAIL, "warn.json")[0] == 1
    with closing(sqlite3.connect("audit.db")) as connection:
        connection.execute("DROP TABLE entries")
    code, out, err = cli("check", *TRAIL, "warn.json")
    assert (code, out) == (3, "")
    assert re.fullmatch(r"caveat: nothing can be recorded in the audit trail sqlite:///audit\.db: OperationalError: .*\n", err)


def test_list_says_what_was_recorded(held: Cli) -> None:
    """One line a record, or one object with all its columns."""
    code, out, _ = held("audit", "list", *TRAIL)
    assert code == 0
    assert [line.split()[2:] for line in out.splitlines()] == [
        ["policy"],
        ["check", "warn", "Patient", "pacs-a"],
        ["check", "review", "Patient", "pacs-a"],
        ["check", "reject", "Patient", "pacs-a"],
    ]
    _, out, _ = held("audit", "list", *TRAIL, "--format", "json")
    objects = [json.loads(line) for line in out.splitlines()]
    assert {each["schema"] for each in objects} == {"caveat.audit/1"}
    assert [len(each["decisions"]) for each in objects] == [0, 1, 1, 1]


def test_the_quarantine_is_listed_released_and_declined(held: Cli) -> None:
    """From held to let through, and back, each step a record."""
    code, out, err = held("audit", "list", "--held", *TRAIL)
    assert (code, err) == (0, "2 resources held, pending\n")
    assert [line.split()[:4] for line in out.splitlines()] == [
        ["3", "pending", "review", "Patient"],
        ["4", "pending", "reject", "Patient"],
    ]
    assert held("audit", "release", "3", *TRAIL, "--by", "dr. who", "--because", "looked at")[0] == 0
    assert check(held, "review.json")[0] == 1
    assert check(held, "review.json", "--approved")[0] == 0
    _, out, _ = held("audit", "list", "--held", "--status", "all", "--format", "json", *TRAIL)
    told = [json.loads(line) for line in out.splitlines()]
    assert [(each["id"], each["review_status"], each["reviewer_notes"]) for each in told] == [
        (3, "released", "dr. who: looked at"),
        (4, "pending", None),
        (6, "released", "dr. who: looked at"),
    ]
    assert {each["modifier_extension_value"] for each in told} == {"***"}
    assert held("audit", "decline", "3", *TRAIL, "--by", "dr. no", "--because", "after all not")[0] == 0
    assert check(held, "review.json", "--approved")[0] == 1
    assert kinds() == ["policy", *["check"] * 3, "release", "check", "check", "decline", "check"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("release", "4"), "waits for a review"),
        (("release", "2"), "holds nothing"),
        (("decline", "99"), "holds nothing"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_reviewed_is_said(held: Cli, arguments: tuple[str, ...], said: str) -> None:
    """A release lets through nothing that is rejected; there is no review of what was not held."""
    code, out, err = held("audit", *arguments, *TRAIL, "--by", "a", "--because", "b")
    assert (code, out) == (2, "")
    assert said in err


def test_rerun_decides_what_is_held_again(held: Cli) -> None:
    """Under a looser policy one changes; both are recorded. Of what was kept as a digest only, that is said."""
    code, out, err = held("audit", "rerun", *TRAIL, "-p", "looser.caveat", "--quarantine-key", "q.key")
    assert (code, out) == (0, "     3  review -> warn  Patient  pacs-a\n")
    assert err == "2 resources decided again under trail 2.0.0; 1 changed\n"
    assert kinds()[4:] == ["policy", "rerun", "rerun"]
    assert held("check", *TRAIL, "-p", "rules.caveat", "review.json")[0] == 1
    code, out, err = held("audit", "rerun", *TRAIL, "-p", "looser.caveat", "--quarantine-key", "q.key", "--format", "json")
    assert code == 1
    assert [(each["old"], each["new"]) for each in map(json.loads, out.splitlines())] == [
        ("review", "warn"),
        ("reject", "reject"),
    ]
    assert "1 resource cannot be decided again: only the digest was kept" in err


def test_rerun_needs_the_key(held: Cli) -> None:
    """Without it nothing that was held can be read, and nothing is recorded."""
    code, _, err = held("audit", "rerun", *TRAIL, "-p", "looser.caveat")
    assert code == 1
    assert "what was held is encrypted" in err
    assert kinds() == ["policy", *["check"] * 3]


def test_verify_says_what_it_proves(held: Cli) -> None:
    """In plain words: what holds, up to where, and what nobody can tell."""
    assert held("audit", "keys", "s.key", "--for", "signing")[0] == 0
    code, line, _ = held("audit", "checkpoint", *TRAIL, "--key", "s.key")
    assert code == 0
    assert line.startswith("caveat-checkpoint/1 trail=")
    code, out, _ = held("audit", "verify", *TRAIL)
    assert code == 0
    assert "proven: records 1 to 4 hold together" in out
    assert "not shown: whether the newest records were cut off" in out
    code, out, _ = held("audit", "verify", *TRAIL, "--checkpoint", line, "--key", "s.key.pub")
    assert code == 0
    assert "proven: up to record 4 nothing was changed or deleted since the checkpoint given was printed" in out
    assert "proven: up to record 4 nothing was changed since it was signed" in out
    code, again, err = held("audit", "checkpoint", *TRAIL)
    assert (code, again) == (0, line)
    assert "nothing was recorded since" in err
    changed(Path("audit.db"), "UPDATE decisions SET verdict = 'accept' WHERE sequence = 4")
    code, out, _ = held("audit", "verify", *TRAIL)
    assert code == 1
    assert out.startswith("changed: record 4: it is not as it was written")
    assert "not proven" in out
    code, out, _ = held("audit", "verify", *TRAIL, "--format", "json")
    told = json.loads(out)
    assert (code, told["schema"], told["whole"]) == (1, "caveat.verification/1", False)
    assert told["findings"][0]["record"] == 4


def test_a_cut_is_found_with_the_line_only(held: Cli) -> None:
    """The last record goes, with all that belongs to it; the trail alone cannot tell."""
    _, line, _ = held("audit", "checkpoint", *TRAIL)
    gone = ("DELETE FROM held WHERE sequence = 4", "DELETE FROM decisions WHERE sequence = 4", "DELETE FROM checkpoints")
    contexts = "DELETE FROM contexts WHERE id NOT IN (SELECT context FROM entries)"
    changed(Path("audit.db"), *gone, "DELETE FROM entries WHERE sequence = 4", contexts)
    assert held("audit", "verify", *TRAIL)[0] == 0
    code, out, _ = held("audit", "verify", *TRAIL, "--checkpoint", line)
    assert code == 1
    assert "records 4 to 4, which the checkpoint given covers, are missing" in out


def test_prune_deletes_whole_segments(held: Cli) -> None:
    """What no checkpoint covers stays; what goes is said and recorded."""
    code, _, err = held("audit", "prune", *TRAIL, "--before", "2100-01-01")
    assert (code, err) == (0, "no checkpointed segment ended before 2100-01-01; nothing was deleted\n")
    held("audit", "checkpoint", *TRAIL)
    code, _, err = held("audit", "prune", *TRAIL, "--before", "2100-01-01", "--by", "records office")
    assert (code, err) == (0, "records up to 4 are deleted; 2 resources in them still waited for a review\n")
    assert kinds() == ["prune"]
    code, out, _ = held("audit", "verify", *TRAIL)
    assert code == 0
    assert "proven: records 1 to 4 were pruned, and a record says so" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "verify", "--audit", "none.db"),
        ("audit", "verify", "--audit", "mysql://x/y"),
        ("audit", "verify", "--audit", "audit.db", "--checkpoint", "x"),
        ("audit", "verify", "--audit", "audit.db", "--key", "none.pub"),
        ("audit", "list", "--audit", "audit.db", "--held", "--status", "lost"),
        ("audit", "prune", "--audit", "audit.db", "--before", "soon"),
        ("audit", "keys", "q.key", "--for", "signing"),
        ("check", "--approved", "warn.json"),
        ("check", "--definitions", "--audit", "audit.db", "warn.json"),
    ],
    ids=" ".join,
)
def test_misuse_is_told(held: Cli, arguments: tuple[str, ...]) -> None:
    """Exit code 2 and one line; nothing is made, nothing is recorded."""
    code, out, err = held(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("caveat: ")
    assert not Path("none.db").exists()
    assert len(kinds()) == 4


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--quarantine-key", "q.key"], "--quarantine-key"),
        (["--identifier-key", "i.key"], "--identifier-key"),
        (["--identifier-key", "i.key", "--quarantine-key", "q.key"], "--identifier-key and --quarantine-key"),
    ],
)
def test_a_key_without_a_trail_is_refused(cli: Cli, options: list[str], named: str) -> None:
    """Whoever names a key wants something kept; that nothing is kept without a trail is said before anything is checked."""
    code, out, err = cli("check", *options, "warn.json")
    assert (code, out) == (2, "")
    assert err == f"caveat: {named} without --audit: there is no trail to use a key for; name one with --audit URL\n"
    code, out, err = cli("check", "--definitions", *options, "warn.json")
    assert (code, out) == (2, "")
    assert "judges no document" in err


def test_a_key_in_the_environment_waits_for_a_trail(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment speaks for every call: a check without a trail is not refused for it, one with a trail uses it."""
    assert cli("audit", "keys", "q.key", "--for", "quarantine")[0] == 0
    monkeypatch.setenv("CAVEAT_QUARANTINE_KEY", "q.key")
    assert cli("check", "-p", "rules.caveat", "review.json")[0] == 1
    assert cli("check", "-p", "rules.caveat", *TRAIL, "review.json")[0] == 1
    assert '"has_bytes": true' in cli("audit", "list", *TRAIL, "--held", "--format", "json")[1]


def test_a_terminal_gets_no_page_unasked(held: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody says which form, a terminal gets Markdown, and a file or a pipe the page."""
    assert held("audit", "report", *TRAIL)[1].startswith("<!DOCTYPE html>")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert held("audit", "report", *TRAIL)[1].startswith("# ")
    assert held("audit", "report", *TRAIL, "-o", "page.html")[0] == 0
    assert Path("page.html").read_text().startswith("<!DOCTYPE html>")
    assert held("audit", "report", *TRAIL, "--format", "html")[1].startswith("<!DOCTYPE html>")
