"""Tests of caveat.spec.tables.build: what the encoding says, and what it refuses to say."""

from __future__ import annotations

from typing import Any

import pytest

from caveat.spec.tables import build


def element(path: str, *codes: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "min": 0, "max": "1", "type": [{"code": code} for code in codes], **more}


@pytest.mark.parametrize(
    ("definition", "encoded"),
    [
        (element("A.b", "string"), "b ? string"),
        (element("A.b", "code", min=1, isModifier=True), "!b 1 code"),
        (element("A.b", "code", isModifier=False), "b ? code"),
        (element("A.b", "BackboneElement", max="*"), "b * ."),
        (element("A.b", "Element", min=1, max="*"), "b + ."),
        (element("A.b[x]", "string", "Quantity", min=2, max="3"), "b[x] 2..3 string|Quantity"),
        (element("A.b", "Reference", "Reference"), "b ? Reference"),
        (element("A.b", "http://hl7.org/fhirpath/System.DateTime"), "b ? dateTime"),
        ({"path": "A.b.c", "min": 0, "max": "*", "contentReference": "http://x/A#A.b"}, "c * #A.b"),
    ],
)
def test_an_element_is_encoded_as_mark_name_cardinality_types(definition: dict[str, Any], encoded: str) -> None:
    """The encoding of one element is what the module says it is."""
    assert build._element(definition) == encoded


def test_a_system_type_stands_for_the_fhir_type_that_its_extension_names() -> None:
    """`Extension.url` is typed System.String and means uri."""
    stated = {"url": "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type", "valueUrl": "uri"}
    assert build._code({"code": "http://hl7.org/fhirpath/System.String", "extension": [stated]}) == "uri"


def test_several_types_without_a_choice_stop_the_run() -> None:
    """Only an element named `[x]` may have several types."""
    with pytest.raises(build._Undecided, match=r"A\.b has types"):
        build._element(element("A.b", "string", "Quantity"))


def test_an_element_missing_from_the_derived_type_stops_the_run() -> None:
    """A type that drops an element of its base cannot be said as an addition to the base."""
    base = {"type": "Base", "snapshot": {"element": [element("Base"), element("Base.id", "string")]}}
    with pytest.raises(build._Undecided, match=r"A\.b lacks an element of Base"):
        build._shape("resource", "Base", [element("A.b", "string")], {"Base": base})


@pytest.mark.parametrize("url", ["http://x/a b", "http://x/"])
def test_a_url_that_the_grouping_cannot_hold_stops_the_run(url: str) -> None:
    """Endings are joined by spaces, so no url may hold one or lack an ending."""
    with pytest.raises(build._Undecided, match="ending"):
        build._grouped([url])


def test_urls_are_grouped_by_base() -> None:
    """The order of the urls does not show in the table."""
    assert build._grouped(["http://x/b", "http://y/c", "http://x/a"]) == {"http://x/": "a b", "http://y/": "c"}


MODIFIER_XML = b"""<StructureDefinition xmlns="http://hl7.org/fhir"><url value="http://x/a"/><type value="Extension"/>
<differential>
<element><path value="Extension"/><isModifier value="%b"/></element>
<element><path value="Extension.extension"/><isModifier value="true"/></element></differential></StructureDefinition>"""


@pytest.mark.parametrize(("flag", "is_modifier"), [(b"true", True), (b"false", False)])
def test_only_the_root_of_a_definition_makes_a_modifier(flag: bytes, *, is_modifier: bool) -> None:
    """A part flagged isModifier does not make the whole one (MX-12), in XML and in JSON alike."""
    elements = [{"path": "Extension", "isModifier": is_modifier}, {"path": "Extension.extension", "isModifier": True}]
    resource = {
        "resourceType": "StructureDefinition",
        "url": "http://x/a",
        "type": "Extension",
        "snapshot": {"element": elements},
    }
    assert build._from_json(resource) == [("http://x/a", is_modifier)]
    assert build._from_xml("a.xml", MODIFIER_XML % flag) == [("http://x/a", is_modifier)]


def test_what_defines_no_extension_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Profiles, pages of prose and broken files define none; a broken file is named."""
    assert build._from_json({"resourceType": "StructureDefinition", "type": "Patient", "url": "http://x/p"}) == []
    assert build._definitions([("StructureDefinition-a-intro.xml", b"<div/>"), ("b.xml", b"<div/>")]) == []
    assert build._from_xml("broken.xml", b"<a>") == []
    assert "left out: broken.xml" in capsys.readouterr().err
