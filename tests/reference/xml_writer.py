"""Writes FHIR JSON as FHIR XML, from FHIR R4 2.6.1: the same resource, in many spellings where dice are given.

What has no form in XML is an `InexpressibleError`: an array of arrays, null where FHIR has none, an empty array, an object for
a list, a name that no XML element can have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

from caveat.spec import Release, Shape, tables
from caveat.spec.shape import Child

FHIR = "http://hl7.org/fhir"
NAME = re.compile(r"[^\W\d][\w.\-]*")


class InexpressibleError(ValueError):
    """Say that a tree has no form in XML."""


class Writer:
    """One document: by which release, and in what spelling."""

    def __init__(self, release: Release, dice: Random | None = None) -> None:
        self.tables = tables(release)
        self.dice = dice
        self.prefix = dice.choice(["", "", "f:", "fhir.r-4:"]) if dice else ""

    def document(self, tree: dict[str, Any], shape: Shape | None = None, name: str | None = None) -> bytes:
        """Return a resource, or an element alone, as bytes."""
        if shape is None:
            body = self.resource(tree)
        else:
            body = self.element(name or "any", self.attributes(tree, shape), self.inner(tree, shape))
        declared = f"xmlns:{self.prefix[:-1]}" if self.prefix else "xmlns"
        at = re.search(r"[ />]", body[1:])
        assert at is not None
        text = f'{body[: at.start() + 1]} {declared}="{FHIR}"{body[at.start() + 1 :]}'
        start = self.pick("", '<?xml version="1.0"?>', "\ufeff<?xml version='1.0' encoding='utf-8'?>\n", "<!-- <a/> --><?p?>\n ")
        return (start + text + self.pick("", "\n", "<!-- x -->")).encode()

    def resource(self, tree: dict[str, Any]) -> str:
        kind = tree["resourceType"]
        shape = self.tables.required(kind) if kind in self.tables.resource_types else None
        return self.element(kind, "", self.inner({k: v for k, v in tree.items() if k != "resourceType"}, shape))

    def inner(self, tree: dict[str, Any], shape: Shape | None) -> str:
        """Return the elements of an object, those that are attributes left out."""
        names = list(dict.fromkeys(key.removeprefix("_") if self.is_companion(key, shape) else key for key in tree))
        attributes = self.attribute_names(shape)
        return "".join(self.space() + part for key in names if key not in attributes for part in self.property(key, tree, shape))

    def property(self, key: str, tree: dict[str, Any], shape: Shape | None) -> Iterator[str]:
        """Give the elements that one property becomes."""
        child = shape.children.get(key) if shape is not None else None
        if not NAME.fullmatch(key) or (key == "resourceType" and child is None):
            raise InexpressibleError(key)
        if child is None:
            yield from self.unlisted(key, tree)
            return
        values, others = self.spread(tree.get(key), child), self.spread(tree.get("_" + key), child)
        for index in range(max(len(values), len(others))):
            value = values[index] if index < len(values) else None
            other = others[index] if index < len(others) else None
            yield self.one(key, child, value, other)

    def one(self, key: str, child: Child, value: Any, other: Any) -> str:
        if child.shape is None:
            if not isinstance(value, dict) or "resourceType" not in value:
                raise InexpressibleError(key)
            return self.element(key, "", self.resource(value))
        if child.shape.name == "xhtml":
            if not isinstance(value, str) or other is not None:
                raise InexpressibleError(key)
            return value
        if child.primitive:
            return self.primitive(key, value, other)
        if not isinstance(value, dict):
            raise InexpressibleError(key)
        return self.element(key, self.attributes(value, child.shape), self.inner(value, child.shape))

    def primitive(self, key: str, value: Any, other: Any) -> str:
        if isinstance(value, dict | list) or not isinstance(other, dict | None):
            raise InexpressibleError(key)
        other = other or {}
        element = self.tables.required("Element")
        written = "" if value is None else f" value={self.quoted(scalar(value))}"
        return self.element(key, written + self.attributes(other, element), self.inner(other, element))

    def unlisted(self, key: str, tree: dict[str, Any]) -> Iterator[str]:
        """Give the elements of a property that FHIR does not know: it is an array of objects, a scalar, or implicitRules."""
        if key.lower() == "implicitrules" or isinstance(tree[key], str | int | float | Decimal):
            yield self.primitive(key, tree.get(key), tree.get("_" + key))
            return
        if not isinstance(tree[key], list) or not tree[key] or not all(isinstance(each, dict) for each in tree[key]):
            raise InexpressibleError(key)
        shape = self.tables.required("Extension") if key in {"extension", "modifierExtension"} else None
        for each in tree[key]:
            yield self.element(key, self.attributes(each, shape), self.inner(each, shape))

    def spread(self, value: Any, child: Child) -> list[Any]:
        if value is None:
            return []
        if isinstance(value, list) != (child.maximum != 1) or value == []:
            raise InexpressibleError(child.segment)
        return value if isinstance(value, list) else [value]

    def is_companion(self, key: str, shape: Shape | None) -> bool:
        child = shape.children.get(key[1:]) if shape is not None and key.startswith("_") else None
        return (child is not None and child.primitive) or key == "_implicitRules"

    def attribute_names(self, shape: Shape | None) -> set[str]:
        if shape is None:
            return {"id", "url", "value"}
        if shape.kind == "resource":
            return set()
        return {"id", "url"} if shape.name == "Extension" else {"id"}

    def attributes(self, tree: dict[str, Any], shape: Shape | None) -> str:
        names = [name for name in self.attribute_names(shape) if name in tree]
        if not all(isinstance(tree[name], str) for name in names) or any(
            "_" + name in tree for name in self.attribute_names(shape)
        ):
            raise InexpressibleError("an attribute")
        return "".join(f" {name}={self.quoted(tree[name])}" for name in sorted(names))

    def element(self, name: str, attributes: str, inner: str) -> str:
        if inner or self.pick(0, 0, 0, 1):
            return f"<{self.prefix}{name}{attributes}>{inner}{self.space()}</{self.prefix}{name}>"
        return f"<{self.prefix}{name}{attributes}/>"

    def quoted(self, text: str) -> str:
        body = "".join(self.letter(each) for each in text)
        return f'"{body}"'

    def letter(self, character: str) -> str:
        if character in '&<"\t\n\r' or (self.dice is not None and self.dice.random() < 0.1):
            return f"&#{ord(character)};" if self.pick(0, 1) else f"&#x{ord(character):x};"
        if character != "\ufffe" and character >= " " and not "\ud800" <= character <= "\udfff":
            return character
        raise InexpressibleError("no character of XML")

    def space(self) -> str:
        return str(self.pick("", "", "", "\n\t ", "<!-- <modifierExtension/> -->", "<?p modifierExtension?>", "<![CDATA[ ]]>"))

    def pick(self, *options: Any) -> Any:
        return self.dice.choice(options) if self.dice is not None else options[0]


def scalar(value: Any) -> str:
    """Return a JSON scalar as the value of an attribute."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, str):
        return value
    raise InexpressibleError("no scalar")


def write(tree: dict[str, Any], release: Release, dice: Random | None = None) -> bytes:
    """Return a resource as FHIR XML; InexpressibleError when it has no such form."""
    return Writer(release, dice).document(tree)
