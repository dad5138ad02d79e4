"""The slips in how a statement is put together: verbs, names, colons, semicolons, braces, clauses in the wrong place."""

from __future__ import annotations

import re
from collections.abc import Callable

from caveat.lang import slips_of_blocks, slips_of_habits, slips_of_missing, slips_of_order
from caveat.lang.scan import INNER, OTHER_VERBS, VERBS, Piece
from caveat.lang.slip import CLOSING, Situation, Slip, closing_of, put_before, put_for, slip_at
from caveat.lang.slips_of_blocks import BLOCKS
from caveat.lang.slips_of_order import ALL_CLAUSES

_STATEMENTS = VERBS | {
    "policy", "use", "import", "extension", "codesystem", "reads", "waive", "deprecate", "govern", "invariant", "test", "caveat",
}  # fmt: skip
_OTHER_CLAUSES = {
    "if": "when", "where": "when", "unless": "when", "reason": "because", "why": "because", "type": "as", "author": "owner",
    "expires": "until", "to": "until", "link": "see", "approvedby": "approved by", "only": "as", "category": "kind",
}  # fmt: skip
_SHORT = 30
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def wrong_verb(s: Situation) -> Slip | None:
    """Catch that the first word of a statement is none of the language's."""
    piece, following = s.piece(), s.piece(1)
    bare = piece.text.strip('"')
    if s.at == 0 and piece.kind == "string" and bare in _STATEMENTS | OTHER_VERBS.keys():
        return slip_at(piece, "the words of the language stand without quotes", f"write `{bare}`", put_for(piece, bare))
    if s.at == 0 and piece.text in {"*", "**"}:
        match = re.compile(r"\*+\s*(?:(\w+)\*+)?").match(s.text, piece.start)
        end, word = (match.end(), match[1] or " ") if match else (piece.end, " ")
        said = "a statement begins with its verb"
        return Slip("CV003", said, piece.start, end, "delete every `*` here", (), ((piece.start, end, word),))
    if s.at > 0 or piece.kind != "word":
        return None
    lower = piece.text.lower()
    if lower == "code" and following.text.lower() == "system":
        repair = ((piece.start, following.end, "codesystem"),)
        return slip_at(piece, "`codesystem` is one word", "write `codesystem`", repair)
    verb = next((later.text for later in s.pieces[1:] if later.text in VERBS), None)
    if verb is not None and (following.text == ":" or (lower in {"rule", "when", "if"} and s.piece(2).text == ":")):
        name = piece.text if following.text == ":" else following.text
        return slip_at(piece, "a rule begins with its verb", f"write `{verb} {name}: ...`", ())
    if lower in _STATEMENTS:
        return slip_at(piece, f"`{piece.text}` is written in lower case", f"write `{lower}`", put_for(piece, lower))
    if lower in OTHER_VERBS:
        meant = OTHER_VERBS[lower]
        notes = ("`understand` decides `accept`: it says that code stands behind it",) if meant == "understand" else ()
        return slip_at(piece, f"there is no verb `{piece.text}`", f"write `{meant}`", put_for(piece, meant), *notes)
    return None


def doubled(s: Situation) -> Slip | None:
    """Catch a word or mark that stands twice in a row."""
    piece = s.piece()
    if s.at == 0 or piece.text != s.piece(-1).text or piece.kind not in {"word", "mark", "string"} or piece.start != s.offset:
        return None
    return slip_at(piece, f"`{piece.text}` stands twice", "delete one of them", put_for(piece, " "))


def semicolon_missing(s: Situation) -> Slip | None:
    """Catch a `;` could stand there, and what stands there begins something new."""
    piece = s.piece()
    begins = (
        piece.kind == "end" or piece.text == "}" or (s.on_new_line and piece.text not in ALL_CLAUSES and piece.kind == "word")
    )
    block = s.verb
    inner = block in BLOCKS and (s.on_new_line or piece.text in INNER.get(block, frozenset()))
    if "SEMICOLON" not in s.kinds or not (begins or inner) or piece.text in _OTHER_CLAUSES:
        return None
    if s.words and piece.kind == "word" and s.pieces[0].text not in BLOCKS and piece.text not in _STATEMENTS:
        return None
    end = s.after_previous
    start = s.pieces[s.at - 1].start
    after = s.text[start:end] if end - start <= _SHORT else "the string"
    return Slip("CV002", "missing `;`", end - 1, end, f"write `;` after {_ticked(after)}", (), put_before(s, ";"))


def _ticked(text: str) -> str:
    return text if text == "the string" else f"`{text}`"


def colon_missing(s: Situation) -> Slip | None:
    """Catch after the name of a rule stands no `:`."""
    piece, name = s.piece(), s.piece(-1)
    if "COLON" not in s.kinds:
        return None
    if piece.text == "{" and s.verb in VERBS:
        closing = s.pieces[-1]
        repair = (*put_for(piece, ":"), *(put_for(closing, ";") if closing.text == "}" and s.piece(-1) != closing else ()))
        return slip_at(piece, "a rule has no braces", f"write `{s.verb} {name.text}: URL on PATH ...;`", repair)
    if piece.text in {"=", ":=", "::", "->", "=>"}:
        return slip_at(piece, f"after a name stands `:`, not `{piece.text}`", "write `:`", put_for(piece, ":"))
    if piece.text in {"on", "for", ","}:
        head = f"`{s.verb} NAME: {name.text} ...`"
        return slip_at(
            name,
            f"the `{s.verb}` has no name",
            f"write {head}",
            put_before(s, f": {name.text}"),
            "tests, waivers and reports call rules by name",
        )
    if piece.kind == "end":
        help_ = f"write `{s.verb} NAME: URL on PATH ...;`, one verb to a rule"
        return slip_at(name, f"this `{s.verb}` ends after `{name.text}`", help_, ())
    return Slip("CV003", "missing `:` after the name", name.start, name.end, f"write `{name.text}:`", (), put_before(s, ":"))


def equal_missing(s: Situation) -> Slip | None:
    """Catch after the name of an extension or code system stands no `=`."""
    piece = s.piece()
    if s.verb not in {"extension", "codesystem"}:
        return None
    if s.at == 1 and piece.kind == "string":
        return _nameless(s)
    if "EQUAL" not in s.kinds:
        return None
    if piece.text in {":", ":=", "->", "=>", "is", "as"}:
        return slip_at(piece, f"a name is given with `=`, not `{piece.text}`", "write `=`", put_for(piece, "="))
    if piece.kind != "string":
        return None
    return slip_at(piece, "missing `=` after the name", "write `=` before the url", put_before(s, " ="))


def _nameless(s: Situation) -> Slip | None:
    """Catch the url of an extension or code system before its name, or without one."""
    piece, named = s.piece(), s.piece(2)
    is_url = ":" in piece.text
    if not is_url or s.piece(1).text not in {"as", ";", "is", "=", ":"}:
        return None
    if named.kind == "word":
        meant = f"{named.text} = {piece.text}"
        return slip_at(piece, "the url stands before its name", f"write `{s.verb} {meant};`", ((piece.start, named.end, meant),))
    unnamed = "unnamed" if s.verb == "extension" else "UNNAMED"
    help_ = f"write `{s.verb} {'NAME' if unnamed.isupper() else 'name'} = {piece.text};`"
    return slip_at(piece, f"the `{s.verb}` has no name", help_, put_before(s, f" {unnamed} ="))


def wrong_name(s: Situation) -> Slip | None:
    """Catch a name is missing, or not written as names are."""
    piece = s.piece()
    wanted = "NAME" if "NAME" in s.kinds else "CSNAME"
    if wanted not in s.kinds or s.at == 0 or "STRING" in s.kinds or "PATH" in s.kinds:
        return None
    if piece.text in {":", "="}:
        return slip_at(
            piece,
            f"the `{s.verb}` has no name",
            f"write a name before `{piece.text}`",
            put_before(s, " unnamed" if wanted == "NAME" else " UNNAMED"),
        )
    bare = piece.text.strip('"')
    if piece.kind not in {"word", "string", "path"} or not bare:
        return None
    if wanted == "CSNAME":
        name = re.sub(r"[^A-Z0-9]+", "_", bare.upper()).strip("_")
        name, why = (name if name[:1].isalpha() else f"S{name}"), "names of code systems are written in upper case"
    else:
        name = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z])(?=[A-Z])", "-", bare).lower()).strip("-")
        name, why = (
            (name if name[:1].isalpha() else f"r-{name}"),
            "names are small letters, digits and hyphens, and begin with a letter",
        )
    return slip_at(piece, f"`{bare}` is no name", f"write `{name}`", put_for(piece, name), why)


def version_missing(s: Situation) -> Slip | None:
    """Catch that the policy header or the application has no version."""
    piece = s.piece()
    if s.words != {"version"}:
        return None
    if piece.kind == "string":
        return slip_at(piece, "missing `version`", f"write `version {piece.text}`", put_before(s, " version"))
    if piece.kind in {"mark", "end"}:
        place = s.piece(-1)
        help_ = f'write `{place.text} version "1.0.0"`'
        return slip_at(place, f"`{place.text}` has no version", help_, put_before(s, ' version "0"'))
    return None


def stray_brace(s: Situation) -> Slip | None:
    """Catch a closing brace in a statement that has no block."""
    piece = s.piece()
    if piece.text != "}" or s.at == 0 or s.pieces[0].text in BLOCKS or "SEMICOLON" not in s.kinds:
        return None
    if s.piece(1).text != ";" and s.piece(1).text not in ALL_CLAUSES:
        return None
    return slip_at(piece, "this `}` closes nothing", "delete it", put_for(piece, " "))


def package_version(s: Situation) -> Slip | None:
    """Catch the version of a package apart from its name."""
    piece, name, version = s.piece(), s.piece(-1), s.piece(1)
    if s.verb != "use" or name.kind != "string" or s.kinds != {"SEMICOLON"}:
        return None
    version = piece if piece.kind in {"number", "string"} else version
    if version.kind not in {"number", "string"}:
        return None
    meant = f'"{name.text[1:-1]}#{version.text.strip(chr(34))}"'
    repair = ((name.start, version.end, meant),)
    said = "a package and its version are one string"
    return Slip("CV003", said, name.start, version.end, f"write `use {meant};`", (), repair)


def import_without_name(s: Situation) -> Slip | None:
    """Catch an import that gives no name to what it brings."""
    file = s.piece(-1)
    if s.verb != "import" or s.words != {"as"} or file.kind != "string" or s.piece().kind == "word":
        return None
    stem = re.sub(r"[^a-z0-9]+", "-", file.text.strip('"').split("/")[-1].removesuffix(".caveat").lower()).strip("-")
    name = stem if stem[:1].isalpha() else "names"
    why = "what an import brings is called by the import's name and its own"
    return slip_at(file, "the import has no name", f"write `as {name}` after it", put_before(s, f" as {name}"), why)


def deprecation(s: Situation) -> Slip | None:
    """Catch a deprecation without its date, or with another word before what replaces it."""
    piece, before = s.piece(), s.piece(-1)
    if s.verb != "deprecate" or not {"from", "use"} <= s.words:
        return None
    if piece.text == "because":
        help_ = "write `from` and the date from which it is deprecated"
        return slip_at(before, "the deprecation has no date", help_, put_before(s, " from 2000-01-01"))
    match = re.compile(r"(?:in favou?r of|replaced by|replace with|instead|to|by|with|for|->|=>)(?=\s)").match(
        s.text, piece.start
    )
    if match is None:
        return None
    said = f"what replaces it stands after `use`, not `{match.group()}`"
    return Slip("CV003", said, piece.start, match.end(), "write `use`", (), ((piece.start, match.end(), "use"),))


def invariant_never(s: Situation) -> Slip | None:
    """Catch an invariant that does not begin with `never`."""
    piece = s.piece()
    if s.verb != "invariant" or s.words != {"never"} or piece.text not in {"always", "not", "no", "must", "only"}:
        return None
    why = "an invariant names the verdicts that must not be given"
    return slip_at(piece, f"an invariant begins with `never`, not `{piece.text}`", "write `never`", put_for(piece, "never"), why)


def texts_side_by_side(s: Situation) -> Slip | None:
    """Catch a text in two strings."""
    piece, before = s.piece(), s.piece(-1)
    if "SEMICOLON" not in s.kinds or before.kind != "string" or before.end == piece.start:
        return None
    other = piece if piece.kind == "string" else s.piece(1) if piece.text in {"+", "&", ","} else None
    if other is None or other.kind != "string" or "COMMA" in s.kinds or s.on_new_line:
        return None
    meant = f"{before.text[:-1]}{other.text[1:]}"
    repair = ((before.start, other.end, meant),)
    return Slip("CV003", "a text is one string", before.start, other.end, "write both in one pair of quotes", (), repair)


def other_end(s: Situation) -> Slip | None:
    """Catch another mark than `;` at the end of a statement."""
    piece = s.piece()
    if "SEMICOLON" not in s.kinds or piece.text not in {".", ",", ":", "!"} or s.piece(1).kind != "end" or s.at == 0:
        return None
    return slip_at(piece, f"a statement ends with `;`, not `{piece.text}`", "write `;`", put_for(piece, ";"))


def separator(s: Situation) -> Slip | None:
    """Catch a comma or `and` stands between clauses, or a comma is missing between urls, elements or verdicts."""
    piece, following = s.piece(), s.piece(1)
    if piece.text in {",", "and", "&"} and following.text in s.words & ALL_CLAUSES:
        return slip_at(piece, f"clauses stand side by side, without `{piece.text}`", "delete it", put_for(piece, " "))
    if "COMMA" not in s.kinds:
        return None
    if "RSQB" in s.kinds and (piece.kind in {"code", "number"} or (piece.kind == "string" and s.piece(-1).kind != "code")):
        return slip_at(piece, "missing `,` in a list", f"write `,` before `{piece.text}`", put_before(s, ","))
    if "RSQB" in s.kinds and piece.text == ";" and following.kind in {"code", "string", "number"}:
        return slip_at(piece, "lists are written with `,`, not `;`", "write `,`", put_for(piece, ","))
    listed_after = following.kind in {"word", "string", "path"}
    if (piece.text == ";" and s.verb == "reads") or (piece.text in {"and", "or", "|"} and (s.verb == "reads" or listed_after)):
        return slip_at(piece, f"lists are written with `,`, not `{piece.text}`", "write `,`", put_for(piece, ","))
    listed = s.verb == "reads" or (piece.kind == "string" and "because" not in s.words) or s.piece(-1).text == ","
    if piece.kind in {"word", "string"} and listed and "STRING" not in s.kinds and piece.text not in s.words:
        return slip_at(piece, "missing `,` in a list", f"write `,` before `{piece.text}`", put_before(s, ","))
    return None


def names_side_by_side(s: Situation) -> Slip | None:
    """Catch two names of urls stand side by side."""
    piece = s.piece()
    beside = {"COMMA", "DOT"} <= s.kinds and "on" in s.words and s.piece(1).text in {"on", ",", "except"}
    if not beside or piece.text in ALL_CLAUSES | {"excep", "onn"} or not _NAME.fullmatch(piece.text):
        return None
    return slip_at(piece, "missing `,` between urls", f"write `,` before `{piece.text}`", put_before(s, ","))


def other_clause(s: Situation) -> Slip | None:
    """Catch a clause under another name, in capitals, or of another statement."""
    piece = s.piece()
    lower = piece.text.lower()
    if piece.kind != "word" or not {"because", "owner"} & s.words or s.verb not in VERBS | {"waive"}:
        return None
    if lower in s.words:
        return slip_at(piece, f"`{piece.text}` is written in lower case", f"write `{lower}`", put_for(piece, lower))
    meant = _OTHER_CLAUSES.get(lower)
    if meant is not None and meant.split()[0] in s.words:
        help_ = "write `when not`" if lower == "unless" else f"write `{meant}`"
        return slip_at(
            piece, f"there is no clause `{piece.text}`", help_, put_for(piece, "when not" if lower == "unless" else meant)
        )
    if lower not in ALL_CLAUSES | {"implemented"} or lower == "as":
        return None
    belongs = "a waiver" if s.verb in VERBS else "a rule"
    end = next((later.start for later in s.pieces[s.at + 1 :] if later.text in s.words or later.text == ";"), len(s.text))
    return slip_at(piece, f"`{piece.text}` belongs to {belongs}, not to `{s.verb}`", "delete it", ((piece.start, end, " "),))


def brackets_around_list(s: Situation) -> Slip | None:
    """Catch urls or paths that stand in brackets, or all of a rule that does."""
    piece = s.piece()
    if piece.text not in CLOSING or s.verb == "reads" or not s.kinds & {"NAME", "PATH"}:
        return None
    end = closing_of(s.pieces, s.at)
    inside = s.pieces[s.at + 1 : end]
    if s.verb in VERBS and any(later.text in {"on", "because"} for later in inside):
        return _rule_in_brackets(s, inside, end)
    repair = put_for(piece, " ") + (put_for(s.pieces[end], " ") if end < len(s.pieces) else ())
    return slip_at(piece, f"urls and paths are listed without `{piece.text}`", "write them with commas between", repair)


_BRACKETS = {"{": "braces", "[": "brackets", "(": "parentheses"}


def _rule_in_brackets(s: Situation, inside: tuple[Piece, ...], end: int) -> Slip:
    """Say that a rule is a sentence: it has neither brackets nor named fields."""
    piece = s.piece()
    if any(later.text == ":" for later in inside):
        name = s.pieces[1].text if s.piece(-1).text == ":" else "NAME"
        help_ = f'write `{s.verb} {name}: URL on PATH because "...";`'
        return slip_at(piece, "a rule is one sentence, and no list of fields", help_, ())
    said = f"a rule has no {_BRACKETS[piece.text]} around its parts"
    if end == len(s.pieces):
        return slip_at(piece, said, "delete it", put_for(piece, " "))
    inner = put_for(inside[-1], " ") if inside[-1].text == ";" else ()
    outer = put_for(s.pieces[end], ";" if end == len(s.pieces) - 1 else " ")
    help_ = f"delete `{piece.text}` and `{CLOSING[piece.text]}`: a rule is one sentence, and ends with `;`"
    return slip_at(piece, said, help_, (*put_for(piece, " "), *inner, *outer))


SLIPS: tuple[Callable[[Situation], Slip | None], ...] = (
    doubled, *slips_of_habits.SLIPS, *slips_of_order.SLIPS, *slips_of_blocks.SLIPS, wrong_verb, slips_of_missing.first_word,
    package_version, import_without_name, deprecation, invariant_never, stray_brace, separator, names_side_by_side,
    colon_missing, equal_missing, wrong_name, version_missing, brackets_around_list,
    slips_of_order.on_missing, slips_of_blocks.braces, texts_side_by_side, other_end, semicolon_missing, other_clause,
    *slips_of_missing.SLIPS,
)  # fmt: skip
