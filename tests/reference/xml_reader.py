"""A second reader of FHIR XML, on the standard library's expat, written from FHIR R4 2.6.1 (XML) and 2.6.2 (JSON) alone.

It makes a tree of nodes first and turns that into the tree of FHIR JSON by recursion. It is slow and plain on purpose. Of the
engine it uses the shapes only, which say what FHIR's definitions say. One thing is not the specification's: an element's `id` may
be an element, as fhir.resources writes it.
"""

from __future__ import annotations

import re
import sys
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from caveat.spec import Release, Shape, tables

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"
IGNORED = {"http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/XML/1998/namespace"}
URI = re.compile(  # RFC 3986, appendix A, for what a namespace is called, but no empty port; what is beyond ASCII is let be
    r"([A-Za-z][A-Za-z0-9+.-]*:(?=/|[^/]|$)|(?![^/?#]*:))"
    r"(//([^/?#\[\]@\s<>\"]*@)?(\[[0-9A-Fa-f:.]*\]|[^/?#\[\]@:\s<>\"]*)(:[0-9]+)?(?=[/?#]|$)|(?!//))"
    r"[^?#\[\]\s<>\"]*(\?[^#\[\]\s<>\"]*)?(#[^#\[\]\s<>\"]*)?"
)
DEPTH, ELEMENTS, DIGITS, EXPONENT = 128, 256, 128, 307


class RefusedError(ValueError):
    """Say that the bytes are not read."""


class Node:
    """An element: its namespace, name, attributes, and what it holds: nodes and text."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.space, self.name = parts(name)
        self.attributes = {parts(key): value for key, value in attributes.items()}
        self.inside: list[Node | str] = []


def parts(name: str) -> tuple[str, str]:
    """Return a name of expat's as namespace and local name."""
    space, _, local = name.rpartition(" ")
    return space, local


def read(raw: bytes, release: Release, element: Shape | None = None) -> dict[str, Any]:
    """Return the tree of a resource, or of an element that stands alone; RefusedError where there is none."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 5000))  # it recurses, up to as deep as documents may be
    try:
        return tree_of(nodes_of(raw), release, element)
    finally:
        sys.setrecursionlimit(limit)


def tree_of(root: Node, release: Release, element: Shape | None) -> dict[str, Any]:
    """Return the tree that the root of a document stands for."""
    if root.space != FHIR:
        raise RefusedError("no FHIR")
    if element is None:
        tree = resource(root, release)
    elif root.name in tables(release).resource_types:
        raise RefusedError("a resource")
    else:
        tree = an_object(root, element, release)
    if depth_of(tree) > DEPTH:
        raise RefusedError("too deep")
    return tree


def utf_8(raw: bytes) -> bytes:
    """Return a document in UTF-8 without its mark."""
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise RefusedError("not UTF-8") from error
    if text.startswith("\ufeff"):
        raise RefusedError("a second mark, which is no white space")
    return text.encode()


def nodes_of(raw: bytes) -> Node:
    """Return the root of a document, or refuse it: other encodings, versions, DTDs, and what is no XML."""
    text = utf_8(raw)
    parser = expat.ParserCreate("utf-8", " ")
    top = Node("top", {})
    open_nodes = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        node = Node(name, attributes)
        open_nodes[-1].inside.append(node)
        open_nodes.append(node)
        if len(open_nodes) > ELEMENTS + 1:
            raise RefusedError("too deep")

    def characters(letters: str) -> None:
        open_nodes[-1].inside.append(letters)

    def declaration(version: str, encoding: str | None, _: int) -> None:
        if version != "1.0" or (encoding or "utf-8").lower() != "utf-8":
            raise RefusedError("another XML")

    def doctype(*_: object) -> None:
        raise RefusedError("a DTD")

    def namespace(_: str | None, name: str | None) -> None:
        if name and not URI.fullmatch(name):
            raise RefusedError("no URI")

    parser.StartNamespaceDeclHandler = namespace
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: open_nodes.pop()
    parser.CharacterDataHandler = characters
    parser.XmlDeclHandler = declaration
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise RefusedError("not XML") from error
    return next(node for node in top.inside if isinstance(node, Node))


def resource(node: Node, release: Release) -> dict[str, Any]:
    """Return a resource: its type is the name of its element, and no attribute says anything."""
    known = node.name in tables(release).resource_types
    attributes_of(node, set())
    return {"resourceType": node.name, **inner(node, tables(release).required(node.name) if known else None, release)}


def an_object(node: Node, shape: Shape | None, release: Release) -> dict[str, Any]:
    """Return an element that is no primitive; `shape` None is one that FHIR does not know."""
    if shape is None:
        mine = attributes_of(node, {"id", "url", "value"})
    else:
        mine = attributes_of(node, {"id", "url"} if shape.name == "Extension" else {"id"})
    below = inner(node, shape, release)
    if set(mine) & set(below):
        raise RefusedError("an attribute and an element of one name")
    return {**mine, **below}


def attributes_of(node: Node, allowed: set[str]) -> dict[str, str]:
    """Return the attributes that say something; any other, but hints for schemas and XML's own, is refused."""
    found = {}
    for (space, name), value in node.attributes.items():
        if not space and name in allowed:
            found[name] = value
        elif space not in IGNORED:
            raise RefusedError("an attribute")
    return found


def inner(node: Node, shape: Shape | None, release: Release) -> dict[str, Any]:
    """Return what stands in an element, by JSON property."""
    if any(isinstance(each, str) and each.strip(" \t\r\n") for each in node.inside):
        raise RefusedError("text")
    groups: dict[str, list[Node]] = {}
    for each in node.inside:
        if isinstance(each, Node):
            groups.setdefault(each.name, []).append(each)
    found: dict[str, Any] = {}
    for name, group in groups.items():
        for key, value in group_of(name, group, shape, release).items():
            if key in found or (key != name and key in groups):
                raise RefusedError("two meanings")
            found[key] = value
    return found


def group_of(name: str, group: list[Node], shape: Shape | None, release: Release) -> dict[str, Any]:
    """Return the properties that the elements of one name become."""
    child = shape.children.get(name) if shape is not None else None
    if child is not None and child.shape is not None and child.shape.name == "xhtml":
        if len(group) > 1 or group[0].space != XHTML:
            raise RefusedError("no narrative")
        return {name: xhtml(group[0], top=True)}
    if any(each.space != FHIR for each in group):
        raise RefusedError("no FHIR")
    extension = tables(release).required("Extension")
    if child is None:
        return unlisted(name, group, shape, release)
    many = child.maximum != 1
    if (name == "url" and shape is extension) or (len(group) > 1 and not many):
        raise RefusedError("an attribute, or twice")
    if child.primitive and child.shape is not None:
        return primitives(name, group, child.shape.name, release, many=many)
    made = [held(each, release) if child.shape is None else an_object(each, child.shape, release) for each in group]
    return {name: made if many else made[0]}


def unlisted(name: str, group: list[Node], shape: Shape | None, release: Release) -> dict[str, Any]:
    """Return the properties that elements become which FHIR does not have there."""
    if name == "resourceType" or (name.startswith("_") and is_primitive(name[1:], shape)):
        raise RefusedError("a name of JSON")
    if name.lower() == "implicitrules":
        return primitives(name, group, "uri", release, many=False)
    inside = tables(release).required("Extension") if name in {"extension", "modifierExtension"} else None
    return {name: [an_object(each, inside, release) for each in group]}


def is_primitive(name: str, shape: Shape | None) -> bool:
    child = shape.children.get(name) if shape is not None else None
    return child.primitive if child is not None else name.lower() == "implicitrules"


def held(node: Node, release: Release) -> dict[str, Any]:
    """Return the one resource in an element that holds one."""
    attributes_of(node, set())
    inside = [each for each in node.inside if isinstance(each, Node)]
    if any(isinstance(each, str) and each.strip(" \t\r\n") for each in node.inside):
        raise RefusedError("text")
    if len(inside) != 1 or inside[0].space != FHIR:
        raise RefusedError("not one resource")
    return resource(inside[0], release)


def primitives(name: str, group: list[Node], kind: str, release: Release, *, many: bool) -> dict[str, Any]:
    """Return the values of primitives, and beside them what they have but values."""
    if len(group) > 1 and not many:
        raise RefusedError("twice")
    values: list[Any] = []
    others: list[Any] = []
    for node in group:
        mine = attributes_of(node, {"id", "value"})
        has_value = "value" in mine
        values.append(value_of(mine.pop("value"), kind) if has_value else None)
        below = inner(node, tables(release).required("Element"), release)
        if set(mine) & set(below):
            raise RefusedError("an attribute and an element of one name")
        other = {**mine, **below}
        others.append(other if other or not has_value else None)
    found: dict[str, Any] = {}
    if many or values[0] is not None:
        found[name] = values if many else values[0]
    if any(other is not None for other in others):
        found["_" + name] = others if many else others[0]
    return found


def value_of(text: str, kind: str) -> Any:
    """Return the JSON value of a primitive's text."""
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    if kind in {"integer", "positiveInt", "unsignedInt"} and re.fullmatch("0|[+-]?[1-9][0-9]*", text, re.ASCII):
        return short(int(text)) if len(text) < 1000 else short(None)
    if kind == "decimal" and re.fullmatch("-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?", text, re.ASCII):
        try:
            return short(Decimal(text)) if re.search("[.eE]", text) else short(int(text) if len(text) < 1000 else None)
        except InvalidOperation:
            return short(None)
    return text


def short(number: int | Decimal | None) -> int | Decimal:
    """Return a number that is neither too long nor too large."""
    if number is None:
        raise RefusedError("too long")
    value = Decimal(number)
    if len(value.as_tuple().digits) > DIGITS or (isinstance(number, Decimal) and abs(value.adjusted()) > EXPONENT):
        raise RefusedError("too long")
    return number


def xhtml(node: Node, *, top: bool = False) -> str:
    """Return XHTML as a string."""
    if node.space != XHTML:
        raise RefusedError("no XHTML")
    written = f'<{node.name} xmlns="{XHTML}"' if top else f"<{node.name}"
    for (space, name), value in node.attributes.items():
        if not space:
            written += f" {name}={quoted(value)}"
        elif space.endswith("XML/1998/namespace"):
            written += f" xml:{name}={quoted(value)}"
        elif space not in IGNORED:
            raise RefusedError("an attribute")
    inside = "".join(text(each) if isinstance(each, str) else xhtml(each) for each in node.inside)
    return f"{written}>{inside}</{node.name}>" if inside else f"{written}/>"


def text(letters: str) -> str:
    return escape(letters, {"\r": "&#13;"})


def quoted(value: str) -> str:
    body = escape(value, {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}).replace("&gt;", ">")
    return quoteattr("")[0] + body + quoteattr("")[-1]


def depth_of(tree: object) -> int:
    """Return how deeply objects and arrays that are not empty nest."""
    inside = list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    return 1 + max(map(depth_of, inside)) if inside else 0
