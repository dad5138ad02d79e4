"""CV134: whether anything is left of the urls of a statement after its `except`."""

from __future__ import annotations

from collections.abc import Iterator

from caveat.analysis.subject import Subject
from caveat.analysis.urls import Urls
from caveat.domain.diagnostic import Diagnostic, Span
from caveat.lang.diagnose import diagnose, quoted
from caveat.lang.resolved import UrlSet
from caveat.policy.compiler import urls_of

_WHY = "what stands after `except` is taken away from the urls before it"


def leftover_findings(subject: Subject) -> Iterator[Diagnostic]:
    """Give the rules, waivers and invariants whose `except` takes away everything."""
    for rule, written in subject.rules:
        if is_empty(written.urls):
            subject.settled.add(rule.name)
            yield _finding(f"the rule {quoted(rule.name)} names no url", written.urls, written.rule.urls.span)
    for waiver in subject.resolved.waivers:
        if waiver.urls is not None and is_empty(waiver.urls) and waiver.waiver.waived.urls is not None:
            yield _finding(f"the waiver {quoted(waiver.name)} names no url", waiver.urls, waiver.waiver.waived.urls.span)
    for stated, urls in zip(subject.resolved.invariants, subject.resolved.invariant_urls, strict=True):
        if is_empty(urls):
            yield _finding(f"the invariant {quoted(stated.name.text)} names no url", urls, stated.urls.span)


def is_empty(urls: UrlSet) -> bool:
    """Return whether there is an `except` and no url that it leaves."""
    selector = urls_of(urls)
    return bool(urls.exclude and urls.include) and next(Urls.of([selector]).cells(selector), None) is None


def _finding(what: str, urls: UrlSet, whole: Span) -> Diagnostic:
    span = urls.exclude[0].span.to(urls.exclude[-1].span) if urls.exclude else whole
    remedy = "delete the `except`, or name in it only what is to be left out"
    message = f"{what}: nothing is left after `except`"
    return diagnose("CV134", message, span, label="everything is taken away", notes=(_WHY,), remedy=remedy)
