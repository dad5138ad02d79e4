"""What the page of the JSON forms promises is what commands write."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from caveat.formats.schema import ReportRecord
from caveat.formats.schema_lines import RECORDS
from docs.json_page import FORMS, examples

MODELS = {"caveat.report/1": ReportRecord, **RECORDS}


@pytest.mark.parametrize("form", [form for form in FORMS if form.name in MODELS], ids=lambda form: form.name)
def test_what_is_written_is_what_is_promised(form: object, tmp_path: Path) -> None:
    """Each record of the example has every field of its model and no other, in the promised types; `schema` comes first."""
    records = examples(form, tmp_path)  # type: ignore[arg-type]
    model = MODELS[form.name]  # type: ignore[attr-defined]
    schema = model.model_json_schema(by_alias=True)
    assert records
    for record in records:
        Draft202012Validator(schema).validate(record)
        model.model_validate(record)
        assert next(iter(record)) == "schema"
        assert set(schema["required"]) <= set(record)
        assert set(record) <= set(schema["properties"]) or schema["additionalProperties"]


def test_every_form_is_on_the_page() -> None:
    """A form that has a model has a section."""
    assert {form.name for form in FORMS} >= set(MODELS)
