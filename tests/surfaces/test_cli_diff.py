"""`caveat diff`: what it prints, what it saves, and how it exits."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from caveat.analysis import diff as analysis
from caveat.cli.app import run
from caveat.domain.decision import Verdict

HEAD = 'caveat 1; policy "p" version "1" { owner "o"; fhir R4, R4B; SETTINGS }\nextension retake = "https://x.example/retake";\n'
WHY = ' because "b" assessed 2026-01-01;\n'
OLD = f"exclude r: retake on ImagingStudy.series.instance{WHY}"
NEW = f"understand r: retake on ImagingStudy.series.instance until 2027-01-31{WHY}"
DAY = "2026-11-24"


def write(folder: Path, name: str, body: str, settings: str = "") -> str:
    """Write a rule file, and return its path as the command line takes it."""
    path = folder / f"{name}.caveat"
    path.write_text(HEAD.replace("SETTINGS", settings) + body, encoding="utf-8")
    return str(path)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """Return a policy that leaves an instance out, and one that understands it for a while."""
    return write(tmp_path, "old", OLD), write(tmp_path, "new", NEW)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command, and return its exit code and what it wrote."""
    code = run(["diff", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def records(text: str) -> list[dict[str, Any]]:
    """Return the objects of lines of JSON."""
    return [json.loads(line) for line in text.splitlines()]


def test_text(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Looser first, in the words of the rule files, with the days on which it is so."""
    code, out, err = said(capsys, *pair)
    assert code == 0
    assert out.splitlines() == [
        "looser",
        "  1  `retake` on ImagingStudy.series.instance: exclude -> accept, until 2027-01-31 only",
        "     before: rule `r`; after: rule `r`",
        "stricter",
        "  2  `retake` on ImagingStudy.series.instance: exclude -> reject, from 2027-02-01 on",
        "     before: rule `r`; after: the default, as no rule speaks",
    ]
    assert err == "1 looser, 1 stricter (FHIR R4, R4B)\n"


def test_json(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, as the interfaces promise, and more."""
    code, out, _ = said(capsys, *pair, "--format", "json")
    first, second = records(out)
    assert code == 0
    promised = ["schema", "change", "old", "new", "path", "url", "value_type", "value", "from", "to"]
    assert [key for key in first if key in promised] == promised
    assert {key: first[key] for key in promised} == {
        "schema": "caveat.change/1",
        "change": "looser",
        "old": {"verdict": "exclude", "ground": "rule", "rule": "r"},
        "new": {"verdict": "accept", "ground": "rule", "rule": "r"},
        "path": "ImagingStudy.series.instance",
        "url": "https://x.example/retake",
        "value_type": None,
        "value": None,
        "from": None,
        "to": "2027-01-31",
    }
    assert (second["change"], second["from"], second["to"]) == ("stricter", "2027-02-01", None)


def test_one_day(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """With a day only what differs then is told, and its witness is of that day."""
    _, out, _ = said(capsys, *pair, "--date", "2027-02-01", "--format", "json")
    (only,) = records(out)
    assert (only["change"], only["from"], only["to"]) == ("stricter", "2027-02-01", "2027-02-01")
    assert only["witness"]["date"] == "2027-02-01"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--fail-on", "looser"], 1),
        (["--fail-on", "any"], 1),
        (["--fail-on", "looser", "--date", "2027-02-01"], 0),
        (["--fail-on", "any", "--date", "2027-02-01"], 1),
    ],
)
def test_exit_codes(pair: tuple[str, str], options: list[str], code: int) -> None:
    """A comparison succeeds unless the caller wants to fail on what it finds."""
    assert run(["diff", *pair, *options]) == code


def test_the_same_in_other_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Order, layout, names and reasons make no difference."""
    one = write(tmp_path, "one", OLD + f'review s: "https://x.example/s" on Patient{WHY}')
    two = write(tmp_path, "two", f'\nreview\n t:\n "https://x.example/s"\n on Patient{WHY}' + OLD.replace("r:", "left-out:"))
    assert said(capsys, one, two, "--fail-on", "any")[:2] == (0, "")
    assert said(capsys, one, two)[2].startswith("no difference")


def test_saved_witnesses_behave(tmp_path: Path, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each saved witness is judged by `caveat check`, as its line of the index says, with the verdicts that are stated."""
    new = write(
        tmp_path,
        "wide",
        f"{NEW}"
        f'warn v: "https://v.example/x/**" on ImagingStudy.series as boolean when value = true{WHY}'
        'waive e: empty on Patient as warn from 2026-01-01 until 2027-01-01 owner "o" because "w";\n'
        'waive i: incomplete on Patient.contact as warn from 2026-01-01 until 2027-01-01 owner "o" because "w";\n'
        f'understand o: "https://x.example/other" on Patient.implicitRules{WHY}'
        "reads Basic {}\n",
        "default review;",
    )
    folder = tmp_path / "saved"
    assert run(["diff", pair[0], new, "--save", str(folder)]) == 0
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    assert len(index["witnesses"]) > 10
    assert {each.name for each in folder.iterdir()} == {"index.json", *(each["file"] for each in index["witnesses"])}
    capsys.readouterr()
    for each in index["witnesses"]:
        for policy in ("old", "new"):
            run([*each[f"check_{policy}"][1:], "--format", "json"])
            assert json.loads(capsys.readouterr().out)["verdict"] == each[policy], each


def test_a_folder_that_is_not_empty(pair: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Witnesses never go among other files."""
    code, _, err = said(capsys, *pair, "--save", str(tmp_path))
    assert code == 2
    assert "is not empty" in err


def test_witness_in_text(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """A witness is printed on demand, with what to check it with."""
    _, out, _ = said(capsys, *pair, "--witness")
    assert "--date" in out
    assert '"url": "https://x.example/retake"' in out


def test_a_witness_that_misbehaves(
    pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a witness is not judged as stated nothing is claimed: it is a failure of Caveat's own."""
    monkeypatch.setattr(analysis, "verdict_of", lambda *_: Verdict.CLEAR)
    code, out, err = said(capsys, *pair)
    assert (code, out) == (3, "")
    assert "internal fault" in err


def test_releases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A release that only one policy is for is told; where none is common there is nothing to compare."""
    old = write(tmp_path, "old", OLD)
    wide = write(tmp_path, "wide", OLD).replace("wide", "wide")
    Path(wide).write_text(Path(old).read_text(encoding="utf-8").replace("R4, R4B", "R4, R5"), encoding="utf-8")
    code, _, err = said(capsys, old, wide, "--fail-on", "looser")
    assert code == 1
    assert "only NEW is for FHIR R5" in err
    assert "only OLD is for FHIR R4B" in err
    Path(wide).write_text(Path(old).read_text(encoding="utf-8").replace("R4, R4B", "R5"), encoding="utf-8")
    assert said(capsys, old, wide)[0] == 2


def test_shipped_packs_and_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A shipped pack is compared by name; what does not load or is not there is an error of usage."""
    assert said(capsys, "imaging", "imaging", "--fail-on", "any")[0] == 0
    bad = tmp_path / "bad.caveat"
    bad.write_text("caveat 1; polcy", encoding="utf-8")
    assert said(capsys, str(bad), "imaging")[0] == 2
    assert said(capsys, "nowhere", "imaging")[0] == 2


# past reports


@pytest.fixture
def reports(tmp_path: Path, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the reports of the old policy on a few documents, as `caveat check` writes them."""
    extension = {"url": "https://x.example/retake", "valueBoolean": True}
    series = {"instance": [{"modifierExtension": [extension]}, {"title": "x"}]}
    study = {"resourceType": "ImagingStudy", "series": [series]}
    unknown = {"resourceType": "Patient", "modifierExtension": [{**extension, "url": "https://x.example/else"}]}
    lines = tmp_path / "documents.ndjson"
    lines.write_text("\n".join(map(json.dumps, (study, unknown, study, {"resourceType": "Patient"}))) + "\n", encoding="utf-8")
    run(["check", str(lines), "-p", pair[0], "--date", DAY, "--format", "json"])
    path = tmp_path / "reports.ndjson.gz"
    with gzip.open(path, "wt") as file:
        file.write(capsys.readouterr().out)
    return str(path)


@pytest.mark.parametrize("option", [("--save", "witnesses"), ("--witness",)], ids=lambda option: option[0])
def test_replay_has_no_witnesses(
    pair: tuple[str, str], reports: str, option: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """To ask for witnesses of past reports is a wrong call, and not passed over."""
    code, out, err = said(capsys, *pair, "--replay", reports, *option)
    assert (code, out) == (2, "")
    assert option[0] in err


def test_replay_of_a_damaged_file(pair: tuple[str, str], reports: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of reports that cannot be unpacked is said to be damaged, wherever the damage is."""
    whole = gzip.compress(gzip.decompress(Path(reports).read_bytes()))  # without a name in its head
    for damaged in (whole[:-4], whole[:10] + b"\xff\xff\xff\xff" + whole[14:], b"no gzip"):
        Path(reports).write_bytes(damaged)
        code, _, err = said(capsys, *pair, "--replay", reports)
        assert (code, err) == (2, f"caveat: {reports} cannot be read: it is damaged\n")


def test_replay(pair: tuple[str, str], reports: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Past reports are decided again: what changes is counted, with the first place."""
    code, out, err = said(capsys, *pair, "--replay", reports, "--date", DAY, "--format", "json")
    (row,) = records(out)
    assert code == 0
    assert (row["schema"], row["change"], row["count"]) == ("caveat.replay/1", "looser", 2)
    assert (row["old"]["verdict"], row["new"]["verdict"]) == ("exclude", "accept")
    assert row["first"]["line"] == 1
    assert row["first"]["location"] == "ImagingStudy.series[0].instance[0].modifierExtension[0]"
    assert err == f"4 reports decided again as on {DAY}: 2 the same, 2 looser, 0 stricter, 0 cannot be told\n"


def test_replay_as_text_and_exit(pair: tuple[str, str], reports: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As text it says what decides before and after; --fail-on counts whole reports."""
    code, out, _ = said(capsys, *pair, "--replay", reports, "--date", DAY, "--fail-on", "looser")
    assert code == 1
    assert out.splitlines()[0] == "     2  `https://x.example/retake` on ImagingStudy.series.instance: exclude -> accept"
    assert "documents.ndjson:1 ImagingStudy.series[0].instance[0].modifierExtension[0]" in out


def test_replay_of_another_policy(pair: tuple[str, str], reports: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Reports that OLD did not make are said to be of another policy."""
    _, _, err = said(capsys, pair[1], pair[1], "--replay", reports, "--date", DAY)
    assert "note: 4 reports are of another policy than OLD: p 1" in err


def test_replay_never_guesses(tmp_path: Path, pair: tuple[str, str], reports: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a condition needs a value, which reports do not hold, it cannot be told, and is counted."""
    new = write(tmp_path, "asks", f"understand r: retake on ImagingStudy.series.instance as boolean when value = true{WHY}")
    _, out, err = said(capsys, pair[0], new, "--replay", reports, "--date", DAY, "--format", "json")
    (row,) = records(out)
    assert (row["change"], row["new"], row["count"]) == ("untold", None, 2)
    assert "2 cannot be told" in err


def test_replay_of_what_is_no_report(tmp_path: Path, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """A line that is no report is said, and nothing at all is an error of usage."""
    path = tmp_path / "x.ndjson"
    path.write_text('{"schema": "caveat.report/1"}\nnot json\n', encoding="utf-8")
    code, _, err = said(capsys, *pair, "--replay", str(path))
    assert code == 2
    assert err.count("is no line of the form") == 2
    assert said(capsys, *pair, "--replay", str(tmp_path / "gone"))[0] == 2
