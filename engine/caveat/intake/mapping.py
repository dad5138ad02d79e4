"""A tree from a mapping that a caller hands over, or nothing that could be taken for one.

Rule 1: what is judged is a copy of what was seen, unless it is a plain dict; a mapping that shows itself differently from one
question to the next is not read.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from typing import Any


def tree_of(data: Mapping[str, Any]) -> object:
    """Return a mapping as a dict, or unchanged where that cannot be had: `inspect_tree` refuses it then.

    A class derived from dict may show one thing here and another to its owner, so that only those of Python are copied.
    """
    if type(data) is dict or (isinstance(data, dict) and type(data) not in {OrderedDict, defaultdict}):
        return data
    try:
        copied = dict(data)
        is_whole = len(data) == len(copied) and all(key in data for key in copied) and all(key in copied for key in data)
    except Exception:  # noqa: BLE001  whatever a mapping raises that cannot be read
        return data
    return copied if is_whole else data
