"""The slips in the order of a statement: clauses, urls, paths and verdicts that stand where another one must.

Rule 1: what stands in the wrong place is moved by the repair, so that nothing after it is complained of.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from caveat.lang.scan import VERBS, Piece
from caveat.lang.slip import Situation, Slip, put_before, put_for, slip_at

CLAUSES = frozenset(
    {"as", "when", "kind", "because", "owner", "severity", "implemented", "assessed", "from", "until", "see", "record"}
)
WAIVER_CLAUSES = frozenset({"from", "until", "owner", "because", "ticket", "approved"})
ALL_CLAUSES = CLAUSES | WAIVER_CLAUSES
SAY_WHERE = "say where: `on ImagingStudy.series`, or `on *.**` for anywhere"
_WITHOUT_URLS = frozenset({"empty", "incomplete"})
_A_URL = '"https://url.example/missing"'


def on_as_name(s: Situation) -> Slip | None:
    """Catch that `on` or `except` was read as the name of a url, because something before it promised one."""
    on, before = s.piece(-1), s.piece(-2)
    if on.text == "except" and before.text == ",":
        return slip_at(before, "a `,` stands before `except`", "delete it", put_for(before, " "))
    if on.text != "on" or "on" not in s.words or before.text not in {",", "except", ":", "for", "modifier", "of"}:
        return None
    if before.text == ",":
        return slip_at(before, "a `,` stands before `on`", "delete it", put_for(before, " "))
    if before.text == "except":
        return slip_at(
            before, "nothing stands between `except` and `on`", "write a url after it, or delete it", put_for(before, " ")
        )
    late = s.piece(1)
    if before.text == ":" and late.kind in {"word", "string"} and late.text not in ALL_CLAUSES:
        help_ = f"write `{late.text} on {s.piece().text}`"
        repair = ((on.start, s.piece().end, f"{late.text} on {s.piece().text}"), (late.start, late.end, " "))
        return slip_at(on, "the paths stand before the urls", help_, repair)
    help_ = f"write a url, or the name of one, between `{before.text}` and `on`"
    return slip_at(on, f"the `{s.verb}` names no url", help_, ((on.start, on.start, f"{_A_URL} "),))


def waived_thing(s: Situation) -> Slip | None:
    """Catch a waiver that does not say what it waives, or for which urls, or gives urls where there are none."""
    piece, before = s.piece(), s.piece(-1)
    if s.verb != "waive":
        return None
    if piece.text == "for" and before.text in _WITHOUT_URLS and "on" in s.words:
        on = next((later for later in s.pieces[s.at :] if later.text == "on"), None)
        repair = ((piece.start, on.start, " "),) if on is not None else ()
        end = on.start if on is not None else piece.end
        said = f"`{before.text}` is waived without urls"
        return Slip("CV003", said, piece.start, max(piece.end, end - 1), "delete them", (), repair, fatal=not repair)
    if piece.kind == "string" and before.text == ":" and "NAME" in s.kinds:
        why = "a waiver names the rule that it softens, or `unknown` where no rule speaks"
        help_ = f"write `unknown for {piece.text}`"
        return slip_at(piece, "the waiver does not say what it waives", help_, put_before(s, " unknown for"), why)
    if "for" not in s.words or piece.text not in {"on", "as", ","} | WAIVER_CLAUSES or before.text == ":":
        return None
    if before.text in {"unknown", "wrong-slot"}:
        help_ = f'write `{before.text} for "url"`'
        return slip_at(before, "the waiver does not say for which urls", help_, put_before(s, f" for {_A_URL}"))
    help_ = f'write `{before.text} for "url"` when it is a rule, `unknown for {before.text}` when it is a url'
    return slip_at(before, "the waiver does not say for which urls", help_, ())


def verdict_of_waiver_late(s: Situation) -> Slip | None:
    """Catch the clauses of a waiver before the verdict that it gives."""
    piece = s.piece()
    if s.verb != "waive" or "as" not in s.words or piece.text not in WAIVER_CLAUSES:
        return None
    at = next((at for at in range(s.at, len(s.pieces) - 1) if s.pieces[at].text == "as"), None)
    if at is None:
        return None
    gone, end = s.pieces[at].start, s.pieces[at + 1].end
    repair = ((s.after_previous, s.after_previous, " " + s.text[gone:end]), (gone, end, " "))
    return slip_at(
        piece, f"`{piece.text}` stands before `as`", "write the paths, then `as` and the verdict, then the rest", repair
    )


def clause_before_on(s: Situation) -> Slip | None:
    """Catch a clause stands between the urls and `on`."""
    piece = s.piece()
    if "on" not in s.words or piece.text not in ALL_CLAUSES or s.verb not in VERBS | {"waive"}:
        return None
    at = next((at for at in range(s.at, len(s.pieces)) if s.pieces[at].text == "on"), None)
    if at is None or s.pieces[-1].text != ";":
        return slip_at(piece, f"missing `on` and a path before `{piece.text}`", SAY_WHERE, ())
    end = _end_of_paths(s, at + 1)
    repair = ((piece.start, s.pieces[at].start, ""), (end, end, f" {s.text[piece.start : s.pieces[at].start].strip()}"))
    return slip_at(
        piece, f"`{piece.text}` stands before `on`", "write the urls, then `on` and the paths, then the clauses", repair
    )


def _end_of_paths(s: Situation, at: int) -> int:
    while at + 2 < len(s.pieces) and s.pieces[at + 1].text == ",":
        at += 2
    return s.pieces[min(at, len(s.pieces) - 1)].end


def clause_before_colon(s: Situation) -> Slip | None:
    """Catch a clause between the name and the `:`, and names of several words."""
    piece, name = s.piece(), s.piece(-1)
    if "COLON" not in s.kinds or piece.kind not in {"word", "path"}:
        return None
    at = next((at for at in range(s.at, len(s.pieces)) if s.pieces[at].text in {":", ";", "on"}), None)
    if at is None or s.pieces[at].text != ":":
        return None
    colon, last = s.pieces[at], s.pieces[-1]
    if piece.text in ALL_CLAUSES and last.text == ";":
        moved = s.text[piece.start : colon.start].strip()
        repair = ((piece.start, colon.start, ""), (last.start, last.start, f" {moved}"))
        return slip_at(piece, f"`{piece.text}` stands before the `:`", "write the clauses after the paths", repair)
    words = [later.text for later in s.pieces[s.at - 1 : at]]
    if not all(re.fullmatch(r"[A-Za-z0-9-]+", word) for word in words):
        return None
    meant = "-".join(words).lower()
    said = f"`{' '.join(words)}` is no name"
    why = "names are small letters, digits and hyphens, and begin with a letter"
    joined = ((name.start, colon.start, meant),)
    return Slip("CV003", said, name.start, s.pieces[at - 1].end, f"write `{meant}`", (why,), joined)


def except_after_on(s: Situation) -> Slip | None:
    """Catch `except` after the paths."""
    piece = s.piece()
    on = next((before for before in s.pieces[: s.at] if before.text == "on"), None)
    if piece.text != "except" or "SEMICOLON" not in s.kinds or on is None or s.verb not in VERBS:
        return None
    end = next((later.start for later in s.pieces[s.at + 1 :] if later.text in ALL_CLAUSES or later.text == ";"), None)
    if end is None:
        return None
    repair = ((on.start, on.start, f"{s.text[piece.start : end].strip()} "), (piece.start, end, " "))
    return slip_at(piece, "`except` stands after the paths", "write it before `on`, right after the urls", repair)


def path_for_url(s: Situation) -> Slip | None:
    """Catch a path, or a star, where the urls must stand."""
    piece = s.piece()
    if not {"NAME", "STRING"} <= s.kinds or s.at < 1:
        return None
    if piece.text in {"*", "*.**", "**"}:
        return slip_at(piece, "every url is written `anything`, not `*`", "write `anything`", put_for(piece, "anything"))
    if piece.kind not in {"word", "path"} or not piece.text[0].isupper():
        return None
    head = f"{s.verb} {s.pieces[1].text}: URL on" if s.piece(-1).text == ":" else "URL on"
    return slip_at(piece, f"the path `{piece.text}` stands where a url must", f"write `{head} {piece.text} ...`", ())


def on_missing(s: Situation) -> Slip | None:
    """Catch another word than `on`, or none, stands before the paths."""
    piece = s.piece()
    if "on" not in s.words:
        return None
    if piece.text in {"at", "for", "in", "to", "of", "under", "=>", "->"} or (piece.text == ":" and s.verb != "policy"):
        return slip_at(piece, f"paths stand after `on`, not `{piece.text}`", "write `on`", put_for(piece, "on"))
    if piece.text in {"ON", "On"}:
        return slip_at(piece, f"`{piece.text}` is written in lower case", "write `on`", put_for(piece, "on"))
    if piece.text in ANYWHERE:
        return slip_at(piece, f"there is no `{piece.text}`", "write `on *.**`", put_for(piece, "on *.**"))
    if piece.kind == "path" or (piece.kind == "word" and re.match(r"[A-Z]|[a-z]+\.", piece.text)):
        return slip_at(piece, "missing `on` before the path", f"write `on {piece.text}`", put_before(s, " on"))
    if piece.text == ";" and s.piece(1).text == "on":
        return slip_at(piece, "a `;` stands before `on`", "delete it: a rule ends after its last clause", put_for(piece, " "))
    if piece.text == ";" and s.verb != "policy":
        return slip_at(piece, "missing `on` and a path", SAY_WHERE, ())
    return None


ANYWHERE = frozenset({"anywhere", "everywhere", "everything", "all", "any"})


def paths_again(s: Situation) -> Slip | None:
    """Catch a second `on`, and a path after a path without a comma."""
    piece, following = s.piece(), s.piece(1)
    if not {"COMMA", "SEMICOLON"} <= s.kinds or s.verb not in VERBS or not _after_path(s.piece(-1)):
        return None
    if piece.text == "on" and following.text[:1].isupper():
        return slip_at(piece, "`on` stands once, before all paths", "write `,`", put_for(piece, ","))
    in_list = following.text == "," or s.piece(-2).text == ","
    if (
        piece.kind in {"word", "path"}
        and following.text != "|"
        and re.match(r"[A-Z]\w*\." if not in_list else r"[A-Z]", piece.text)
    ):
        return slip_at(piece, "missing `,` between paths", f"write `,` before `{piece.text}`", put_before(s, ","))
    return None


def _after_path(piece: Piece) -> bool:
    return piece.kind in {"word", "path"} and (piece.text[0].isupper() or piece.text[0] == "*")


SLIPS: tuple[Callable[[Situation], Slip | None], ...] = (
    on_as_name, waived_thing, verdict_of_waiver_late, clause_before_on, clause_before_colon, except_after_on, path_for_url,
    paths_again,
)  # fmt: skip
