"""One step of a location at a time: `instance[3]` is the property `instance`, and the fourth of what stands there."""

from __future__ import annotations

from typing import Any


def at_step(holder: Any, step: str) -> tuple[str, Any]:
    """Return the property of the object `holder` that `step` names, and what the step leads to, which exists."""
    name, bracket, index = step.partition("[")
    return name, holder[name][int(index.removesuffix("]"))] if bracket else holder[name]
