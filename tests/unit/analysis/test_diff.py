"""What two policies decide differently, told as a person would say it."""

from __future__ import annotations

from datetime import date

import pytest

from caveat.analysis.diff import compare, on_day
from caveat.domain.change import Change, Days, What, Where
from caveat.domain.decision import Intent
from caveat.formats.change import subject
from caveat.spec.release import Release
from strategies.judging import TODAY, policy_of, rule, urls, waiver

STUDY, SERIES, INSTANCE = "ImagingStudy", "ImagingStudy.series", "ImagingStudy.series.instance"
SYSTEM = 'codesystem S = "https://x.example/s";\n'


def differences(old: str, new: str, settings: tuple[str, str] = ("", "")) -> list[Change]:
    """Return what two policies of some statements decide differently in R4."""
    policies = policy_of(urls(old), settings[0]), policy_of(urls(new), settings[1])
    return list(compare(*policies, TODAY, (Release.R4,)).changes)


def said(changes: list[Change]) -> list[str]:
    """Return each change in a line."""
    return [f"{subject(each, {})}: {each.old.verdict.word} -> {each.new.verdict.word}" for each in changes]


CASES = {
    "a verb": (
        rule("exclude", "r", f"@a on {INSTANCE}"),
        rule("understand", "r", f"@a on {INSTANCE}"),
        [f"`https://x.example/fhir/a` on {INSTANCE}: exclude -> accept"],
    ),
    "one of two urls": (
        rule("understand", "r", f"@a, @b on {STUDY}"),
        rule("understand", "r", f"@a on {STUDY}"),
        [
            "`https://x.example/fhir/b` in plain `extension` anywhere: reject -> clear",
            f"`https://x.example/fhir/b` on {STUDY}: accept -> reject",
        ],
    ),
    "a path": (
        rule("review", "r", f"@a on {STUDY}.**"),
        rule("review", "r", f"@a on {STUDY}.** , *.implicitRules").replace(" ,", ","),
        ["`https://x.example/fhir/a` as implicitRules on any resource: reject -> review"],
    ),
    "a value": (
        SYSTEM + rule("understand", "r", f"@a on {STUDY} as Coding when value = S#x"),
        SYSTEM + rule("understand", "r", f"@a on {STUDY} as Coding when value in [S#x, S#y]"),
        [f"`https://x.example/fhir/a` on {STUDY} with values such as s#y: reject -> accept"],
    ),
    "a type": (
        rule("understand", "r", f"@a on {STUDY} as boolean"),
        rule("understand", "r", f"@a on {STUDY} as boolean | string"),
        [f"`https://x.example/fhir/a` on {STUDY} as string: reject -> accept"],
    ),
    "a pattern": (
        "",
        rule("warn", "r", f'"https://x.example/fhir/**" except @a on {SERIES}'),
        [f"every unnamed url below `https://x.example/fhir/**` on {SERIES}: reject -> warn"],
    ),
    "a waiver of empty": (
        "",
        waiver("w", f"empty on {SERIES} as warn"),
        [f"an empty modifierExtension on {SERIES}: reject -> warn"],
    ),
    "a final rule": (rule("reject", "r", f"@a on {STUDY}"), rule("forbid", "r", f"@a on {STUDY}"), []),
    "a deprecation": (
        rule("review", "r", f"@a on {STUDY}"),
        rule("review", "r", f"@a on {STUDY}") + urls('extension gone = @a ;\ndeprecate gone from 2026-01-01 because "x";'),
        [],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_told(name: str) -> None:
    """Each kind of edit is told by the urls, places and values that it concerns, and by no more."""
    old, new, expected = CASES[name]
    assert said(differences(old, new)) == expected


def test_defaults() -> None:
    """A default is told of all that no rule names, and where another default holds it is not."""
    told = said(differences("", "", ("default reject;", f"default review; default reject on {INSTANCE};")))
    assert told == [
        f"every unnamed url anywhere but on {INSTANCE}: reject -> review",
        "every unnamed url as implicitRules on any resource: reject -> review",
    ]


def test_reads() -> None:
    """What is no longer read is clear, and told as out of scope; under intent `modify` nothing changes."""
    kept = rule("understand", "r", f"@a on {STUDY}.**")
    (first, *_) = changes = differences(kept, kept + "reads ImagingStudy { series.uid }\n")
    assert first.new.ground == "out-of-scope"
    assert {each.intent for each in changes} == {Intent.READ}


def test_only_to_modify() -> None:
    """What nobody reads differs only for an application that writes back, and is told so."""
    unread = "reads Patient {}\n"
    (change,) = [
        each for each in differences(unread, unread + rule("understand", "r", "@a on Patient")) if each.what is What.MODIFIER
    ]
    assert change.intent is Intent.MODIFY
    assert "for an application that writes back" in subject(change, {})


def test_days() -> None:
    """A waiver changes what is decided while it holds, and one day of it is that day's."""
    (change,) = differences("", waiver("w", f"unknown for @a on {SERIES} as review"))
    assert change.days == (Days(date(2026, 11, 1), date(2026, 11, 30)),)
    assert change.witness.day == TODAY
    assert [each.days for each in on_day([change], TODAY)] == [(Days(TODAY, TODAY),)]
    assert list(on_day([change], date(2026, 12, 1))) == []


def test_where_nothing_can_be_left_out() -> None:
    """An exclusion that becomes a review is looser where nothing could be left out, and that is told apart."""
    changes = differences(rule("exclude", "r", f"@a on {INSTANCE}"), rule("review", "r", f"@a on {INSTANCE}"))
    assert [(each.is_looser, each.where) for each in changes] == [(True, Where.NOTHING_LEFT_OUT), (False, None)]


def test_no_common_release() -> None:
    """Of policies for different releases nothing is compared, and it is said which release is gained and lost."""
    found = compare(policy_of("", "fhir R4;"), policy_of("", "fhir R5;"), TODAY)
    assert (found.changes, found.releases, found.gained, found.lost) == ((), (), (Release.R5,), (Release.R4,))


def test_a_published_modifier_stays_in_its_context() -> None:
    """A rule on a modifier that HL7 publishes changes nothing where its definition does not allow it."""
    url = '"http://hl7.org/fhir/StructureDefinition/request-doNotPerform"'
    (change,) = differences("", f'understand r: {url} on *.** as boolean because "b" assessed 2026-01-01;')
    assert change.places == {"NutritionOrder", "Task"}


def test_a_waiver_on_what_cannot_carry() -> None:
    """In plain `extension` a known modifier may stand on any element, so a waiver there may name one that carries nothing."""
    known = rule("review", "r", "@a on Patient")
    new = known + waiver("w", "wrong-slot for @a on Patient.name as review")
    assert said(differences(known, new)) == ["`https://x.example/fhir/a` in plain `extension` on Patient.name: reject -> review"]


def test_what_an_answer_left_out() -> None:
    """Waivers of `incomplete` below a root speak of GraphQL answers, and their witness is one; no embedded document is."""
    old, new = (waiver("w", f"incomplete on {SERIES} as {verdict}") for verdict in ("review", "exclude"))
    (change,) = differences(old, new)
    assert (change.witness.at, change.where) == (STUDY, None)


def test_nothing_is_told_of_an_extension_on_implicit_rules() -> None:
    """What `implicitRules` says beside an extension is refused, whatever a waiver of `wrong-slot` says: nothing differs."""
    known = 'reject r: "http://example.org/fhir/ext/a" on Group because "x";\n'
    waived = (
        'waive w: wrong-slot for "http://example.org/fhir/ext/a" on Basic.implicitRules as warn '
        f'from {TODAY.isoformat()} until {TODAY.replace(year=TODAY.year + 1).isoformat()} owner "o" because "x";\n'
    )
    assert said(differences(known + waived, known)) == []
