"""The bridge to fhir.resources: trees to models, models to trees, and its complaints with their places.

Rule 1: the model never decides; it is what a caller gets after the check.
Rule 2: fhir.resources is imported when it is first needed, and nowhere else.
Rule 3: whatever it raises on data becomes located problems; values stay out of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from caveat.domain.errors import UsageError
from caveat.domain.report import Problem
from caveat.intake.json_reader import Unreadable, decimal_of
from caveat.spec.element_name import class_name
from caveat.spec.release import Release

if TYPE_CHECKING:
    from pydantic import BaseModel

_PACKAGES = {Release.R4: "fhir.resources.R4B", Release.R4B: "fhir.resources.R4B", Release.R5: "fhir.resources"}
_QUOTES_NOTHING = ("missing", "extra_forbidden", "_type")
R4_NOTE = Problem("r4-models", "fhir.resources has no models of R4; those of R4B were used")


def is_model(data: object) -> bool:
    """Return whether `data` is a model of fhir.resources, without importing it."""
    return any(base.__module__.startswith(("fhir.resources", "fhir_core")) for base in type(data).__mro__)


def fhir_class(model: object) -> type[BaseModel]:
    """Return the class of fhir.resources that `model` is or is derived from; UsageError when it is none."""
    bases = model.__mro__ if isinstance(model, type) else ()
    found = next((base for base in bases if base.__module__.startswith("fhir.resources")), None)
    if found is None:
        name = model.__name__ if isinstance(model, type) else f"a {type(model).__name__}"
        raise UsageError(f"{name} is no class of fhir.resources; pass one, as in `guard.load(body, ImagingStudy)`")
    return cast("type[BaseModel]", found)


def releases_of(model: object) -> tuple[Release, ...]:
    """Return the releases whose documents the class `model` can hold, the one that it was made for first.

    UsageError for the models of STU3, which Caveat does not read, and for what is no class of fhir.resources.
    """
    module = fhir_class(model).__module__
    if module.startswith("fhir.resources.R4B"):
        return (Release.R4B, Release.R4)
    if module.startswith("fhir.resources.STU3"):
        raise UsageError("models of STU3 are not read; use those of R4B (for R4 and R4B) or R5")
    return (Release.R5,)


def model_class(path: str, release: Release) -> type[BaseModel]:
    """Return the class of a type or nested element; UsageError when fhir.resources has none for that release."""
    module = f"{_PACKAGES[release]}.{path.partition('.')[0].lower()}"
    try:
        found: type[BaseModel] = import_module(module).__dict__[class_name(path)]
    except (ImportError, KeyError):
        raise UsageError(f"fhir.resources has no model of {path} for {release}; use `check` in place of `load`") from None
    return found


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


def to_tree(model: BaseModel) -> object | Unreadable:
    """Return a model as the JSON tree that it stands for, or why it stands for none.

    A model can be put together without any check (`model_construct`, assignment), and may hold anything then.
    """
    try:
        tree: object = json.loads(fhir_class(type(model)).model_dump_json(model))  # a derived class may say what it likes
    except Exception as error:  # noqa: BLE001  pydantic and fhir.resources let out whatever a faulty model makes them raise
        return Unreadable("not-json", f"the model cannot be written as JSON ({type(error).__name__})")
    return tree


def _problem(root: str, steps: Iterable[str | int], kind: str, message: str) -> Problem:
    """Return one complaint of pydantic with the location that it is about."""
    said = message if kind.endswith(_QUOTES_NOTHING) else "fhir.resources refuses the value"
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
