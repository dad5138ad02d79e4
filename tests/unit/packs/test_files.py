"""Rule files are read with their imports and tests, and nothing outside the policy's folder is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from caveat.domain.errors import UsageError
from caveat.lang.parser import MAX_BYTES
from caveat.packs.files import Loaded, load_files, load_text, resolve_loaded

LIBRARY = 'caveat 1; extension a = "https://x.example/a"; reject l: a on Patient because "b" owner "o";'


def write(folder: Path, **texts: str) -> Path:
    """Write files by their stem, folders as `__`; return the path of `main.caveat`."""
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.caveat"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "main.caveat"


def importing(path: str) -> str:
    """Return a rule file with one import."""
    return f'caveat 1; import "{path}" as org;'


def said(loaded: Loaded) -> list[str]:
    """Return each diagnostic as code and message."""
    return [f"{found.code} {found.message}" for found in loaded.diagnostics]


def test_a_file_with_its_imports_and_tests(tmp_path: Path) -> None:
    """Imports are followed from the file that holds them, and test files beside the main one are read."""
    main = write(
        tmp_path,
        main=importing("shared/lib.caveat"),
        shared__lib=LIBRARY + 'import "../other.caveat" as up;',
        other=LIBRARY,
        main_test='caveat 1; test "t" { modifier "https://x.example/a" on Patient; expect reject by org.l; }',
        unread="caveat 1;",
    )
    loaded = load_files(main)
    assert said(loaded) == []
    assert set(loaded.files) == {"main.caveat", "shared/lib.caveat", "other.caveat", "main_test.caveat"}
    assert (loaded.main, loaded.tests) == ("main.caveat", ("main_test.caveat",))
    resolved = resolve_loaded(loaded)
    assert resolved.diagnostics == ()
    assert [rule.name for rule in resolved.rules] == ["org.l", "org.up.l"]
    assert [name for test in resolved.tests for _, name in test.expects] == ["org.l"]


def test_places_carry_the_path_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A span names the file as the caller would open it, and the texts are found under that name."""
    write(tmp_path / "rules", main=importing("lib.caveat"), lib="caveat 1; reject;")
    monkeypatch.chdir(tmp_path)
    loaded = load_files(Path("rules/main.caveat"))
    assert [found.span.file for found in loaded.diagnostics] == ["rules/lib.caveat"]
    assert loaded.texts["rules/lib.caveat"] == "caveat 1; reject;"


def test_which_tests_belong(tmp_path: Path) -> None:
    """A test file named for another rule file of the folder tests that one only."""
    main = write(
        tmp_path, main="caveat 1;", other="caveat 1;", main_test="caveat 1;", other_test="caveat 1;", all_test="caveat 1;"
    )
    assert load_files(main).tests == ("all_test.caveat", "main_test.caveat")
    assert load_files(tmp_path / "main_test.caveat").tests == ("all_test.caveat",)


@pytest.mark.parametrize("path", ["../apart.caveat", "sub/../../apart.caveat", "..", "a\\\\b.caveat", "file:apart.caveat"])
def test_no_path_leaves_the_folder(tmp_path: Path, path: str) -> None:
    """A path that would leave the policy's folder is refused by its words alone."""
    main = write(tmp_path / "policy", main=importing(path))
    write(tmp_path, apart=LIBRARY)
    loaded = load_files(main)
    assert [found.code for found in loaded.diagnostics] == ["CV160"]
    assert "lies outside the policy's folder" in loaded.diagnostics[0].message
    assert set(loaded.files) == {"main.caveat"}


def test_no_absolute_path(tmp_path: Path) -> None:
    """An absolute path is refused even where it points into the policy's folder."""
    main = write(tmp_path, main=importing((tmp_path / "lib.caveat").as_posix()), lib=LIBRARY)
    assert [found.code for found in load_files(main).diagnostics] == ["CV160"]
    assert set(load_files(main).files) == {"main.caveat"}


def test_dots_within_the_folder(tmp_path: Path) -> None:
    """`..` that stays within the policy's folder is lawful."""
    assert said(load_files(write(tmp_path, main=importing("sub/../lib.caveat"), lib=LIBRARY))) == []


@pytest.mark.parametrize("target", ["../apart.caveat", "../apart"])
def test_no_symbolic_link_leaves_the_folder(tmp_path: Path, target: str) -> None:
    """A link out of the policy's folder, to a file or to a folder on the way, is refused."""
    write(tmp_path, apart=LIBRARY, apart__lib=LIBRARY)
    main = write(tmp_path / "policy", main=importing("link.caveat" if target.endswith("caveat") else "link/lib.caveat"))
    link = tmp_path / "policy" / ("link.caveat" if target.endswith("caveat") else "link")
    link.symlink_to(target)
    loaded = load_files(main)
    assert [found.code for found in loaded.diagnostics] == ["CV160"]
    assert "lies outside the policy's folder" in loaded.diagnostics[0].message
    assert len(resolve_loaded(loaded).diagnostics) == 1


def test_symbolic_link_within_the_folder(tmp_path: Path) -> None:
    """A link that stays within the policy's folder is followed."""
    main = write(tmp_path, main=importing("link.caveat"), lib=LIBRARY)
    (tmp_path / "link.caveat").symlink_to("lib.caveat")
    assert said(load_files(main)) == []


def test_no_test_file_from_outside(tmp_path: Path) -> None:
    """A test file that is a link out of the folder is refused too."""
    write(tmp_path, apart="caveat 1;")
    main = write(tmp_path / "policy", main="caveat 1;")
    (tmp_path / "policy" / "main_test.caveat").symlink_to("../apart.caveat")
    loaded = load_files(main)
    assert said(loaded) == ["CV160 the test file `main_test.caveat` lies outside the policy's folder"]
    assert loaded.tests == ()


def test_circle(tmp_path: Path) -> None:
    """Files that import each other are read once, and the circle is said."""
    loaded = load_files(write(tmp_path, main=importing("lib.caveat"), lib=importing("main.caveat")))
    assert said(loaded) == ["CV160 the import `main.caveat` is circular"]


def test_depth(tmp_path: Path) -> None:
    """Files nine imports away are not read."""
    chain = {f"f{n}": importing(f"f{n + 1}.caveat") for n in range(1, 10)}
    loaded = load_files(write(tmp_path, main=importing("f1.caveat"), **chain, f10="caveat 1;"))
    assert said(loaded) == ["CV160 the import `f9.caveat` nests too deep"]
    assert "f8.caveat" in loaded.files
    assert "f9.caveat" not in loaded.files


def test_number(tmp_path: Path) -> None:
    """Of more than 256 files the last are not read."""
    main = "caveat 1;" + "".join(f'import "f{n}.caveat" as n{n};' for n in range(257))
    loaded = load_files(write(tmp_path, main=main, **{f"f{n}": "caveat 1;" for n in range(257)}))
    assert len(loaded.files) == 256
    assert [found.message for found in resolve_loaded(loaded).diagnostics] == [
        "the import `f255.caveat` is one too many",
        "the import `f256.caveat` is one too many",
    ]


@pytest.mark.parametrize(("make", "what"), [(None, "is not found"), (Path.mkdir, "is no file"), (os.mkfifo, "is no file")])
def test_what_is_no_file(tmp_path: Path, make: object, what: str) -> None:
    """An import of nothing, of a folder or of a pipe is said, and nothing waits."""
    main = write(tmp_path, main=importing("lib.caveat"))
    if callable(make):
        make(tmp_path / "lib.caveat")
    assert said(load_files(main)) == [f"CV160 the import `lib.caveat` {what}"]


def test_circle_of_links(tmp_path: Path) -> None:
    """A link to itself cannot be read, and does not end the reading."""
    main = write(tmp_path, main=importing("lib.caveat"))
    (tmp_path / "lib.caveat").symlink_to("lib.caveat")
    assert said(load_files(main)) == ["CV160 the import `lib.caveat` cannot be read"]


def test_main_file_must_be_there(tmp_path: Path) -> None:
    """A main file that does not exist, or is a folder, is misuse."""
    for path in (tmp_path / "none.caveat", tmp_path):
        with pytest.raises(UsageError, match="there is no rule file"):
            load_files(path)


def test_main_file_must_be_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A main file that the system does not let be read is misuse, with the system's reason."""

    def refuse(_path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied")

    main = write(tmp_path, main="caveat 1;")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UsageError, match="cannot be read: Permission denied"):
        load_files(main)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """A file that is not UTF-8 is a diagnostic."""
    (tmp_path / "main.caveat").write_bytes(b"caveat 1;\xff")
    assert [found.code for found in load_files(tmp_path / "main.caveat").diagnostics] == ["CV008"]


def test_a_file_too_large_is_read_no_further(tmp_path: Path) -> None:
    """A file beyond the parser's limit is a diagnostic, whatever its bytes."""
    for data in (b" " * (MAX_BYTES + 100), b"\xff" * (MAX_BYTES + 100)):
        (tmp_path / "main.caveat").write_bytes(data)
        assert [found.code for found in load_files(tmp_path / "main.caveat").diagnostics] == ["CV009"]


def test_text_has_no_folder() -> None:
    """A policy given as text cannot import."""
    loaded = load_text(importing("lib.caveat"))
    assert said(loaded) == ["CV160 the import `lib.caveat` is not found"]
    assert resolve_loaded(loaded).diagnostics == loaded.diagnostics


def test_broken_statement_has_no_cascade(tmp_path: Path) -> None:
    """A name whose statement cannot be read is not called unknown as well."""
    text = 'caveat 1; extension a "https://x.example/a" "b"; reject r: a on Patient because "b" owner "o";'
    resolved = resolve_loaded(load_files(write(tmp_path, main=text)))
    assert {found.code[:4] for found in resolved.diagnostics} == {"CV00"}
    assert resolved.broken == {"main.caveat"}
