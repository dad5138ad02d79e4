"""Tests of caveat.intake.slots: what is found out of a url is found out once."""

from __future__ import annotations

from typing import Any

import pytest

from caveat.domain.decision import Occurrence
from caveat.intake import slots
from caveat.intake.json_reader import Unreadable
from caveat.spec import Release, published_kind, tables
from strategies.walking import walk

URL = "http://example.org/fhir/StructureDefinition/x"
BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
URLS = (URL, "relative", BIRTH_PLACE, "http://x|1", "", None, 5)


def found(tree: dict[str, Any], asked: list[str] | None = None) -> list[Occurrence]:
    def known(url: str) -> bool | None:
        if asked is not None:
            asked.append(url)
        return published_kind(url, Release.R4)

    result = walk(tree, tables(Release.R4), known)
    assert not isinstance(result, Unreadable), result
    return result


def entries(*urls: object) -> list[dict[str, Any]]:
    """Return Extensions of those urls; each is a string of its own, as where a document was read."""
    return [{"url": "".join(list(url)) if isinstance(url, str) else url, "valueBoolean": True} for url in urls]


def test_entries_of_one_url_share_it() -> None:
    """It is one string, asked for once, and what is wrong with it is said by one object: to compare them costs least."""
    asked: list[str] = []
    contact = [{"modifierExtension": entries(URL, "relative", BIRTH_PLACE)} for _ in range(3)]
    told = found({"resourceType": "Patient", "contact": contact}, asked)
    assert [each.url for each in told] == [URL, "relative", BIRTH_PLACE] * 3
    assert len({id(each.url) for each in told}) == 3
    assert [each.fault.code if each.fault else None for each in told] == [None, "url-not-absolute", "plain-in-modifier"] * 3
    assert len({id(each.fault) for each in told}) == 3
    assert asked == [URL, BIRTH_PLACE]  # of what is no url nothing is known


@pytest.mark.parametrize("most", [1, 2, 1000])
def test_what_is_remembered_of_urls_changes_nothing(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few are remembered, each entry is what it is by itself."""
    monkeypatch.setattr(slots, "_MOST", most)
    alone = [found({"resourceType": "Patient", "modifierExtension": entries(url)})[0].fault for url in URLS]
    many = found({"resourceType": "Patient", "contact": [{"modifierExtension": entries(*URLS, *reversed(URLS))}]})
    assert [each.fault for each in many] == [*alone, *reversed(alone)]
    assert [each.url for each in many[:7]] == [URL, "relative", BIRTH_PLACE, "http://x|1", "", None, None]
