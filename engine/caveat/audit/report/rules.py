"""The answers about rules: which let what through and whose they are, the waivers, and what changed since the last report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from caveat.audit.report import sums
from caveat.audit.report.material import NO_URL, Material, moment_shown, outcomes, rows
from caveat.audit.report.policies import KeptPolicy, day_in, differences, period_in, policy_named
from caveat.audit.report.sums import MOST, decided, number_of
from caveat.formats.answers import Answer, Cell, Level, Table, counted, share

_SOON = timedelta(days=30)
_THROUGH = "s.verdict IN ('clear', 'accept', 'warn', 'exclude') AND s.ground IN ('rule', 'waiver', 'unknown')"
_NOT_KEPT = "(the trail does not have this policy's text)"


def by_rule(material: Material) -> Answer:
    """Answer which rule let through what, how often, whose it is, why, and when that was assessed."""
    connection = material.connection
    by = "c.policy_digest, s.rule, s.waiver, s.verdict, s.url"
    found, number = decided(connection, by, _THROUGH), number_of(connection, by, _THROUGH)
    policies = {each.digest: each for each in material.policies}
    listed = tuple(_let_through(policies.get(each.what[0]), each) for each in found)
    names = {(each.what[0], each.what[1] or each.what[2]) for each in found}
    says = (
        f"{counted(len(names), 'rule, waiver or default', 'rules, waivers or defaults')} let modifiers through."
        if found
        else "No rule let a modifier through."
    )
    columns = (
        ("rule", "Rule or waiver"),
        ("policy", "Policy"),
        ("verdict", "Decided"),
        ("url", "Modifier"),
        ("decisions", "How often"),
        ("owner", "Whose"),
        ("because", "Why"),
        ("assessed", "Assessed"),
    )
    table = Table("rules", "What rules let through, the most frequent first", columns, listed, number)
    return Answer(
        "rules",
        "Which rule let through what, how often, whose is it, why, and when was it assessed?",
        (says,),
        (Level.OPEN if not material.seen else Level.GOOD),
        (table,),
    )


def _let_through(policy: KeptPolicy | None, seen: sums.Seen) -> tuple[Cell, ...]:
    """Return the row of one rule, waiver or default, and one url."""
    _, rule, waiver, verdict, url = seen.what
    name = rule or waiver
    where = (("ground", "unknown"),) if name is None else ()
    judged = "" if policy is None else policy_named(policy.name, policy.version, policy.digest)
    known = {} if policy is None or name is None else policy.parts("rules" if rule else "waivers").get(name, {})
    why: Cell = known.get("because") if name is not None else "what the policy says of modifiers that no rule names"
    if name is not None and not known:
        why = _NOT_KEPT
    return (
        (name or "(default)") + (" (waiver)" if waiver else ""),
        policy.label if policy is not None else "(unknown)",
        verdict,
        url or NO_URL,
        rows(seen.decisions, ("by", name), ("verdict", verdict), ("url", url), ("policy", judged), *where),
        known.get("owner") or ("" if known else None),
        why,
        _assessed(known, waiver),
    )


def _assessed(known: Mapping[str, Any], waiver: str | None) -> Cell:
    if not known:
        return None
    if waiver:
        since, until = period_in(known)
        return f"a waiver, {since} to {until}"
    day = day_in(known.get("assessed"))
    return "not said" if day is None else day.isoformat()


def waivers(material: Material) -> Answer:
    """Answer which waivers are active, end in 30 days, ended, or are unused."""
    newest: dict[str, KeptPolicy] = {}
    for each in material.policies:
        newest.setdefault(each.name, each)
    used = {
        each.what: each.decisions
        for each in decided(material.connection, "c.policy_name, s.waiver", "s.waiver IS NOT NULL", most=10_000)
    }
    listed = tuple(
        (
            name,
            policy.label,
            _state(waiver, material.today),
            *_days(waiver),
            _use(used.get((policy.name, name), 0), name),
            waiver.get("owner") or "",
            waiver.get("because") or "",
            waiver.get("ticket") or "",
        )
        for policy in newest.values()
        for name, waiver in sorted(policy.parts("waivers").items())
    )
    untold = [each.label for each in newest.values() if each.text is None]
    states = [str(row[2]) for row in listed]
    unused = sum(1 for row in listed if row[2] in {"active", "ends in 30 days"} and not used.get((_name(newest, row[1]), row[0])))
    says = (
        f"{states.count('active'):,} active, {states.count('ends in 30 days'):,} more ending in 30 days, "
        f"{states.count('ended'):,} ended, "
        f"{unused:,} in force and unused."
    )
    more = (f"Not checked: the waivers of {', '.join(untold)}, whose text the trail does not have.",) if untold else ()
    columns = (
        ("waiver", "Waiver"),
        ("policy", "Policy"),
        ("state", f"State on {material.today}"),
        ("from", "From"),
        ("until", "Until"),
        ("decisions", "Decisions in the period"),
        ("owner", "Whose"),
        ("because", "Why"),
        ("ticket", "Ticket"),
    )
    care = any(state in {"ends in 30 days", "ended"} for state in states) or unused
    level = Level.OPEN if untold or not material.policies else Level.CARE if care else Level.GOOD
    table = Table("waivers", "The waivers of the newest version of each policy", columns, listed)
    return Answer("waivers", "Which waivers are active, end in 30 days, ended, are unused?", (says, *more), level, (table,))


def _name(newest: Mapping[str, KeptPolicy], label: Cell) -> str:
    return next(name for name, policy in newest.items() if policy.label == label)


def _use(number: int, name: str) -> Cell:
    return rows(number, ("ground", "waiver"), ("by", name))


def _days(waiver: Mapping[str, Any]) -> tuple[str, str]:
    since, until = period_in(waiver)
    return ("" if since is None else since.isoformat()), ("" if until is None else until.isoformat())


def _state(waiver: Mapping[str, Any], today: date) -> str:
    since, until = period_in(waiver)
    if until is not None and until < today:
        return "ended"
    if since is not None and today < since:
        return "not yet in force"
    return "ends in 30 days" if until is not None and until <= today + _SOON else "active"


def changes(material: Material) -> Answer:
    """Answer what changed since the last report: the period before, of the same length."""
    before = material.period.before()
    number, newest = sums.new_urls(material.connection, material.period)
    columns = (("url", "Modifier"), ("first", "First seen (UTC)"), ("record", "First record"))
    new = Table(
        "new-urls",
        "Urls that the trail had never seen before this period, the newest first",
        columns,
        tuple((url, moment_shown(time), record) for url, record, time in newest),
        number,
    )
    said = tuple(_policy_changes(material))
    policy = Table(
        "policy-changes",
        "What the policies that judged have otherwise",
        (
            ("policy", "Policy"),
            ("done", "What was done"),
            ("kind", "To what"),
            ("name", "Name"),
        ),
        said[:MOST],
        len(said),
    )
    if not material.before:
        says = f"Nothing was recorded from {before.since} to {before.until}: there is nothing to compare with."
        return Answer("changes", "What changed since the last report?", (says,), Level.OPEN, (new, policy))
    gone = sums.urls_before(material.connection, material.period)
    says = f"Compared with {before.since} to {before.until}: {counted(number, 'new url')}, "
    says += f"{counted(len(said), 'change')} of policies."
    tables = (
        _compared(material),
        new,
        policy,
        Table(
            "gone-urls",
            "Urls of the period before that were not seen in this one",
            (("url", "Modifier"),),
            tuple((url,) for url in gone[:MOST]),
            len(gone),
        ),
    )
    return Answer("changes", "What changed since the last report?", (says,), Level.CARE if number or said else Level.GOOD, tables)


def _compared(material: Material) -> Table:
    old, new = outcomes(material.before), material.outcomes
    labels = {
        "passed": "Let through",
        "warned": "With a warning",
        "reduced": "Reduced",
        "held": "Held",
        "refused": "Refused",
        "unreadable": "Not checkable",
    }
    listed: list[tuple[Cell, ...]] = [("Seen", old.total(), "", new.total(), "")]
    listed += [
        (label, old[key], share(old[key], old.total()), new[key], share(new[key], new.total())) for key, label in labels.items()
    ]
    columns = (
        ("what", "What"),
        ("before", "Before"),
        ("before_share", "Share before"),
        ("now", "Now"),
        ("now_share", "Share now"),
    )
    return Table("compared", "Resources in the period before and in this one", columns, tuple(listed))


def _policy_changes(material: Material) -> Iterator[tuple[Cell, ...]]:
    """Give what each policy has otherwise than its version before it, oldest change first."""
    last: dict[str, KeptPolicy] = {}
    for each in sorted((*material.policies_before, *material.policies), key=lambda each: each.first):
        old = last.get(each.name)
        if old is None and material.policies_before and each in material.policies:
            yield each.label, "added", "policy", each.name
        if old is not None and old.digest != each.digest:
            yield each.label, "changed", "policy", f"{old.label} before"
            if old.text is not None and each.text is not None:
                yield from ((each.label, done, kind, name) for done, kind, name in differences(old, each))
        last[each.name] = each
