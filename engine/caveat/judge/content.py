"""Hold what an extension contains against what its definition allows: value, type, and parts (fhir-rules MX-71 to MX-73).

Rule 1: a part of a relative url is one that the definition declares; one of an absolute url is an extension of its own.
Rule 2: the extension itself is lawful already: it has a value or parts, and its parts are objects with a url.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from caveat.domain.decision import Fault
from caveat.domain.url import is_absolute_uri
from caveat.intake.extension import malformed, value_keys, value_type
from caveat.judge.sentence import listed, quoted, times
from caveat.spec.definition import Content
from caveat.spec.shape import Child


def content_faults(
    content: Content, extension: Mapping[str, Any], children: Mapping[str, Child], of: str = ""
) -> Iterator[Fault]:
    """Give what `content` does not allow of `extension`; `children` are the properties that an Extension may have.

    `of` names the part that the content is of, empty for the whole.
    """
    parts: Sequence[Mapping[str, Any]] = extension.get("extension", ())
    yield from _value_faults(content, extension, children, of)
    if parts and not content.may_have_parts:
        yield malformed("parts", f"misused: its definition allows no parts{of}")
        return
    yield from _count_faults(content, Counter(str(part["url"]) for part in parts), of)
    for part in parts:
        declared = content.parts.get(part["url"])
        if declared is not None:
            yield from content_faults(declared, part, children, f" in its part {quoted(part['url'])}")


def _value_faults(content: Content, extension: Mapping[str, Any], children: Mapping[str, Child], of: str) -> Iterator[Fault]:
    """Give what is wrong with the value, or the want of one."""
    if not value_keys(extension):
        if content.needs_value:
            kinds = f" of type {listed(sorted(content.types))}" if content.types else ""
            yield malformed("value-absent", f"misused: its definition demands a value{kinds}{of}")
    elif not content.types:
        yield malformed("value-present", f"misused: its definition allows no value{of}")
    elif value_type(extension, children) not in content.types:
        yield malformed("value-type", f"misused: its definition allows a value of type {listed(sorted(content.types))} only{of}")


def _count_faults(content: Content, counted: Counter[str], of: str) -> Iterator[Fault]:
    """Give which parts there are that are not declared, too often, or not often enough."""
    if any(url not in content.parts and not is_absolute_uri(url) for url in counted):
        declared = listed(quoted(url) for url in sorted(content.parts))
        said = (
            f"declares the parts {declared} only{of}, and there is another"
            if declared
            else f"declares no parts{of}, and there is one"
        )
        yield malformed("part-unknown", f"misused: its definition {said}")
    for url, part in sorted(content.parts.items()):
        if part.maximum is not None and counted[url] > part.maximum:
            yield malformed("part-often", f"misused: its definition allows the part {quoted(url)} {times(part.maximum)}{of}")
        if counted[url] < part.minimum:
            yield malformed("part-absent", f"misused: its definition demands the part {quoted(url)}{of}")
