"""Makes the index of diagnostics from the table of codes."""

from __future__ import annotations

from caveat.domain.diagnostic import CODES
from docs.markdown import table

_GROUPS = {
    "CV00": "Reading a file",
    "CV10": "Names, paths, urls and clauses",
    "CV11": "Exclusions",
    "CV12": "Waivers",
    "CV13": "What a policy decides",
    "CV14": "Time",
    "CV15": "Names and tests",
    "CV16": "Files and packages",
    "CV17": "Definitions that a policy governs",
    "CV18": "Invariants",
}
_HEAD = """# Diagnostics

What `caveat lint` and every other command that reads rule files can say of them. `caveat explain CV102` prints a page. An
error fails; a warning fails only under `caveat lint --deny warnings`. What stops loading leaves no policy at all: no rule is
silently left out. Made by `make docs` from the table of codes.
"""


def page() -> str:
    """Return the page."""
    parts = [_HEAD]
    for start, title in _GROUPS.items():
        codes = [code for name, code in sorted(CODES.items()) if name.startswith(start)]
        rows = [
            (f"[{code.code}]({code.code}.md)", code.title, code.severity.value, "yes" if code.stops_loading else "no")
            for code in codes
        ]
        if rows:
            parts.append(f"## {title}\n\n" + table(("Code", "What", "Severity", "Stops loading"), rows))
    return "\n".join(parts)
