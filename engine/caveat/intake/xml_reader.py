"""Read FHIR XML strictly: the tree that FHIR JSON of the same resource has, or the reason why there is none.

Rule 1: the parser is never given what could make it expand, fetch or include anything; see `xml_prolog`.
Rule 2: what is refused is refused whole; no tree is returned in part.
Rule 3: bad data is an `Unreadable`, never an exception, and no message repeats anything of the document.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from lxml import etree

from caveat.intake.json_reader import TOO_DEEP, TOO_LARGE, Unreadable
from caveat.intake.limits import Limits
from caveat.intake.xml_prolog import refused_unparsed, without_mark
from caveat.intake.xml_tree import RefusedError, TreeBuilder
from caveat.spec.shape import Place, Tables

_DEFAULT: Final = Limits()
_NAMESPACES: Final = frozenset({99, *range(200, 300)})  # libxml2's numbers for what breaks their rules; it does not stop at it
_TOO_LONG_FOR_XML: Final = (110, 114)  # its numbers for a name, and for a text or value, of more than it holds
_UNFINISHED: Final = frozenset({40, 45, 47, 63, 77})  # a value, comment, instruction, CDATA or element without an end
_UNKNOWN_ENTITY: Final = 26


def read_xml(raw: bytes, tables: Tables, limits: Limits = _DEFAULT, at: Place | None = None) -> object | Unreadable:
    """Return the tree of the resource that `raw` spells, or of the element at the place `at`, or why it is not read.

    Codes beyond those of `read_json`: `xml-version`, `doctype`, `entity`, `namespace` (an element that is neither FHIR's nor
    narrative XHTML), `attribute`, `text` (character content), `element-name`, `duplicate-element`, `one-resource`
    (`contained` and its like hold not exactly one), `resource-type`. What FHIR does not know is kept, so that the walk finds
    modifiers there; `TreeBuilder` says how. libxml2 itself stops at 256 elements in one another and at values of 10 million
    characters.
    """
    if len(raw) > limits.bytes:
        return TOO_LARGE
    text = without_mark(raw)
    return refused_unparsed(text) or _parsed(text, TreeBuilder(tables, limits, at))


def _parsed(text: bytes, builder: TreeBuilder) -> object | Unreadable:
    """Return what `builder` makes of a document, or why it is no XML."""
    target: Any = builder  # a target needs no `comment` and no `pi`: lxml passes over both, though its stubs ask for them
    entities: Any = "internal"  # XML's own five; with False `&amp;` in a value would come as `&#38;`. None else is declared
    parser = etree.XMLParser(
        target=target,
        encoding="utf-8",
        resolve_entities=entities,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
    )
    try:
        tree: object = etree.fromstring(text, parser)
    except RefusedError as refused:
        return refused.why
    except etree.LxmlError:
        return _reason(parser.error_log) or Unreadable("syntax", "the document is not XML")
    return _reason(parser.error_log) or tree


def _reason(log: Iterable[Any]) -> Unreadable | None:
    """Return the first error of a log as a reason, None when it holds warnings only.

    What breaks the rules of namespaces is in the log alone: such a document is parsed to its end.
    """
    for entry in log:
        if entry.level > etree.ErrorLevels.WARNING:
            code, sentence = _said(entry.type, entry.message)
            return Unreadable(code, f"{sentence} (line {entry.line}, column {entry.column})")
    return None


def _said(kind: int, message: str) -> tuple[str, str]:
    """Return a code and a sentence for an error of libxml2, whose own words may quote the document."""
    if "Excessive depth" in message:
        return TOO_DEEP.code, "elements are nested more deeply than an XML parser allows"
    if kind in _TOO_LONG_FOR_XML:
        return TOO_LARGE.code, "a name, value or text is longer than an XML parser allows"
    if kind in _NAMESPACES:
        return "namespace", "a prefix that is not declared, or a name or namespace that breaks the rules of XML namespaces"
    if kind == _UNKNOWN_ENTITY:
        return "entity", "an entity that is not one of XML's own five; FHIR allows no others"
    if kind in _UNFINISHED:
        return "truncated", "the document ends before it is complete"
    return "syntax", "the document is not XML"
