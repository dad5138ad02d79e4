"""What `caveat new` drafts from every modifier that others have published loads, lints, passes its tests and is canonical."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from caveat.cli.app import run
from caveat.domain.diagnostic import CODES, Severity
from caveat.domain.errors import UsageError
from caveat.formats.draft_places import unnamed_of
from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.reading import form_of, read_document
from caveat.lang.lint import lint
from caveat.lang.parser import parse
from caveat.lang.printer import print_file
from caveat.packs.cases import run_tests
from caveat.packs.drafts import drafted_rule
from caveat.packs.finding import find_modifier
from caveat.packs.policies import load_policy_text
from caveat.spec.definition_reader import definition_of
from caveat.spec.release import Release
from caveat.spec.shape import tables
from strategies.packaging import package

TODAY = date(2026, 11, 24)
HEAD = 'caveat 1;\n\npolicy "p" version "1" {\n    owner "o";\n    fhir R4, R4B, R5;\n}\n\n'
ALL = [word for release in Release for word in ("--fhir", release.value)]


def published(shared: Path) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Give every definition of the collection: the repository it is from, its file, and its tree."""
    folder = shared / "definitions" / "modifier-extensions"
    for entry in json.loads((folder / "index.json").read_bytes()):
        path = folder / entry["file"]
        raw = path.read_bytes()
        tree = read_document(raw, form_of(raw), tables(Release.R4), Limits())
        if isinstance(tree, dict) and not isinstance(tree, Unreadable):
            yield entry["repo"], path, tree


@pytest.fixture(scope="module")
def guides(shared: Path) -> dict[str, bytes]:
    """Return a package for each repository, with the definitions that it has, each url once."""
    found: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for repo, _, tree in published(shared):
        found[repo].setdefault(tree["url"], json.loads(json.dumps(tree, default=str)))
    label = "org.example.{}#1.0.0"
    names = {repo: label.format(repo.lower().replace("/", ".").replace("_", "-")) for repo in found}
    return {names[repo].partition("#")[0]: package(names[repo], *trees.values()) for repo, trees in found.items()}


def test_a_policy_of_every_guide(guides: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each repository's definitions as a package: the policy loads with its lock, has no error, and its tests pass."""
    monkeypatch.chdir(tmp_path)
    assert len(guides) >= 15
    for name, raw in guides.items():
        (tmp_path / f"{name}.tgz").write_bytes(raw)
        assert run(["new", "policy", name, "--from-package", f"{name}.tgz", *ALL]) == 0, name
        assert run(["lint", name]) == 0, name
        assert run(["fmt", "--check", name]) == 0, name
        assert run(["test", name]) == 0, name
        assert run(["packages", "list", "--dir", name]) == 0, name
        assert f'use "{name}#1.0.0";' in (tmp_path / name / f"{name}.caveat").read_text()


def test_a_rule_of_every_definition(shared: Path) -> None:
    """Of each file: a rule whose file has no error, and whose test, where there is one, passes; few have none."""
    untested = nowhere = 0
    files = list(published(shared))
    assert len(files) > 300
    for _, path, tree in files:
        what = unnamed_of(find_modifier(str(path), path.parent, tuple(Release)), tuple(Release))
        if not what.paths:
            nowhere += 1
            continue
        drafted = drafted_rule(what, "to-assess", tuple(Release))
        text = HEAD + drafted.text
        loaded = load_policy_text(text)
        assert loaded.policy is not None, (path.name, loaded.diagnostics)
        findings = (*loaded.diagnostics, *lint(loaded.resolved, TODAY))
        assert [each.message for each in findings if CODES[each.code].severity is Severity.ERROR] == [], path.name
        assert print_file(parse(text, "p").file) == text
        assert [each.got for each in run_tests(loaded, TODAY) if not each.passed] == [], path.name
        known = definition_of(tree)
        assert known is not None
        untested += drafted.untested
    assert (untested, nowhere) < (20, 40)


def test_a_file_that_is_no_definition_is_refused(shared: Path) -> None:
    """Nothing is drafted from something else."""
    with pytest.raises(UsageError, match="no StructureDefinition of an extension"):
        find_modifier(str(shared / "definitions" / "r4" / "profiles-types.json"), shared, tuple(Release))
