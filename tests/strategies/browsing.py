"""A browser for the tests that look at pages, and what they look for in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "build" / "axe-core" / "axe.min.js"
NO_BROWSER = "THERE IS NO CHROMIUM: nobody looked at the pages; apt-get install chromium"
NO_AXE = "THERE IS NO axe-core: nobody looked whether everybody can read the pages; `make build/axe-core/axe.min.js` needs npm"


@dataclass
class Heard:
    """What a page said, and asked for, while it was open."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def browser() -> Iterator[Any]:
    """Start the browser, or skip and say so."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip(NO_BROWSER)
    playwright = pytest.importorskip("playwright.sync_api", reason=NO_BROWSER)
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def opened(started: Any, file: Path, **options: Any) -> Iterator[tuple[Any, Heard]]:
    """Open a file as a page, and hear what it says and asks for."""
    context = started.new_context(**options)
    page, heard = context.new_page(), Heard()
    page.on("console", lambda message: heard.errors.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: heard.errors.append(str(error)))
    page.on("request", lambda request: heard.requests.append(request.url))
    page.on("dialog", lambda dialog: (heard.errors.append("a dialog"), dialog.dismiss()))
    page.goto(file.as_uri())
    yield page, heard
    context.close()


def serious(page: Any) -> list[str]:
    """Return what axe-core finds serious or critical; skip where it is not there."""
    if not AXE.is_file():
        pytest.skip(NO_AXE)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then((told) => told.violations)")
    weighty = [each for each in found if each["impact"] in {"serious", "critical"}]
    return [f"{each['id']}: {each['help']}: {[node['html'][:120] for node in each['nodes'][:3]]}" for each in weighty]
