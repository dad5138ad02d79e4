"""The policies that judged, as the trail kept their text: rules with owner, reason and assessment, waivers with their days.

Rule 1: a policy whose text the trail does not have is known by name only; nothing is said of its rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from caveat.audit.appending import run
from caveat.audit.report.sums import Checked

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class KeptPolicy:
    """A policy in a period: how many records it judged, the first and the last, and its text (None: not kept)."""

    name: str
    version: str
    digest: str
    records: int
    first: int
    last: int
    text: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"

    def parts(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Return its `rules` or `waivers` by name."""
        return {str(each["name"]): each for each in (self.text or {}).get(kind, ())}

    @property
    def packages(self) -> dict[str, str]:
        """The packages that it uses, with the digest that the lock pins."""
        return {f"{each['name']}#{each['version']}": str(each["sha256"]) for each in (self.text or {}).get("packages", ())}

    @property
    def says_what_is_read(self) -> bool:
        """Whether it says what the application reads."""
        return bool((self.text or {}).get("reads"))


def policy_named(name: str | None, version: str | None, digest: str | None) -> str:
    """Return how rows name a policy: two of one name and version are told apart by their digest."""
    return f"{name} {version} ({(digest or '')[7:15]})"


def policies_of(connection: Connection, groups: Iterable[Checked]) -> list[KeptPolicy]:
    """Return the policies that judged what was checked, in the order of their last record, the newest first."""
    found: dict[str, list[Any]] = {}
    for each in groups:
        if each.policy_digest is None:
            continue
        told = found.setdefault(each.policy_digest, [each.policy_name or "", each.policy_version or "", 0, each.first, each.last])
        told[2] += each.records
        told[3], told[4] = min(told[3], each.first), max(told[4], each.last)
    texts = dict(tuple(row) for row in run(connection, "SELECT digest, canonical_json FROM policies"))
    made = [
        KeptPolicy(name, version, digest, records, first, last, json.loads(texts[digest]) if digest in texts else None)
        for digest, (name, version, records, first, last) in found.items()
    ]
    return sorted(made, key=lambda each: (-each.last, each.digest))


def day_in(value: Any) -> date | None:
    """Return a day as canonical JSON has it."""
    return None if value is None else date.fromisoformat(value["date"])


def period_in(part: Mapping[str, Any]) -> tuple[date | None, date | None]:
    """Return from and until when a rule or waiver holds."""
    return day_in(part["period"]["since"]), day_in(part["period"]["until"])


def differences(old: KeptPolicy, new: KeptPolicy) -> Iterator[tuple[str, str, str]]:
    """Give what a policy has otherwise than another: what was done, to what kind of part, and its name."""
    for kind in ("rules", "waivers"):
        before, after = old.parts(kind), new.parts(kind)
        for name in sorted(before.keys() | after.keys()):
            if name not in before:
                yield "added", kind[:-1], name
            elif name not in after:
                yield "removed", kind[:-1], name
            elif before[name] != after[name]:
                yield "changed", kind[:-1], name
    for kind in ("default", "reads", "path_defaults", "releases"):
        if (old.text or {}).get(kind) != (new.text or {}).get(kind):
            yield "changed", "setting", kind.replace("_", " ")
    for label in sorted(old.packages.items() ^ new.packages.items()):
        yield ("added" if label[0] in new.packages else "removed"), "package", label[0]
