"""What the tests of policies and judgements are made with: rule files as text, documents as trees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from caveat.domain.decision import Decision, Intent
from caveat.domain.report import Report
from caveat.intake.root import Wire
from caveat.judge.check import Judged, Question, judge_tree
from caveat.packs.files import load_text, resolve_loaded
from caveat.policy.compiler import Compiled, compile_policy
from caveat.policy.policy import Policy
from caveat.spec.release import Release
from caveat.spec.shape import tables

HEAD = 'caveat 1; policy "p" version "1" { owner "o"; SETTINGS }\n'
X = "https://x.example/fhir/"
TODAY = date(2026, 11, 24)
Tree = dict[str, Any]


def compiled(body: str, settings: str = "", releases: tuple[Release, ...] = tuple(Release)) -> Compiled:
    """Compile a rule file of the statements `body`; `settings` go into its header."""
    return compile_policy(resolve_loaded(load_text(HEAD.replace("SETTINGS", settings) + body)), releases)


def policy_of(body: str, settings: str = "") -> Policy:
    """Return the policy of the statements `body`, which must load."""
    result = compiled(body, settings)
    assert result.policy is not None, result.diagnostics
    return result.policy


def rule(verb: str, name: str, rest: str, **replaced: str) -> str:
    """Return a rule: `rest` is its urls (`@a` is a url of the tests' vendor), paths and clauses."""
    text = f'{verb} {name}: {rest} because "b" assessed 2026-01-01;\n'
    for word, by in replaced.items():
        text = text.replace(word, by)
    return urls(text)


def waiver(name: str, rest: str, days: str = "from 2026-11-01 until 2026-11-30") -> str:
    """Return a waiver that holds on the day of the tests."""
    return urls(f'waive {name}: {rest} {days} owner "o" because "w";\n')


def urls(text: str) -> str:
    """Write `@a` as the url of the modifier `a`, in quotes."""
    words = [
        f'"{X}{word[1:].rstrip(",")}"' + "," * word.endswith(",") if word.startswith("@") else word for word in text.split(" ")
    ]
    return " ".join(words)


def modifier(name: str, **value: Any) -> Tree:
    """Return the Extension of the modifier `name`, with `valueBoolean` true when nothing else is said."""
    return {"url": X + name, **(value or {"valueBoolean": True})}


def carrying(*names: str, **rest: Any) -> Tree:
    """Return an element that carries the modifiers `names`."""
    return {"modifierExtension": [modifier(name) for name in names], **rest}


def study(*names: str, **rest: Any) -> Tree:
    """Return an ImagingStudy that carries the modifiers `names`."""
    return {"resourceType": "ImagingStudy", **(carrying(*names) if names else {}), **rest}


def question(policy: Policy, **rest: Any) -> Question:
    """Return the question that tests ask unless they say otherwise: R4, to read, on the day of the tests."""
    at = rest.pop("at", None)
    if at is not None:
        rest["at"] = tables(Release.R4).resolve(at)
    return Question(policy, rest.pop("release", Release.R4), rest.pop("today", TODAY), **rest)


def judged(policy: Policy | str, tree: object, **rest: Any) -> Judged:
    """Judge a tree by a policy, or by the statements of one."""
    settings = rest.pop("settings", "")
    return judge_tree(question(policy_of(policy, settings) if isinstance(policy, str) else policy, **rest), tree)


def report(policy: Policy | str, tree: object, **rest: Any) -> Report:
    """Return the report on a tree."""
    return judged(policy, tree, **rest).report


def only(policy: Policy | str, tree: object, **rest: Any) -> Decision:
    """Return the one decision on a tree that has one occurrence."""
    (decision,) = report(policy, tree, **rest).decisions
    return decision


def said(policy: Policy | str, tree: object, **rest: Any) -> str:
    """Return verdict, ground and rule of the one decision on a tree, as a person would: `reject rule a`, ` final` if so."""
    decision = only(policy, tree, **rest)
    words = [decision.verdict.word, str(decision.ground), decision.rule or "", "final" if decision.final else ""]
    return " ".join(word for word in words if word)


def told(result: Report) -> Mapping[str, str]:
    """Return the verdict and ground of each decision by its location."""
    return {d.occurrence.location if d.occurrence else "": f"{d.verdict.word} {d.ground}" for d in result.decisions}


__all__ = [
    "HEAD", "TODAY", "Intent", "Release", "Wire", "X", "carrying", "compiled", "judged", "modifier", "only", "policy_of",
    "question", "report", "rule", "said", "study", "told", "urls", "waiver",
]  # fmt: skip
