"""`caveat check --definitions`: what is wrong with StructureDefinitions as definitions.

Rule 1: an input that is no StructureDefinition is said on stderr; a run without any gives exit code 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from caveat.cli.exits import Exit, counted, say
from caveat.cli.inputs import Absent, Document, items
from caveat.cli.output import put, write_lines
from caveat.domain.errors import UsageError
from caveat.formats import definition as forms
from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.reading import form_of, read_document
from caveat.spec.definition_faults import ERROR, WARNING, definition_findings, is_definition, is_modifier
from caveat.spec.known import Known, published_kind
from caveat.spec.release import Release
from caveat.spec.shape import tables


@dataclass(frozen=True, slots=True)
class _Read:
    """One definition as read, and where from."""

    name: str
    line: int | None
    tree: Mapping[str, Any]

    @property
    def url(self) -> str | None:
        """The canonical url, None where it has none."""
        url = self.tree.get("url")
        return url if isinstance(url, str) and url else None


def check_definitions(names: Iterable[str], file: TextIO, *, form: str, lines: bool, release: Release | None) -> Exit:
    """Judge the definitions in the inputs, and write what is wrong with each on `file`."""
    if form not in {"text", "json"}:
        raise UsageError(f"what --definitions finds is written as text or json, not as {form}")
    missed: list[str] = []
    read = list(_definitions(names, missed, lines=lines, release=release or Release.R4))
    known, errors, warnings = _known(read), 0, 0
    for each in read:
        findings = definition_findings(each.tree, known)
        errors += sum(found.severity == ERROR for found in findings)
        warnings += sum(found.severity == WARNING for found in findings)
        flag = is_modifier(each.tree)
        if form == "json":
            put(forms.to_json(each.name, each.line, each.url, is_modifier=flag, findings=findings), file)
        else:
            write_lines(forms.lines(each.name, each.line, each.url, is_modifier=flag, findings=findings), file)
    say(f"{counted(len(read), 'definition')} checked: {counted(errors, 'error')}, {counted(warnings, 'warning')}")
    return Exit.USAGE if missed or not read else Exit.FINDINGS if errors else Exit.FINE


def _definitions(names: Iterable[str], missed: list[str], *, lines: bool, release: Release) -> Iterator[_Read]:
    """Give each definition of the inputs; what is none is said, and what could not be read goes into `missed`."""
    for item in items(names, lines=lines):
        if not isinstance(item, Document):
            missed += [item.name] if not isinstance(item, Absent) or item.fails else []
            say(f"caveat: {item.name} {item.message if isinstance(item, Absent) else f'cannot be read: {item.fault.message}'}")
            continue
        where = item.name if item.line is None else f"{item.name}:{item.line}"
        tree = read_document(item.raw, item.form or form_of(item.raw), tables(release), Limits())
        if isinstance(tree, Unreadable):
            missed.append(where)
            say(f"caveat: {where} cannot be read: {tree.message}")
        elif not isinstance(tree, Mapping) or not is_definition(tree):
            say(f"caveat: {where} is no StructureDefinition")
        else:
            yield _Read(item.name, item.line, tree)


def _known(read: Iterable[_Read]) -> Known:
    """Return the function that says whether an extension is known as a modifier: a modifier in any input or release is one."""
    own = {(each.url, is_modifier(each.tree)) for each in read}

    def known(url: str) -> bool | None:
        published = {published_kind(url, release) for release in Release}
        return next((answer for answer in (True, False) if answer in published or (url, answer) in own), None)

    return known
