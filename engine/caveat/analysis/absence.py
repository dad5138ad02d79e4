"""CV111: an `exclude` of an element whose absence changes what the rest says.

Rule 1: an element does when it is one of FHIR's own modifier elements, or has one or a condition in it, data types left out: the
`use` of an identifier goes with the identifier, and is missed by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from caveat.analysis.sites import Site
from caveat.analysis.subject import Subject
from caveat.domain.decision import RULES, Verdict
from caveat.domain.diagnostic import Diagnostic, Span
from caveat.lang import syntax
from caveat.lang.diagnose import diagnose, quoted
from caveat.policy.selectors import PathSelector
from caveat.spec.native import native_modifiers
from caveat.spec.shape import Child, Shape

_CONDITIONS = frozenset({"condition", "precondition", "asNeeded", "asNeeded[x]", "asNeededFor", "enableWhen", "conditionality"})
_NAMES_A_DIAGNOSIS = frozenset({"Reference", "CodeableReference", "CodeableConcept"})
_OWN = frozenset({"backbone", "element"})


def absence_findings(subject: Subject) -> Iterator[Diagnostic]:
    """Give the exclusions that leave out what changes the meaning of the rest: of rules, defaults and waivers."""
    for rule, written in subject.rules:
        if rule.verdict is Verdict.EXCLUDE:
            yield from _findings(subject, written.rule.paths, "`exclude`")
    for default in subject.resolved.defaults:
        if default.verdict.text == Verdict.EXCLUDE.word:
            yield from _findings(subject, default.paths, "`default exclude`")
    for waiver in subject.resolved.waivers:
        if waiver.verdict == Verdict.EXCLUDE.word and waiver.kind != "wrong-slot":
            yield from _findings(subject, waiver.waiver.paths, "a waiver as `exclude`")


def _findings(subject: Subject, paths: tuple[syntax.Word, ...], what: str) -> Iterator[Diagnostic]:
    for path in paths:
        places = subject.space.classes_on([PathSelector.parse(path.text)])
        sites = (site for place in places for site in place.sites)
        found = next(((site, why) for site in sites if (why := _why(site)) is not None), None)
        if found is not None:
            yield _finding(path.span, what, *found)


def _why(site: Site) -> str | None:
    """Return what makes the absence of an element change the rest, None when nothing does or it is never absent."""
    child, carrier = site.child, site.carrier
    if child is None or child.shape is None or carrier.is_root or carrier.in_extension_value or site.slot == RULES:
        return None
    if child.is_modifier:
        return "it is one of FHIR's own modifier elements (`isModifier`)"
    if _is_condition(child):
        return "it is a condition: without it the rest holds always"
    inside = _inside(child.shape, child.segment, ())
    return None if inside is None else inside


def _inside(shape: Shape, path: str, trail: tuple[Shape, ...]) -> str | None:
    """Return what in an element changes the meaning of the rest; extensions and data types are not gone into."""
    native = next(iter(native_modifiers(shape).values()), None)
    if native is not None:
        return f"it holds `{path}.{native.segment}`, one of FHIR's own modifier elements (`isModifier`)"
    for child in shape.children.values():
        if _is_condition(child):
            return f"it holds the condition `{path}.{child.segment}`"
    for child in shape.children.values():
        below = child.shape
        if below is not None and below.kind in _OWN and "." in below.name and below not in trail:
            found = _inside(below, f"{path}.{child.segment}", (*trail, shape))
            if found is not None:
                return found
    return None


def _is_condition(child: Child) -> bool:
    """Return whether an element says under which condition what holds it is meant."""
    if child.segment not in _CONDITIONS or child.shape is None:
        return False
    if child.segment == "asNeededFor":
        return True
    is_history = child.shape.kind in _OWN and "code" in child.shape.children
    return child.shape.name not in _NAMES_A_DIAGNOSIS and not is_history


def _finding(span: Span, what: str, site: Site, why: str) -> Diagnostic:
    return diagnose(
        "CV111",
        f"{what} of {quoted(site.path)} leaves out what changes the meaning of the rest",
        span,
        label="its absence says something else",
        notes=(why,),
        remedy="write `review` or `reject`",
    )
