"""A rule file's text and its places; a stretch of it under repair, whose places still point at what the author wrote."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from caveat.domain.diagnostic import Span


@dataclass(frozen=True, slots=True)
class Source:
    """One text under a name; build it with `source_of`."""

    name: str
    text: str
    line_starts: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """Return the span between two offsets."""
        line, end_line = bisect_right(self.line_starts, start), bisect_right(self.line_starts, end)
        column, end_column = start - self.line_starts[line - 1] + 1, end - self.line_starts[end_line - 1] + 1
        return Span(self.name, start, end, line, column, end_line, end_column)


def source_of(name: str, text: str) -> Source:
    """Return `text` with the starts of its lines; only a line feed ends a line."""
    starts = [0]
    position = text.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = text.find("\n", position + 1)
    return Source(name, text, tuple(starts))


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace `start` to `end` of the source by `text`; an insertion where both are equal."""

    start: int
    end: int
    text: str

    def takes_in(self, other: Edit) -> bool:
        """Return whether this edit replaces all that the other one does, and more."""
        inside = self.start <= other.start and other.end <= self.end
        return inside and other.start < other.end and self.end - self.start > other.end - other.start


@dataclass(frozen=True, slots=True)
class Draft:
    """The stretch `start` to `end` of a source with `edits` (in order, not overlapping) applied to it."""

    source: Source
    start: int
    end: int
    edits: tuple[Edit, ...] = ()

    @property
    def text(self) -> str:
        """The stretch as repaired."""
        if not self.edits:
            return self.source.text[self.start : self.end]
        parts, here = [], self.start
        for edit in self.edits:
            parts += [self.source.text[here : edit.start], edit.text]
            here = edit.end
        return "".join([*parts, self.source.text[here : self.end]])

    def span(self, start: int, end: int) -> Span:
        """Return where the author wrote what stands from `start` to `end` of the repaired text."""
        if not self.edits:
            return self.source.span(self.start + start, self.start + end)
        first = self.origin(start)
        return self.source.span(first, max(first, self.origin(end, of_end=True)))

    def origin(self, offset: int, *, of_end: bool = False) -> int:
        """Return the offset in the source of an offset in the repaired text.

        Inside a replacement that is its start, or with `of_end` its end.
        """
        place, here = self.start, 0
        for edit in self.edits:
            written = here + edit.start - place
            if offset < written or (of_end and offset == written):
                break
            after = written + len(edit.text)
            if offset < after or (of_end and offset == after):
                return edit.end if of_end else edit.start
            place, here = edit.end, after
        return place + offset - here

    def edited(self, edit: Edit) -> Draft | None:
        """Return the draft with one more edit, or None where it would touch an earlier one; it takes in those well inside it."""
        kept = tuple(other for other in self.edits if not edit.takes_in(other))
        if any((edit.start < other.end and other.start < edit.end) or edit == other for other in kept):
            return None
        return Draft(self.source, self.start, self.end, tuple(sorted((*kept, edit))))

    @property
    def ends_repaired(self) -> bool:
        """Whether something was put in at the very end."""
        return any(edit.start == self.end for edit in self.edits)

    @property
    def without_end(self) -> Draft:
        """The draft without what was put in at its very end."""
        return Draft(self.source, self.start, self.end, tuple(edit for edit in self.edits if edit.start != self.end))

    def split(self, place: int) -> tuple[Draft, Draft]:
        """Return the stretches before and from `place`, an offset in the source."""
        before = tuple(edit for edit in self.edits if edit.start <= place and edit.end <= place)
        return Draft(self.source, self.start, place, before), Draft(self.source, place, self.end, self.edits[len(before) :])
