"""Pages for people: one HTML file each, made from a template of this package, with everything in it and nothing fetched.

Rule 1: what a document or a definition says is text: Jinja escapes every value, and a template marks none as safe.
Rule 2: a page forbids itself scripts, connections, frames and forms by its Content-Security-Policy; only its own style counts.
"""

from __future__ import annotations

import pkgutil
from base64 import b64encode
from hashlib import sha256
from typing import Any

from caveat.domain.errors import CaveatError, UsageError


def html_page(name: str, **values: Any) -> str:
    """Return the page of the template `name` with its values; UsageError where the extra is missing that makes pages."""
    try:
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  of an extra, and only when a page is asked for
    except ImportError:
        raise UsageError("a page needs the extra `audit`, which is not installed: pip install 'caveat[audit]'") from None
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    style = _text("page.css")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    frame = environment.from_string(_text("page.html"))
    body = environment.from_string(_text(f"{name}.html"))
    # The style is this package's own text: it is put in as it is, or its digest would not be that of what the browser sees.
    head, _, rest = frame.render(title=values["title"], digest=digest).rpartition("/* style */")
    start, _, end = rest.partition("<!-- main -->")
    return f"{head}{style}{start}{body.render(**values)}{end}"


def _text(name: str) -> str:
    data = pkgutil.get_data("caveat.formats", f"templates/{name}")
    if data is None:
        raise CaveatError("the package was installed in a way that its templates cannot be read from")
    return data.decode("utf-8")
