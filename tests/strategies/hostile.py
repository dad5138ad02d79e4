"""Documents made to cost much: each shape repeats one thing that is cheap to send, up to a number of bytes.

Most are a Basic resource, so that nothing is refused before the shape is met; some are complete, some never end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

Shape = Callable[[int], bytes]
"""Makes a document of about so many bytes."""

_HEAD = b'{"resourceType":"Basic",'
_URL = b'"url":"http://example.org/fhir/StructureDefinition/x"'
_FLAG = b"{" + _URL + b',"valueBoolean":true}'
_KNOWN = b'{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueString":"a"}'
_STATUS = b'{"url":"http://hl7.org/fhir/StructureDefinition/request-doNotPerform","valueBoolean":true}'
_MODIFIED = b'{"modifierExtension":[' + _FLAG + b"]}"
_CONTAINED = b'{"resourceType":"Basic"}'


def filled(part: bytes, size: int, separator: bytes = b",") -> bytes:
    """Return `part` so often that it has about `size` bytes."""
    return separator.join([part] * max(1, size // (len(part) + len(separator))))


def _listed(part: bytes, key: bytes = b'"x"') -> Shape:
    return lambda size: _HEAD + key + b":[" + filled(part, size) + b"]}"


def _named(parts: Iterator[bytes], size: int) -> bytes:
    """Return an object of properties until there are `size` bytes."""
    made: list[bytes] = []
    length = 0
    while length < size:
        made.append(next(parts))
        length += len(made[-1]) + 1
    return _HEAD + b",".join(made) + b"}"


def _numbered(form: str) -> Shape:
    """Make properties whose names all differ, by a number in `form`."""
    return lambda size: _named((form.format(number).encode() for number in count()), size)


def _within(opening: bytes, closing: bytes, depth: int) -> Shape:
    """Nest `depth` deep, again and again, in an array."""
    return _listed(opening * depth + b"1" + closing * depth)


def _modifiers_at(depth: int) -> Shape:
    """Make elements with a modifier, `depth` deep, again and again."""
    return _listed(b'{"extension":[{' * (depth // 2) + b'"modifierExtension":[' + _FLAG + b"]" + b"}]}" * (depth // 2))


def _deep_once(depth: int, inner: bytes) -> Shape:
    return lambda size: _HEAD + b'"a":' + b'{"a":' * depth + b"[" + filled(inner, size) + b"]" + b"}" * depth + b"}"


def _bundle(entry: bytes) -> Shape:
    return lambda size: b'{"resourceType":"Bundle","type":"collection","entry":[' + filled(entry, size) + b"]}"


SHAPES: dict[str, Shape] = {
    "empty objects": _listed(b"{}"),
    "empty arrays": _listed(b"[]"),
    "zeros": _listed(b"0"),
    "nulls": _listed(b"null"),
    "booleans": _listed(b"true"),
    "decimals": _listed(b"1.1"),
    "decimals with exponents": _listed(b"1e9"),
    "long decimals": _listed(b"0." + b"1" * 120),
    "long integers": _listed(b"1" * 120),
    "integers too long": _listed(b"1" * 5000),
    "one endless integer": lambda size: _HEAD + b'"x":' + b"1" * size + b"}",
    "one endless fraction": lambda size: _HEAD + b'"x":0.' + b"1" * size + b"}",
    "exponents beyond all": _listed(b"1e999999999"),
    "empty strings": _listed(b'""'),
    "short strings": _listed(b'"a"'),
    "objects of one": _listed(b'{"a":1}'),
    "objects of one in arrays": _listed(b'[{"a":[0]}]'),
    "arrays of one": _listed(b"[0]"),
    "arrays in arrays 100 deep": _within(b"[", b"]", 100),
    "objects in objects 100 deep": _within(b'{"a":', b"}", 100),
    "arrays in arrays too deep": _within(b"[", b"]", 250),
    "unique names": _numbered('"k{}":0'),
    "unique names of objects": _numbered('"k{}":{{}}'),
    "unique names of decimals": _numbered('"k{}":.5'.replace(".5", "0.5")),
    "one huge string": lambda size: _HEAD + b'"x":"' + b"a" * size + b'"}',
    "one huge name": lambda size: _HEAD + b'"' + b"a" * size + b'":1}',
    "one huge name of combining marks": lambda size: _HEAD + b'"' + "\u0301".encode() * (size // 2) + b'":1}',
    "one huge near miss": lambda size: _HEAD + b'"modifierExtension' + b"_" * size + b'":1}',
    "huge names of elements": _listed(b'{"' + b"b" * 1000 + b'":{"' + b"c" * 1000 + b'":{}}}'),
    "names of combining marks": _numbered('"' + "\u0301" * 20 + '{}":0'),
    "near misses": _listed(b'{"modifierextension":0}'),
    "near misses of look-alikes": _listed('{"m\u043edifierExtension":0}'.encode()),
    "near misses with marks": _numbered('"modifier_Extensio{}":0'),
    "escapes in a string": lambda size: _HEAD + b'"x":"' + rb"\u0061" * (size // 6) + b'"}',
    "escapes in names": _numbered(r'"\u006d{}":0'),
    "pairs in a string": lambda size: _HEAD + b'"x":"' + rb"\ud83d\ude00" * (size // 12) + b'"}',
    "white space": lambda size: b" " * size + _CONTAINED,
    "white space within": _listed(b"\n" * 50 + b"{}"),
    "modifiers": _listed(_FLAG, b'"modifierExtension"'),
    "modifiers that say nothing": _listed(b"{}", b'"modifierExtension"'),
    "modifiers that are no objects": _listed(b"1", b'"modifierExtension"'),
    "modifiers on elements": _listed(_MODIFIED, b'"extension"'),
    "empty modifiers on elements": _listed(b'{"modifierExtension":[]}'),
    "empty modifiers on modifiers": _listed(b'{"modifierExtension":[]}', b'"modifierExtension"'),
    "modifiers deep down": _modifiers_at(60),
    "modifiers at one deep place": _deep_once(100, _MODIFIED),
    "modifiers of modifiers": _within(b'{"modifierExtension":[', b"]}", 30),
    "modifiers with long urls": _listed(b'{"url":"http://a.b/' + b"c" * 1500 + b'"}', b'"modifierExtension"'),
    "extensions": _listed(_FLAG, b'"extension"'),
    "extensions that are known": _listed(_KNOWN, b'"extension"'),
    "modifiers in plain extension": _listed(_STATUS, b'"extension"'),
    "known extensions as modifiers": _listed(_KNOWN, b'"modifierExtension"'),
    "extensions in extensions": _within(b'{"extension":[', b"]}", 60),
    "implicitRules everywhere": _listed(b'{"implicitRules":"a"}'),
    "implicitRules of contained": _listed(b'{"resourceType":"Basic","implicitRules":"http://a.b/c"}', b'"contained"'),
    "contained resources": _listed(_CONTAINED, b'"contained"'),
    "contained in contained": _within(b'{"resourceType":"Basic","contained":[', b"]}", 60),
    "contained without a type": _listed(b"{}", b'"contained"'),
    "subsetted resources": _listed(b'{"resourceType":"Basic","meta":{"tag":{"code":"SUBSETTED"}}}', b'"contained"'),
    "many tags": lambda size: _HEAD + b'"meta":{"tag":[' + filled(b'{"code":"SUBSETTED"}', size) + b"]}}",
    "entries": _bundle(b"{}"),
    "entries with resources": _bundle(b'{"resource":{"resourceType":"Basic"}}'),
    "entries with modifiers": _bundle(b'{"resource":{"resourceType":"Basic","modifierExtension":[' + _FLAG + b"]}}"),
    "entries in arrays": _bundle(b"[[[{}]]]"),
    "duplicate names": lambda size: _HEAD + filled(b'"a":0', size) + b"}",
    "unclosed arrays": lambda size: b"[" * size,
    "unclosed objects": lambda size: b'{"a":' * (size // 5),
    "unclosed string": lambda size: _HEAD + b'"' + b"a" * size,
    "unclosed list of objects": lambda size: _HEAD + b'"x":[' + filled(b"{}", size),
    "quotes": lambda size: b'"' * size,
    "NULs": lambda size: _HEAD + b'"x":"' + b"\0" * size + b'"}',
    "not UTF-8": lambda size: b"\xff" * size,
    "byte order marks": lambda size: b"\xef\xbb\xbf" * (size // 3),
    "elements of a study": lambda size: (
        b'{"resourceType":"ImagingStudy","series":[{"uid":"1","instance":[' + filled(b'{"uid":"1"}', size) + b"]}]}"
    ),
    "questions in questions": lambda size: (
        b'{"resourceType":"Questionnaire","item":['
        + filled(b'{"item":[' * 50 + b'{"modifierExtension":[' + _FLAG + b"]}" + b"]}" * 50, size)
        + b"]}"
    ),
    "primitives with companions": lambda size: _HEAD + b'"_id":[' + filled(b'{"id":"a"}', size) + b"]}",
    "parameters": lambda size: b'{"resourceType":"Parameters","parameter":[' + filled(b'{"part":[{"name":"a"}]}', size) + b"]}",
}
