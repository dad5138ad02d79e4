"""Tests of caveat.policy.governing, beside the golden files: which urls are meant, and what is demanded of each."""
# ruff: noqa: E501  a table reads best with one case a line

from __future__ import annotations

from dataclasses import replace

import pytest

from caveat.packs.files import load_text, resolve_loaded
from caveat.policy.compiler import Compiled, compile_policy
from caveat.spec.definition import Content, ExtensionDefinition, Library
from caveat.spec.release import Release
from strategies.defining import BOOLEAN, defined
from strategies.judging import HEAD, X, policy_of, rule, urls

WHOLE = defined("Patient", status="active", publisher="P", reason="It negates", package="p#1.0.0")
OTHER = replace(WHOLE, url=X + "o")


def governed(body: str, *definitions: ExtensionDefinition, earlier: ExtensionDefinition | None = None) -> Compiled:
    library = Library({each.url: each for each in definitions}, by_package={"p#0.9.0": {earlier.url: earlier} if earlier else {}})
    text = HEAD.replace("SETTINGS", "fhir R4;") + body
    return compile_policy(resolve_loaded(load_text(text)), tuple(Release), library)


def codes(result: Compiled) -> str:
    return " ".join(diagnostic.code for diagnostic in result.diagnostics)


def govern(requirements: str, of: str = "@m") -> str:
    return urls(f"govern g: definitions of {of} {{{{ {requirements} }}}}".replace("{{", "{").replace("}}", "}"))


ON = rule("review", "r", "@m on Patient")
DEMANDS: dict[str, tuple[str, ExtensionDefinition, str]] = {
    "nothing": ("", WHOLE, ""),
    "a modifier": ("require modifier with reason;", WHOLE, ""),
    "a plain one": ("require modifier with reason;", replace(WHOLE, is_modifier=False), "CV170"),
    "no reason, none asked for": ("require modifier;", replace(WHOLE, reason=None), ""),
    "no reason": ("require modifier with reason;", replace(WHOLE, reason=None), "CV171"),
    "its status": ("require status draft, active;", WHOLE, ""),
    "no status": ("require status draft;", replace(WHOLE, status=None), "CV172"),
    "its contexts": ("require context covers rules;", WHOLE, ""),
    "another context": ("require context covers rules;", replace(WHOLE, contexts=defined("Task").contexts), "CV173"),
    "a context of another release": ("require context covers rules;", replace(WHOLE, contexts=defined("Patient>5.0").contexts), "CV173 CV178"),
    "a context that cannot be told": ("require context covers rules;", replace(WHOLE, contexts=defined("fhirpath:Patient").contexts), "CV173"),
    "many contexts": ("require context covers rules;", replace(WHOLE, contexts=defined(*[f"Task{n}" for n in range(9)]).contexts), "CV173 CV178"),
    "no contexts": ("require context covers rules;", replace(WHOLE, contexts=()), ""),
    "contexts of another release's element": (
        "require context covers rules;", replace(WHOLE, contexts=defined("ContactPoint").contexts, is_cross_version=True), "",
    ),
    "its publisher": ('require publisher "P";', WHOLE, ""),
    "no publisher": ('require publisher "P";', replace(WHOLE, publisher=None), "CV174"),
    "its package": ('require package "p";', WHOLE, ""),
    "its package and version": ('require package "p#1.0.0";', WHOLE, ""),
    "another version": ('require package "p#1";', WHOLE, "CV175"),
    "no package": ('require package "p";', replace(WHOLE, package=None), "CV175"),
    "nowhere": ("", replace(WHOLE, contexts=defined("ContactPoint", "Patient.telecom").contexts), "CV178"),
    "nowhere, but plain": ("", replace(WHOLE, is_modifier=False, contexts=defined("ContactPoint").contexts), ""),
    "known by name": ("require modifier;", replace(WHOLE, is_whole=False), ""),
    "known by name, and more asked": ('require modifier; require publisher "P";', replace(WHOLE, is_whole=False), "CV179"),
    "known by name, and its reason asked": ("require modifier with reason;", replace(WHOLE, is_whole=False), "CV179"),
    "known by name as plain": ("require modifier;", replace(WHOLE, is_whole=False, is_modifier=False), "CV170"),
    "known by name as plain, and more asked": (
        "require modifier; require status active;", replace(WHOLE, is_whole=False, is_modifier=False), "CV170 CV179",
    ),
    "severity alone": ("severity low;", replace(WHOLE, is_whole=False), ""),
}  # fmt: skip


@pytest.mark.parametrize(("requirements", "definition", "expected"), DEMANDS.values(), ids=DEMANDS)
def test_demands(requirements: str, definition: ExtensionDefinition, expected: str) -> None:
    """What is required and does not hold is found; the policy loads all the same."""
    result = governed(ON + govern(requirements), definition)
    assert codes(result) == expected
    assert result.policy is not None
    assert all(diagnostic.severity == "error" for diagnostic in result.diagnostics)


TYPES = {
    "as boolean": "",
    "as code": "CV176",
    "as complex": "CV176",
    "as boolean | code | string": "CV176 CV176",
}


@pytest.mark.parametrize(("clause", "expected"), TYPES.items())
def test_types(clause: str, expected: str) -> None:
    """A value type that the definition rules out is found at the rule, whatever is required."""
    assert codes(governed(rule("review", "r", f"@m on Patient {clause}") + govern(""), WHOLE)) == expected
    parts = replace(WHOLE, content=Content(parts={"a": BOOLEAN}))
    assert codes(governed(rule("review", "r", "@m on Patient as complex") + govern(""), parts)) == ""
    nothing = replace(WHOLE, content=Content(may_have_parts=False))
    (diagnostic,) = governed(rule("review", "r", "@m on Patient as code") + govern(""), nothing).diagnostics
    assert diagnostic.notes == ("its definition allows nothing",)


NAMED = f'extension m = "{X}m"; extension o = "{X}o"; '
SPOKEN_OF = {
    "@m": "m",
    "@m, @o": "m o",
    "m": "m",
    "m, @m": "m",
    f'"{X}*"': "m o",
    f'"{X}*" except o': "m",
    f'"{X}**" except "{X}*"': "",
    "anything": "m o",
    "anything except m, @o": "",
    '"https://elsewhere.example/a/*"': "",
}


@pytest.mark.parametrize(("of", "expected"), SPOKEN_OF.items())
def test_urls(of: str, expected: str) -> None:
    """Literal urls are meant as they are, patterns mean what the policy names; each url once, without those after `except`."""
    body = rule("review", "r", "@m on Patient") + rule("review", "i", '"https://x.example/rules" on *.implicitRules') + NAMED
    result = governed(body + urls(govern("require status retired;", of)), WHOLE, OTHER)
    assert [diagnostic.code for diagnostic in result.diagnostics] == ["CV172"] * len(expected.split())
    assert sorted(diagnostic.message.split("`")[1][-1] for diagnostic in result.diagnostics) == expected.split()


def test_an_unknown_name_is_said_once() -> None:
    """A name that stands for nothing is the resolver's to say, and a package that is not locked stops the policy."""
    assert codes(governed(ON + govern("require modifier;", "nobody"), WHOLE)) == "CV103"
    result = governed(ON + govern('require unchanged since "q#1";'), WHOLE)
    assert (codes(result), result.policy) == ("CV160", None)


def test_a_definition_that_nobody_has_seen() -> None:
    """It is said where the `govern` names it, whatever is required, and for each url that a pattern means."""
    assert codes(governed(ON + govern(""))) == "CV179"
    assert codes(governed(ON + NAMED + govern("severity low;", f'"{X}*"'), WHOLE)) == "CV179"


def test_unchanged() -> None:
    """The definition in force is compared with that of the package named; a context more is no change."""
    body = ON + govern('require unchanged since "p#0.9.0";')
    assert codes(governed(body, WHOLE, earlier=WHOLE)) == ""
    assert codes(governed(body, replace(WHOLE, contexts=defined("Patient", "Task").contexts), earlier=WHOLE)) == ""
    assert codes(governed(body, WHOLE, earlier=replace(WHOLE, is_modifier=False))) == "CV177"
    assert codes(governed(body, WHOLE)) == "CV177"


def test_implicit_rules_have_no_context() -> None:
    """A path of `implicitRules` is no place of an extension."""
    body = rule("review", "r", "@m on Patient, Patient.implicitRules")
    assert codes(governed(body + govern("require context covers rules;"), WHOLE)) == ""


def test_the_lock_comes_before_what_is_published() -> None:
    """A definition of the lock stands for its url, in place of the built-in one."""
    url = "http://hl7.org/fhir/StructureDefinition/perform-condition"
    statement = f'govern g: definitions of "{url}" {{ require status active; }}'
    assert codes(governed(statement)) == "CV172"
    assert codes(governed(statement, replace(WHOLE, url=url))) == ""


def test_a_policy_without_govern_asks_for_nothing() -> None:
    """Nothing is required of what no `govern` speaks of."""
    assert policy_of(ON).rules
