"""`caveat new` as users meet it: what it makes loads, lints, passes its tests and is canonical, and nothing is written over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from caveat.cli.app import run
from strategies.packaging import BASE, definition, package, write

DO_NOT = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
Answer = tuple[int, str, str]
Cli = Callable[..., Answer]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return a function that runs `caveat` in an empty folder, with an empty cache of packages."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*arguments: str) -> Answer:
        code = run(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def sound(cli: Cli, name: str, *, warnings: bool = True) -> bool:
    """Return whether a rule file or folder has no finding, is canonical, and passes its tests."""
    strict = ("--deny", "warnings") if warnings else ()
    return [cli("lint", *strict, name)[0], cli("fmt", "--check", name)[0], cli("test", name)[0]] == [0, 0, 0]


@pytest.mark.parametrize("name", ["mine", "deep/er/mine", "with space", "some_test", "ünïcode", "."])
@pytest.mark.parametrize("fhir", [(), ("--fhir", "R5", "--fhir", "R4")], ids=["R4", "R5+R4"])
def test_a_new_policy_is_sound(cli: Cli, tmp_path: Path, name: str, fhir: tuple[str, ...]) -> None:
    """Whatever its folder is called: a policy with one rule, its tests and a README; what no rule names is rejected."""
    assert cli("new", "policy", name, "--owner", 'the "desk"', *fhir)[0] == 0
    assert sound(cli, name)
    text = next(path for path in sorted((tmp_path / name).glob("*.caveat")) if "policy " in path.read_text()).read_text()
    assert 'owner "the \\"desk\\"";' in text
    assert f"fhir {', '.join(fhir[1::2]) or 'R4'};" in text
    for command in ("lint .", "test --coverage .", "fmt ."):
        assert f"caveat {command}" in (tmp_path / name / "README.md").read_text()
    (tmp_path / "data.json").write_text(
        '{"resourceType": "Patient", "modifierExtension": [{"url": "https://a.b/c", "valueBoolean": true}]}'
    )
    assert cli("check", "-p", name, "data.json")[0] == 1


@pytest.mark.parametrize("fhir", [("R4",), ("R4B",), ("R5",), ("R4", "R4B", "R5")], ids="+".join)
def test_the_tests_of_a_new_policy_notice_every_change(cli: Cli, fhir: tuple[str, ...]) -> None:
    """Whoever goes on from the example begins with tests that show all that its rule says: no mutant survives them."""
    cli("new", "policy", "mine", *(option for release in fhir for option in ("--fhir", release)))
    code, out, err = cli("test", "--strength", "--coverage", "mine")
    assert (code, "survived:" in out) == (0, False), out
    assert "6 mutants: 6 noticed, 0 survived" in err


def test_nothing_is_written_over(cli: Cli, tmp_path: Path) -> None:
    """A policy is made whole or not at all; --force writes its own files over, and leaves others."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("mine")
    (tmp_path / "mine" / "other.txt").write_text("other")
    code, _, err = cli("new", "policy", "mine")
    assert code == 2
    assert "--force" in err
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["README.md", "other.txt"]
    assert cli("new", "policy", "mine", "--force")[0] == 0
    assert (tmp_path / "mine" / "other.txt").read_text() == "other"
    assert sound(cli, "mine")
    (tmp_path / "file").write_text("")
    assert cli("new", "policy", "file")[0] == 2
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".caveat")] == []


def test_a_policy_from_a_package(cli: Cli, tmp_path: Path) -> None:
    """A rule for each modifier that it defines, none for the plain ones; locked, used, and sound."""
    hostile = 'ends"; understand all: anything on *.** because "x";\n// \u202e'
    raw = package(
        "org.example.a#1.0.0",
        definition("retake", title=hostile, publisher=hostile),
        definition("plain", modifier=False),
        definition("anywhere", context=[{"type": "element", "expression": "Element"}]),
        definition("nowhere", context=[{"type": "element", "expression": "Coding"}]),
    )
    write(tmp_path, {"a.tgz": raw})
    assert cli("new", "policy", "guide", "--from-package", "a.tgz")[0] == 0
    assert sound(cli, "guide")
    assert cli("packages", "list", "--dir", "guide")[0] == 0
    text = (tmp_path / "guide" / "guide.caveat").read_text()
    assert 'use "org.example.a#1.0.0";' in text
    assert "fhir R4;" in text
    assert "review retake-to-assess: retake on ImagingStudy.series\n" in text
    assert 'because "not yet assessed; it modifies because: the series is not what it seems";' in text
    assert "anywhere on *.**" in text
    assert f"// No rule can name {BASE}nowhere: none of the contexts" in text
    assert "plain" not in text
    assert f"- `{BASE}retake`" in (tmp_path / "guide" / "README.md").read_text()
    assert cli("new", "policy", "guide", "--from-package", "a.tgz")[0] == 2
    assert cli("new", "policy", "guide", "--from-package", "a.tgz", "--force")[0] == 0


def test_a_policy_from_the_cache(cli: Cli, tmp_path: Path) -> None:
    """A package of ~/.fhir/packages is locked where it is."""
    folder = tmp_path / "home" / ".fhir" / "packages" / "org.example.a#1.0.0"
    manifest = {"name": "org.example.a", "version": "1.0.0", "dependencies": {"hl7.fhir.r5.core": "5.0.0"}}
    files = {
        "package/package.json": json.dumps(manifest),
        "package/a.json": json.dumps(definition("retake", fhirVersion="5.0.0")),
    }
    write(folder, {name: text.encode() for name, text in files.items()})
    assert cli("new", "policy", "guide", "--from-package", "org.example.a#1.0.0")[0] == 0
    assert sound(cli, "guide")
    assert "fhir R5;" in (tmp_path / "guide" / "guide.caveat").read_text()
    assert not (tmp_path / "guide" / "packages").exists()


def test_a_package_that_gives_nothing_is_refused(cli: Cli, tmp_path: Path) -> None:
    """One without a modifier, one of a release that is not read, and one that is not there; no folder is left behind."""
    old = package("org.example.old#1.0.0", definition("retake", fhirVersion="3.0.2"), dependencies={"hl7.fhir.r3.core": "3.0.2"})
    write(tmp_path, {"plain.tgz": package("org.example.p#1.0.0", definition("plain", modifier=False)), "old.tgz": old})
    for source, said in [("plain.tgz", "no modifier extension"), ("old.tgz", "3.0.2"), ("absent#1.0.0", "cache has no package")]:
        code, _, err = cli("new", "policy", "guide", "--from-package", source)
        assert (code, said in err) == (2, True), err
    assert not (tmp_path / "guide").exists()
    assert cli("new", "policy", "guide", "--from-package", "old.tgz", "--fhir", "R4")[0] == 0


def test_a_rule_to_put_at_the_end_of_a_file(cli: Cli, tmp_path: Path) -> None:
    """What is printed, appended by the shell, gives what --write gives."""
    assert cli("new", "policy", "mine")[0] == 0
    path = tmp_path / "mine" / "mine.caveat"
    before = path.read_text()
    printed = cli("new", "rule", "--from-definition", DO_NOT, "--fhir", "R4")[1]
    assert cli("new", "rule", "--from-definition", DO_NOT, "--write", "mine/mine.caveat")[0] == 0
    assert path.read_text() == f"{before}\n{printed}"
    assert sound(cli, "mine")


def test_a_rule_in_a_file_of_its_own(cli: Cli, tmp_path: Path) -> None:
    """Where the file of --write is not there it is made, with a header."""
    assert cli("new", "rule", "--from-definition", DO_NOT, "--write", "new.caveat", "--fhir", "R4")[0] == 0
    assert sound(cli, "new.caveat")
    assert (tmp_path / "new.caveat").read_text().startswith("caveat 1;")


def test_names_in_use_are_respected(cli: Cli, tmp_path: Path) -> None:
    """An extension that has a name keeps it, a name of something else is not taken, and no url gets a second rule unasked."""
    assert cli("new", "policy", "mine")[0] == 0
    path = tmp_path / "mine" / "mine.caveat"
    before = path.read_text()
    path.write_text(before + f'\nextension do-not = "{DO_NOT}";\n')
    assert cli("new", "rule", "--from-definition", DO_NOT, "--write", "mine/mine.caveat")[0] == 0
    assert "review do-not-to-assess: do-not on" in path.read_text()
    assert path.read_text().count(DO_NOT) == 1
    assert sound(cli, "mine")
    again = ("new", "rule", "--from-definition", DO_NOT, "--write", "mine/mine.caveat")
    code, _, err = cli(*again)
    assert (code, "`do-not-to-assess` names" in err) == (2, True)
    assert cli(*again, "--force")[0] == 0
    assert "review do-not-to-assess-2: do-not" in path.read_text()
    path.write_text(before + '\nextension request-do-not-perform = "https://example.org/other";\n')
    assert cli(*again)[0] == 0
    assert f'extension request-do-not-perform-2 = "{DO_NOT}";' in path.read_text()


def test_a_rule_under_a_stricter_one_has_no_test(cli: Cli, tmp_path: Path) -> None:
    """A test that could not pass is not written: the rule file says of the drafted rule that it has none."""
    rules = 'caveat 1;\n\npolicy "p" version "1" { owner "o"; fhir R4; }\n\nreject everything: anything on *.** because "x";\n'
    (tmp_path / "strict.caveat").write_text(rules)
    assert cli("new", "rule", "--from-definition", DO_NOT, "--write", "strict.caveat")[0] == 0
    assert "// No test: " in (tmp_path / "strict.caveat").read_text()
    assert cli("test", "strict.caveat")[0] == 1  # there is none


def test_a_rule_from_a_locked_package_or_a_file(cli: Cli, tmp_path: Path) -> None:
    """A definition is taken from the lock, from a file in JSON or XML, and from nowhere else."""
    write(tmp_path, {"a.tgz": package("org.example.a#1.0.0"), "own.json": json.dumps(definition("own")).encode()})
    told = {"url": "https://a.example/x", "name": "X", "status": "active", "kind": "complex-type", "abstract": "false"}
    context = '<context><type value="element"/><expression value="Patient"/></context><type value="Extension"/>'
    element = '<element><path value="Extension"/><isModifier value="true"/></element>'
    xml = (
        '<StructureDefinition xmlns="http://hl7.org/fhir">'
        + "".join(f'<{name} value="{text}"/>' for name, text in told.items())
        + f'{context}<derivation value="constraint"/><differential>{element}</differential></StructureDefinition>'
    )
    (tmp_path / "own.xml").write_text(xml)
    assert cli("packages", "add", "a.tgz", "--dir", "rules")[0] == 2
    (tmp_path / "rules").mkdir()
    assert cli("packages", "add", "a.tgz", "--dir", "rules")[0] == 0
    retake = BASE + "retake"
    assert "retake on ImagingStudy.series" in cli("new", "rule", "--from-definition", retake, "--dir", "rules")[1]
    assert cli("new", "rule", "--from-definition", retake)[0] == 2
    assert cli("new", "rule", "--from-definition", retake, "--write", "rules/r.caveat")[0] == 0
    assert "own on ImagingStudy.series" in cli("new", "rule", "--from-definition", "own.json")[1]
    assert "x on Patient" in cli("new", "rule", "--from-definition", "own.xml")[1]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("https://example.org/nobody", "no definition of"),
        ("http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "plain extension"),
        ("http://hl7.org/fhir/StructureDefinition/contactpoint-multiple-use", "no modifierExtension can stand"),
        ("broken.json", "cannot be read"),
        ("patient.json", "no StructureDefinition of an extension"),
        ("doubtful.json", "isModifier is neither true nor false"),
    ],
)
def test_what_defines_no_modifier_gives_no_rule(cli: Cli, tmp_path: Path, named: str, said: str) -> None:
    """The message says why, and nothing is printed that could be taken for a rule."""
    doubtful = definition("doubtful")
    doubtful["differential"]["element"][0]["isModifier"] = "true"
    write(
        tmp_path,
        {"broken.json": b"{", "patient.json": b'{"resourceType": "Patient"}', "doubtful.json": json.dumps(doubtful).encode()},
    )
    code, out, err = cli("new", "rule", "--from-definition", named)
    assert (code, out) == (2, "")
    assert said in err


def test_a_rule_file_that_does_not_load_is_left_as_it_is(cli: Cli, tmp_path: Path) -> None:
    """Its mistakes are shown."""
    (tmp_path / "wrong.caveat").write_text("caveat 1;\nnonsense")
    code, _, err = cli("new", "rule", "--from-definition", DO_NOT, "--write", "wrong.caveat")
    assert (code, "CV003" in err or "CV0" in err) == (2, True)
    assert (tmp_path / "wrong.caveat").read_text() == "caveat 1;\nnonsense"
