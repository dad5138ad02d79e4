"""Guards applications against FHIR modifier extensions that they do not understand.

The names below are the library; everything else may change. They are loaded when first used, so that importing the package
costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from caveat.domain.version import __version__

if TYPE_CHECKING:
    from caveat.audit.log import AuditLog
    from caveat.domain.approval import Approval
    from caveat.domain.decision import Decision, Ground, Intent, Occurrence, Verdict
    from caveat.domain.errors import AuditUnavailable, CaveatError, UsageError
    from caveat.guard import Guard, Line, NotLoadable, Passed, Refused, Report, RuleFileError, Triage
    from caveat.intake.limits import Limits

_HOMES = {
    "caveat.guard": ("Guard", "Line", "NotLoadable", "Passed", "Refused", "Report", "RuleFileError", "Triage"),
    "caveat.domain.decision": ("Decision", "Ground", "Intent", "Occurrence", "Verdict"),
    "caveat.audit.log": ("AuditLog",),
    "caveat.domain.approval": ("Approval",),
    "caveat.domain.errors": ("AuditUnavailable", "CaveatError", "UsageError"),
    "caveat.intake.limits": ("Limits",),
}

__all__ = [
    "Approval",
    "AuditLog",
    "AuditUnavailable",
    "CaveatError",
    "Decision",
    "Ground",
    "Guard",
    "Intent",
    "Limits",
    "Line",
    "NotLoadable",
    "Occurrence",
    "Passed",
    "Refused",
    "Report",
    "RuleFileError",
    "Triage",
    "UsageError",
    "Verdict",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Load a name of the library on first use."""
    for module, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(module), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the names of the library."""
    return sorted(__all__)
