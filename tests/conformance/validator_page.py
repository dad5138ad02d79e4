"""Makes the page that holds Caveat against HL7's Java validator, over its published test cases on extensions.

Run it to write the page anew; it needs `../shared`. Every finding of the validator that concerns an extension is put beside what
Caveat decides at the same place; where Caveat says nothing, the kind of the finding says why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from caveat import Guard, Report
from caveat.formats.printable import printable

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / ".." / "shared" / "corpus" / "validator-cases"
PAGE = ROOT / "docs" / "validator-cases.md"
RELEASES = {"4.0": "R4", "4.0.1": "R4", "4.3": "R4B", "5.0": "R5", None: "R5"}

KINDS = (
    ("slot", r"must not be used as an? (modifierE|e)xtension"),
    ("context", r"is not allowed to be used at this point"),
    ("unknown", r"could not be found so is not allowed here"),
    ("url", r"^Extension\.url|URL must not contain a version|^Value is '.*\|.*' but is fixed to"),
    ("version", r"^Extension url '.*' is not allowed"),
    ("part", r"^Sub-extension url"),
    ("type", r"definition allows for the types"),
    ("count", r"max allowed = 0"),
)
WHY_NOT = {
    "context": "The context of a plain extension is a validator's matter: an application SHOULD ignore the plain extensions that "
    "it does not know (FHIR R4 2.5.0.3). Caveat holds modifier extensions to theirs (MX-77).",
    "unknown": "A plain extension that is not known SHOULD be ignored (FHIR R4 2.5.0.3), so Caveat does not refuse it; an "
    "unknown modifier extension is always refused.",
    "url": "The url of a plain extension cannot make it a modifier (FHIR R4 2.5.0.2); only modifier extensions are refused for "
    "theirs.",
    "part": "A part of a plain extension changes no meaning; parts of modifier extensions are held to their definition (MX-73).",
    "type": "The value of a plain extension is a validator's matter; that of a modifier extension is held to its definition "
    "(MX-71).",
    "count": "A limit that a profile sets. Caveat knows no profiles; an unknown modifier is refused whatever a profile says.",
    "version": "The definition of a cross-version extension is looked for by the validator; the extension is plain.",
    "slot": "The validator is right by the definition of the element in DSTU2, which is not among those that Caveat has. "
    "Named in a rule, or defined by a package in use, it is refused here too.",
    "other": "It is not about an extension in the document: text of another check that has the word in it.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the Java validator says: what kind it is of, its words, and where."""

    kind: str
    text: str
    location: str


@dataclass(frozen=True, slots=True)
class Case:
    """One test case: its name, its file, the release, what the validator says of extensions, and Caveat's report."""

    name: str
    file: str
    release: str
    findings: tuple[Finding, ...]
    report: Report | None

    def answer(self, finding: Finding) -> str | None:
        """Return what Caveat decides at the place of a finding, None when it decides nothing there."""
        for decision in self.report.decisions if self.report else ():
            found = decision.occurrence
            if found is not None and found.location == finding.location:
                return f"{decision.verdict.word}, {decision.ground}: {decision.detail or 'no rule names it'}"
        return None


def cases() -> Iterator[Case]:
    """Give every case, checked by a guard that knows no rule."""
    listed = json.loads((CASES / "manifest-subset.json").read_text(encoding="utf-8"))["test-cases"]
    for each in sorted(listed, key=lambda case: (case["entry"]["name"], case["input"])):
        entry = each["entry"]
        release = RELEASES.get(entry.get("version"), "")
        raw = CASES / each["input"]
        report = Guard.default().check(raw, release=release) if release and raw.is_file() else None
        findings = tuple(dict.fromkeys(_finding(told) for told in each["extensionMessages"]))
        yield Case(entry["name"], entry["file"], release or f"FHIR {entry['version']}", findings, report)


def _finding(told: Mapping[str, Any]) -> Finding:
    kind = next((name for name, words in KINDS if re.search(words, told["text"])), "other")
    said = (told.get("expression") or [""])[0]
    return Finding(kind, told["text"], re.sub(r"/\*.*?\*/|\[url='[^']*'\]", "", said))


HEAD = """# Caveat beside HL7's validator

The test cases on extensions that HL7 publishes with its Java validator (FHIR/fhir-test-cases), each checked by Caveat without any
rule. For each finding of the validator on an extension: what Caveat decides at the same place, or why it decides nothing there.
Made by `tests/conformance/validator_page.py`.

{counts}
"""


def page() -> str:
    """Return the page."""
    found = list(cases())
    pairs = [(case, finding) for case in found for finding in case.findings]
    agreed = sum(case.answer(finding) is not None for case, finding in pairs)
    slots = [(case, finding) for case, finding in pairs if finding.kind == "slot"]
    alike = sum(case.answer(finding) is not None for case, finding in slots)
    counts = (
        f"{len(found)} cases, {len(pairs)} findings: {agreed} decided at the same place, {len(pairs) - agreed} explained. Of "
        f"{len(slots)} findings on the slot of a modifier, {alike} agree."
    )
    return HEAD.format(counts=counts) + "".join(_section(case) for case in found)


def _section(case: Case) -> str:
    lines = [f"\n## {case.name}\n", f"`{case.file}`, {case.release}. {_verdict(case)}\n"]
    if case.findings:
        lines.append("| HL7's validator | where | Caveat there |\n|---|---|---|")
        lines += [f"| {_cell(each.text)} | `{each.location}` | {_cell(_answered(case, each))} |" for each in case.findings]
        lines.append("")
    return "\n".join(lines)


def _verdict(case: Case) -> str:
    if case.report is None:
        return "Not read: Caveat reads R4, R4B and R5."
    told = "; ".join(
        f"`{d.occurrence.location}` {d.verdict.word}, {d.ground}" for d in case.report.decisions[:10] if d.occurrence
    )
    unread = "; ".join(problem.message for problem in case.report.problems if case.report.resource_type is None)
    return f"Caveat: {case.report.verdict.word}" + (f" ({told or unread})" if told or unread else "") + "."


def _answered(case: Case, finding: Finding) -> str:
    return case.answer(finding) or (f"nothing. {WHY_NOT[finding.kind]}" if case.report else "not read.")


def _cell(text: str) -> str:
    short = printable(text)
    return (short[:200] + " …" if len(short) > 200 and "nothing." not in short else short).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
