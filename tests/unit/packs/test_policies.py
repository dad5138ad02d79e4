"""A policy is loaded by file, by folder or by the name of a shipped pack; what is wrong with it is a list of diagnostics."""

from __future__ import annotations

from pathlib import Path

import pytest

from caveat.domain.errors import UsageError
from caveat.packs import rule_file as finding
from caveat.packs.policies import load_policy, load_policy_text, rule_file, shipped_packs

RULES = 'caveat 1; extension a = "https://x.example/a"; reject r: a on Patient because "b" owner "o";'
ROOT = Path(__file__).resolve().parents[3]


def pack(folder: Path, *names: str) -> Path:
    """Write the same rules under each name; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(RULES, encoding="utf-8")
    return folder


def test_a_file(tmp_path: Path) -> None:
    """A rule file is a policy, and its folder is where fixtures lie."""
    loaded = load_policy(pack(tmp_path, "any.caveat") / "any.caveat")
    assert loaded.policy is not None
    assert [rule.name for rule in loaded.policy.rules] == ["r"]
    assert (loaded.diagnostics, loaded.folder) == ((), tmp_path)
    assert loaded.texts == {(tmp_path / "any.caveat").as_posix(): RULES}


@pytest.mark.parametrize(
    ("names", "main"),
    [
        (("p.caveat", "other.caveat", "p_test.caveat"), "p.caveat"),
        (("only.caveat", "only_test.caveat"), "only.caveat"),
    ],
    ids=["named like the folder", "the only one"],
)
def test_a_folder(tmp_path: Path, names: tuple[str, ...], main: str) -> None:
    """The main file of a folder is the one of its name, else the only one; test files do not count."""
    assert rule_file(pack(tmp_path / "p", *names)) == tmp_path / "p" / main


def test_the_folder_in_which_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.` has the name of the folder that it is."""
    monkeypatch.chdir(pack(tmp_path / "p", "p.caveat", "other.caveat"))
    assert rule_file(".") == Path("p.caveat")


@pytest.mark.parametrize("names", [(), ("a.caveat", "b.caveat"), ("a_test.caveat",)], ids=["empty", "two", "a test alone"])
def test_a_folder_without_main_file(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Where no file is the main one, the message says what its name would be."""
    with pytest.raises(UsageError, match=r"none named 'p\.caveat'"):
        rule_file(pack(tmp_path / "p", *names))


def test_a_shipped_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is no file or folder here is that of a shipped pack; what lies here comes first."""
    monkeypatch.chdir(tmp_path)
    loaded = load_policy("imaging")
    assert loaded.policy is not None
    assert (loaded.policy.name, loaded.folder) == ("imaging", shipped_packs()["imaging"])
    pack(tmp_path / "imaging", "imaging.caveat")
    assert rule_file("imaging") == Path("imaging/imaging.caveat")


def test_nothing_of_that_name() -> None:
    """What is neither file nor folder nor shipped pack is misuse; the message names the packs."""
    with pytest.raises(UsageError, match=r"'no-such-pack'.*imaging.*omop-etl"):
        load_policy("no-such-pack")


def test_shipped_packs_of_the_checkout() -> None:
    """In a checkout the shipped packs are the folders of `rules`."""
    assert shipped_packs() == {path.name: path for path in sorted((ROOT / "rules").iterdir()) if path.is_dir()}


def test_shipped_packs_of_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a wheel they lie inside the package; where there are none at all, no name is one."""
    module = tmp_path / "a" / "b" / "packs" / "rule_file.py"
    monkeypatch.setattr(finding, "__file__", str(module))
    assert shipped_packs() == {}
    pack(module.parent / "shipped" / "p", "p.caveat")
    assert shipped_packs() == {"p": module.parent.resolve() / "shipped" / "p"}


def test_a_text() -> None:
    """A policy given as text has no folder, and every import in it is a CV160."""
    assert load_policy_text(RULES).folder is None
    loaded = load_policy_text('caveat 1; import "x.caveat" as x;')
    assert [found.code for found in loaded.diagnostics] == ["CV160"]
    assert loaded.policy is None


def test_a_file_with_mistakes(tmp_path: Path) -> None:
    """Mistakes of syntax and of FHIR alike are diagnostics, and then there is no policy."""
    path = tmp_path / "p.caveat"
    path.write_text('caveat 1; extension a = "https://x.example/a"; reject r: a on Patent because "b" owner "o"; reject;')
    loaded = load_policy(path)
    assert {found.code for found in loaded.diagnostics} == {"CV003", "CV101"}
    assert loaded.policy is None
