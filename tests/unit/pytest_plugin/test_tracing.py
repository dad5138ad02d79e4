"""What counts as a read of a resource, and what does not: models of fhir.resources and mappings, in every way they are used."""

from __future__ import annotations

import copy
import json
import pickle
import pprint
from collections.abc import Callable
from typing import Any

import pytest
from fhir.resources.questionnaire import Questionnaire
from fhir.resources.R4B.bundle import Bundle, BundleEntry
from fhir.resources.R4B.imagingstudy import ImagingStudy, ImagingStudySeries
from fhir.resources.R4B.patient import Patient

from caveat import Guard, UsageError
from caveat.pytest_plugin.tracing import Reads

RULES = """caveat 1;
policy "p" version "1" { owner "o"; fhir R4, R4B, R5; }
reads ImagingStudy { status, series.uid }
reads Patient {}
reads Questionnaire { item.text }
review r: "https://x.example/a" on * because "x";
"""
TREE: dict[str, Any] = {
    "resourceType": "ImagingStudy",
    "id": "s1",
    "status": "available",
    "_status": {"id": "companion"},
    "subject": {"reference": "Patient/1", "display": "x"},
    "description": "x",
    "extension": [{"url": "https://x.example/e", "valueString": "x"}],
    "modifierExtension": [{"url": "https://x.example/m", "valueBoolean": True}],
    "contained": [{"resourceType": "Patient", "id": "p", "birthDate": "2000-01-01"}],
    "series": [{"uid": "1", "modality": {"code": "CT"}}, {"uid": "2", "modality": {"code": "MR"}}],
}


@pytest.fixture
def reads() -> Reads:
    return Reads(Guard.from_text(RULES).policy)


def model() -> ImagingStudy:
    made: ImagingStudy = ImagingStudy.model_validate(TREE)
    return made


# what is a read

MODALITY = {"ImagingStudy.series", "ImagingStudy.series.modality"}
CODE = {*MODALITY, "ImagingStudy.series.modality.code"}

READS: dict[str, tuple[Callable[[Any], object], set[str]]] = {
    "attribute": (lambda study: study.description, {"ImagingStudy.description"}),
    "getattr": (lambda study: getattr(study, "description"), {"ImagingStudy.description"}),  # noqa: B009  what is tested
    "hasattr": (lambda study: hasattr(study, "description"), {"ImagingStudy.description"}),
    "empty": (lambda study: study.note, {"ImagingStudy.note"}),
    "companion": (lambda study: study.status__ext.id, {"ImagingStudy.status"}),
    "nested": (lambda study: study.series[1].modality.code, CODE),
    "loop": (lambda study: [each.uid for each in study.series], {"ImagingStudy.series", "ImagingStudy.series.uid"}),
    "contained": (lambda study: study.contained[0].birthDate, {"ImagingStudy.contained", "Patient.birthDate"}),
    "extension": (lambda study: study.extension[0].url, {"ImagingStudy.extension"}),
    "copied": (lambda study: copy.deepcopy(study).series[0].modality, MODALITY),
    "model_copy": (lambda study: study.model_copy().description, {"ImagingStudy.description"}),
}  # fmt: skip


@pytest.mark.parametrize("name", READS)
def test_reads_of_a_model(reads: Reads, name: str) -> None:
    """Whatever takes one element by its name is a read of its path; what is below it, in lists and copies, keeps recording."""
    take, paths = READS[name]
    take(reads(model()))
    assert set(reads.touched) == paths


MAPPED: dict[str, tuple[Callable[[Any], object], set[str]]] = {
    "item": (lambda study: study["description"], {"ImagingStudy.description"}),
    "get": (lambda study: study.get("description"), {"ImagingStudy.description"}),
    "absent": (lambda study: study.get("note"), {"ImagingStudy.note"}),
    "in": (lambda study: "description" in study, {"ImagingStudy.description"}),
    "pop": (lambda study: study.pop("description"), {"ImagingStudy.description"}),
    "setdefault": (lambda study: study.setdefault("description", "y"), {"ImagingStudy.description"}),
    "companion": (lambda study: study["_status"], {"ImagingStudy.status"}),
    "nested": (lambda study: study["series"][1]["modality"]["code"], CODE),
    "contained": (lambda study: study["contained"][0]["birthDate"], {"ImagingStudy.contained", "Patient.birthDate"}),
    "items": (lambda study: next(v for k, v in study.items() if k == "series")[0]["uid"], {"ImagingStudy.series.uid"}),
    "copied": (lambda study: copy.deepcopy(study.copy())["series"][0]["modality"], MODALITY),
    "shallow": (lambda study: copy.copy(study)["description"], {"ImagingStudy.description"}),
    "dict": (lambda study: dict(study)["series"][0]["uid"], {"ImagingStudy.series.uid"}),
}  # fmt: skip


@pytest.mark.parametrize("name", MAPPED)
def test_reads_of_a_mapping(reads: Reads, name: str) -> None:
    """The same of a mapping; a plain copy records nothing itself, and what it holds does."""
    take, paths = MAPPED[name]
    take(reads(TREE))
    assert set(reads.touched) == paths


# what is none

GENERAL: dict[str, Callable[[Any], object]] = {
    "str": str,
    "repr": repr,
    "format": lambda study: f"{study} {study!r}",
    "pprint": pprint.pformat,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda study: pickle.loads(pickle.dumps(study)),  # noqa: S301  its own
    "equal": lambda study: study == copy.deepcopy(study),
    "list": list,
    "write": lambda study: study.__class__,
    "truth": bool,
    "checked": lambda study: Guard.from_text(RULES).check(study),
    "loaded": lambda study: isinstance(study, (ImagingStudy, dict)),
}
OF_MODELS: dict[str, Callable[[Any], object]] = GENERAL | {
    "dump": lambda study: study.model_dump(),
    "json": lambda study: study.model_dump_json(),
    "dict": dict,
    "fields": lambda study: (type(study).model_fields, study.model_fields_set, vars(study)),
    "assign": lambda study: setattr(study, "description", "y"),
    "validate": ImagingStudy.model_validate,
    "within": lambda study: Bundle(type="collection", entry=[BundleEntry(resource=study)]).model_dump_json(),
    "type": lambda study: study.get_resource_type(),
    "names": dir,
    "compare": lambda study: (study == model(), model() == study, study != model()),
}
OF_MAPPINGS: dict[str, Callable[[Any], object]] = GENERAL | {
    "json": json.dumps,
    "indented": lambda study: json.dumps(study, indent=1, sort_keys=True),
    "keys": lambda study: (list(study.keys()), len(study), sorted(study)),
    "values": lambda study: list(study.values()),
    "spread": lambda study: {**study},
    "union": lambda study: study | {"id": "t"},
    "assign": lambda study: study.update(description="y"),
    "validate": ImagingStudy.model_validate,
    "type": lambda study: study["resourceType"],
    "compare": lambda study: (study == TREE, study == TREE),
    "modifiers": lambda study: study["modifierExtension"],
}


@pytest.mark.parametrize("name", OF_MODELS)
def test_no_false_alarm_of_a_model(reads: Reads, name: str) -> None:
    """What goes over everything, and what libraries do themselves, is no read."""
    OF_MODELS[name](reads(model()))
    assert reads.touched == {}


@pytest.mark.parametrize("name", OF_MAPPINGS)
def test_no_false_alarm_of_a_mapping(reads: Reads, name: str) -> None:
    """The same of a mapping."""
    OF_MAPPINGS[name](reads(TREE))
    assert reads.touched == {}


def test_a_traced_model_is_its_class(reads: Reads) -> None:
    """It is an instance of its class, prints, compares, dumps and pickles as the model that it is a copy of."""
    plain, study = model(), reads(model())
    assert isinstance(study, ImagingStudy)
    assert isinstance(study.series[0], ImagingStudySeries)
    assert study == plain
    assert plain == study
    assert repr(study) == repr(plain)
    assert study.model_dump_json() == plain.model_dump_json()
    again = pickle.loads(pickle.dumps(study))  # noqa: S301  its own
    assert type(again) is ImagingStudy
    assert again == plain
    other = model()
    other.description = "y"
    assert study != other


def test_a_traced_mapping_is_a_dict(reads: Reads) -> None:
    """It is a dict with the same content, and pickles as one."""
    study = reads(TREE)
    assert isinstance(study, dict)
    assert study == TREE
    assert json.dumps(study) == json.dumps(TREE)
    assert type(pickle.loads(pickle.dumps(study))) is dict  # noqa: S301  its own


def test_the_original_stays_as_it_is(reads: Reads) -> None:
    """What was handed over records nothing, and is not changed."""
    plain = model()
    study = reads(plain)
    study.series.append(ImagingStudySeries(uid="3", modality={"code": "US"}))
    assert type(plain) is ImagingStudy
    assert (len(plain.series), len(study.series)) == (2, 3)
    reads.touched.clear()
    assert (plain.description, TREE["description"]) == ("x", "x")
    assert reads.touched == {}


def test_the_methods_of_a_derived_class_are_the_application(reads: Reads) -> None:
    """What a class of the application reads of itself counts."""

    class Study(ImagingStudy):  # type: ignore[misc]
        def title(self) -> object:
            return self.description

    reads(Study.model_validate(TREE)).title()
    assert set(reads.touched) == {"ImagingStudy.description"}


# what the policy says of it


def test_outside(reads: Reads) -> None:
    """Outside is what is neither read, nor above or below what is; a type that is not read has everything outside."""
    study = reads(TREE)
    _ = study["status"], study["series"][0]["uid"], study["series"][0]["modality"], study["contained"][0]["birthDate"]
    assert reads.outside == ["ImagingStudy.contained", "ImagingStudy.series.modality", "Patient.birthDate"]
    told = reads.told()
    assert "reads ImagingStudy { series.uid, status, contained, series.modality }" in told
    assert "reads Patient { birthDate }" in told
    policy = RULES.replace("status, series.uid", "series.uid, status, contained, series.modality").replace(
        "Patient {}", "Patient { birthDate }"
    )
    again = Reads(Guard.from_text(policy).policy, reads.touched)
    assert again.outside == []


def test_a_type_without_reads_is_read_wholly() -> None:
    """A policy that says nothing of a type holds nobody to anything."""
    reads = Reads(Guard.default().policy)
    _ = reads(model()).description
    assert reads.outside == []


def test_recursion_folds() -> None:
    """An item within an item is read under the short path, at every depth."""
    reads = Reads(Guard.from_text(RULES).policy)
    inner = {"linkId": "2", "type": "string", "text": "x"}
    form = Questionnaire(status="draft", item=[{"linkId": "1", "type": "group", "item": [inner]}])
    _ = reads(form).item[0].item[0].text
    assert (set(reads.touched), reads.outside) == ({"Questionnaire.item", "Questionnaire.item.text"}, [])


def test_choices_are_called_as_rules_call_them() -> None:
    """A choice is one element, whichever type it has."""
    reads = Reads(Guard.from_text(RULES).policy)
    _ = reads(Patient.model_validate({"deceasedBoolean": True})).deceasedBoolean
    assert reads.outside == ["Patient.deceased[x]"]


def test_an_element_alone(reads: Reads) -> None:
    """A model says where it stands; a mapping is told."""
    _ = reads(ImagingStudySeries(uid="1", modality={"code": "CT"})).modality
    _ = reads({"uid": "1", "description": "x"}, at="ImagingStudy.series")["description"]
    assert reads.outside == ["ImagingStudy.series.description", "ImagingStudy.series.modality"]
    with pytest.raises(UsageError, match="`at=` its path"):
        reads({"uid": "1"})


def test_where_it_was_read(reads: Reads) -> None:
    """The first place in the code is kept."""
    study = reads(TREE)
    for _ in range(2):
        study.get("description")
    assert reads.touched["ImagingStudy.description"].endswith("in `test_where_it_was_read`")
