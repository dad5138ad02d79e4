"""The generated shape tables, one JSON file to a release; `build.py` makes them and says how they are written."""

from __future__ import annotations

import json
import pkgutil
from typing import Any

from caveat.domain.errors import CaveatError
from caveat.spec.release import Release


def load(release: Release) -> dict[str, Any]:
    """Read and decode the table of `release` from this package (by pkgutil: importlib.resources takes longer to import)."""
    data = pkgutil.get_data(__name__, f"{release.lower()}.json")
    if data is None:
        raise CaveatError("the package was installed in a way that its tables cannot be read from")
    decoded: dict[str, Any] = json.loads(data)
    return decoded
