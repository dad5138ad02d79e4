"""The runner of the tutorial's commands does what a shell would, and what it has run it runs again to the same page."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.commands import Shell, acted

PAGE = """Text.

```json file=a.json
{"resourceType": "Patient"}
```

```console
$ caveat check a.json
what was here before
$ echo $?
$ ls
```

````console
$ caveat explain CV001
````
"""


def test_output_stands_under_its_command(tmp_path: Path) -> None:
    """What was there before is replaced, files are written first, and a page in a page does not end its block."""
    made = acted(PAGE, tmp_path)
    assert "what was here before" not in made
    assert "$ caveat check a.json\na.json: Patient clear, " in made
    assert "1 input, 1 resource: 1 clear\n$ echo $?\n0\n$ ls\na.json\n```" in made
    assert "# CV001: " in made
    assert "```caveat" in made


def test_a_page_that_was_made_is_made_again_alike(tmp_path: Path) -> None:
    """Making is idempotent, so that a page is its own source."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    once = acted(PAGE, tmp_path / "one")
    assert acted(once, tmp_path / "two") == once


def test_output_can_go_into_a_file(tmp_path: Path) -> None:
    """`>` writes and `>>` appends what goes to standard output; what is said besides is still shown."""
    shell = Shell(tmp_path)
    (tmp_path / "a.json").write_text('{"resourceType": "Patient"}')
    assert shell.answer("caveat check a.json > out.txt") == "1 input, 1 resource: 1 clear\n"
    assert shell.answer("caveat check a.json >> out.txt") == "1 input, 1 resource: 1 clear\n"
    assert shell.answer("cat out.txt").count("Patient clear") == 2
    shell.answer("mkdir sub")
    shell.answer("cd sub")
    assert shell.answer("caveat check a.json").startswith("caveat: a.json cannot be read")
    assert shell.answer("echo $?") == "2\n"


@pytest.mark.parametrize("line", ["caveat check a && caveat check b", "caveat rules | cat", "rm -r ."])
def test_what_a_page_should_not_show_is_refused(tmp_path: Path, line: str) -> None:
    """One plain command a line."""
    with pytest.raises((ValueError, AttributeError)):
        Shell(tmp_path).answer(line)
