"""Tests of caveat.spec.shape."""

from __future__ import annotations

import pytest

from caveat.domain.errors import CaveatError
from caveat.spec import Place, Release, Shape, tables
from caveat.spec.tables import load

R4, R4B, R5 = Release.R4, Release.R4B, Release.R5
CARRYING_DATA_TYPES = {
    R4: {
        "Dosage",
        "ElementDefinition",
        "MarketingStatus",
        "Population",
        "ProdCharacteristic",
        "ProductShelfLife",
        "SubstanceAmount",
        "Timing",
    },
    R4B: {"Dosage", "ElementDefinition", "MarketingStatus", "Population", "ProdCharacteristic", "ProductShelfLife", "Timing"},
    R5: {"Dosage", "ElementDefinition", "MarketingStatus", "ProductShelfLife", "Timing"},
}
ANY_RESOURCE = {"contained", "resource", "outcome", "issues"}
ABSTRACT = {"BackboneElement", "BackboneType", "DomainResource", "CanonicalResource", "MetadataResource"}


def shape(release: Release, name: str) -> Shape:
    found = tables(release).shape(name)
    assert found is not None
    return found


def place(release: Release, path: str) -> Place:
    found = tables(release).resolve(path)
    assert found is not None
    return found


def carrying(release: Release, kind: str) -> set[str]:
    """Name the concrete shapes of a kind that carry."""
    read = tables(release)
    shapes = (shape(release, name) for name in read.names())
    return {s.name for s in shapes if s.kind == kind and s.carries and s.name not in ABSTRACT}


@pytest.mark.parametrize(
    ("release", "resources", "roots", "backbones"), [(R4, 146, 143, 459), (R4B, 141, 138, 483), (R5, 158, 155, 613)]
)
def test_the_carrying_places_of_each_release_are_counted(release: Release, resources: int, roots: int, backbones: int) -> None:
    """Every resource root but three carries, and so does every backbone (MX-01 to MX-04)."""
    assert len(tables(release).resource_types) == resources
    assert len(carrying(release, "resource")) == roots
    assert len(carrying(release, "backbone")) == backbones


@pytest.mark.parametrize("release", Release)
def test_only_bundle_binary_and_parameters_do_not_carry_at_their_root(release: Release) -> None:
    """The roots that specialise Resource itself have no modifierExtension (MX-02)."""
    assert tables(release).resource_types - carrying(release, "resource") == {"Bundle", "Binary", "Parameters"}


@pytest.mark.parametrize("release", Release)
def test_the_carrying_data_types_are_those_of_the_release(release: Release) -> None:
    """Eight data types carry in R4, seven in R4B, five in R5 (MX-06); no part typed Element does (MX-09)."""
    assert carrying(release, "datatype") == CARRYING_DATA_TYPES[release]
    assert carrying(release, "element") == set()
    assert carrying(release, "primitive") == set()


@pytest.mark.parametrize("release", Release)
def test_imaging_study_has_four_slots_and_one_status(release: Release) -> None:
    """ImagingStudy carries in four places, and its native modifiers are implicitRules and status (MX-05, MX-124)."""
    names = {n for n in tables(release).names() if n.split(".")[0] == "ImagingStudy"}
    assert {n for n in names if shape(release, n).carries} == {
        "ImagingStudy",
        "ImagingStudy.series",
        "ImagingStudy.series.performer",
        "ImagingStudy.series.instance",
    }
    native = {(n, p) for n in names for p, c in shape(release, n).children.items() if c.is_modifier and p != "modifierExtension"}
    assert native == {("ImagingStudy", "implicitRules"), ("ImagingStudy", "status")}


@pytest.mark.parametrize(("release", "elements", "resources"), [(R4, 134, 109), (R4B, 141, 116), (R5, 162, 129)])
def test_the_native_modifier_elements_are_counted(release: Release, elements: int, resources: int) -> None:
    """The isModifier elements of resources, but for implicitRules and modifierExtension, are as many as MX-123 counts."""
    native = {
        (name, child.segment)
        for name in tables(release).names()
        if name.split(".")[0] in tables(release).resource_types
        for child in shape(release, name).children.values()
        if child.is_modifier and child.segment not in {"implicitRules", "modifierExtension"}
    }
    assert len(native) == elements
    assert len({name.split(".")[0] for name, _ in native}) == resources


@pytest.mark.parametrize("release", Release)
def test_implicit_rules_is_a_modifier_of_every_resource(release: Release) -> None:
    """Resource.implicitRules modifies Bundle, Binary and Parameters too (MX-122)."""
    assert all(shape(release, name).children["implicitRules"].is_modifier for name in tables(release).resource_types)


@pytest.mark.parametrize("release", Release)
def test_every_shape_can_be_built_and_resolved_by_its_own_name(release: Release) -> None:
    """No table names a shape that it does not hold, and a defining path leads to its shape."""
    for name in tables(release).names():
        assert all(child.shape is not None or child.segment in ANY_RESOURCE for child in shape(release, name).children.values())
        assert place(release, name).shapes == (shape(release, name),)
        assert place(release, name).short_path == name


@pytest.mark.parametrize("release", Release)
def test_carrying_is_having_the_modifier_extension_child(release: Release) -> None:
    """The flag and the children cannot disagree."""
    for name in tables(release).names():
        assert shape(release, name).carries is ("modifierExtension" in shape(release, name).children)


def test_shapes_and_tables_are_one_of_each() -> None:
    """Shapes are compared by identity: whatever the way to one, it is the same object."""
    assert tables(R4) is tables(R4)
    assert shape(R4, "ImagingStudy").children["series"].shape is shape(R4, "ImagingStudy.series")
    assert shape(R4, "Timing") is shape(R4, "Dosage").children["timing"].shape
    assert shape(R4, "Timing") is not shape(R5, "Timing")
    assert shape(R4, "Patient").children is shape(R4, "Patient").children


def test_a_shape_shows_its_name() -> None:
    """A failing test or a debugger shows which shape it was."""
    assert repr(shape(R4, "ImagingStudy.series")) == "<Shape ImagingStudy.series>"


def test_a_package_without_its_tables_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that lost its data files says so, instead of knowing no type."""
    monkeypatch.setattr("pkgutil.get_data", lambda *_: None)
    with pytest.raises(CaveatError, match="tables"):
        load(R4)


def test_a_resource_has_the_children_of_its_bases() -> None:
    """What Resource and DomainResource declare stands among the children of a resource."""
    inherited = {"id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension"}
    assert inherited <= set(shape(R4, "ImagingStudy").children)
    assert {"id", "extension", "modifierExtension"} <= set(shape(R4, "ImagingStudy.series").children)
    assert inherited & set(shape(R4, "Bundle").children) == {"id", "meta", "implicitRules", "language"}


def test_a_choice_stands_under_each_of_its_json_names() -> None:
    """`value[x]` is expanded into one property for each type, all of one segment."""
    children = shape(R4, "Observation").children
    assert not {"value", "value[x]"} & set(children)
    assert (children["valueString"].segment, children["valueString"].primitive) == ("value[x]", True)
    assert children["valueQuantity"].shape is shape(R4, "Quantity")
    assert sum(child.segment == "value[x]" for child in children.values()) == 11


def test_cardinalities_are_those_of_the_snapshots() -> None:
    """Minimum and maximum are read as declared; None is unbounded."""
    children = shape(R4, "ImagingStudy").children
    assert [(children[p].minimum, children[p].maximum) for p in ("status", "series", "started")] == [(1, 1), (0, None), (0, 1)]
    participant = shape(R4, "Appointment").children["participant"]
    assert (participant.minimum, participant.maximum) == (1, None)


def test_primitives_have_only_an_id_and_extensions() -> None:
    """The companion `_x` of a primitive holds id and extension; system types and xhtml are primitives."""
    assert set(shape(R4, "dateTime").children) == {"id", "extension"}
    assert shape(R4, "Extension").children["url"].primitive
    assert shape(R4, "Element").children["id"].primitive
    assert shape(R4, "Narrative").children["div"].primitive
    assert not shape(R4, "ImagingStudy").children["series"].primitive


@pytest.mark.parametrize(
    ("release", "owner", "name"),
    [
        (R4, "ImagingStudy", "contained"),
        (R4, "Bundle.entry", "resource"),
        (R4, "Bundle.entry.response", "outcome"),
        (R4B, "Parameters.parameter", "resource"),
        (R5, "Bundle", "issues"),
    ],
)
def test_any_resource_has_no_shape(release: Release, owner: str, name: str) -> None:
    """An element of type Resource has no shape of its own, and is no primitive (MX-14)."""
    child = shape(release, owner).children[name]
    assert child.shape is None
    assert not child.primitive


def test_content_that_refers_to_an_ancestor_says_so() -> None:
    """`item.item` and `parameter.part` lead back into an element above; `entry.link` and `exclude` lead beside."""
    item = shape(R4, "Questionnaire.item")
    assert (item.children["item"].ancestor, item.children["item"].shape) == ("Questionnaire.item", item)
    part = shape(R4, "Parameters.parameter").children["part"]
    assert (part.ancestor, part.shape) == ("Parameters.parameter", shape(R4, "Parameters.parameter"))
    link = shape(R4, "Bundle.entry").children["link"]
    assert (link.ancestor, link.shape) == (None, shape(R4, "Bundle.link"))
    exclude = shape(R4, "ValueSet.compose").children["exclude"]
    assert (exclude.ancestor, exclude.shape) == (None, shape(R4, "ValueSet.compose.include"))


def test_abstract_types_have_shapes_but_are_no_resource_types() -> None:
    """DomainResource can be asked for, and no document is one."""
    assert shape(R4, "DomainResource").carries
    assert not shape(R4, "Resource").carries
    assert not {"Resource", "DomainResource", "MetadataResource"} & tables(R5).resource_types


@pytest.mark.parametrize(
    ("path", "short_path"),
    [
        ("Questionnaire.item.item", "Questionnaire.item"),
        ("Questionnaire.item.item.item.answerOption", "Questionnaire.item.answerOption"),
        ("Parameters.parameter.part.part.value[x]", "Parameters.parameter.value[x]"),
        ("ExampleScenario.process.step.process.step.operation", "ExampleScenario.process.step.operation"),
        ("QuestionnaireResponse.item.answer.item.answer", "QuestionnaireResponse.item.answer"),
        ("Observation.component.referenceRange", "Observation.component.referenceRange"),
        ("ValueSet.compose.exclude.concept", "ValueSet.compose.exclude.concept"),
        ("Patient.extension.extension", "Patient.extension.extension"),
    ],
)
def test_recursion_into_an_ancestor_is_folded_and_nothing_else(path: str, short_path: str) -> None:
    """A short path leaves out what leads back to where the path already was."""
    assert place(R4, path).short_path == short_path
    assert place(R4, path).path == path


def test_recursion_in_content_reused_elsewhere_folds_to_the_place_of_reuse() -> None:
    """In R4B a statistic's attributeEstimate is reused below modelCharacteristic, and recurs there."""
    reused = "Evidence.statistic.modelCharacteristic.attributeEstimate"
    assert place(R4B, f"{reused}.attributeEstimate").short_path == reused


def test_a_place_tells_what_stands_there() -> None:
    """Shapes, cardinality and root are those of the last step."""
    instance = place(R4, "ImagingStudy.series.instance")
    assert instance == Place(
        "ImagingStudy.series.instance",
        "ImagingStudy.series.instance",
        (shape(R4, "ImagingStudy.series.instance"),),
        0,
        None,
        is_root=False,
        in_extension_value=False,
    )
    root = place(R4, "ImagingStudy")
    assert (root.is_root, root.minimum, root.maximum, root.carries) == (True, 0, None, True)
    assert not place(R4, "Dosage").is_root
    assert place(R4, "ImagingStudy.contained").shapes == ()
    assert not place(R4, "ImagingStudy.contained").carries


def test_a_path_walks_through_data_types() -> None:
    """The parts of a data type are reached from wherever it is used."""
    assert place(R4, "MedicationRequest.dosageInstruction.timing").shapes == (shape(R4, "Timing"),)
    assert place(R4, "Dosage.timing.repeat").shapes == (shape(R4, "Timing.repeat"),)
    assert not place(R4, "Dosage.timing.repeat").carries
    assert place(R4, "ImagingStudy.implicitRules").shapes == (shape(R4, "uri"),)
    assert place(R4, "Patient.birthDate.extension").shapes == (shape(R4, "Extension"),)


@pytest.mark.parametrize(
    ("release", "types"),
    [(R4, 50), (R4B, 51), (R5, 54)],
)
def test_an_extension_value_has_every_type_and_may_carry(release: Release, types: int) -> None:
    """Of the types of an extension's value, Timing and Dosage carry (MX-11)."""
    value = place(release, "Patient.extension.value[x]")
    assert len(value.shapes) == types
    assert {s.name for s in value.shapes if s.carries} == {"Timing", "Dosage"}
    assert value.in_extension_value
    assert value.carries
    assert place(release, "Patient.extension.value[x].repeat").in_extension_value
    assert not place(release, "Patient.extension").in_extension_value
    assert not place(release, "Observation.value[x]").in_extension_value


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "Nothing",
        "imagingstudy",
        "ImagingStudy.",
        "ImagingStudy..series",
        "ImagingStudy.serie",
        "ImagingStudy.series[0]",
        "Observation.valueString",
        "Observation.value",
        "Observation.code[x]",
        "Patient.birthDate.value",
        "Patient._birthDate",
        "Patient.birthDate.modifierExtension",
        "Timing.repeat.modifierExtension",
        "Bundle.modifierExtension",
        "Bundle.entry.resource.status",
        "Extension.modifierExtension",
        "Patient.extension.value[x].nothing",
        " ImagingStudy",
    ],
)
def test_a_path_to_no_element_leads_nowhere(path: str) -> None:
    """What no snapshot declares has no place: misspelt, JSON's name of a choice, beyond any resource, forbidden slots."""
    assert tables(R4).resolve(path) is None
    assert tables(R4).shape("Questionnaire.item.item") is None


def test_a_shape_that_must_exist_is_a_fault_when_it_does_not() -> None:
    """`required` raises CaveatError and names the release, the shape, and what to call instead."""
    assert tables(R4).required("Timing") is shape(R4, "Timing")
    with pytest.raises(CaveatError, match=r"R4 has no shape Nothing; ask `shape`"):
        tables(R4).required("Nothing")


def test_a_release_knows_only_its_own_types() -> None:
    """ImagingSelection is new in R5, SubstanceAmount is gone after R4."""
    assert tables(R4).resolve("ImagingSelection") is None
    assert place(R5, "ImagingSelection.instance.imageRegion2D").carries
    assert tables(R4B).shape("SubstanceAmount") is None
