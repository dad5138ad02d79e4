"""Models of fhir.resources that record what is read of them: instances of a subclass that is made for one place and one test.

Rule 1: it is a model of its class for everybody: `isinstance`, validation, dumps and its name say so.
Rule 2: it is equal to what it is a copy of, and pickles as that.
"""

from __future__ import annotations

import sys
from abc import ABCMeta
from typing import TYPE_CHECKING, Any, TypeVar

from caveat.pytest_plugin.standing import Spot, spot_below
from caveat.pytest_plugin.traced_object import Touch

if TYPE_CHECKING:
    from pydantic import BaseModel

R = TypeVar("R")

_REPLACED = "__caveat_replaced__"


def traced_model(touch: Touch, model: R, spot: Spot) -> R:
    """Return a deep copy of a model that records what is read of it, standing at `spot`."""
    from pydantic import BaseModel  # noqa: PLC0415  it is heavy, and the mapping form does without

    copied = model.model_copy(deep=True)  # type: ignore[attr-defined]  # the caller saw that it is a model
    _trace(touch, copied, spot, BaseModel)
    made: R = copied
    return made


def _trace(touch: Touch, node: Any, spot: Spot | None, base: type[BaseModel]) -> None:
    """Make a model, or each in a list, one that records; what is below it too."""
    if isinstance(node, list):
        for each in node:
            _trace(touch, each, spot, base)
    elif isinstance(node, base) and spot is not None:
        kind = type(node)
        names = {name: info.alias or name for name, info in kind.model_fields.items()}
        for name, value in vars(node).items():
            json_name = names.get(name, name)
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, base):
                    child = spot.shape.children.get(json_name)
                    is_any = child is not None and child.shape is None
                    below = _of_resource(each, spot) if is_any else spot_below(spot, json_name, None)
                    _trace(touch, each, below, base)
        object.__setattr__(node, "__class__", _class_for(touch, kind, spot, names))


def _of_resource(model: BaseModel, spot: Spot) -> Spot | None:
    """Return where a resource within another stands: at the root of its own type."""
    shape = spot.read.shape(type(model).__name__)
    return Spot(shape.name, shape, spot.read) if shape is not None else None


def _class_for(touch: Touch, kind: type[BaseModel], spot: Spot, names: dict[str, str]) -> type[BaseModel]:
    """Return a subclass of `kind` whose instances record the fields that the application takes.

    It is made past pydantic's own metaclass: it has no field of its own, so that there is no schema to build for it.
    """

    def __getattribute__(self: Any, name: str) -> Any:  # noqa: N807  a method of the class below
        if name in names:
            touch(spot, names[name], sys._getframe(1))  # noqa: SLF001  there is no other way that costs as little
        return kind.__getattribute__(self, name)

    space = {
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__doc__": kind.__doc__,
        "__slots__": (),
        "__getattribute__": __getattribute__,
        "__eq__": _equals,
        "__hash__": kind.__hash__,
        "__reduce_ex__": _reduced,
        _REPLACED: kind,
    }
    made: type[BaseModel] = ABCMeta.__new__(type(kind), kind.__name__, (kind,), space)
    return made


def _equals(self: Any, other: object) -> bool:
    """Compare as the models that are traced would."""
    return bool(untraced(self) == untraced(other))


def _reduced(self: Any, protocol: int) -> Any:  # noqa: ARG001  pickle hands it over
    """Pickle as the model that is traced: a class that is made for one test has no name to be found by."""
    return _as_it_was, (untraced(self),)


def _as_it_was(model: Any) -> Any:
    return model


def untraced(node: Any) -> Any:
    """Return a copy of a model without any tracing; anything else as it is."""
    if isinstance(node, list):
        return [untraced(each) for each in node]
    kind = getattr(type(node), _REPLACED, None)
    if kind is None:
        return node
    copied = kind.__copy__(node)
    object.__setattr__(copied, "__class__", kind)
    object.__setattr__(copied, "__dict__", {name: untraced(value) for name, value in vars(copied).items()})
    return copied
