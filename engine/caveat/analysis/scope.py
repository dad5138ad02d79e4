"""CV132: whether a rule lies outside everything that `reads` names.

Rule 1: only rules of the policy's own file are asked: one that is imported is written for every application.
"""

from __future__ import annotations

from collections.abc import Iterator

from caveat.analysis.sites import Site
from caveat.analysis.subject import Subject
from caveat.domain.diagnostic import Diagnostic, Related
from caveat.judge.scope import in_scope
from caveat.lang.diagnose import diagnose, quoted
from caveat.lang.resolved import ResolvedRule
from caveat.policy.policy import Rule

_WHY = "what stands outside is clear when the application only reads; under intent `modify` everything counts"


def scope_findings(subject: Subject) -> Iterator[Diagnostic]:
    """Give the rules that no element in scope can meet."""
    if not subject.policy.reads:
        return
    for rule, written in subject.rules:
        places = subject.space.classes_on(rule.paths)
        outside = places and not any(in_scope(subject.policy, place.site.carrier) for place in places)
        if outside and written.file == subject.resolved.main:
            yield _finding(subject, rule, written, places[0].site)


def _finding(subject: Subject, rule: Rule, written: ResolvedRule, site: Site) -> Diagnostic:
    kind = site.carrier.resource_type
    reads = next(each for each in subject.resolved.reads if each.path.text == kind)
    element = site.carrier.scope_path.removeprefix(kind).removeprefix(".").removesuffix(".implicitRules")
    where = f"add `{element}` to `reads {kind}`" if element else f"write `reads all of {kind};`"
    path = written.rule.paths[0].span.to(written.rule.paths[-1].span)
    return diagnose(
        "CV132",
        f"{quoted(rule.name)} lies outside everything that `reads` names",
        path,
        label="the application does not read this",
        notes=(_WHY,),
        remedy=f"{where}, or delete {quoted(rule.name)}",
        related=(Related(reads.path.span, f"what is read of {kind}"),),
    )
