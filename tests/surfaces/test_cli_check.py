"""`caveat check` as users meet it: whole output, exit codes, and never a word of the data."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from caveat.bulk import crew, processes, ranges
from caveat.bulk.crew import Crew
from caveat.cli.app import run
from caveat.formats.schema import ReportRecord

RULES = """caveat 1;
policy "imaging" version "1.0.0" { owner "pacs-team"; fhir R4B; }
extension rejected = "https://example.org/instance-rejected";
extension quality = "https://example.org/quality";
exclude left-out: rejected on ImagingStudy.series.instance as boolean when value = true
    because "the worklist treats it as absent" assessed 2026-01-01;
understand good: quality on ImagingStudy.series as string because "queue by quality" assessed 2026-01-01;
"""
CANARY = "CANARY-4711"
Answer = tuple[int, str, str]
Cli = Callable[..., Answer]


def study(*, quality: bool = False, rejected: bool = False, unknown: bool = False) -> dict[str, Any]:
    """Return a study of two instances with the modifiers asked for, and a canary in every text."""
    series: dict[str, Any] = {"uid": "1", "modality": {"code": "CT"}, "description": CANARY}
    first: dict[str, Any] = {"uid": "1.1", "sopClass": {"code": "x"}, "title": CANARY}
    if quality:
        series["modifierExtension"] = [{"url": "https://example.org/quality", "valueString": CANARY}]
    if rejected:
        first["modifierExtension"] = [{"url": "https://example.org/instance-rejected", "valueBoolean": True}]
    made: dict[str, Any] = {"resourceType": "ImagingStudy", "id": "s1", "status": "available", "subject": {"display": CANARY}}
    if unknown:
        made["modifierExtension"] = [{"url": "https://example.org/strange", "valueString": CANARY}]
    second = {"uid": "1.2", "sopClass": {"code": "x"}}
    return {**made, "series": [{**series, "instance": [first, second]}]}


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return a function that runs a command in a folder with a few documents, and gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    documents = {
        "refused.json": study(unknown=True),
        "excluded.json": study(rejected=True),
        "accepted.json": study(quality=True),
        "clear.json": {"resourceType": "Patient", "id": "p1"},
        "unloadable.json": {"resourceType": "Patient", "birthDate": CANARY},
    }
    for name, document in documents.items():
        (tmp_path / name).write_text(json.dumps(document))
    (tmp_path / "rules.caveat").write_text(RULES)
    (tmp_path / "broken.caveat").write_text("caveat 1; bogus")
    (tmp_path / "unreadable.json").write_text('{"resourceType": "Patient", "resourceType": "Patient"}')
    (tmp_path / "lines.ndjson").write_text("\n".join(json.dumps(documents[n]) for n in ("clear.json", "refused.json")) + "\n\n")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "study.xml").write_text("<ImagingStudy xmlns='http://hl7.org/fhir'><modifierExtension url='a'/></ImagingStudy>")
    (tmp_path / "clear.xml").write_text("<Basic xmlns='http://hl7.org/fhir'/>")
    (tmp_path / "xml.json").write_text("<Basic xmlns='http://hl7.org/fhir'/>")
    (tmp_path / "json.xml").write_text('{"resourceType": "Basic"}')
    (tmp_path / "study.json.gz").write_bytes(gzip.compress(b"{}"))
    (tmp_path / "nothing").mkdir()
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    for name in ("b.json", "deep/a.ndjson", "deep/c.txt"):
        (tmp_path / "folder" / name).write_text('{"resourceType": "Basic"}')

    def call(*arguments: str, stdin: bytes = b"") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run(["check", "--date", "2026-11-23", *arguments])
        said = capsys.readouterr()
        assert CANARY not in said.out + said.err
        return code, said.out, said.err

    return call


def test_a_refused_study(cli: Cli) -> None:
    """The whole of what a person sees when a modifier is unknown."""
    assert cli("refused.json") == (
        1,
        (
            "refused.json: ImagingStudy/s1 reject, must not be processed\n"
            "  reject    ImagingStudy.modifierExtension[0]\n"
            "            https://example.org/strange (string)\n"
            "            unknown: no rule names this modifier\n"
            "            to have a person decide:\n"
            '            review strange: "https://example.org/strange" on ImagingStudy as string because "...";\n'
        ),
        "1 input, 1 resource: 1 reject\n",
    )


def test_an_exclusion(cli: Cli) -> None:
    """One instance is left out, so the study may be processed only in its reduced form."""
    assert cli("excluded.json", "-p", "rules.caveat") == (
        1,
        (
            "excluded.json: ImagingStudy/s1 exclude, may be processed only in its reduced form\n"
            "  exclude   ImagingStudy.series[0].instance[0].modifierExtension[0]\n"
            "            https://example.org/instance-rejected (boolean)\n"
            "            decided by the rule `left-out`: the worklist treats it as absent\n"
        ),
        "1 input, 1 resource: 1 exclude\n",
    )


def test_an_acceptance(cli: Cli) -> None:
    """What a rule understands goes through."""
    assert cli("accepted.json", "-p", "rules.caveat") == (
        0,
        (
            "accepted.json: ImagingStudy/s1 accept, may be processed: every modifier is understood\n"
            "  accept    ImagingStudy.series[0].modifierExtension[0]\n"
            "            https://example.org/quality (string)\n"
            "            decided by the rule `good`: queue by quality\n"
        ),
        "1 input, 1 resource: 1 accept\n",
    )


def test_an_unreadable_file(cli: Cli) -> None:
    """A document that says two things is refused, with the reason."""
    code, out, err = cli("unreadable.json")
    assert (code, err) == (1, "1 input, 1 resource: 1 reject\n")
    assert out.startswith("unreadable.json: document reject, must not be processed\n  reject  a name stands twice in one object")


def test_a_missing_file_does_not_hide_the_others(cli: Cli) -> None:
    """The others are checked, the missing one is said, and the exit code is 2."""
    assert cli("absent.json", "clear.json") == (
        2,
        "clear.json: Patient/p1 clear, may be processed: no modifier concerns the application\n",
        "caveat: absent.json cannot be read: No such file or directory\n1 input, 1 resource: 1 clear\n",
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["clear.json"], 0),
        (["accepted.json", "-p", "rules.caveat"], 0),
        (["accepted.json"], 1),
        (["excluded.json", "-p", "rules.caveat"], 1),
        (["excluded.json", "-p", "rules.caveat", "--allow-reduced"], 0),
        (["refused.json", "-p", "rules.caveat", "--allow-reduced"], 1),
        (["clear.json", "refused.json"], 1),
        (["unreadable.json"], 1),
        (["study.xml"], 1),
        (["clear.xml", "--no-load"], 0),
        (["xml.json"], 1),
        (["json.xml"], 1),
        (["study.json.gz"], 1),
        (["lines.ndjson"], 1),
        (["absent.json"], 2),
        (["absent.json", "refused.json"], 2),
        (["notes.txt"], 2),
        (["nothing"], 2),
        ([], 2),
        (["--bogus"], 2),
        (["clear.json", "--fhir", "R3"], 2),
        (["clear.json", "--fhir", "4.0.1"], 0),
        (["clear.json", "--date", "2026-02-30"], 2),
        (["clear.json", "-p", "absent.caveat"], 2),
        (["clear.json", "-p", "broken.caveat"], 2),
        (["clear.json", "-p", "rules.caveat", "-p", "rules.caveat"], 2),
        (["clear.json", "-p", "rules.caveat", "--fhir", "R5"], 2),
        (["clear.json", "--at", "ImagingStudy.series"], 2),
        (["clear.json", "--within", "none"], 2),
        (["clear.json", "--at", "Zorg", "--within", "none"], 2),
        (["clear.json", "-o", "absent/out.json"], 2),
        (["clear.json", "-o", "./clear.json"], 2),
        (["unloadable.json"], 0),
        (["unloadable.json", "--load"], 1),
        (["unloadable.json", "--no-load"], 0),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_exit_codes(cli: Cli, arguments: list[str], code: int) -> None:
    """0 all may be processed as received; 1 something may not; 2 usage, rule file, missing input or nothing to do."""
    assert cli(*arguments)[0] == code


def records(out: str) -> list[dict[str, Any]]:
    """Return the records of JSON output, each held against the schema."""
    made = [json.loads(line) for line in out.splitlines()]
    for each in made:
        ReportRecord.model_validate(each)
    return made


def test_every_input_has_a_record(cli: Cli) -> None:
    """One a document, one a line that has anything on it, in the order given."""
    _, out, _ = cli("--format", "json", "refused.json", "lines.ndjson", "study.json.gz", "refused.json")
    assert [(each["input"], each["line"], each["verdict"]) for each in records(out)] == [
        ("refused.json", None, "reject"),
        ("lines.ndjson", 1, "clear"),
        ("lines.ndjson", 2, "reject"),
        ("study.json.gz", None, "reject"),
        ("refused.json", None, "reject"),
    ]


def test_containers_give_a_record_for_all_in_them(cli: Cli, tmp_path: Path) -> None:
    """A folder gives compressed files and archives too; what is damaged has a record without a line, after those of its lines."""
    folder, line = tmp_path / "packed", b'{"resourceType":"Basic"}'
    folder.mkdir()
    (folder / "a.ndjson.gz").write_bytes(gzip.compress(line + b"\n" + line + b"\n")[:-1])
    (folder / "b.GZ").write_bytes(gzip.compress(line))
    with zipfile.ZipFile(folder / "c.zip", "w") as made:
        made.writestr("x.ndjson", line)
        made.writestr("y.json.gz", gzip.compress(line))
    (folder / "d.zip").write_bytes(line)
    code, out, err = cli("--format", "json", "--no-load", "packed")
    assert code == 1
    found = records(out)
    assert [
        (each["input"], each["line"], each["verdict"], [problem["code"] for problem in each["problems"]]) for each in found
    ] == [
        ("packed/a.ndjson.gz", 1, "clear", []),
        ("packed/a.ndjson.gz", 2, "clear", []),
        ("packed/a.ndjson.gz", None, "reject", ["gzip-truncated"]),
        ("packed/b.GZ", None, "clear", []),
        ("packed/c.zip/x.ndjson", 1, "clear", []),
        ("packed/c.zip/y.json.gz", None, "reject", ["not-inspected"]),
        ("packed/d.zip", None, "reject", ["not-zip"]),
    ]
    assert found[2]["decisions"][0]["ground"] == "unreadable"
    assert err == ""


def test_lines_can_be_asked_for_of_any_file_but_an_archive(cli: Cli, tmp_path: Path) -> None:
    """`--ndjson` reads a compressed file as lines; a pipe is no archive, for nobody can seek in it."""
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b'{"resourceType":"Basic"}\n{"resourceType":"Basic"}'))
    assert [each["line"] for each in records(cli("--format", "json", "--ndjson", "a.json.gz")[1])] == [1, 2]
    os.mkfifo(tmp_path / "b.zip")
    assert cli("b.zip")[::2] == (2, "caveat: b.zip is not checked: an archive must be a file\nnothing was checked\n")
    (tmp_path / "empty.zip").write_bytes(b"PK\5\6" + bytes(18))
    assert cli("empty.zip")[0] == 2


def test_a_release_that_is_not_read_is_named(cli: Cli) -> None:
    """Whoever has STU3 or DSTU2 is told which releases are read."""
    said = "caveat: FHIR STU3 is not read; write one of R4, R4B, R5\n"
    assert [cli("clear.json", "--fhir", name) for name in ("STU3", "3.0.2")] == [(2, "", said)] * 2
    assert cli("clear.json", "--fhir", "1.0.2")[2] == "caveat: FHIR DSTU2 is not read; write one of R4, R4B, R5\n"
    assert records(cli("clear.json", "--fhir", "4.3.0", "--format", "json")[1])[0]["release"] == "R4B"


@pytest.mark.parametrize(
    ("name", "code", "kind"),
    [
        ("study.xml", "no-narrative", "ImagingStudy"),
        ("clear.xml", None, "Basic"),
        ("xml.json", "syntax", None),
        ("json.xml", "syntax", None),
    ],
)
def test_xml_is_what_its_name_says(cli: Cli, name: str, code: str | None, kind: str | None) -> None:
    """A file is read in the form that its name ends in, and in no other."""
    (made,) = records(cli("--format", "json", "--no-load", name)[1])
    assert [problem["code"] for problem in made["problems"]] == ([code] if code else [])
    assert made["resource_type"] == kind


def test_xml_is_read_from_standard_input(cli: Cli) -> None:
    """It is what it begins as."""
    (made,) = records(cli("--format", "json", "-", stdin=b"<Basic xmlns='http://hl7.org/fhir'/>")[1])
    assert (made["verdict"], made["resource_type"]) == ("clear", "Basic")


def test_a_folder_is_read_recursively_and_sorted(cli: Cli) -> None:
    """Only the endings that mean FHIR, by path."""
    made = records(cli("--format", "json", "folder")[1])
    assert [each["input"] for each in made] == ["folder/b.json", "folder/deep/a.ndjson"]


def test_standard_input_is_one_document(cli: Cli) -> None:
    """`-` reads one document, and `--ndjson` makes it lines."""
    raw = json.dumps(study()).encode()
    assert [each["input"] for each in records(cli("--format", "json", "-", stdin=raw)[1])] == ["-"]
    assert [each["line"] for each in records(cli("--format", "json", "--ndjson", "-", stdin=raw + b"\n\n" + raw)[1])] == [1, 3]


def test_lines_on_standard_input_without_asking_are_refused_with_a_hint(cli: Cli) -> None:
    """Nothing is guessed, but the way out is said."""
    code, _, err = cli("-", stdin=b'{"resourceType": "Basic"}\n{"resourceType": "Basic"}\n')
    assert code == 1
    assert "add --ndjson" in err


def test_standard_input_that_is_packed_is_said_how_to_read(cli: Cli) -> None:
    """It is refused, in words that a command line understands, and a note says what to type."""
    code, out, err = cli("-", stdin=gzip.compress(b'{"resourceType": "Basic"}'))
    assert code == 1
    assert "decompress it first, or name its file" in out
    assert "gzip -dc FILE.gz" in err


def test_in_text_lines_that_pass_are_only_counted(cli: Cli) -> None:
    """A million clean lines are one line of summary."""
    _, out, err = cli("lines.ndjson")
    assert [line for line in out.splitlines() if line.startswith("lines")] == [
        "lines.ndjson:2: ImagingStudy/s1 reject, must not be processed"
    ]
    assert err == "1 input, 2 resources: 1 reject, 1 clear\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no shell there closes stderr")
@pytest.mark.parametrize(("document", "code"), [(study(), 0), (study(unknown=True), 1)])
def test_a_closed_stderr_changes_no_answer(document: dict[str, Any], code: int, tmp_path: Path) -> None:
    """What would be said there is said to nobody, and nothing that is opened takes its place."""
    (tmp_path / "a.json").write_text(json.dumps(document))
    words = [sys.executable, "-m", "caveat", "check", "--no-load", "a.json"]
    open_, closed = (
        subprocess.run(["sh", "-c", f'exec "$@" {end}', "sh", *words], cwd=tmp_path, capture_output=True, check=False)
        for end in ("", "2>&-")
    )
    assert closed.stdout == open_.stdout != b""
    assert closed.returncode == open_.returncode == code


def test_two_processes_scan_a_large_file_where_nobody_says_how_many(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes to the same as by one, and as by a strict check."""
    lines = [study(unknown=number % 90 == 0) | {"id": f"s{number}"} for number in range(900)]
    Path("many.ndjson").write_text("\n".join(map(json.dumps, lines)))
    started: list[int] = []
    start = Crew.start
    monkeypatch.setattr(Crew, "start", lambda self, answer: (started.append(self.size), start(self, answer)))
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1)  # whatever thread another test has left
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: None, raising=False)
    monkeypatch.setattr(ranges, "RANGE", 30_000)
    told = cli("-p", "rules.caveat", "many.ndjson")
    assert cli("-p", "rules.caveat", "--scan", "many.ndjson") == told
    assert not started
    monkeypatch.setattr(processes, "_LARGE", 100_000)
    assert cli("-p", "rules.caveat", "--scan", "--jobs", "1", "many.ndjson") == told
    assert not started
    assert cli("-p", "rules.caveat", "--scan", "many.ndjson") == told
    assert started == ([1] if sys.platform == "linux" else [])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody is given a second process who asked for none")
def test_who_asked_for_no_second_process_is_told_how_to_do_without(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the one that was started is lost, the run is not complete."""
    lines = [study(unknown=number == 0) | {"id": f"s{number}"} for number in range(900)]
    Path("many.ndjson").write_text("\n".join(map(json.dumps, lines)))
    give = Crew.give

    def killing(self: Crew, question: object) -> int | None:
        os.kill(self._started[0].pid, signal.SIGKILL)
        return give(self, question)

    monkeypatch.setattr(Crew, "give", killing)
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1)  # whatever thread another test has left
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: None)
    monkeypatch.setattr(ranges, "RANGE", 30_000)
    monkeypatch.setattr(processes, "_LARGE", 100_000)
    code, out, err = cli("-p", "rules.caveat", "--scan", "many.ndjson")
    assert code == 3
    assert "many.ndjson:1: ImagingStudy/s0 reject" in out
    assert "incomplete: a process that judged was lost; --jobs 1 does without other processes" in err
    assert "--jobs 1" not in cli("-p", "rules.caveat", "--scan", "--jobs", "2", "many.ndjson")[2]


def test_lines_are_told_alike_however_they_are_read(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """In text without colour and in colour, routed, by processes, and one at a time: a line is told as by itself."""
    lines = [study(unknown=number % 3 == 0, rejected=number % 4 == 0) | {"id": f"s{number}"} for number in range(40)]
    Path("many.ndjson").write_text("\n".join(map(json.dumps, lines)))
    _, out, err = cli("-p", "rules.caveat", "many.ndjson")
    alone = [cli("-p", "rules.caveat", "--no-load", "--ndjson", "-", stdin=json.dumps(line).encode())[1] for line in lines]
    assert out == "".join(told.replace("-:1: ", f"many.ndjson:{number}: ") for number, told in enumerate(alone, 1))
    assert cli("-p", "rules.caveat", "--scan", "--jobs", "2", "many.ndjson")[1:] == (out, err)
    assert cli("-p", "rules.caveat", "--accepted", "a", "--held", "h", "many.ndjson")[1:] == (out, err)
    assert cli("-p", "rules.caveat", "--load", "many.ndjson")[1] == out
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    coloured = cli("-p", "rules.caveat", "many.ndjson")[1]
    assert coloured != out
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == out


def test_an_element_alone_is_judged_at_its_path(cli: Cli) -> None:
    """With --at and --within none the record says that nobody vouched."""
    row = json.dumps({"uid": "1", "modifierExtension": [{"url": "https://example.org/instance-rejected", "valueBoolean": True}]})
    options = ("--at", "ImagingStudy.series.instance", "--within", "none", "-p", "rules.caveat", "--format", "json", "-")
    (made,) = records(cli(*options, stdin=row.encode())[1])
    assert (made["within"], made["verdict"]) == ("none", "reject")
    assert made["decisions"][0]["location"] == "ImagingStudy.series.instance.modifierExtension[0]"


def test_options_reach_the_report(cli: Cli) -> None:
    """Intent, source, day and release stand in the record as they were asked for."""
    options = ("--intent", "modify", "--source", "pacs-a", "--fhir", "R5", "--format", "json", "clear.json")
    (made,) = records(cli(*options)[1])
    assert [made[name] for name in ("intent", "source", "date", "release")] == ["modify", "pacs-a", "2026-11-23", "R5"]


def test_what_fhir_resources_refuses_is_a_problem_and_no_verdict(cli: Cli) -> None:
    """The verdict is the policy's; problems have a place and no value; without --load they only are noted."""
    (made,) = records(cli("--format", "json", "unloadable.json")[1])
    assert made["verdict"] == "clear"
    assert [problem["location"] for problem in made["problems"]] == ["Patient.birthDate"]
    assert records(cli("--format", "json", "--no-load", "unloadable.json")[1])[0]["problems"] == []
    assert "fhir.resources cannot hold it: Patient.birthDate" in cli("unloadable.json")[2]


def test_outcomes_are_one_a_line(cli: Cli) -> None:
    """`--format outcome` writes OperationOutcomes."""
    made = [json.loads(line) for line in cli("--format", "outcome", "refused.json", "clear.json")[1].splitlines()]
    assert [each["issue"][0]["severity"] for each in made] == ["error", "information"]


def test_output_goes_to_a_file_whole_or_not_at_all(cli: Cli, tmp_path: Path) -> None:
    """A run that fails on its way leaves what was there; no half-written file is left behind."""
    target = tmp_path / "out.ndjson"
    assert cli("--format", "json", "-o", "out.ndjson", "clear.json")[:2] == (0, "")
    before = target.read_text()
    assert records(before)[0]["verdict"] == "clear"
    names = sorted(path.name for path in tmp_path.iterdir())
    assert cli("--format", "json", "-o", "out.ndjson", "clear.json", "--at", "Zorg", "--within", "none")[0] == 2
    assert target.read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_an_internal_fault_is_one_line_without_data(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Exit code 3, the kind of the error and not its words, and the other documents are still judged."""
    from caveat import guard  # noqa: PLC0415  to break it

    judge = guard.judge_bytes

    def broken(question: Any, raw: bytes, form: Any = None, **how: Any) -> Any:
        if CANARY.encode() in raw:
            raise KeyError(CANARY)
        return judge(question, raw, form, **how)

    monkeypatch.setattr(guard, "judge_bytes", broken)
    code, out, err = cli("refused.json", "clear.json")
    assert code == 3
    assert out.startswith("clear.json: Patient/p1 clear")
    assert err.splitlines()[0] == (
        "caveat: internal fault while checking refused.json (KeyError); set CAVEAT_DEBUG=1 to see where"
    )


def program(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start the installed command line as a process of its own."""
    command = [sys.executable, "-c", "from caveat.__main__ import main; main()", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_a_reader_that_stops_early_is_no_fault(tmp_path: Path) -> None:
    """A closed pipe ends the run with exit code 3, for it is incomplete, and without a word."""
    lines = tmp_path / "many.ndjson"
    lines.write_text('{"resourceType": "Basic"}\n' * 5000)
    with program("check", "--format", "json", str(lines)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"schema": "caveat.report/1"')
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 3


def test_a_check_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    """Without a policy and with --no-load neither Lark, rich nor fhir.resources is loaded: starting is quick."""
    (tmp_path / "a.json").write_text('{"resourceType": "Basic"}')
    heavy = "{'lark', 'rich', 'fhir', 'fhir.resources'}"
    code = f"import sys; from caveat.cli.app import run; run(sys.argv[1:]); sys.exit(' '.join({heavy} & set(sys.modules)) or 0)"
    command = [sys.executable, "-c", code, "check", "--no-load", "--format", "json", str(tmp_path / "a.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is of Linux")
def test_a_full_disk_is_said_of_what_is_written(tmp_path: Path) -> None:
    """What cannot be written is no fault inside: the run says so in a sentence, and is incomplete."""
    resource = tmp_path / "basic.json"
    resource.write_text('{"resourceType": "Basic"}')
    command = [sys.executable, "-c", "from caveat.__main__ import main; main()", "check", str(resource)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert "caveat: cannot write what there is to say: No space left on device" in done.stderr
    assert "internal fault" not in done.stderr


def test_what_a_folder_does_not_give_is_said(cli: Cli, tmp_path: Path) -> None:
    """A link to a folder is not followed, and a pipe would never end; both are named, and the run is not a success."""
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "good.json").write_text('{"resourceType": "Basic"}')
    (tmp_path / "links" / "below").symlink_to(tmp_path / "folder")
    os.mkfifo(tmp_path / "links" / "pipe.json")
    code, _, err = cli("links")
    assert code == 2
    assert "links/below is a link to a folder, which is not followed; name it to have it checked" in err
    assert "links/pipe.json is not checked: it is no file but a pipe or a device" in err
