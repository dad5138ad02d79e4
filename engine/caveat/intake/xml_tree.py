"""From the events of an XML parser to the tree that FHIR JSON of the same resource has.

Rule 1: what stands twice where FHIR has one, and what could be read in two ways, refuses the document.
Rule 2: whatever has a place in JSON's tree keeps it, known to FHIR or not; what the walk is to find is never dropped.
Rule 3: it never recurses, and stops at the first event beyond a limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from caveat.domain.decision import EXTENSIONS, RULES, SLOTS
from caveat.intake.json_reader import SPACE, TOO_DEEP, TOO_MANY, Unreadable
from caveat.intake.limits import Limits
from caveat.intake.xml_narrative import PASSED_OVER, XHTML, Narrative
from caveat.intake.xml_values import json_value
from caveat.spec.shape import OPAQUE, Child, Place, Shape, Tables

_FHIR: Final = "{http://hl7.org/fhir}"
_BLANKS: Final = SPACE.decode()
_RULES: Final = RULES.lower()
_UNKNOWN: Final = Child("", OPAQUE, 0, None, False, None, False)

# Which attributes mean something on what.
_ON_NOTHING: Final = frozenset[str]()
_ON_ELEMENT: Final = frozenset({"id"})
_ON_EXTENSION: Final = frozenset({"id", "url"})
_ON_PRIMITIVE: Final = frozenset({"id", "value"})
_ON_UNKNOWN: Final = frozenset({"id", "url", "value"})


class RefusedError(Exception):
    """Ends the parsing of a document, and says why; it does not leave the reader."""

    def __init__(self, why: Unreadable) -> None:
        """Carry the reason."""
        super().__init__(why.code)
        self.why = why


@dataclass(slots=True)
class _Open:
    """One FHIR element that has begun and not ended.

    `node` is the object that it becomes, which `depth` says the JSON depth of: of a primitive its companion, of what holds a
    resource (`shape` None) the object around it. `key`, `index` and `child` say how it stands there. `padded` are the arrays
    of primitives that have companions.
    """

    node: dict[str, Any]
    shape: Shape | None
    depth: int
    allowed: frozenset[str]
    key: str = ""
    index: int | None = None
    child: Child = _UNKNOWN
    value: str | None = None
    is_filled: bool = False
    padded: tuple[str, ...] = ()


class TreeBuilder:
    """The target of one parse: `close` gives the tree when the parser has told of everything.

    An element without content, which FHIR does not allow, becomes `{}`, and so does the companion `_name` of a primitive that has
    neither value nor content: whoever looks finds that something stands there and says nothing. `value=""` is `""`. What FHIR
    does not know becomes a list of objects, its attributes `id`, `url` and `value` among their properties; `extension` and
    `modifierExtension` are lists of Extensions wherever they stand, and `implicitRules` a uri. The `id` of an element may be
    written as an element too, as fhir.resources writes it: it is the same property, and says nothing of what stands there.
    """

    def __init__(self, tables: Tables, limits: Limits, at: Place | None) -> None:
        """Begin a tree of any resource, or of the element at the place `at`."""
        self._tables = tables
        self._limits = limits
        self._at = at
        self._tree: dict[str, Any] = {}
        self._open: list[_Open] = []
        self._narrative: Narrative | None = None
        self._started = self._members = 0
        self._element = tables.required("Element")
        self._slot = self._element.children[EXTENSIONS]
        self._rules = tables.required("DomainResource").children[RULES]

    # what the parser tells of

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:  # pragma: no mutate block (lxml counts what it takes)
        """Take the beginning of an element."""
        if self._narrative is not None:
            self._tell(1 + len(attributes))
            self._in_narrative(self._narrative.start(tag, attributes))
            return
        if tag.startswith(XHTML):
            self._begin_narrative(tag, attributes)
            return
        if not tag.startswith(_FHIR):
            self._refuse("namespace", "an element that is not of the FHIR namespace")
        self._tell(1)  # each becomes one property or array element at the least
        opened = self._opened(tag.removeprefix(_FHIR))
        self._open.append(opened)
        if attributes:
            self._take(attributes, opened)
        if opened.child.primitive:
            self._put_value(self._open[-2].node, opened)

    def data(self, text: str) -> None:
        """Take text: it is part of a narrative, or nothing but white space."""
        if self._narrative is not None:
            self._tell(1)
            self._narrative.data(text)
        elif text.strip(_BLANKS):
            self._refuse("text", "text that stands directly in an element of FHIR")

    def end(self, _tag: str) -> None:
        """Take the end of the element that was begun last."""
        if self._narrative is not None:
            if self._narrative.end():
                self._open[-1].node["div"] = str(self._narrative)
                self._narrative = None
            return
        closed = self._open[-1]
        if closed.shape is None:
            if not closed.is_filled:
                self._refuse("one-resource", "no resource where there must be one")
            self._open.pop()
            return
        for key in closed.padded:
            _pad(closed.node["_" + key], len(closed.node[key]))
        if closed.node:
            self._count(closed.node)
        self._open.pop()
        if closed.child.primitive and (closed.node or closed.value is None):
            _put_companion(self._open[-1], closed)

    def doctype(self, *_: object) -> None:
        """Refuse a DOCTYPE, should one ever get here."""
        self._refuse("doctype", "the document has a DOCTYPE")

    def close(self) -> dict[str, Any]:
        """Return the tree, which is that of a whole document only where the parser has no error to tell of."""
        return self._tree

    # elements

    def _opened(self, name: str) -> _Open:
        """Give an element of FHIR's namespace its place in the tree."""
        above = self._open[-1] if self._open else None
        if above is None:
            opened = self._root(name)
            self._tree = opened.node
            return opened
        return self._resource_in(above, name) if above.shape is None else self._element_in(above, above.shape, name)

    def _root(self, name: str) -> _Open:
        """Return the root: a resource, or an element alone, whatever that is called, but not like a resource."""
        if self._at is None or self._at.is_root:
            return self._resource(name, 1)
        if name in self._tables.resource_types:
            raise RefusedError(Unreadable("resource-type", f"a whole resource, and not the {self._at.path} that was asked for"))
        shape = self._at.shapes[0]
        return _Open({}, shape, 1, _attributes_on(shape))

    def _resource(self, name: str, depth: int) -> _Open:
        """Return a resource; one of a type that FHIR does not know holds only what FHIR does not know."""
        self._allow_depth(depth)
        shape = self._tables.required(name) if name in self._tables.resource_types else OPAQUE
        return _Open({"resourceType": name}, shape, depth, _ON_NOTHING)

    def _resource_in(self, holder: _Open, name: str) -> _Open:
        """Return the one resource in `contained` or another element that holds one."""
        if holder.is_filled:
            self._refuse("one-resource", "more than one resource where there must be one")
        holder.is_filled = True
        opened = self._resource(name, holder.depth + (1 if holder.index is None else 2))
        _attach(holder.node, holder, opened.node)
        return opened

    def _element_in(self, above: _Open, shape: Shape, name: str) -> _Open:
        """Return an element that is no resource, and stands in another."""
        child = self._child_of(shape, name)
        if child.shape is not None and child.shape.name == "xhtml":
            self._refuse("namespace", "a narrative that is not of the XHTML namespace")
        index = self._room(above, name, child)
        depth = above.depth + (1 if index is None else 2)
        if child.shape is None:
            return _Open(above.node, None, above.depth, _ON_NOTHING, name, index, child)
        if child.primitive:
            return _Open({}, self._element, depth, _ON_PRIMITIVE, name, index, child)
        opened = _Open({}, child.shape, depth, _attributes_on(child.shape), name, index, child)
        _attach(above.node, opened, opened.node)
        return opened

    def _child_of(self, shape: Shape, name: str) -> Child:
        """Return what an element called `name` is; a name that only a property of JSON has refuses the document."""
        child = shape.children.get(name)
        if child is not None:
            if name == "url" and shape.name == "Extension":
                self._refuse("element-name", "a `url` that is an element, where FHIR has an attribute")
            return child
        if name == "resourceType" or (name[0] == "_" and self._is_primitive(shape, name[1:])):
            self._refuse("element-name", "an element with a name that only a property of JSON has")
        if name in SLOTS:
            return self._slot
        return self._rules if name.lower() == _RULES else _UNKNOWN

    def _is_primitive(self, shape: Shape, name: str) -> bool:
        child = shape.children.get(name)
        return child.primitive if child is not None else name.lower() == _RULES

    def _room(self, above: _Open, name: str, child: Child) -> int | None:
        """Return the index at which an element stands, None where it stands alone; refuse what stands twice, or too deep."""
        standing = above.node.get(name)
        if child.maximum == 1:
            self._allow_depth(above.depth)
            if standing is not None or (child.primitive and "_" + name in above.node):
                self._refuse("duplicate-element", f"`{child.segment}` stands twice where FHIR has one")
            return None
        self._allow_depth(above.depth + 1)
        if standing is None:
            return 0
        if not isinstance(standing, list):
            self._refuse("duplicate-element", "an element that is called as an attribute beside it")
        return len(standing)

    # values

    def _take(self, attributes: Mapping[str, str], opened: _Open) -> None:
        """Take the attributes of an element; one that FHIR does not have there refuses the document."""
        for name, value in attributes.items():
            if name not in opened.allowed:
                if not name.startswith(PASSED_OVER):
                    self._refuse("attribute", "an attribute that FHIR does not have there")
            elif name == "value" and opened.child.primitive:
                opened.value = value
            else:
                self._allow_depth(opened.depth)
                opened.node[name] = value

    def _put_value(self, node: dict[str, Any], opened: _Open) -> None:
        """Put the value of a primitive where it stands; in an array a missing one is null."""
        kind = opened.child.shape.name if opened.child.shape is not None else ""
        value = json_value(kind, opened.value, self._limits) if opened.value is not None else None
        if isinstance(value, Unreadable):
            raise RefusedError(value)
        if opened.index is not None or value is not None:
            _attach(node, opened, value)

    # narratives

    def _begin_narrative(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take the XHTML `div` of a Narrative."""
        above = self._open[-1] if self._open else None
        child = above.shape.children.get(tag.removeprefix(XHTML)) if above is not None and above.shape is not None else None
        if above is None or child is None or child.shape is None or child.shape.name != "xhtml":
            self._refuse("namespace", "XHTML that is not the `div` of a narrative")
        self._room(above, "div", child)
        self._narrative = Narrative()
        self._in_narrative(self._narrative.start(tag, attributes))

    def _in_narrative(self, fault: Unreadable | None) -> None:
        if fault is not None:
            self._refuse(fault.code, fault.message)

    # limits and refusals

    def _tell(self, number: int) -> None:
        """Count what the parser tells of, in a narrative too, where it is no property but costs as much."""
        self._started += number
        if self._started > self._limits.members:
            raise RefusedError(TOO_MANY)

    def _allow_depth(self, depth: int) -> None:
        """Refuse an object or array at `depth` with something in it, when that is too deep."""
        if depth > self._limits.depth:
            raise RefusedError(TOO_DEEP)

    def _count(self, node: dict[str, Any]) -> None:
        """Add the properties of an object that is complete, and the elements of its arrays."""
        self._members += len(node)
        for value in node.values():
            if value.__class__ is list:
                self._members += len(value)
        if self._members > self._limits.members:
            raise RefusedError(TOO_MANY)

    def _refuse(self, code: str, sentence: str) -> NoReturn:
        """Refuse the document; the place is named as far as its names are FHIR's own."""
        place = self._place()
        raise RefusedError(Unreadable(code, f"{sentence}, in {place}" if place else sentence))

    def _place(self) -> str:
        """Return where the element that is open stands, or the nearest one around it that has a name of FHIR's."""
        steps: list[str] = []
        shape: Shape | None = None
        for opened in self._open:
            if opened.key and opened.key not in SLOTS and (shape is None or opened.key not in shape.children):
                break
            if opened.key:
                steps.append(opened.key if opened.index is None else f"{opened.key}[{opened.index}]")
            elif not steps and opened.shape is not None:
                steps.append(opened.shape.name or "a resource of a type that FHIR does not know")
            shape = opened.shape
        return ".".join(steps)


def _attributes_on(shape: Shape) -> frozenset[str]:
    """Return which attributes mean something on an object of some shape that is no resource."""
    if shape is OPAQUE:
        return _ON_UNKNOWN
    return _ON_EXTENSION if shape.name == "Extension" else _ON_ELEMENT


def _attach(node: dict[str, Any], opened: _Open, value: object) -> None:
    """Put what an element becomes under its name, into an array where it may repeat."""
    if opened.index is None:
        node[opened.key] = value
    else:
        node.setdefault(opened.key, []).append(value)


def _put_companion(above: _Open, closed: _Open) -> None:
    """Put what a primitive has beside its value under `_` and its name, in an array at the same index."""
    name = "_" + closed.key
    if closed.index is None:
        above.node[name] = closed.node
        return
    if name not in above.node:
        above.node[name] = []
        above.padded += (closed.key,)
    _pad(above.node[name], closed.index)
    above.node[name].append(closed.node)


def _pad(companions: list[Any], length: int) -> None:
    """Fill up an array of companions with nulls."""
    companions.extend([None] * (length - len(companions)))
