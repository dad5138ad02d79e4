"""What of the extras is there: whatever is missing is named, with what installs it."""

from __future__ import annotations

from importlib.util import find_spec

from caveat.domain.errors import UsageError


def required(*packages: str, extra: str = "audit") -> None:
    """Refuse to go on without the packages of an extra; UsageError names it."""
    for package in packages:
        if find_spec(package) is None:
            raise UsageError(f"the audit trail needs `{package}`; install it with `pip install 'caveat[{extra}]'`")
