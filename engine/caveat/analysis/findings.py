"""Everything that the analyses find in a policy, and what they prove of it.

Rule 1: one mistake is said once: of a rule whose urls, condition or place are wrong nothing that follows from it is said.
Rule 2: nothing here stops a policy from loading, or changes a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from caveat.analysis.absence import absence_findings
from caveat.analysis.deciding import deciding_findings
from caveat.analysis.invariants import invariant_findings
from caveat.analysis.leftover import leftover_findings
from caveat.analysis.proof import proofs_of
from caveat.analysis.scope import scope_findings
from caveat.analysis.subject import Subject
from caveat.analysis.swallowing import swallowing_findings
from caveat.analysis.truth import condition_findings
from caveat.domain.diagnostic import Diagnostic
from caveat.lang.diagnose import sorted_findings
from caveat.lang.resolved import Resolved
from caveat.policy.policy import Policy
from caveat.spec.release import Release

_QUESTIONS = (
    leftover_findings,
    condition_findings,
    deciding_findings,
    scope_findings,
    absence_findings,
    swallowing_findings,
    invariant_findings,
)
"""The questions in the order in which they are asked: what is answered first explains what follows from it."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is wrong with a policy, in reading order, and what is proven of it, a sentence each."""

    findings: tuple[Diagnostic, ...]
    proofs: tuple[str, ...]


def analyse(
    policy: Policy,
    resolved: Resolved,
    releases: tuple[Release, ...] = tuple(Release),
    *,
    told: Iterable[Diagnostic] = (),
    prove: bool = False,
) -> Analysis:
    """Ask every question about `policy`; with `prove` also say what was proven.

    `releases` are those that the policy is for when it names none. `told` is what was found before: nothing that only follows
    from it is said again.
    """
    subject = Subject.of(policy, resolved, releases, told)
    found = [finding for question in _QUESTIONS for finding in question(subject)]
    return Analysis(sorted_findings(found), tuple(proofs_of(subject)) if prove else ())
