"""Documents within a document: which are looked into, what is found in them and where, and what is told of the others."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from caveat.domain.decision import Ground, Occurrence
from caveat.intake.embedded import DEEPER, LINKED, PACKED
from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.root import Wire
from caveat.intake.walk import Found, survey
from caveat.spec import Release, tables

URL = "http://example.org/fhir/StructureDefinition/x"
MODIFIED = [{"url": URL, "valueBoolean": True}]
PATIENT = {"resourceType": "Patient", "contact": [{"modifierExtension": MODIFIED}]}
XML = b"""<Patient xmlns="http://hl7.org/fhir"><contact><modifierExtension url="http://example.org/x">
<valueBoolean value="true"/></modifierExtension></contact></Patient>"""


def surveyed(tree: dict[str, Any], release: Release = Release.R4, **options: Any) -> Found:
    found = survey(tree, tables(release), lambda url: None, **options)  # noqa: ARG005  none is known
    assert not isinstance(found, Unreadable)
    return found


def told(tree: dict[str, Any], **options: Any) -> list[tuple[str, str, str | None]]:
    """Return location, path, and code of the fault, of each occurrence."""
    found = surveyed(tree, **options).occurrences
    return [(each.location, each.carrier.path, each.fault.code if each.fault else None) for each in found]


def spelt(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.b64encode(raw).decode()


def binary(content: Any, media: Any = "application/fhir+json") -> dict[str, Any]:
    return {"resourceType": "Binary", "contentType": media, "data": spelt(content)}


MEDIA = [
    "application/fhir+json",
    "Application/FHIR+JSON",
    " application/fhir+json ; fhirVersion=4.0",
    "application/json+fhir",
    "text/fhir+json",
]


@pytest.mark.parametrize("media", MEDIA)
def test_what_declares_fhir_content_is_looked_into(media: str) -> None:
    """In any case, with parameters and white space; locations go on from `data`, the path is the embedded resource's own."""
    assert told(binary(PATIENT, media)) == [("Binary.data.contact[0].modifierExtension[0]", "Patient.contact", None)]


@pytest.mark.parametrize(
    "media", ["application/json", "text/plain", "", None, 5, ["application/fhir+json"], "application/json;a=fhir+json"]
)
def test_what_declares_none_is_not(media: Any) -> None:
    """Nobody reads it as FHIR who heeds what it says of itself."""
    assert told(binary(PATIENT, media)) == []


@pytest.mark.parametrize("media", ["application/fhir+xml", "application/xml+fhir", "application/fhir+foo"])
def test_embedded_xml_is_looked_into(media: str) -> None:
    """The same in XML."""
    assert told(binary(XML, media)) == [("Binary.data.contact[0].modifierExtension[0]", "Patient.contact", None)]


def attached(content: Any, media: str = "application/fhir+json") -> dict[str, Any]:
    return {"contentType": media, "data": spelt(content)}


WHERE: dict[str, tuple[dict[str, Any], str]] = {
    "DocumentReference": (
        {"resourceType": "DocumentReference", "content": [{"attachment": attached(PATIENT)}]},
        "DocumentReference.content[0].attachment.data",
    ),
    "in an extension": (
        {"resourceType": "Patient", "extension": [{"url": "a", "valueAttachment": attached(PATIENT)}]},
        "Patient.extension[0].valueAttachment.data",
    ),
    "contained": ({"resourceType": "Patient", "contained": [binary(PATIENT)]}, "Patient.contained[0].data"),
    "in a Bundle": ({"resourceType": "Bundle", "entry": [{"resource": binary(PATIENT)}]}, "Bundle.entry[0].resource.data"),
    "where FHIR has no element": ({"resourceType": "Patient", "foo": attached(PATIENT)}, "Patient.foo.data"),
    "in a wrong list": ({"resourceType": "Media", "content": [attached(PATIENT)]}, "Media.content[0].data"),
}


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize(
    "case", ["DocumentReference", "in an extension", "contained", "in a Bundle", "where FHIR has no element"]
)
def test_wherever_it_stands(case: str, release: Release) -> None:
    """An Attachment has no place of its own; what is in it is lawful or not by itself."""
    tree, place = WHERE[case]
    assert told(tree, release=release) == [(f"{place}.contact[0].modifierExtension[0]", "Patient.contact", None)]


def test_in_a_wrong_list() -> None:
    """What is around an embedded document does not make its modifiers misplaced."""
    tree, place = WHERE["in a wrong list"]
    assert told(tree) == [(f"{place}.contact[0].modifierExtension[0]", "Patient.contact", None)]


def test_lines_are_documents() -> None:
    """NDJSON is located by the line from 0, empty ones counted; a bad one is a fault, and ends the reading."""
    lines = b"\n".join([json.dumps(PATIENT).encode(), b"", json.dumps(PATIENT).encode(), b"{", json.dumps(PATIENT).encode()])
    assert told(binary(lines, "application/fhir+ndjson")) == [
        ("Binary.data[0].contact[0].modifierExtension[0]", "Patient.contact", None),
        ("Binary.data[2].contact[0].modifierExtension[0]", "Patient.contact", None),
        ("Binary.data[3]", "Binary", "embedded-unreadable"),
    ]


def test_all_lines_are_read() -> None:
    """NDJSON without a bad line is read to its end."""
    lines = b"\n".join([b'{"resourceType": "Basic"}', json.dumps(PATIENT).encode()])
    assert told(binary(lines, "application/fhir+ndjson")) == [
        ("Binary.data[1].contact[0].modifierExtension[0]", "Patient.contact", None)
    ]


def test_a_bundle_is_walked_as_usual() -> None:
    """Resources in the embedded one are located and named as ever."""
    bundle = {"resourceType": "Bundle", "entry": [{"resource": PATIENT | {"implicitRules": "http://a/b"}}]}
    assert told(binary(bundle)) == [
        ("Binary.data.entry[0].resource.implicitRules", "Patient.implicitRules", None),
        ("Binary.data.entry[0].resource.contact[0].modifierExtension[0]", "Patient.contact", None),
    ]


def carriers(tree: dict[str, Any]) -> list[Occurrence]:
    return surveyed(tree).occurrences


def test_nothing_can_be_left_out_of_base64() -> None:
    """Every carrier in it counts as in an extension's value, in resources within it too."""
    bundle = {"resourceType": "Bundle", "entry": [{"resource": PATIENT}]}
    inner = {"resourceType": "Patient", "contained": [PATIENT]}
    for content in (PATIENT, bundle, inner):
        (found,) = carriers(binary(content))
        assert found.carrier.in_extension_value
    outer = PATIENT | {"photo": [attached({"resourceType": "Patient"})]}
    (found,) = carriers(outer)
    assert not found.carrier.in_extension_value


def test_its_own_structure_counts() -> None:
    """What is contained in a contained resource of the embedded one is misplaced, in one of the outer not."""
    twice = {"resourceType": "Patient", "contained": [{"resourceType": "Patient", "contained": [PATIENT]}]}
    assert [each.fault.ground for each in carriers(binary(twice)) if each.fault] == [Ground.MISPLACED]
    outer = {"resourceType": "Patient", "contained": [{"resourceType": "Patient", "contained": [binary(PATIENT)]}]}
    assert [each.fault for each in carriers(outer)] == [None]
    contained = binary({"resourceType": "Patient", "contained": [PATIENT]})
    assert [each.fault for each in carriers({"resourceType": "Patient", "contained": [contained]})] == [None]


NOT_READ: dict[str, Any] = {
    "no base64": "}{",
    "base64url": spelt(b'{"a":"\xff\xfe?~"}').replace("/", "_").replace("+", "-") + "_-==",
    "no string": 5,
    "object": {"a": 1},
    "empty": "",
    "more after the end": spelt(b"{}") + "====AAAA",
    "no-break space": "\u00a0" + spelt(PATIENT),
    "duplicate keys": spelt(b'{"resourceType": "Patient", "resourceType": "Patient"}'),
    "cut": spelt(b'{"resourceType": "Patient"'),
    "no object": spelt([PATIENT]),
    "no type": spelt({"contact": []}),
    "a type that no release has": spelt({"resourceType": "Patien"}),
    "an unknown type within": spelt(
        {"resourceType": "Patient", "active": False, "modifierExtension": MODIFIED, "contained": [{"resourceType": "Patien"}]}
    ),
    "too deep": spelt(b'{"resourceType": "Patient", "a": ' + b"[" * 130 + b"1" + b"]" * 130 + b"}"),
}


@pytest.mark.parametrize("data", NOT_READ.values(), ids=NOT_READ)
def test_what_cannot_be_read_is_one_fault(data: Any) -> None:
    """It is refused where it stands, and what was found in it before counts no more."""
    tree = {"resourceType": "Patient", "photo": [{"contentType": "application/fhir+json", "data": data}]}
    found = surveyed(tree)
    assert [(each.location, each.fault and each.fault.code) for each in found.occurrences] == [
        ("Patient.photo[0].data", "embedded-unreadable")
    ]
    assert found.occurrences[0].fault is not None
    assert found.occurrences[0].fault.ground is Ground.MALFORMED
    assert (found.native, found.native_omitted, found.notes) == ([], 0, [])


def test_white_space_in_base64_is_passed_over() -> None:
    """As FHIR's own expression allows it."""
    data = spelt(PATIENT)
    tree = {"resourceType": "Binary", "contentType": "application/fhir+json", "data": f" \t{data[:5]}\r\n{data[5:]}\n"}
    assert len(told(tree)) == 1


def test_a_limit_of_occurrences_holds_for_all_together() -> None:
    """Those in embedded documents count with the others, and too many make the whole document unreadable."""
    tree = PATIENT | {"photo": [attached(PATIENT), attached(PATIENT)]}
    assert len(surveyed(tree, limits=Limits(occurrences=3)).occurrences) == 3
    result = survey(tree, tables(Release.R4), lambda url: None, limits=Limits(occurrences=2))  # noqa: ARG005
    assert isinstance(result, Unreadable)
    assert result.code == "occurrence-limit"
    inner = survey(binary(PATIENT), tables(Release.R4), lambda url: None, limits=Limits(occurrences=0))  # noqa: ARG005
    assert isinstance(inner, Unreadable)


NOT_INSPECTED: dict[str, tuple[dict[str, Any], str, str]] = {
    "deeper": (binary(binary(PATIENT)), DEEPER, "Binary.data"),
    "deeper in a photo": (
        binary({"resourceType": "Patient", "photo": [attached(PATIENT)]}),
        DEEPER,
        "Binary.data.photo[0]",
    ),
    "linked": (
        {"resourceType": "Patient", "photo": [{"contentType": "application/fhir+json", "url": "http://a/b"}]},
        LINKED,
        "Patient.photo[0]",
    ),
    "linked, data null": (
        {"resourceType": "Patient", "photo": [{"contentType": "application/fhir+json", "url": "http://a/b", "data": None}]},
        LINKED,
        "Patient.photo[0]",
    ),
    "gzip": (binary(b"x", "application/gzip"), PACKED, "Binary"),
    "zip": (binary(b"x", "application/zip"), PACKED, "Binary"),
}


@pytest.mark.parametrize(("tree", "what", "place"), NOT_INSPECTED.values(), ids=NOT_INSPECTED)
def test_what_is_not_inspected_is_told(tree: dict[str, Any], what: str, place: str) -> None:
    """Where, and why; it is no occurrence."""
    found = surveyed(tree)
    assert found.occurrences == []
    assert list(found.unseen) == [what]
    assert [(note.code, note.message, note.location) for note in found.notes] == [("not-inspected", what, place)]


@pytest.mark.parametrize("rest", [{}, {"data": None}, {"data": spelt({"resourceType": "Patient"}), "url": "http://a/b"}])
def test_what_has_nothing_to_inspect_is_not(rest: dict[str, Any]) -> None:
    """A media type alone says nothing; with data a link is not needed."""
    found = surveyed({"resourceType": "Patient", "photo": [{"contentType": "application/fhir+json", **rest}]})
    assert (found.occurrences, found.unseen, found.notes) == ([], {}, [])


def test_a_hundred_notes_are_kept() -> None:
    """A document cannot make a report grow without bound."""
    photo = {"contentType": "application/fhir+json", "url": "http://a/b"}
    assert len(surveyed({"resourceType": "Patient", "photo": [photo] * 150}).notes) == 100


def test_what_a_graphql_answer_carries_is_fhir() -> None:
    """An embedded document was not asked for field by field: null is malformed in it, a missing key is not."""
    tree = {
        "resourceType": "Binary",
        "contentType": "application/fhir+json",
        "data": spelt(PATIENT | {"modifierExtension": None}),
    }
    assert told(tree, wire=Wire.GRAPHQL) == [
        ("Binary.data.modifierExtension", "Patient", "empty"),
        ("Binary.data.contact[0].modifierExtension[0]", "Patient.contact", None),
    ]


def test_native_modifiers_and_narratives_in_it_are_told() -> None:
    """It is a resource like any other."""
    found = surveyed(binary(PATIENT | {"active": False}))
    assert [each.location for each in found.native] == ["Binary.data.active"]
    assert [(note.code, note.location) for note in found.notes] == [("no-narrative", "Binary.data")]


def test_turtle_is_not_inspected() -> None:
    """Caveat reads no RDF: what is in it is said not to have been looked at, and no fault."""
    told_ = surveyed(binary("@prefix fhir: <http://hl7.org/fhir/> .", "application/fhir+turtle"))
    assert (told_.occurrences, list(told_.unseen)) == ([], ["content in Turtle"])


def test_ten_thousand_embedded_documents_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs a reader of its own, so that their number is bounded."""
    monkeypatch.setattr("caveat.intake.walk._MOST_EMBEDDED", 2)
    three = {"resourceType": "Bundle", "entry": [{"resource": binary({"resourceType": "Basic"})}] * 3}
    assert isinstance(surveyed(three | {"entry": three["entry"][:2]}), Found)
    found = survey(three, tables(Release.R4), lambda _: None)
    assert isinstance(found, Unreadable)
    assert found.code == "embedded-limit"
