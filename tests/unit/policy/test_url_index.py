"""The index answers as if each of its entries were asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from caveat.policy.selectors import UrlPattern, UrlTerms
from caveat.policy.url_index import UrlIndex

_PARTS = st.lists(st.sampled_from(["a", "b", "", "..", "a?"]), max_size=3).map("/".join)
_URLS = st.builds("https://{}/{}".format, st.sampled_from(["x", "y"]), _PARTS)
_PATTERNS = st.builds(
    UrlPattern, st.builds("https://{}/{}".format, st.sampled_from(["x", "y"]), st.sampled_from(["", "a/", "a/b/"])), st.booleans()
)
_TERMS = st.builds(
    UrlTerms, st.frozensets(_URLS, max_size=2), st.lists(_PATTERNS, max_size=2).map(tuple), st.sampled_from([False, False, True])
)


@given(st.lists(_TERMS, max_size=8), _URLS)
def test_the_index_answers_as_its_terms(listed: list[UrlTerms], url: str) -> None:
    """Each that matches once and no other; first those that name the url, and otherwise in the order given."""
    found = UrlIndex.of(enumerate(listed)).speaking_of(url)
    named = [number for number, terms in enumerate(listed) if url in terms.literals]
    assert list(found) == named + [number for number, terms in enumerate(listed) if terms.matches(url) and number not in named]
