"""Whether the paths of a rule file exist, and can carry what is said of them, in the releases that a policy is for.

Rule 1: a path that can never match is an error with a reason in FHIR's terms, never a rule that silently does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from caveat.domain.diagnostic import Diagnostic
from caveat.lang.syntax import Word
from caveat.policy.selectors import PathSelector
from caveat.spec.release import Release
from caveat.spec.shape import Place, Tables, tables

_ABSTRACT = frozenset({"Element", "BackboneElement", "BackboneType", "DataType", "PrimitiveType", "Base"})
RULES = ".implicitRules"


def names_of(releases: Iterable[Release]) -> str:
    """Return `FHIR R4 or R4B`, as messages name releases."""
    return "FHIR " + " or ".join(release.value for release in releases)


def places(name: str, releases: Iterable[Release]) -> list[Place]:
    """Return the place of `name` in each release that has it; abstract types are no places."""
    found = [(tables(release), tables(release).resolve(name)) for release in releases]
    return [place for each, place in found if place is not None and not _is_abstract(each, name.partition(".")[0])]


def _is_abstract(table: Tables, head: str) -> bool:
    shape = table.shape(head)
    return shape is not None and (head in _ABSTRACT or (shape.kind == "resource" and head not in table.resource_types))


def check_path(path: Word, releases: tuple[Release, ...], *, must_carry: bool = True) -> Iterator[Diagnostic]:
    """Give what is wrong with the path of a rule or default: CV101 when it is nowhere, CV102 when nothing carries there."""
    selector = PathSelector.parse(path.text)
    if selector.name == "*" or path.text == "*" + RULES:
        return
    if selector.name.startswith("*"):
        yield _no_such(path, releases, "`*` stands for the root of any resource; only `.implicitRules` or `.**` may follow it")
        return
    found = places(selector.name, releases)
    if not found:
        yield _missing(path, selector.name, releases)
    elif not (selector.deep or _names_rules(selector.name, found)) and must_carry and not any(p.carries for p in found):
        yield _cannot_carry(path, selector.name, found, releases)


def check_element(reader: Word, element: Word, releases: tuple[Release, ...]) -> Iterator[Diagnostic]:
    """Give CV101 when no release has the element that a `reads` names."""
    name = f"{reader.text}.{element.text}"
    if not places(name, releases):
        yield _missing(element, name, releases)


def check_reader(reader: Word, releases: tuple[Release, ...]) -> Iterator[Diagnostic]:
    """Give CV101 when a `reads` names no type of resource."""
    if not any(place.is_root for place in places(reader.text, releases)):
        yield _no_such(reader, releases, _reader_advice(reader.text, releases))


def check_test_path(path: Word, releases: tuple[Release, ...]) -> Iterator[Diagnostic]:
    """Give what is wrong with the place where a test puts a modifier: it must be one place that can carry it."""
    if "*" in path.text:
        yield _no_such(path, releases, "a test puts its modifier at one place: write the element without `*`")
    else:
        yield from check_path(path, releases)


def check_exclude(paths: tuple[Word, ...], releases: tuple[Release, ...]) -> Iterator[Diagnostic]:
    """Give CV110 when no path of an `exclude` names an element that could be left out."""
    if paths and all(_is_indispensable(PathSelector.parse(path.text), releases) for path in paths):
        yield Diagnostic(
            "CV110",
            f"`exclude` on `{paths[0].text}` can leave nothing out",
            paths[0].span,
            label="this would reject instead",
            notes=("a whole resource, an element that must be there exactly once, and an extension's value cannot be left out",),
            help="write `reject`, or name an element below that may be absent",
        )


def _is_indispensable(selector: PathSelector, releases: tuple[Release, ...]) -> bool:
    """Return whether nothing that `selector` names can be left out, in any release."""
    if selector.deep:
        return False
    if selector.name == "*" or selector.name.endswith(RULES):
        return True
    found = places(selector.name, releases)
    return bool(found) and all(p.is_root or p.in_extension_value or (p.minimum == 1 and p.maximum == 1) for p in found)


def _names_rules(name: str, found: list[Place]) -> bool:
    """Return whether `name` is the implicitRules of a type of resource, which is a modifier itself."""
    return name.endswith(RULES) and name.count(".") == 1 and bool(found)


def _no_such(path: Word, releases: tuple[Release, ...], advice: str) -> Diagnostic:
    return Diagnostic("CV101", f"no `{path.text}` in {names_of(releases)}", path.span, label="nothing has this path", help=advice)


def _missing(path: Word, name: str, releases: tuple[Release, ...]) -> Diagnostic:
    """Say which step of the path does not exist, and what was probably meant."""
    head, *segments = name.split(".")
    good, bad = head, ""
    for segment in segments:
        if not places(f"{good}.{segment}", releases):
            bad = segment
            break
        good = f"{good}.{segment}"
    known = places(good, releases)
    if not known:
        return _no_such(path, releases, _type_advice(head, releases))
    options = sorted({c.segment for place in known for shape in place.shapes for c in shape.children.values()})
    choice = next((o for o in options if o.endswith("[x]") and bad.startswith(o[:-3])), None)
    close = [choice] if choice else get_close_matches(bad, options, 1)
    note = f"`{good}` has no element `{bad}`"
    advice = f"did you mean `{good}.{close[0]}`?" if close else f"`{good}` has {', '.join(f'`{o}`' for o in options[:12])}"
    return Diagnostic(
        "CV101", f"no `{name}` in {names_of(releases)}", path.span, label="nothing has this path", notes=(note,), help=advice
    )


def _reader_advice(name: str, releases: tuple[Release, ...]) -> str:
    """Say what a `reads` of something that is no type of resource may have meant."""
    elsewhere = [other.value for other in Release if name in tables(other).resource_types]
    if elsewhere:
        return f"`{name}` is a type of FHIR {', '.join(elsewhere)}"
    types = sorted({known for release in releases for known in tables(release).resource_types})
    close = get_close_matches(name, types, 1)
    return f"did you mean `{close[0]}`?" if close else "`reads` takes a type of resource"


def _type_advice(head: str, releases: tuple[Release, ...]) -> str:
    """Say what a type name that no release has may have meant."""
    if any(_is_abstract(tables(release), head) for release in releases):
        return f"no element is a `{head}` and nothing more; `*` is the root of any resource, `*.**` everything in it"
    known = sorted({name for release in releases for name in tables(release).names() if "." not in name})
    close = get_close_matches(head, known, 1)
    elsewhere = [other.value for other in Release if tables(other).shape(head) is not None]
    if elsewhere:
        return f"`{head}` is a type of FHIR {', '.join(elsewhere)}"
    return f"did you mean `{close[0]}`?" if close else "types are written as FHIR writes them, `ImagingStudy` or `Dosage`"


def _cannot_carry(path: Word, name: str, found: list[Place], releases: tuple[Release, ...]) -> Diagnostic:
    """Say why nothing can carry a modifier extension there, and what near it can."""
    types = sorted({shape.name for place in found for shape in place.shapes if "." not in shape.name})
    what = f"it has the data type {' or '.join(types)}" if types else "it is no backbone element"
    if not found[0].shapes:
        what = "it holds whole resources, whose paths begin with their own type"
    elif found[0].is_root or "." not in name:
        what = f"{name} is a type without modifierExtension"
    steps = name.split(".")
    above = [".".join(steps[:n]) for n in range(len(steps) - 1, 0, -1)]
    near = next((up for up in above if any(place.carries for place in places(up, releases))), None)
    return Diagnostic(
        "CV102",
        f"`{name}` cannot carry a modifierExtension in {names_of(releases)}",
        path.span,
        label="this rule can never match",
        notes=(f"{what}; FHIR allows modifierExtension on resources, backbone elements and a few data types",),
        help=f"the nearest element that can is `{near}`" if near else None,
    )
