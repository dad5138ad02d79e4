"""FHIR XML is read into the tree of FHIR JSON, or refused with a reason that repeats nothing of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.xml_reader import read_xml
from caveat.intake.xml_tree import RefusedError, TreeBuilder
from caveat.spec import Release, tables
from caveat.spec.element_name import place_of

R4B = tables(Release.R4B)
FHIR = 'xmlns="http://hl7.org/fhir"'
XHTML = "http://www.w3.org/1999/xhtml"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NAMED = "Jane"


def read(text: str | bytes, *, limits: Limits = Limits(), at: str | None = None, release: Release = Release.R4B) -> Any:
    """Read a document."""
    raw = text if isinstance(text, bytes) else text.encode()
    return read_xml(raw, tables(release), limits, place_of(at, release) if at else None)


def patient(inner: str, **options: Any) -> Any:
    """Return what stands in a Patient, or why it is not read."""
    found = read(f"<Patient {FHIR}>{inner}</Patient>", **options)
    if isinstance(found, dict):
        assert found.pop("resourceType") == "Patient"
    return found


def code(found: Any) -> str:
    assert isinstance(found, Unreadable), found
    assert NAMED not in found.message
    return found.code


READ: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("", {}),
    "value": ('<gender value="male"/>', {"gender": "male"}),
    "one of an array": ('<name><given value="a"/></name>', {"name": [{"given": ["a"]}]}),
    "id of the resource": ('<id value="a"/>', {"id": "a"}),
    "id of an element": ('<name id="a"/>', {"name": [{"id": "a"}]}),
    "id of an element as an element": ('<name><id value="a"/></name>', {"name": [{"id": "a"}]}),
    "empty element": ("<contact/>", {"contact": [{}]}),
    "empty primitive": ("<gender/>", {"_gender": {}}),
    "empty value": ('<gender value=""/>', {"gender": ""}),
    "empty primitive in an array": ("<name><given/></name>", {"name": [{"given": [None], "_given": [{}]}]}),
    "empty modifier": ("<modifierExtension/>", {"modifierExtension": [{}]}),
    "companion": ('<gender value="a" id="b"/>', {"gender": "a", "_gender": {"id": "b"}}),
    "companion alone": (
        '<gender><extension url="u"/></gender>',
        {"_gender": {"extension": [{"url": "u"}]}},
    ),
    "aligned": (
        '<name><given value="a"/><given id="x" value="b"/><given value="c"/></name>',
        {"name": [{"given": ["a", "b", "c"], "_given": [None, {"id": "x"}, None]}]},
    ),
    "aligned when two have more": (
        '<name><given id="x"/><given value="b"/><given id="y"/></name>',
        {"name": [{"given": [None, "b", None], "_given": [{"id": "x"}, None, {"id": "y"}]}]},
    ),
    "aligned when mixed": (
        '<name><given id="x"/><family value="f"/><given value="c"/></name>',
        {"name": [{"given": [None, "c"], "_given": [{"id": "x"}, None], "family": "f"}]},
    ),
    "boolean": ('<active value="true"/>', {"active": True}),
    "no boolean": ('<active value="TRUE"/>', {"active": "TRUE"}),
    "integer": ('<multipleBirthInteger value="3"/>', {"multipleBirthInteger": 3}),
    "integer with a sign": ('<multipleBirthInteger value="+3"/>', {"multipleBirthInteger": 3}),
    "no integer": ('<multipleBirthInteger value="03"/>', {"multipleBirthInteger": "03"}),
    "other digits": ('<multipleBirthInteger value="\u0663"/>', {"multipleBirthInteger": "\u0663"}),
    "two choices": (
        '<multipleBirthInteger value="3"/><multipleBirthBoolean value="true"/>',
        {"multipleBirthInteger": 3, "multipleBirthBoolean": True},
    ),
    "comments and instructions": ("<?a b?><!-- <id/> --><gender value='a'/>", {"gender": "a"}),
    "entities": ('<gender value="&lt;&amp;&gt;&quot;&apos;&#38;&#x3c;"/>', {"gender": "<&>\"'&<"}),
    "white space in a value": ('<gender value="a\n\tb&#10;"/>', {"gender": "a  b\n"}),
    "schema hints": (
        '<gender xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="a" xml:lang="de" value="a"/>',
        {"gender": "a"},
    ),
    "another prefix below": ('<f:gender xmlns:f="http://hl7.org/fhir" value="a"/>', {"gender": "a"}),
    "the namespace in character references": ('<gender xmlns="http&#58;//hl7.org/fhir" value="a"/>', {"gender": "a"}),
    "an unknown element": (
        '<foo id="a" url="b" value="c"><bar/></foo><foo/>',
        {"foo": [{"id": "a", "url": "b", "value": "c", "bar": [{}]}, {}]},
    ),
    "a near miss": (
        '<ModifierExtension url="u"><valueBoolean value="true"/></ModifierExtension>',
        {"ModifierExtension": [{"url": "u", "valueBoolean": [{"value": "true"}]}]},
    ),
    "a name with an underscore": ("<_modifierExtension/>", {"_modifierExtension": [{}]}),
    "rules in another case": ('<ImplicitRules value="a"/>', {"ImplicitRules": "a"}),
    "stray rules": (
        '<contact><implicitRules value="a" id="b"/></contact>',
        {"contact": [{"implicitRules": "a", "_implicitRules": {"id": "b"}}]},
    ),
    "modifier on a primitive": (
        '<gender value="a"><modifierExtension url="u"/></gender>',
        {"gender": "a", "_gender": {"modifierExtension": [{"url": "u"}]}},
    ),
    "modifier on an extension": (
        '<extension url="u"><modifierExtension url="v"><valueInteger value="1"/></modifierExtension></extension>',
        {"extension": [{"url": "u", "modifierExtension": [{"url": "v", "valueInteger": 1}]}]},
    ),
    "modifier in what is unknown": (
        '<foo><modifierExtension url="v"><valueInteger value="1"/></modifierExtension></foo>',
        {"foo": [{"modifierExtension": [{"url": "v", "valueInteger": 1}]}]},
    ),
    "contained": (
        '<contained><Basic><id value="a"/></Basic></contained><contained><Basic/></contained>',
        {"contained": [{"resourceType": "Basic", "id": "a"}, {"resourceType": "Basic"}]},
    ),
    "contained of no known type": (
        '<contained><Foo><id value="a"/></Foo></contained>',
        {"contained": [{"resourceType": "Foo", "id": [{"value": "a"}]}]},
    ),
    "narrative": (
        f'<text><div xmlns="{XHTML}" class="a">b<br/><p title="&quot;">&lt;<!-- c --></p></div></text>',
        {"text": {"div": f'<div xmlns="{XHTML}" class="a">b<br/><p title="&quot;">&lt;</p></div>'}},
    ),
    "prefixed narrative": (
        f'<text><h:div xmlns:h="{XHTML}" xml:lang="de"><h:modifierExtension url="u"/></h:div></text>',
        {"text": {"div": f'<div xmlns="{XHTML}" xml:lang="de"><modifierExtension url="u"/></div>'}},
    ),
    "schema hints in a narrative": (
        f'<text><div xmlns="{XHTML}" xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:a="b"/></text>',
        {"text": {"div": f'<div xmlns="{XHTML}"/>'}},
    ),
    "declared away and back": (f'<contact xmlns:a="b:c"><gender {FHIR} value="a"/></contact>', {"contact": [{"gender": "a"}]}),
    "a namespace that libxml2 warns of": (
        '<f:gender xmlns:f="http://hl7.org/fhir" xmlns="relative" value="a"/>',
        {"gender": "a"},
    ),
    "CDATA of white space": ("<contact><![CDATA[ ]]></contact>", {"contact": [{}]}),
}


@pytest.mark.parametrize("case", READ)
def test_it_is_read_as_json_would_be(case: str) -> None:
    """The tree is that of FHIR JSON."""
    inner, expected = READ[case]
    assert patient(inner) == expected


REFUSED: dict[str, tuple[str, str]] = {
    "element of no namespace": ('<gender xmlns="" value="a"/>', "namespace"),
    "element of another namespace": (f'<x:{NAMED} xmlns:x="http://x.example"/>', "namespace"),
    "a namespace that is FHIR's but for its case": ('<gender xmlns="http://HL7.org/fhir" value="a"/>', "namespace"),
    "a namespace that is FHIR's but for a slash": ('<gender xmlns="http://hl7.org/fhir/" value="a"/>', "namespace"),
    "a namespace that is FHIR's but for a space": ('<gender xmlns="http://hl7.org/fhir " value="a"/>', "namespace"),
    "XHTML outside a narrative": (f'<gender xmlns="{XHTML}" value="a"/>', "namespace"),
    "a div outside a narrative": (f'<div xmlns="{XHTML}"/>', "namespace"),
    "XHTML that holds a resource": (f'<contained><div xmlns="{XHTML}"/></contained>', "namespace"),
    "another XHTML element in a Narrative": (f'<text><p xmlns="{XHTML}"/></text>', "namespace"),
    "a status of XHTML": (f'<text><status xmlns="{XHTML}" value="a"/></text>', "namespace"),
    "a div of FHIR": ("<text><div/></text>", "namespace"),
    "FHIR in a div": (f'<text><div xmlns="{XHTML}"><modifierExtension {FHIR} url="u"/></div></text>', "namespace"),
    "SVG in a div": (f'<text><div xmlns="{XHTML}"><svg xmlns="http://www.w3.org/2000/svg"/></div></text>', "namespace"),
    "another attribute in a div": (f'<text><div xmlns="{XHTML}" xmlns:a="b:c" a:{NAMED}="x"/></text>', "attribute"),
    "two divs": (f'<text><div xmlns="{XHTML}"/><div xmlns="{XHTML}"/></text>', "duplicate-element"),
    "a prefix that is not declared": ('<f:gender value="a"/>', "namespace"),
    "an attribute with a prefix that is not declared": ('<extension x:url="u"/>', "namespace"),
    "an attribute twice, by two prefixes": (
        f'<extension xmlns:a="{XSI}" xmlns:b="{XSI}" a:c="1" b:c="2"/>',
        "namespace",
    ),
    "a prefix declared as nothing": ('<gender xmlns:a="" value="a"/>', "namespace"),
    "a name with two colons": ('<a:b:c xmlns:a="http://hl7.org/fhir"/>', "namespace"),
    "text": (NAMED, "text"),
    "text in a primitive": (f"<gender value='a'>{NAMED}</gender>", "text"),
    "CDATA": (f"<contact><![CDATA[{NAMED}]]></contact>", "text"),
    "text as a character reference": ("<contact>&#65;</contact>", "text"),
    "a space that is none of XML's": ("<contact>\u00a0</contact>", "text"),
    "text in what holds a resource": ("<contained>a<Basic/></contained>", "text"),
    "another attribute": (f'<gender value="a" {NAMED}="b"/>', "attribute"),
    "an attribute in another case": ('<gender Value="a"/>', "attribute"),
    "a value on what is no primitive": ('<contact value="a"/>', "attribute"),
    "a url on what is no extension": ('<contact url="a"/>', "attribute"),
    "an attribute of the FHIR namespace": ('<f:gender xmlns:f="http://hl7.org/fhir" f:value="a"/>', "attribute"),
    "a url of the FHIR namespace": ('<f:extension xmlns:f="http://hl7.org/fhir" f:url="a"/>', "attribute"),
    "an attribute on a resource": ('<contained><Basic id="a"/></contained>', "attribute"),
    "an attribute on what holds a resource": ('<contained id="a"><Basic/></contained>', "attribute"),
    "an attribute twice": ('<extension url="a" url="b"/>', "syntax"),
    "a url as an element": ('<extension><url value="a"/></extension>', "element-name"),
    "a url as an element of a modifier": ('<modifierExtension><url value="a"/></modifierExtension>', "element-name"),
    "the name of a companion": ('<_gender value="a"/>', "element-name"),
    "the name of a companion of rules": ('<contact><_implicitRules value="a"/></contact>', "element-name"),
    "JSON's name for a type": ('<resourceType value="Basic"/>', "element-name"),
    "JSON's name for a type in an element": ('<contact><resourceType value="Basic"/></contact>', "element-name"),
    "twice where FHIR has one": ('<gender value="a"/><gender value="a"/>', "duplicate-element"),
    "twice, the first without a value": ('<gender id="a"/><gender value="a"/>', "duplicate-element"),
    "twice, the second without a value": ('<gender value="a"/><gender/>', "duplicate-element"),
    "twice, no primitive": ("<maritalStatus/><maritalStatus/>", "duplicate-element"),
    "twice, with other things between": ('<text/><gender value="a"/><text/>', "duplicate-element"),
    "rules twice": ('<implicitRules value="a"/><implicitRules value="b"/>', "duplicate-element"),
    "stray rules twice": ('<contact><implicitRules value="a"/><implicitRules value="b"/></contact>', "duplicate-element"),
    "an id twice": ('<name id="a"><id value="b"/></name>', "duplicate-element"),
    "an attribute and an element of one name": ('<foo url="a"><url value="b"/></foo>', "duplicate-element"),
    "no resource": ("<contained/>", "one-resource"),
    "no resource but a comment": ("<contained><!-- <Basic/> --></contained>", "one-resource"),
    "two resources": ("<contained><Basic/><Basic/></contained>", "one-resource"),
    "an entity that is not XML's": ("&nbsp;", "entity"),
    "an entity in a value": ('<gender value="&nbsp;"/>', "entity"),
    "no end": ("<contact>", "syntax"),
    "a number too long": (f'<multipleBirthInteger value="{"9" * 129}"/>', "number-limit"),
    "a number far too long": (f'<multipleBirthInteger value="{"9" * 9999}"/>', "number-limit"),
    "a character that XML has not": ("&#0;", "syntax"),
    "a control character": ("\x01", "syntax"),
    "half of a surrogate pair": ("&#xD800;", "syntax"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_its_reason(case: str) -> None:
    """Nothing that could be read in two ways is read, and no message repeats it."""
    inner, expected = REFUSED[case]
    assert code(patient(inner)) == expected


DOCUMENTS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "white space": (b" \n", "empty"),
    "a mark alone": (b"\xef\xbb\xbf", "empty"),
    "two marks": (b"\xef\xbb\xbf\xef\xbb\xbf<Patient/>", "encoding"),
    "UTF-16": ("<Patient/>".encode("utf-16"), "encoding"),
    "UTF-16 without a mark": ("<Patient/>".encode("utf-16-le"), "encoding"),
    "UTF-32": ("<Patient/>".encode("utf-32"), "encoding"),
    "Latin-1": ("<Patient>\u00e9</Patient>".encode("latin1"), "encoding"),
    "Latin-1 as it says": (b'<?xml version="1.0" encoding="ISO-8859-1"?><Patient xmlns="http://hl7.org/fhir"/>', "encoding"),
    "UTF-7 as it says": (b'<?xml version="1.0" encoding="UTF-7"?>+ADw-Patient/+AD4-', "encoding"),
    "UTF-8 under another name": (b'<?xml version="1.0" encoding="utf8"?><Patient xmlns="http://hl7.org/fhir"/>', "encoding"),
    "an encoding in single quotes": (
        b"<?xml version='1.0' encoding='ascii' ?><Patient xmlns='http://hl7.org/fhir'/>",
        "encoding",
    ),
    "overlong": (b"<Patient>\xc1\xad</Patient>", "encoding"),
    "a surrogate": ("<Patient>\ud800</Patient>".encode("utf-8", "surrogatepass"), "encoding"),
    "a NUL": (b'<Patient xmlns="http://hl7.org/fhir">\0</Patient>', "encoding"),
    "XML 1.1": (b'<?xml version="1.1"?><Patient xmlns="http://hl7.org/fhir"/>', "xml-version"),
    "XML 1.0 with a zero more": (b'<?xml version="1.00"?><Patient xmlns="http://hl7.org/fhir"/>', "xml-version"),
    "a declaration without a version": (b'<?xml encoding="UTF-8"?><Patient xmlns="http://hl7.org/fhir"/>', "syntax"),
    "a declaration in another order": (b'<?xml encoding="UTF-8" version="1.0"?><a/>', "syntax"),
    "a declaration that says things twice": (b'<?xml version="1.0" version="1.1"?><a/>', "syntax"),
    "a declaration after white space": (b' <?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"/>', "syntax"),
    "a DOCTYPE": (b'<!DOCTYPE Patient><Patient xmlns="http://hl7.org/fhir"/>', "doctype"),
    "a DOCTYPE in another case": (b'<!doctype html><Patient xmlns="http://hl7.org/fhir"/>', "doctype"),
    "a DOCTYPE after much": (b'<?xml version="1.0"?>\n<!-- > --><?a <!DOCTYPE?>\n<!DOCTYPE a SYSTEM "x"><a/>', "doctype"),
    "a DOCTYPE after the root": (b'<Patient xmlns="http://hl7.org/fhir"/><!DOCTYPE a>', "syntax"),
    "a DOCTYPE within the root": (b'<Patient xmlns="http://hl7.org/fhir"><!DOCTYPE a></Patient>', "syntax"),
    "an unfinished comment": (b"<!-- <Patient/>", "truncated"),
    "an unfinished instruction": (b"<?a <Patient/>", "truncated"),
    "an unfinished element": (b'<Patient xmlns="http://hl7.org/fhir">', "truncated"),
    "two hyphens in a comment": (b'<!-- -- --><Patient xmlns="http://hl7.org/fhir"/>', "syntax"),
    "two roots": (b'<Patient xmlns="http://hl7.org/fhir"/><Patient xmlns="http://hl7.org/fhir"/>', "syntax"),
    "text after the root": (b'<Patient xmlns="http://hl7.org/fhir"/>a', "syntax"),
    "JSON": (b'{"resourceType": "Patient"}', "syntax"),
    "a SOAP envelope": (b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>', "namespace"),
    "no namespace": (b"<Patient/>", "namespace"),
    "XHTML": (b'<html xmlns="http://www.w3.org/1999/xhtml"/>', "namespace"),
    "a div as the root": (b'<div xmlns="http://www.w3.org/1999/xhtml"/>', "namespace"),
    "XInclude": (
        b'<Patient xmlns="http://hl7.org/fhir"><i:include xmlns:i="http://www.w3.org/2001/XInclude" href="a.xml"/></Patient>',
        "namespace",
    ),
    "an attribute on the root": (b'<Patient xmlns="http://hl7.org/fhir" id="a"/>', "attribute"),
    "an element name with another case": (b'<Patient xmlns="http://hl7.org/fhir"></patient>', "syntax"),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_document_is_refused_with_its_reason(case: str) -> None:
    """What is no XML in UTF-8, or no FHIR, or has a DTD, is refused, and why is said."""
    raw, expected = DOCUMENTS[case]
    assert code(read(raw)) == expected


@pytest.mark.parametrize(
    "start",
    ["\ufeff", '<?xml version="1.0"?>', "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>",
     "<?a?><!-- <!DOCTYPE a> -->\n", "<?xml-stylesheet a?>"],
)  # fmt: skip
def test_what_may_stand_before_the_root_is_passed_over(start: str) -> None:
    """A mark, a declaration of UTF-8, instructions, and comments, whatever they say."""
    assert read(f"{start}<Patient {FHIR}/>") == {"resourceType": "Patient"}


def test_a_prefixed_root_is_read_alike() -> None:
    """Whatever the prefix is, the namespace counts."""
    inner = '<p:contact><q:gender xmlns:q="http://hl7.org/fhir" value="a"/></p:contact>'
    document = f'<p:Patient xmlns:p="http://hl7.org/fhir" xmlns="http://other.example">{inner}</p:Patient>'
    assert read(document) == {"resourceType": "Patient", "contact": [{"gender": "a"}]}


def test_decimals_keep_their_digits() -> None:
    """As in JSON, 1.50 is not 1.5, and a decimal without a fraction is an integer."""
    values = ["1.50", "1", "-0.0", "1e2", "1E-2", ".5", "+1.0", "01.0", "1.", "a"]
    found = [read(f'<Quantity {FHIR}><value value="{value}"/></Quantity>', at="Quantity")["value"] for value in values]
    assert found == [Decimal("1.50"), 1, Decimal("-0.0"), Decimal("1e2"), Decimal("0.01"), ".5", "+1.0", "01.0", "1.", "a"]
    assert [str(found[0]), str(found[2])] == ["1.50", "-0.0"]


@pytest.mark.parametrize("value", ["1e401", "1e-401", "9" * 129 + ".0", "1e99999999999999999999", "1" * 129])
def test_numbers_that_exceed_the_limits_are_refused(value: str) -> None:
    """The limits are those of JSON."""
    assert code(read(f'<Quantity {FHIR}><value value="{value}"/></Quantity>', at="Quantity")) == "number-limit"


def test_a_long_integer_of_r5_stays_a_string() -> None:
    """FHIR R5 has integer64 as a string in JSON."""
    found = read(f'<Attachment {FHIR}><size value="5"/></Attachment>', at="Attachment", release=Release.R5)
    assert found == {"size": "5"}


# elements alone


@pytest.mark.parametrize("name", ["instance", "ImagingStudySeriesInstance", "foo"])
def test_an_element_alone_may_be_called_anything(name: str) -> None:
    """Its content is of the shape that was asked for."""
    found = read(f'<{name} {FHIR} id="a"><uid value="1"/></{name}>', at="ImagingStudy.series.instance")
    assert found == {"id": "a", "uid": "1"}


def test_a_resource_is_no_element_alone() -> None:
    """What names itself a resource is not read as a part of one."""
    assert code(read(f"<ImagingStudy {FHIR}/>", at="ImagingStudy.series.instance")) == "resource-type"


def test_an_element_alone_that_is_refused_is_named_by_its_type() -> None:
    """The reason says where."""
    assert read(f"<a {FHIR}><b c='d'/></a>", at="ImagingStudy.series") == Unreadable(
        "attribute", "an attribute that FHIR does not have there, in ImagingStudy.series"
    )


def test_a_type_that_was_expected_is_read() -> None:
    """A resource type as the place asks for a resource; that it is the one asked for is the walk's to say."""
    assert read(f"<Patient {FHIR}/>", at="Basic") == {"resourceType": "Patient"}


# reasons


def test_a_reason_says_where() -> None:
    """A refusal names the place, and an error of XML the line and column."""
    found = patient('<contact/><contact><name a="b"/></contact>')
    assert found.message == "an attribute that FHIR does not have there, in Patient.contact[1].name"
    assert patient("\n<contact></name>").message == "the document is not XML (line 2, column 17)"


def test_a_reason_names_nothing_that_is_not_fhirs() -> None:
    """Names that only the document has are left out, and what is below them."""
    assert patient(f"<contact><{NAMED}><gender a='b'/></{NAMED}></contact>").message.endswith("in Patient.contact[0]")
    message = "an attribute that FHIR does not have there, in a resource of a type that FHIR does not know"
    assert read(f"<{NAMED} {FHIR} a='b'/>").message == message
    found = patient(f'<contained><Basic><extension url="{NAMED}" a="b"/></Basic></contained>')
    assert found.message.endswith("in Patient.contained[0].extension[0]")


# limits


def nested(depth: int) -> str:
    return "<item>" * depth + "</item>" * depth


@pytest.mark.parametrize(
    ("inner", "depth"),
    [
        ("", 1),
        ("<contact/>", 2),
        ('<contact id="a"/>', 3),
        ("<contact><gender/></contact>", 3),
        ("<contact><gender id='a'/></contact>", 4),
        ('<name><given value="a"/></name>', 4),
        ('<name><given value="a" id="b"/></name>', 5),
        ("<contained><Basic/></contained>", 3),
        ("<foo/>", 2),
        ("<foo><bar/></foo>", 4),
        ('<foo value="a"/>', 3),
        ('<extension url="u"/>', 3),
        (f'<text><div xmlns="{XHTML}"><p><b/></p></div></text>', 2),
    ],
)
def test_depth_is_counted_as_in_json(inner: str, depth: int) -> None:
    """Objects and arrays that are not empty, the root being the first."""
    assert isinstance(patient(inner, limits=Limits(depth=depth)), dict)
    if depth > 1:
        assert code(patient(inner, limits=Limits(depth=depth - 1))) == "depth"


@pytest.mark.parametrize(
    ("inner", "members"),
    [
        ("", 1),
        ('<gender value="a"/>', 2),
        ('<gender value="a" id="b"/>', 4),
        ('<name><given value="a"/><given value="b" id="c"/></name>', 10),
        ("<contained><Basic/></contained>", 4),
    ],
)
def test_members_are_counted_as_in_json(inner: str, members: int) -> None:
    """Properties and array elements in the whole document."""
    assert isinstance(patient(inner, limits=Limits(members=members)), dict)
    assert code(patient(inner, limits=Limits(members=members - 1))) == "member-limit"


def test_a_document_of_too_many_bytes_is_refused() -> None:
    """The limit is that of the bytes as received."""
    raw = f"<Patient {FHIR}/>".encode()
    assert isinstance(read(raw, limits=Limits(bytes=len(raw))), dict)
    assert code(read(raw, limits=Limits(bytes=len(raw) - 1))) == "size"


def test_a_value_longer_than_a_parser_holds_is_refused_for_its_size() -> None:
    """libxml2 stops at 10 million characters in one value."""
    assert code(patient(f'<gender value="{"a" * 11_000_000}"/>')) == "size"
    assert code(patient(f"<{'a' * 60_000}/>")) == "size"


def test_xhtml_may_not_be_nested_without_end() -> None:
    """libxml2 stops at 256 elements in one another."""
    assert code(patient(f'<text><div xmlns="{XHTML}">{"<b>" * 300}{"</b>" * 300}</div></text>')) == "depth"


def test_a_doctype_that_reaches_the_parser_is_refused_there() -> None:
    """Should the look at the prolog ever miss one, no tree is made of the document all the same."""
    builder: Any = TreeBuilder(R4B, Limits(), None)
    with pytest.raises(RefusedError):
        etree.fromstring(f"<!DOCTYPE a><Patient {FHIR}/>".encode(), etree.XMLParser(target=builder))


def test_errors_of_libxml2_that_are_not_known_are_errors_of_syntax(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that leaves nothing in the log refuses the document too."""

    def fails(*_: object) -> None:
        raise etree.LxmlError(NAMED)

    monkeypatch.setattr("caveat.intake.xml_reader.etree.fromstring", fails)
    assert patient("") == Unreadable("syntax", "the document is not XML")
