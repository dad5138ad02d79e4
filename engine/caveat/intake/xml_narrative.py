"""The XHTML of a narrative, written again as the one string that FHIR JSON has for it.

Rule 1: what is in it is XHTML and nothing else: an element of another namespace is no part of a narrative.
Rule 2: it is text for people; nothing in it is ever a modifier, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from caveat.intake.json_reader import Unreadable

XHTML: Final = "{http://www.w3.org/1999/xhtml}"
PASSED_OVER: Final = ("{http://www.w3.org/2001/XMLSchema-instance}", "{http://www.w3.org/XML/1998/namespace}")
"""The namespaces of attributes that say nothing of the content: hints for schemas, and those of XML itself."""

_XML: Final = PASSED_OVER[1]
_OTHER_ELEMENT: Final = Unreadable("namespace", "an element that is not XHTML in the XHTML of a narrative")
_OTHER_ATTRIBUTE: Final = Unreadable("attribute", "an attribute that is not XHTML in the XHTML of a narrative")
_IN_TEXT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE: Final = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


class Narrative:
    """A `div` while it is read: told of what stands in it, it writes it down without prefixes."""

    def __init__(self) -> None:
        """Begin with nothing; the first element told of is the `div`."""
        self._written: list[str] = []
        self._open: list[str] = []
        self._is_tag_open = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> Unreadable | None:
        """Write the beginning of an element; return why it has no place in XHTML, if so."""
        if not tag.startswith(XHTML):
            return _OTHER_ELEMENT
        name = tag.removeprefix(XHTML)
        self._close_tag()
        self._written.append(f"<{name}" if self._open else f'<{name} xmlns="{XHTML[1:-1]}"')
        self._open.append(name)
        self._is_tag_open = True
        for key, value in attributes.items():
            if not key.startswith("{"):
                self._written.append(f' {key}="{value.translate(_IN_ATTRIBUTE)}"')
            elif key.startswith(_XML):
                self._written.append(f' xml:{key.removeprefix(_XML)}="{value.translate(_IN_ATTRIBUTE)}"')
            elif not key.startswith(PASSED_OVER):
                return _OTHER_ATTRIBUTE
        return None

    def data(self, text: str) -> None:
        """Write text."""
        self._close_tag()
        self._written.append(text.translate(_IN_TEXT))

    def end(self) -> bool:
        """Write the end of the element that was begun last; return whether that was the `div`."""
        name = self._open.pop()
        self._written.append("/>" if self._is_tag_open else f"</{name}>")
        self._is_tag_open = False
        return not self._open

    def __str__(self) -> str:
        """Return what was written."""
        return "".join(self._written)

    def _close_tag(self) -> None:
        if self._is_tag_open:
            self._written.append(">")
            self._is_tag_open = False
