"""What a definition asks in FHIRPath of the resource around an occurrence: where it may stand, and what must be true there.

Rule 1: what cannot be evaluated is not answered: the extra `fhirpath` is missing, the resource is not seen, the expression is
unsound, of no boolean result, or costs too much. Nobody takes that for a yes.
Rule 2: expressions come from packages, which may be hostile, so what they can cost is bounded before they are evaluated:
length, nesting, the functions they may call, and (words of the expression) x (values of the resource) ^ degree, summed over a
document. The degree is 1, and 1 more for each `descendants()` and `children()`, for each variable in the argument of a
function, and for operations that compare every value with every other. Regular expressions, `repeat`, and what
builds ever longer strings or lists are not called at all.
Rule 3: the tree is never handed out: what is evaluated is a copy.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, NamedTuple

from caveat.domain.decision import Carrier
from caveat.judge.location import at_step
from caveat.spec.context import Kleene
from caveat.spec.release import Release

LONGEST = 1000
DEEPEST = 16
BUDGET = 10_000_000
"""What all expressions of one document may cost together: about a minute on a slow machine, and seconds on most."""

READING = 500
"""What it costs to read one character of an expression, once for a document."""

_MODELS = {Release.R4: "r4", Release.R4B: "r4", Release.R5: "r5"}
_WORD = re.compile(r"'(?:[^'\\]|\\.)*'|`[^`]*`|%?[A-Za-z_]\w*|[^\s\w]|\w+")
_PAIRWISE = frozenset(
    {"|", "in", "contains", "union", "intersect", "exclude", "distinct", "isDistinct", "subsetOf", "supersetOf"}
)
_GROWING = frozenset({"children", "descendants"})
_CALLED = _GROWING | _PAIRWISE
_CALLED |= {"abs", "all", "allFalse", "allTrue", "anyFalse", "anyTrue", "as", "ceiling", "count", "empty", "endsWith", "exists"}
_CALLED |= {"extension", "first", "floor", "iif", "is", "last", "length", "lower", "not", "ofType", "round", "select", "single"}
_CALLED |= {"skip", "startsWith", "tail", "take", "toBoolean", "toDecimal", "toInteger", "toString", "trim", "truncate", "type"}
_CALLED |= {"upper", "where"}

_ALONE = threading.Lock()
"""fhirpathpy keeps the model of the release, and more, in globals: one evaluation at a time."""


class _Seen(NamedTuple):
    """A resource as copied for evaluation, and how many values it has."""

    resource: dict[str, Any]
    size: int


class Expressions:
    """Answers what definitions ask of one document; `is_whole` says that the tree shows all of the resources in it."""

    def __init__(self, tree: Mapping[str, Any], release: Release, *, is_whole: bool) -> None:
        """Remember the document; nothing is copied before something is asked."""
        self._tree = tree
        self._release = release
        self._is_whole = is_whole
        self._left = BUDGET
        self._seen: dict[str, _Seen] = {}
        self._read: set[str] = set()

    def selects(self, expression: str, carrier: Carrier) -> Kleene:
        """Return whether `expression`, evaluated from the root of the carrier's resource, gives the carrier (MX-80)."""
        seen, steps = self._resource(carrier)
        if seen is None or not self._pays(expression, seen.size):
            return None
        question = _Question(expression, _MODELS[self._release], seen.resource, seen.resource)
        found = _evaluated(question)
        return None if found is None else any(each is _at(seen.resource, steps) for each in found)

    def holds(self, expression: str, carrier: Carrier, base: str, place: str) -> Kleene:
        """Return whether an invariant is true of the carrier, an element of type or path `base`, with its extension at `place`.

        `place` is the location of the extension; `%extension` is what stands there, `%resource` the carrier's resource (MX-81).
        """
        seen, steps = self._resource(carrier)
        if seen is None or not self._pays(expression, seen.size):
            return None
        focus = _at(seen.resource, steps)
        extension = _at(focus, _steps(place)[len(_steps(carrier.location)) :])
        result = _evaluated(_Question(expression, _MODELS[self._release], seen.resource, focus, base, extension))
        return result[0] if result is not None and len(result) == 1 and isinstance(result[0], bool) else None

    def _resource(self, carrier: Carrier) -> tuple[_Seen | None, list[str]]:
        """Return the resource that the carrier is in, and the steps from there to the carrier; None when it is not seen."""
        steps = _steps(carrier.location)
        above = len(steps) - carrier.path.count(".")
        if not self._is_whole or above < 1:
            return None, []
        root = ".".join(steps[:above])
        if root not in self._seen:
            size = [0]
            self._seen[root] = _Seen(_copied(_at(self._tree, steps[1:above]), size), size[0])
        return self._seen[root], steps[above:]

    def _pays(self, expression: str, size: int) -> bool:
        """Return whether the budget is enough for one evaluation over so many values, and take it from there."""
        price = cost(expression, size)
        if price is None:
            return False
        price += 0 if expression in self._read else len(expression) * READING
        if price > self._left:
            return False
        self._read.add(expression)
        self._left -= price
        return True


def cost(expression: str, size: int) -> int | None:
    """Return what evaluating `expression` over `size` values may cost (rule 2), None when it is not evaluated at all."""
    if len(expression) > LONGEST:
        return None
    words: list[str] = _WORD.findall(expression)
    degree, calls = 1, 0
    open_at: list[bool] = []
    for before, word in zip(["", *words], words, strict=False):
        if word == "(":
            is_call = re.fullmatch(r"[A-Za-z_]\w*", before) is not None and before not in _BETWEEN
            if is_call and before not in _CALLED:
                return None
            open_at.append(is_call)
        elif word == ")" and open_at:
            open_at.pop()
        elif word.startswith("%") and any(open_at):
            degree += 1
        degree += word in _GROWING
        calls = max(calls, len(open_at))
    degree += not _PAIRWISE.isdisjoint(words)
    return None if calls > DEEPEST else (len(words) + 1) * size**degree


_BETWEEN = frozenset({"and", "or", "xor", "implies", "in", "contains", "is", "as", "div", "mod"})
"""Operators that are words: a parenthesis behind one is no call."""


class _Question(NamedTuple):
    """One evaluation: of what, by which model, in which resource, on which element, and for which extension of it."""

    expression: str
    model: str
    resource: Any
    focus: Any
    base: str | None = None
    extension: Any = None


def _evaluated(question: _Question) -> list[Any] | None:
    """Return the result of an expression, None when it has none."""
    try:
        with _ALONE:
            return _run(question)
    except Exception:  # noqa: BLE001  a package's expression, and a library that raises whatever it likes: no answer
        return None


def _run(question: _Question) -> list[Any]:
    """Evaluate; ImportError without the extra `fhirpath`, ValueError on a syntax error, and whatever fhirpathpy raises."""
    from fhirpathpy.engine.nodes import ResourceNode, TypeInfo  # noqa: PLC0415  an extra, slow to import, and seldom needed
    from fhirpathpy.models import models  # noqa: PLC0415  as above

    # INVARIANT: whatever is handed over is a node. Of a plain dict fhirpathpy says that it is of no type, and `is` is false.
    focus, resource = _node_class()(question.focus, question.base), _node_class()(question.resource, None)
    extension = _node_class()(question.extension, "Extension")
    TypeInfo.model = models[question.model]  # type: ignore[assignment]  # its author left it without a type
    run = _compiled(question.expression, question.model)
    if run is None:
        raise ValueError("a FHIRPath expression that is unsound")
    found = run(focus, {"context": focus, "resource": resource, "extension": extension})
    return [each.data if isinstance(each, ResourceNode) else each for each in found]


@cache
def _node_class() -> Any:
    """Return the class of nodes that say their resource type as a dict would: so fhirpathpy asks it of what it begins with."""
    from fhirpathpy.engine.nodes import ResourceNode  # noqa: PLC0415  as above

    class Node(ResourceNode):
        def __getitem__(self, key: str) -> Any:
            return self.data.get(key)

    return Node


@lru_cache(maxsize=256)
def _compiled(expression: str, model: str) -> Any:
    """Return the function that evaluates `expression`, None when it is unsound: that too takes long to see, and is kept."""
    import fhirpathpy  # noqa: PLC0415  an extra, slow to import, and seldom needed
    from fhirpathpy.models import models  # noqa: PLC0415  as above

    try:
        _refuse_unsound(expression)
        return fhirpathpy.compile(expression, models[model], {"returnRawData": True})
    except Exception:  # noqa: BLE001  the parser raises whatever it likes
        return None


def _refuse_unsound(expression: str) -> None:
    """Raise ValueError on a syntax error: fhirpathpy itself would evaluate what stands before it, and be content."""
    from antlr4 import CommonTokenStream, InputStream  # type: ignore[import-untyped]  # noqa: PLC0415  fhirpathpy's own
    from antlr4.error.ErrorListener import ErrorListener  # type: ignore[import-untyped]  # noqa: PLC0415  as above
    from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer  # noqa: PLC0415  as above
    from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser  # noqa: PLC0415  as above

    class Strict(ErrorListener):  # type: ignore[misc]
        def syntaxError(self, *_: object) -> None:  # noqa: N802  antlr calls it so
            raise ValueError("a FHIRPath expression with a syntax error")

    lexer = FHIRPathLexer(InputStream(expression))
    lexer.removeErrorListeners()
    lexer.addErrorListener(Strict())
    parser = FHIRPathParser(CommonTokenStream(lexer))
    parser.removeErrorListeners()
    parser.addErrorListener(Strict())
    parser.entireExpression()  # type: ignore[no-untyped-call]


def _steps(location: str) -> list[str]:
    return location.split(".")


def _at(tree: Any, steps: list[str]) -> Any:
    """Return what stands at the end of `steps`, which exist."""
    at = tree
    for step in steps:
        _, at = at_step(at, step)
    return at


def _copied(value: Any, size: list[int]) -> Any:
    """Return a copy of a tree, and add to `size` how many values it has; its depth was bounded when it was read."""
    size[0] += 1
    if isinstance(value, dict):
        return {key: _copied(item, size) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item, size) for item in value]
    return Decimal(str(value)) if isinstance(value, float) else value
