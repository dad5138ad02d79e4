"""XML that is made to cost much is decided at once: nothing is expanded, fetched or included, and no limit is passed."""

from __future__ import annotations

import time

import pytest

from caveat.guard import Guard

FHIR = 'xmlns="http://hl7.org/fhir"'
XHTML = "http://www.w3.org/1999/xhtml"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
MEGABYTE = 2**20
GIVEN = '<given value="a"/>'


def attributes() -> str:
    return "".join(f' a{number}="b"' for number in range(MEGABYTE // 12))


def namespaces() -> str:
    return "".join(f' xmlns:a{number}="http://b.example/{number}"' for number in range(MEGABYTE // 36))


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1 if i else str()};" * 10}">' for i in range(20))
HOSTILE: dict[str, tuple[str, str | None]] = {
    "billion laughs": (f"{LAUGHS}]><Patient {FHIR}>&a19;</Patient>", "doctype"),
    "quadratic blow-up": (f'<!DOCTYPE l [<!ENTITY a "{"a" * 99_999}">]><Patient {FHIR}>{"&a;" * 99_999}</Patient>', "doctype"),
    "external entity": (f'<!DOCTYPE l [<!ENTITY a SYSTEM "a.txt">]><Patient {FHIR}>&a;</Patient>', "doctype"),
    "parameter entity": (f'<!DOCTYPE l [<!ENTITY % a SYSTEM "http://h.example/">%a;]><Patient {FHIR}/>', "doctype"),
    "external subset": (f'<!DOCTYPE l SYSTEM "http://h.example/a.dtd"><Patient {FHIR}/>', "doctype"),
    "20,000 elements in one another": (f"<Patient {FHIR}>{'<extension>' * 20_000}", "depth"),
    "20,000 elements of no namespace": ("<a>" * 20_000, "namespace"),
    "20,000 in a narrative": (f'<Patient {FHIR}><text><div xmlns="{XHTML}">{"<b>" * 20_000}', "depth"),
    "1 MiB of attributes": (f"<Patient {FHIR}><contact{attributes()}/></Patient>", "attribute"),
    "1 MiB of attributes of schema hints": (
        f"<Patient {FHIR} xmlns:x='{XSI}'><contact {attributes().replace(' a', ' x:a')}/></Patient>",
        None,
    ),
    "1 MiB of attributes in a narrative": (f'<Patient {FHIR}><text><div xmlns="{XHTML}"{attributes()}/></text></Patient>', None),
    "1 MiB of namespaces": (f"<Patient {FHIR}{namespaces()}><contact/></Patient>", None),
    "1 MiB of namespaces and many elements": (f"<Patient {FHIR}{namespaces()}>{'<contact/>' * 50_000}</Patient>", None),
    "1 MiB of undeclared prefixes": (
        f"<Patient {FHIR}><contact {attributes().replace(' a', ' p:a')}/></Patient>",
        None,
    ),
    "1 MiB of comments": (f"{'<!---->' * (MEGABYTE // 7)}<Patient {FHIR}>{'<!---->' * (MEGABYTE // 7)}</Patient>", None),
    "1 MiB of instructions": (f"{'<?a?>' * (MEGABYTE // 5)}<Patient {FHIR}/>", None),
    "1 MiB of character references in text": (f"<Patient {FHIR}>{'&#65;' * (MEGABYTE // 5)}</Patient>", "text"),
    "1 MiB of character references of space": (f"<Patient {FHIR}>{'&#32;' * (MEGABYTE // 5)}</Patient>", None),
    "1 MiB of character references in a value": (
        f'<Patient {FHIR}><gender value="{"&#65;" * (MEGABYTE // 5)}"/></Patient>',
        None,
    ),
    "1 MiB of character references in a narrative": (
        f'<Patient {FHIR}><text><div xmlns="{XHTML}">{"&#65;" * (MEGABYTE // 5)}</div></text></Patient>',
        None,
    ),
    "huge text": (f"<Patient {FHIR}>{'a' * 20 * MEGABYTE}</Patient>", "text"),
    "1 MiB of CDATA": (f"<Patient {FHIR}>{'<![CDATA[ ]]>' * (MEGABYTE // 13)}</Patient>", None),
    "100,000 elements": (f"<Patient {FHIR}>{'<a/>' * 100_000}</Patient>", None),
    "50,000 elements of other names": (f"<Patient {FHIR}>{''.join(f'<a{n}/>' for n in range(50_000))}</Patient>", None),
    "1 MiB of values with one companion": (
        f"<Patient {FHIR}><name>{GIVEN * (MEGABYTE // 18)}<given id='a'/></name></Patient>",
        None,
    ),
    "1 MiB of digits": (f'<Patient {FHIR}><multipleBirthInteger value="{"1" * MEGABYTE}"/></Patient>', "number-limit"),
    "a declaration without an end": (f"<?xml version='1.0'{' ' * MEGABYTE}", "syntax"),
    "a comment without an end": (f"<!--{'-' * MEGABYTE}", None),
    "1 MiB of brackets": ("<" * MEGABYTE, "syntax"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_documents_are_decided_in_a_second(case: str) -> None:
    """Whatever it is made of, nothing is expanded or fetched, and a guard has its answer at once."""
    text, expected = HOSTILE[case]
    raw = text.encode()
    start = time.process_time()
    report = Guard.default().check(raw)
    assert time.process_time() - start < 1
    assert expected is None or [problem.code for problem in report.problems] == [expected]
