"""The bridge to fhir.resources: trees to models, models to trees, and its complaints with their places.

Rule 1: the model never decides; it is what a caller gets after the check.
Rule 2: fhir.resources is imported when it is first needed, and nowhere else.
Rule 3: whatever it raises on data becomes located problems; values stay out of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from caveat.domain.errors import UsageError
from caveat.domain.report import Problem
from caveat.intake.json_reader import decimal_of
from caveat.spec.release import Release

if TYPE_CHECKING:
    from pydantic import BaseModel

_PACKAGES = {Release.R4: "fhir.resources.R4B", Release.R4B: "fhir.resources.R4B", Release.R5: "fhir.resources"}
_QUOTES_VALUES = frozenset({"value_error", "assertion_error"})
R4_NOTE = Problem("r4-models", "fhir.resources has no models of R4; those of R4B were used")


def is_model(data: object) -> bool:
    """Return whether `data` is a model of fhir.resources, without importing it."""
    return any(base.__module__.startswith(("fhir.resources", "fhir_core")) for base in type(data).__mro__)


def is_model_class(model: type) -> bool:
    """Return whether `model` is a class of fhir.resources."""
    return any(base.__module__.startswith(("fhir.resources", "fhir_core")) for base in model.__mro__)


def releases_of(model: type) -> tuple[Release, ...]:
    """Return the releases whose documents `model` can hold, the one that it was made for first.

    UsageError for the models of STU3, which Caveat does not read, and for what is no model of fhir.resources.
    """
    module = next((b.__module__ for b in model.__mro__ if b.__module__.startswith("fhir.resources")), "")
    if not module:
        raise UsageError(f"{model.__name__} is no class of fhir.resources; pass one, as in `guard.load(body, ImagingStudy)`")
    if module.startswith("fhir.resources.R4B"):
        return (Release.R4B, Release.R4)
    if module.startswith("fhir.resources.STU3"):
        raise UsageError("models of STU3 are not read; use those of R4B (for R4 and R4B) or R5")
    return (Release.R5,)


def model_class(type_name: str, release: Release) -> type[BaseModel]:
    """Return the class of a resource type or data type; UsageError when fhir.resources has none for that release."""
    package = _PACKAGES[release]
    try:
        found: type[BaseModel] = import_module(f"{package}.{_module_of(type_name)}").__dict__[type_name]
    except (ImportError, KeyError):
        raise UsageError(f"fhir.resources has no model of {type_name} for {release}; use `check` in place of `load`") from None
    return found


def _module_of(type_name: str) -> str:
    return type_name.lower()


def to_model(tree: Mapping[str, Any], model: type[BaseModel]) -> BaseModel | list[Problem]:
    """Return `tree` as a model, or what fhir.resources has against it."""
    from pydantic import ValidationError  # noqa: PLC0415  pydantic is slow to import and seldom needed

    try:
        return model.model_validate(_plain(tree))
    except ValidationError as error:
        found = [_problem(model.__name__, each["loc"], each["type"], each["msg"]) for each in error.errors(include_url=False)]
        return found[:100]
    except RecursionError:
        return [Problem("too-deep", "fhir.resources cannot read a resource nested this deeply")]
    except Exception as error:  # noqa: BLE001  fhir.resources lets KeyError and others out on data that it does not expect
        return [Problem("model-error", f"fhir.resources fails on this resource ({type(error).__name__})")]


def to_tree(model: BaseModel) -> Any:
    """Return a model as the JSON tree that it stands for."""
    return json.loads(model.model_dump_json())


def _problem(root: str, steps: Iterable[str | int], kind: str, message: str) -> Problem:
    """Return one complaint of pydantic with the location that it is about."""
    said = "fhir.resources refuses the value" if kind in _QUOTES_VALUES else message
    return Problem(kind, said, root + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps))


def _plain(value: Any) -> Any:
    """Return a tree with its numbers as Python has them; fhir.resources does not know a number that kept its text.

    It recurses; what was read is nested no deeper than the limits of the reader allow.
    """
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    return decimal_of(value)
