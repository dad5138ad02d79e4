"""Pages for people: one HTML file each, made from a template of this package, with everything in it and nothing fetched.

Rule 1: what a document or a definition says is text: Jinja escapes every value, and a template marks none as safe.
Rule 2: a page forbids itself connections, frames, forms and every script by its Content-Security-Policy, but for one of this
package's own where a page asks for it; only its own style counts.
Rule 3: what a script is to read stands in the page as JSON without a `<`, so that nothing in it can end its element.
"""

from __future__ import annotations

import json
import pkgutil
from base64 import b64encode
from hashlib import sha256
from typing import Any

from caveat.domain.errors import CaveatError, UsageError


def html_page(name: str, *, data: Any = None, **values: Any) -> str:
    """Return the page of the template `name` with its values; UsageError where the extra is missing that makes pages.

    With `data` the page has the style and the script of its name too, and the script finds `data` in the element `data`.
    """
    try:
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  of an extra, and only when a page is asked for
    except ImportError:
        raise UsageError("a page needs the extra `audit`, which is not installed: pip install 'caveat[audit]'") from None
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    style, script = _text("page.css"), ""
    if data is not None:
        style, script = style + _text(f"{name}.css"), _text(f"{name}.js")
    frame = environment.from_string(_text("page.html"))
    body = environment.from_string(_text(f"{name}.html"))
    # Style and script are this package's own text: they are put in as they are, or their digests would not be those of what the
    # browser sees.
    framed = frame.render(title=values["title"], digest=_digest(style), script=_digest(script) if script else "")
    head, _, rest = framed.rpartition("/* style */")
    start, _, end = rest.partition("<!-- main -->")
    after, _, last = end.partition("<!-- script -->")
    scripts = _scripts(script, data) if script else ""
    return f"{head}{style}{start}{body.render(**values)}{after}{scripts}{last}"


def _scripts(script: str, data: Any) -> str:
    """Return the elements of what a script reads, and of the script."""
    told = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="data">{told}</script>\n<script>{script}</script>\n'


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _text(name: str) -> str:
    data = pkgutil.get_data("caveat.formats", f"templates/{name}")
    if data is None:
        raise CaveatError("the package was installed in a way that its templates cannot be read from")
    return data.decode("utf-8")
