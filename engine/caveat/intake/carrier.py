"""Where an element stands: its location, its paths, and the names by which rules may call it.

Rule 1: nothing here is computed for elements that hold no occurrence; a frame only remembers the way down.
Rule 2: what holds for all below is found once, and shared; the cost of an occurrence does not grow with its depth.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, cast

from caveat.domain.decision import SLOTS, Alike, Carrier, CarrierDraft
from caveat.spec.shape import Child, Shape

_SHOWABLE = frozenset({"generated", "extensions"})
_PLAIN_NAME = re.compile(r"[^\x00-\x1f.\[\]\"]{1,64}\Z")

EMBEDDED = Child("data", None, 0, 1, primitive=False, ancestor=None, is_modifier=False)
"""The step from a Binary or Attachment into the document that its `data` spells."""
EMBEDDED_LINE = Child("data", None, 0, None, primitive=False, ancestor=None, is_modifier=False)
"""The same for one line of NDJSON."""


class Frame(NamedTuple):
    """One object on the way down: the object, its shape, the frame above, and the property, index and child that lead here.

    `parent` is None at the root of the input. `child` is None where the way is not FHIR's. An element checked alone has
    frames above it whose `node` is None: nobody has seen them.
    """

    node: Any
    shape: Shape
    parent: Frame | None = None
    key: str = ""
    index: int | None = None  # type: ignore[assignment]  # it hides tuple.index, which nobody calls
    child: Child | None = None

    @property
    def is_resource(self) -> bool:
        """Whether a resource begins here."""
        return self.shape.kind == "resource" and (self.parent is None or self.child is None or self.child.shape is None)

    @property
    def is_extension(self) -> bool:
        """Whether it is an entry of `extension` or `modifierExtension`, whatever arrays it stands in."""
        return self.child is not None and self.child.segment in SLOTS

    @property
    def is_embedded(self) -> bool:
        """Whether a document begins here that the `data` of the frame above spells."""
        return self.child is EMBEDDED or self.child is EMBEDDED_LINE


@dataclass(slots=True, eq=False)
class Kind:
    """By which way from a resource elements stand, in strings only: two of one kind have the same paths and names.

    `above` is the kind of what they stand in, within the same resource. `data_type` names the type of elements that have one.
    `held` is the short path of the element whose extension they lie in. `is_known` says that FHIR knows all of the way. It is
    never changed; one that is frozen takes three times as long to make.
    """

    path: str
    short_path: str
    shape: str
    resource_type: str
    above: Kind | None = None
    data_type: str | None = None
    is_resource: bool = False
    held: str | None = None
    in_value: bool = False
    is_known: bool = True


class Named(NamedTuple):
    """A kind with the names of its elements: of exactly these, and of them and all above them."""

    kind: Kind
    names: PathNames
    within: PathNames


@dataclass(slots=True, eq=False)
class Standing:
    """What can be said of a frame from above, in strings only, so that it can be kept when the document is gone.

    `is_contained` speaks of its resource, `nests` of a contained resource in a contained one (dom-2), `is_foreign` of an
    extension where FHIR allows none, `in_wrong_list` of an array where FHIR has none, or the reverse, anywhere on the way.
    `is_embedded` says that it is in a document within the document, which says for itself what stands where. It is never
    changed, as a kind.
    """

    location: str
    named: Named
    has_narrative: bool = False
    is_contained: bool = False
    nests: bool = False
    is_foreign: bool = False
    in_wrong_list: bool = False
    is_embedded: bool = False


class PathNames(AbstractSet[str]):
    """The rule-file paths that name an element; `deep`: that name it or anything above it in the same resource.

    An element is named by its long path, its short path, and its path from every data type that it stands in. The names are
    compared, not listed: at great depth there are many, and they are long.
    """

    __slots__ = ("_deep", "_kind")

    def __init__(self, kind: Kind, *, deep: bool = False) -> None:
        """Name the elements of a kind."""
        self._kind = kind
        self._deep = deep

    def __contains__(self, name: object) -> bool:
        """Return whether `name` is one of the names."""
        at: Kind | None = self._kind
        while at is not None:
            if _is_named(at, name):
                return True
            at = at.above if self._deep else None
        return False

    def __iter__(self) -> Iterator[str]:
        """Give every name once."""
        return iter({name for at in (_upward(self._kind) if self._deep else (self._kind,)) for name in _names(at)})

    def __len__(self) -> int:
        """Count the names."""
        return sum(1 for _ in self)

    __hash__ = AbstractSet._hash  # noqa: SLF001  what the library offers to sets that do not change

    @classmethod
    def _from_iterable(cls, it: Iterator[str]) -> frozenset[str]:  # type: ignore[override]
        return frozenset(it)


@dataclass(slots=True)
class Memo:
    """What was found in one walk, by the identity of the frame, which it keeps alive; `letters`: their length written out.

    `kinds` has those on whose way is something that FHIR does not know, by the kind above and the step from there; `alike` what
    carriers share that differ in no more than where in a list they stand.
    """

    kept: dict[int, tuple[Frame, Standing]] = field(default_factory=dict)
    letters: int = 0
    kinds: dict[tuple[Kind, str, Shape, str | None], Named] = field(default_factory=dict)
    alike: dict[tuple[object, ...], Alike] = field(default_factory=dict)

    def keep(self, frame: Frame, standing: Standing) -> None:
        """Keep where a frame stands, and count the letters of its names, those beyond ASCII as the bytes that they may take."""
        self.kept[id(frame)] = (frame, standing)
        letters = len(standing.location) + len(standing.named.kind.path)
        self.letters += letters if standing.location.isascii() else 4 * letters

    def kind(self, above: Kind, frame: Frame) -> Named:
        """Return the kind of a frame below one of the kind `above`, in the same resource."""
        child, shape = frame.child, frame.shape
        if child is not None and above.is_known:
            return _kind_below(above, child.segment, shape, child.ancestor)
        segment, ancestor = (child.segment, child.ancestor) if child is not None else (frame.key, None)
        found = self.kinds.get((above, segment, shape, ancestor))
        if found is None:
            found = _named(_below(above, segment, shape, ancestor, is_known=False))
            self.kinds[above, segment, shape, ancestor] = found
        return found


@lru_cache(maxsize=2048)
def _kind_of_root(shape: Shape, *, is_resource: bool) -> Named:
    """Return the kind of a resource, or of a data type that is the whole input."""
    name = shape.name
    return _named(Kind(name, name, name, name, data_type=name if shape.kind == "datatype" else None, is_resource=is_resource))


@lru_cache(maxsize=2048)
def _kind_below(above: Kind, segment: str, shape: Shape, ancestor: str | None) -> Named:
    """Return the kind of an element that FHIR knows; the same for all documents, unless very many are asked for."""
    return _named(_below(above, segment, shape, ancestor, is_known=True))


def _named(kind: Kind) -> Named:
    return Named(kind, PathNames(kind), PathNames(kind, deep=True))


def _below(above: Kind, segment: str, shape: Shape, ancestor: str | None, *, is_known: bool) -> Kind:
    """Return the kind of an element at `segment` below one of the kind `above`."""
    path, short_path = f"{above.path}.{segment}", _short_path(above, segment, shape.name, ancestor)
    is_extension = segment in SLOTS
    return Kind(
        path,
        path if short_path == path else short_path,  # one string rather than two that are alike
        shape.name,
        above.resource_type,
        above,
        data_type=shape.name if shape.kind == "datatype" else None,
        held=above.held or (above.short_path if is_extension else None),
        in_value=above.in_value or (above.shape == "Extension" and not is_extension),
        is_known=is_known,
    )


def standing_of(frame: Frame, memo: Memo) -> Standing:
    """Return where `frame` stands, and keep it and all above it in `memo`."""
    kept = memo.kept.get(id(frame))
    if kept is not None:
        return kept[1]
    new = [frame]
    while (parent := new[-1].parent) is not None and id(parent) not in memo.kept:
        new.append(parent)
    standing = _standing(new[-1], memo.kept[id(parent)][1] if parent is not None else None, memo)
    memo.keep(new.pop(), standing)
    while new:
        standing = _standing(new[-1], standing, memo)
        memo.keep(new.pop(), standing)
    return standing


def carrier_of(frame: Frame, memo: Memo) -> Carrier:
    """Return the element that `frame` stands for, with every name by which a rule may call it."""
    here = standing_of(frame, memo)
    siblings, count, minimum = _siblings(frame, here, memo)
    kind, names, within = here.named
    is_root = kind.is_resource or frame.parent is None or frame.parent.node is None
    alike = (kind, is_root, here.is_embedded, here.has_narrative, kind.is_known)
    made: Any = CarrierDraft.__new__(CarrierDraft)
    made.location, made.path, made.short_path, made.resource_type = here.location, kind.path, kind.short_path, kind.resource_type
    made.names, made.within, made.scope_path = names, within, kind.held or kind.short_path
    made.is_root, made.in_extension_value, made.has_narrative = is_root, kind.in_value or here.is_embedded, here.has_narrative
    made.siblings, made.count, made.minimum = siblings, count, minimum
    made.alike = memo.alike.get(alike) or memo.alike.setdefault(alike, Alike(*alike))
    made.__class__ = Carrier
    return cast("Carrier", made)


def is_lawful(frame: Frame, memo: Memo, *, lists_matter: bool = True) -> bool:
    """Return whether FHIR allows a modifier extension on `frame`: its shape carries, and so stands what is above it.

    Where `lists_matter`, everything from the root down stands in an array if it may repeat, and in none if it may not.
    """
    if not frame.shape.carries:
        return False
    here = standing_of(frame, memo)
    return not (here.nests or here.is_foreign or (lists_matter and here.in_wrong_list))


def step_name(key: str) -> str:
    """Return a property name as locations write it: as it is, but never long, and never to be taken for something else."""
    if _PLAIN_NAME.match(key):
        return key
    return f'"{hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]}"'


# what stands where


def _standing(frame: Frame, above: Standing | None, memo: Memo) -> Standing:
    """Return where `frame` stands, given where the frame above it does."""
    if above is None or frame.is_resource:
        return _root_standing(frame, above)
    named = memo.kind(above.named.kind, frame)
    is_alone = frame.parent is not None and frame.parent.node is None
    return Standing(
        named.kind.path if is_alone else f"{above.location}.{_step(frame)}",
        named,
        above.has_narrative,
        above.is_contained,
        above.nests,
        above.is_foreign or _is_foreign_extension(frame),
        above.in_wrong_list or _is_in_wrong_list(frame),
        above.is_embedded,
    )


def _root_standing(frame: Frame, above: Standing | None) -> Standing:
    """Return where a resource stands, or the data type that is the whole input."""
    named = _kind_of_root(frame.shape, is_resource=frame.is_resource)
    if above is None:
        return Standing(frame.shape.name, named, has_narrative=_has_narrative(frame))
    is_contained = frame.key == "contained"
    outer = None if frame.is_embedded else above
    return Standing(
        f"{above.location}.{_step(frame)}",
        named,
        has_narrative=above.has_narrative if is_contained else _has_narrative(frame),
        is_contained=is_contained,
        nests=outer is not None and (outer.nests or (is_contained and outer.is_contained)),
        is_foreign=outer is not None and outer.is_foreign,
        in_wrong_list=outer is not None and (outer.in_wrong_list or _is_in_wrong_list(frame)),
        is_embedded=frame.is_embedded or above.is_embedded,
    )


def _step(frame: Frame) -> str:
    return frame.key if frame.index is None else f"{frame.key}[{frame.index}]"


def _short_path(above: Kind, segment: str, shape: str, ancestor: str | None) -> str:
    """Return the short path; content that refers to an element above has that of the nearest one with this content."""
    short = f"{above.short_path}.{segment}"
    return short if ancestor is None else next((at.short_path for at in _upward(above) if at.shape == shape), short)


def _upward(kind: Kind) -> Iterator[Kind]:
    """Give a kind and all those above it in the same resource."""
    at: Kind | None = kind
    while at is not None:
        yield at
        at = at.above


def _is_named(kind: Kind, name: object) -> bool:
    """Return whether a rule-file path names exactly the elements of a kind."""
    if not isinstance(name, str):
        return False
    if name in {kind.path, kind.short_path}:
        return True
    if name == "*":
        return kind.above is None and kind.is_resource
    head, dot, rest = name.partition(".")
    return any(at.data_type == head and kind.path[len(at.path) :] == dot + rest for at in _upward(kind))


def _names(kind: Kind) -> Iterator[str]:
    """Give the names of exactly the elements of a kind."""
    yield from (kind.path, kind.short_path)
    if kind.above is None and kind.is_resource:
        yield "*"
    yield from (at.data_type + kind.path[len(at.path) :] for at in _upward(kind) if at.data_type is not None)


def _is_foreign_extension(frame: Frame) -> bool:
    """Return whether `frame` is an extension where FHIR allows none: on a Bundle, say, or on what FHIR does not know."""
    return frame.is_extension and frame.parent is not None and frame.key.partition("[")[0] not in frame.parent.shape.children


def _is_in_wrong_list(frame: Frame) -> bool:
    """Return whether `frame` stands alone though it may repeat, in an array though it may not, or in an array of arrays."""
    if frame.child is None or frame.parent is None or frame.parent.node is None:
        return False
    return (frame.index is None) == (frame.child.maximum != 1) or frame.key.endswith("]")


def _siblings(frame: Frame, here: Standing, memo: Memo) -> tuple[str, int, int]:
    """Return the location of the list that `frame` stands in, how many stand there, and how many must."""
    if frame.parent is None or frame.parent.node is None or frame.child is None:
        return here.location, 1, 0
    group = frame.parent.node.get(frame.key) if isinstance(frame.parent.node, dict) else None
    count = len(group) if isinstance(group, list) else 1
    return f"{standing_of(frame.parent, memo).location}.{frame.key}", count, frame.child.minimum


def _has_narrative(frame: Frame) -> bool:
    """Return whether a resource has a narrative of its own that may be shown to a person (MX-36, 37)."""
    text = frame.node.get("text") if isinstance(frame.node, dict) and "text" in frame.shape.children else None
    status = text.get("status") if isinstance(text, dict) else None
    return frame.is_resource and isinstance(status, str) and status in _SHOWABLE
