"""The schema of SARIF 2.1.0, as OASIS publishes it with the errata of 2023."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

SCHEMA = Path(__file__).resolve().parents[2] / "build" / "sarif" / "sarif-schema-2.1.0.json"
NO_SCHEMA = (
    f"THERE IS NO SCHEMA OF SARIF: nobody held a log against it; `make {SCHEMA.relative_to(SCHEMA.parents[2])}` fetches it"
)
PUBLISHED = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def complaints(log: dict[str, Any]) -> list[str]:
    """Return what the schema says against a log; skip where it is not there."""
    if not SCHEMA.is_file():
        pytest.skip(NO_SCHEMA)
    return [f"{error.json_path}: {error.message}" for error in _validator().iter_errors(log)]


@cache
def _validator() -> Draft4Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8-sig"))
    assert schema["id"] == PUBLISHED
    Draft4Validator.check_schema(schema)
    return Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)
