"""The pages that are made from the code say what the code does now; `make docs` makes them anew."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from docs.pages import DOCS, PAGES


@cache
def made(path: Path) -> str:
    """Return a page as it would be made now."""
    return PAGES[path]()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_a_page_is_as_it_would_be_made_now(path: Path) -> None:
    """Whoever changes what a page speaks of runs `make docs`, reads the difference, and commits it."""
    assert path.is_file(), f"there is no {path.name}: run `make docs`"
    assert path.read_text(encoding="utf-8") == made(path), f"{path.name} is stale: run `make docs`"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_a_table_has_as_many_cells_in_each_row_as_in_its_head(path: Path) -> None:
    """A bar in a cell that is not escaped would shift what stands beside it."""
    rows: list[str] = []
    for line in [*made(path).splitlines(), ""]:
        if line.startswith("|"):
            rows.append(line)
            continue
        assert len({row.replace(r"\|", "").count("|") for row in rows}) <= 1, rows[:1]
        rows = []
