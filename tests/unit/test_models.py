"""Tests of caveat.models, and of every trap of fhir.resources that Caveat must not fall into (FR-01 to FR-11)."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.imagingstudy import ImagingStudy as StudyR5
from fhir.resources.patient import Patient as PatientR5
from fhir.resources.R4B.extension import Extension
from fhir.resources.R4B.imagingstudy import ImagingStudy, ImagingStudySeries, ImagingStudySeriesInstance
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient
from fhir.resources.STU3.patient import Patient as PatientSTU3
from pydantic import BaseModel

from caveat import CaveatError, Guard, Limits, UsageError
from caveat.domain.decision import Ground, Verdict
from caveat.guard import NotLoadable, Passed, Refused
from caveat.intake.json_reader import Unreadable
from caveat.models import R4_NOTE, fhir_class, is_model, model_class, releases_of, to_model, to_tree
from caveat.spec import Release, tables
from caveat.spec.element_name import place_of_class

GUARD = Guard.default()
URL = "http://example.org/fhir/StructureDefinition/x"
GOOD = {"url": URL, "valueBoolean": True}
NAMED = "Mr Secret"


def patient(**properties: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **properties}


def raw(tree: object) -> bytes:
    return json.dumps(tree).encode()


# the traps: what the model alone would let through


MODIFIERS_LOST: dict[str, bytes] = {
    "FR-02 empty array": b'{"resourceType": "Patient", "modifierExtension": []}',
    "FR-02 null": b'{"resourceType": "Patient", "modifierExtension": null}',
    "FR-03 duplicate key": b'{"resourceType":"Patient","modifierExtension":[{"url":"http://a.b","valueBoolean":true}],"modifierExtension":[]}',
    "FR-03 duplicate key, null": b'{"resourceType":"Patient","modifierExtension":[{"url":"http://a.b","valueBoolean":true}],"modifierExtension":null}',
    "FR-03 escaped duplicate": b'{"resourceType":"Patient","modifierExtension":[],"modifier\\u0045xtension":[]}',
    "FR-03 duplicate holder": b'{"resourceType":"Patient","contact":[{"modifierExtension":[{"url":"http://a.b","valueBoolean":true}]}],"contact":[]}',
    "FR-04 empty url": raw(patient(modifierExtension=[{"url": "", "valueBoolean": True}])),
    "FR-04 relative url": raw(patient(modifierExtension=[{"url": "x", "valueBoolean": True}])),
    "FR-04 urn": raw(patient(modifierExtension=[{"url": "urn:oid:1.2", "valueBoolean": True}])),
    "FR-04 padded url": raw(patient(modifierExtension=[{"url": URL + " ", "valueBoolean": True}])),
    "FR-04 version": raw(patient(modifierExtension=[{"url": URL + "|1", "valueBoolean": True}])),
    "FR-05 neither": raw(patient(modifierExtension=[{"url": URL}])),
    "FR-05 both": raw(patient(modifierExtension=[{**GOOD, "extension": [{"url": "a", "valueCode": "b"}]}])),
    "FR-05 null value": raw(patient(modifierExtension=[{"url": URL, "valueBoolean": None}])),
    "FR-06 coerced boolean": raw(patient(modifierExtension=[{"url": URL, "valueBoolean": "true"}])),
    "FR-06 coerced number": raw(patient(modifierExtension=[{"url": URL, "valueInteger": "5"}])),
    "FR-09 in a value": raw(patient(extension=[{"url": URL, "valueTiming": {"modifierExtension": [GOOD]}}])),
    "FR-09 contained": raw(patient(contained=[patient(modifierExtension=[GOOD])])),
    "FR-09 entry": raw({"resourceType": "Bundle", "type": "collection", "entry": [{"modifierExtension": [GOOD]}]}),
    "spelling of resourceType": b'{"resource_type": "Patient"}',
}
REFUSED_BY_BOTH: dict[str, bytes] = {
    "FR-06 two values": raw(patient(modifierExtension=[{**GOOD, "valueCode": "a"}])),
    "FR-06 unknown value": raw(patient(modifierExtension=[{"url": URL, "valueFoo": True}])),
    "FR-08 on a coding": raw(patient(maritalStatus={"coding": [{"modifierExtension": [GOOD]}]})),
    "FR-08 on meta": raw(patient(meta={"modifierExtension": [GOOD]})),
    "FR-08 on a primitive": raw(patient(_birthDate={"modifierExtension": [GOOD]})),
    "FR-08 on an extension": raw(patient(extension=[{**GOOD, "modifierExtension": [GOOD]}])),
    "FR-08 on a Bundle": raw({"resourceType": "Bundle", "type": "collection", "modifierExtension": [GOOD]}),
    "FR-11 snake case": raw(patient(modifier_extension=[GOOD])),
    "FR-11 wrong case": raw(patient(ModifierExtension=[GOOD])),
    "FR-11 comments": raw(patient(fhir_comments=[{"modifierExtension": [GOOD]}])),
    "spelling of a contained resourceType": raw(patient(contained=[{"resource_type": "Patient"}])),
    "contained of an unknown type": raw(patient(contained=[{"resourceType": "ZzzType"}])),
    "contained without a type": raw(patient(contained=[{"modifierExtension": [GOOD]}])),
}


@pytest.mark.parametrize("case", MODIFIERS_LOST)
def test_what_the_models_would_let_through_is_refused_before_they_see_it(case: str) -> None:
    """The trap is real (the model reads the document), and the guard does not fall into it."""
    body = MODIFIERS_LOST[case]
    kind = json.loads(body).get("resourceType", "Patient")
    assert isinstance(model_class(kind, Release.R4B).model_validate_json(body), BaseModel)
    with pytest.raises(Refused) as refused:
        GUARD.load(body, release="R4B")
    assert refused.value.report.verdict is Verdict.REJECT


@pytest.mark.parametrize("case", REFUSED_BY_BOTH)
def test_what_the_models_refuse_without_a_verdict_has_one(case: str) -> None:
    """The guard names the place in a decision, and never lets out what fhir.resources raises (a KeyError among others)."""
    with pytest.raises(Refused):
        GUARD.load(REFUSED_BY_BOTH[case], release="R4B")


def test_an_extension_on_the_value_of_an_extension_is_judged_though_models_lack_it() -> None:
    """FR-07: `_valueBoolean` is lawful FHIR; the model cannot hold it, and says so with its place."""
    absent = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
    body = raw(patient(extension=[{"url": URL, "_valueBoolean": absent}]))
    assert GUARD.check(body, Patient).may_process
    with pytest.raises(NotLoadable) as found:
        GUARD.load(body, Patient)
    assert [(problem.code, problem.location) for problem in found.value.problems] == [
        ("extra_forbidden", "Patient.extension[0]._valueBoolean")
    ]


def test_documents_of_r4_are_read_with_the_models_of_r4b_and_the_report_says_so() -> None:
    """FR-01: fhir.resources has none of R4."""
    passed: Passed[Any] = GUARD.load(raw(patient()), release="R4")
    assert type(passed.resource) is Patient
    assert R4_NOTE in passed.report.problems
    assert R4_NOTE not in GUARD.load(raw(patient()), release="R4B").report.problems
    assert type(GUARD.load(raw(patient()), release="R5").resource) is PatientR5


def test_a_type_of_r4_that_r4b_has_not_is_a_usage_error() -> None:
    """It is checked all the same, but there is no model of it."""
    body = raw({"resourceType": "EffectEvidenceSynthesis"})
    assert GUARD.check(body, release="R4").may_process
    with pytest.raises(UsageError, match="no model of EffectEvidenceSynthesis for R4; use `check`"):
        GUARD.load(body, release="R4")


DEEP = """
import sys
sys.path[:] = {path!r}
from caveat import Guard, Limits, CaveatError
inner = b'{{"url": "http://a.b/c", "valueBoolean": true}}'
for _ in range({levels}):
    inner = b'{{"url": "http://a.b/c", "extension": [' + inner + b']}}'
try:
    print(type(Guard(Guard.default().policy, limits=Limits(depth={depth})).load(
        b'{{"resourceType": "Patient", "extension": [' + inner + b']}}', release="R4B")).__name__)
except CaveatError as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize(("levels", "depth"), [(62, 128), (97, 200), (2000, 200)], ids=["default", "highest", "far beyond"])
def test_deep_nesting_ends_neither_the_process_nor_the_caller(levels: int, depth: int) -> None:
    """What is just within the limit is loaded or refused with a reason; nothing else is raised, nothing crashes."""
    code = DEEP.format(path=sys.path, levels=levels, depth=depth)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-500:]
    assert ran.stdout.strip() in ({"Refused"} if levels > 100 else {"Passed", "NotLoadable"})


def test_values_stay_out_of_what_the_models_complain_about() -> None:
    """Kind and place are told, what the document says is not."""
    tree = patient(gender=NAMED, birthDate=NAMED, active=NAMED, contact=[{"gender": 5}], multipleBirthInteger=NAMED, name=NAMED)
    with pytest.raises(NotLoadable) as found:
        GUARD.load(raw(tree), Patient)
    told = [f"{problem.code} {problem.message} {problem.location}" for problem in found.value.problems]
    assert NAMED not in " ".join([*told, str(found.value)])
    assert {problem.location for problem in found.value.problems} >= {"Patient.birthDate", "Patient.active", "Patient.name"}


def test_a_model_that_names_another_type_is_no_leak() -> None:
    """fhir.resources quotes what the document says that it is; Caveat does not."""
    problems = to_model({"resource_type": NAMED}, Patient)
    assert isinstance(problems, list)
    assert NAMED not in " ".join(problem.message for problem in problems)


def test_whatever_else_the_models_raise_becomes_a_problem() -> None:
    """A KeyError on a contained resource of an unknown type is no exception for the caller."""
    problems = to_model(patient(contained=[{"resourceType": "ZzzType"}]), Patient)
    assert isinstance(problems, list)
    assert problems[0].code in {"model-error", "value_error"} or problems[0].location
    assert "ZzzType" not in problems[0].message


def test_a_recursion_error_of_the_models_is_a_problem() -> None:
    """It is told as what it is."""
    inner: dict[str, Any] = {}
    for _ in range(5000):
        inner = {"a": inner}
    problems = to_model(inner, Patient)
    assert isinstance(problems, list)
    assert [problem.code for problem in problems] == ["too-deep"]


def test_no_more_than_a_hundred_problems_are_told() -> None:
    """A document of faults does not make a report without end."""
    problems = to_model(patient(name=[NAMED] * 500), Patient)
    assert isinstance(problems, list)
    assert len(problems) == 100


def test_numbers_keep_their_text_up_to_the_model() -> None:
    """A decimal reaches the model as written, not as a binary fraction."""
    body = b'{"resourceType":"Observation","status":"final","code":{"text":"a"},"valueQuantity":{"value":1.10}}'
    found: Passed[Any] = GUARD.load(body, Observation)
    value = found.resource.valueQuantity.value
    assert value == Decimal("1.10")
    assert str(value) == "1.10"


# models handed over


def assigned(**attributes: Any) -> Patient:
    """Return a model with attributes that nobody has checked."""
    made = Patient()
    made.__dict__.update(attributes)
    return made


BYPASSED: dict[str, Patient] = {
    "assigned": assigned(modifierExtension=[Extension(url=URL, valueBoolean=True)]),
    "assigned as dict": assigned(modifierExtension=[GOOD]),
    "assigned without a list": assigned(modifierExtension=GOOD),
    "assigned null in a list": assigned(modifierExtension=[None]),
    "constructed": Patient.model_construct(modifierExtension=[GOOD]),
    "constructed below": Patient.model_construct(contact=[{"modifierExtension": [GOOD]}]),
    "constructed contained": Patient.model_construct(contained=[{"resourceType": "Zzz", "modifierExtension": [GOOD]}]),
    "comments": assigned(fhir_comments=[{"modifierExtension": [GOOD]}]),
    "unwritable": assigned(contact=["x", object()]),
}
_CYCLE = Patient()
_CYCLE.__dict__["contact"] = [_CYCLE]
BYPASSED["cycle"] = _CYCLE


@pytest.mark.parametrize("case", BYPASSED)
def test_a_model_that_was_put_together_unchecked_is_judged_by_what_it_holds(case: str) -> None:
    """Assignment and `model_construct` check nothing; the guard does, and raises nothing but Refused."""
    report = GUARD.check(BYPASSED[case])
    assert report.verdict is Verdict.REJECT
    assert report.evidence == "model"
    with pytest.raises(Refused):
        GUARD.load(BYPASSED[case])


def test_what_a_model_cannot_be_written_as_says_why_without_a_value() -> None:
    """The report names the kind of failure."""
    report = GUARD.check(assigned(contact=[NAMED, object()]))
    assert [decision.ground for decision in report.decisions] == [Ground.UNREADABLE]
    assert report.problems[0].code == "not-json"
    assert NAMED not in str(report)


def test_an_unchecked_model_is_checked_before_it_is_handed_back() -> None:
    """What comes out of `load` was validated, whatever went in."""
    with pytest.raises(NotLoadable):
        GUARD.load(Patient.model_construct(gender=5))
    passed: Passed[Any] = GUARD.load(Patient.model_construct(active=True))
    assert passed.resource.active is True


def test_a_model_of_an_element_is_an_element_alone() -> None:
    """Its class says what it is; the caller says who vouches."""
    row = ImagingStudySeriesInstance.model_validate({"uid": "1.2", "sopClass": {"code": "x"}})
    with pytest.raises(UsageError, match=r"`ImagingStudy\.series\.instance` stands alone"):
        GUARD.check(row)
    passed: Passed[Any] = GUARD.load(row, within=None)
    assert type(passed.resource) is ImagingStudySeriesInstance
    assert passed.report.resource_type == "ImagingStudy.series.instance"


# classes


def test_only_models_of_fhir_resources_are_models() -> None:
    """A model of the caller's own is none; a class derived from one of theirs is."""

    class Mine(BaseModel):
        pass

    class Derived(Patient):
        pass

    things: list[Any] = [Patient(), Derived(), Mine(), {}, Patient]
    assert [is_model(each) for each in things] == [True, True, False, False, False]
    assert fhir_class(Derived) is Patient
    assert releases_of(Derived) == (Release.R4B, Release.R4)


def test_the_release_is_that_of_the_class() -> None:
    """A class of R4B reads R4 too; one of R5 nothing else; STU3 is not read."""
    assert releases_of(ImagingStudy) == (Release.R4B, Release.R4)
    assert releases_of(StudyR5) == (Release.R5,)
    with pytest.raises(UsageError, match="models of STU3 are not read"):
        releases_of(PatientSTU3)
    with pytest.raises(UsageError, match="STU3"):
        GUARD.check(b"{}", PatientSTU3)
    with pytest.raises(UsageError, match="STU3"):
        GUARD.check(PatientSTU3())


@pytest.mark.parametrize("model", [dict, "ImagingStudy", 5, BaseModel, Patient()], ids=str)
def test_what_is_no_class_of_fhir_resources_is_a_usage_error(model: Any) -> None:
    """The message names the right call."""
    with pytest.raises(UsageError, match=r"is no class of fhir\.resources; pass one, as in"):
        GUARD.check(b"{}", model)


@pytest.mark.parametrize(
    ("path", "release", "name"),
    [
        ("Patient", Release.R4, "Patient"),
        ("ImagingStudy.series.instance", Release.R4B, "ImagingStudySeriesInstance"),
        ("Timing.repeat", Release.R5, "TimingRepeat"),
    ],
)
def test_the_class_of_a_path_is_found(path: str, release: Release, name: str) -> None:
    """fhir.resources calls its classes by all segments of the path."""
    assert model_class(path, release).__name__ == name


@pytest.mark.parametrize("path", ["", "Zzz", "ImagingStudy.zzz", "os", "Patient.__class__"])
def test_a_class_that_is_not_there_is_a_usage_error(path: str) -> None:
    """Nothing else is imported by way of a name."""
    with pytest.raises(UsageError, match="no model of"):
        model_class(path, Release.R4B)


def test_a_tree_comes_back_from_a_model_as_it_is_written() -> None:
    """The JSON names, and nothing for what is absent."""
    assert to_tree(Patient(active=True)) == patient(active=True)
    assert isinstance(to_tree(BYPASSED["cycle"]), Unreadable)


def test_an_element_alone_is_loaded_as_its_class() -> None:
    """By its class, or by its path."""
    row = {"uid": "1.2", "sopClass": {"code": "x"}}
    assert type(GUARD.load(row, ImagingStudySeriesInstance, within=None).resource) is ImagingStudySeriesInstance
    assert type(GUARD.load(row, at="ImagingStudyInstance", within=None).resource) is ImagingStudySeriesInstance
    item = {"linkId": "1", "type": "group"}
    loaded: Passed[Any] = GUARD.load(item, at="Questionnaire.item.item", release="R4B", within=None)
    assert type(loaded.resource).__name__ == "QuestionnaireItem"
    assert GUARD.load({"uid": "1.2", "modality": {"code": "CT"}}, ImagingStudySeries, within=None).resource.uid == "1.2"


@pytest.mark.parametrize(("package", "release"), [("fhir.resources.R4B", Release.R4B), ("fhir.resources", Release.R5)])
def test_every_class_of_fhir_resources_is_the_place_that_has_its_fields(package: str, release: Release) -> None:
    """FR-10: no name of a class leads to another element than the one that it is the model of."""
    seen, wrong = 0, []
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if info.ispkg or info.name.startswith(("_", "fhir", "integer64")):
            continue
        module = importlib.import_module(f"{package}.{info.name}")
        for name, model in inspect.getmembers(module, inspect.isclass):
            if model.__module__ != module.__name__ or not issubclass(model, BaseModel):
                continue
            try:
                shape = place_of_class(name, release).shapes[0]
            except UsageError:
                wrong += [name] if tables(release).shape(name) is None else []
                continue
            seen += 1
            fields = {field.alias or key for key, field in model.model_fields.items()}
            if not set(shape.children) - {"resourceType"} <= fields:
                wrong.append(name)
    assert wrong == []
    assert seen > 600


def test_refusals_are_errors_of_caveat() -> None:
    """One `except CaveatError` is enough."""
    assert issubclass(Refused, CaveatError)
    assert issubclass(NotLoadable, CaveatError)
    assert Limits().depth == 128
