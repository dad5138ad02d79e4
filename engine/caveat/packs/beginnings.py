"""What a new policy begins with: a folder of files that load, lint clean and pass their tests, to be changed from there.

Rule 1: nothing is let through by what is written here: the one rule of a new policy says `review`, and so do drafted ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from caveat.domain.errors import UsageError
from caveat.formats.draft import Unnamed
from caveat.formats.draft_places import unnamed_of
from caveat.formats.drafting import OWNER, Head
from caveat.formats.printable import printable
from caveat.lang.parser import parse
from caveat.lang.printer import print_file
from caveat.lang.spelling import quoted_string
from caveat.packs.drafts import drafted_file
from caveat.packs.files import SUFFIX, TEST_SUFFIX
from caveat.packs.lock import LOCK, Lock, Locked, lock_text, place
from caveat.packs.packages import FhirPackage, PackageFault, read_package
from caveat.packs.taking import take_in
from caveat.spec.release import Release

README = "README.md"
EXAMPLE = "https://fhir.example.org/StructureDefinition/example-flag"


@dataclass(frozen=True, slots=True)
class Beginning:
    """The files of a new policy, by name; `rules` is how many modifiers have a rule, `untested` how many have no test."""

    files: Mapping[str, str]
    rules: int
    untested: int = 0


def policy_files(name: str, releases: Sequence[Release], owner: str | None) -> Beginning:
    """Return the files of a policy with one rule: the rule, its tests in a file beside it, and a README."""
    rules = f"""
caveat 1;

// What the application does about modifier extensions. What no rule names is rejected; README.md says how to go on.

policy {quoted_string(name)} version "0.1.0" {{ owner {quoted_string(owner or OWNER)}; fhir {", ".join(releases)}; }}

// Say which elements the application uses: what modifies others is then no concern of it. Without this, everything counts.
// reads Patient {{ name, birthDate }}

extension example-flag = "{EXAMPLE}";

// An example, to be replaced: the url that systems send, the elements that may carry it, and why a person must look.
review example: example-flag on Patient
    as boolean
    because "An example: say here what the modifier means to this application";
"""
    tests = """
caveat 1;

test "a flagged patient goes to a person" { modifier example-flag on Patient = true as boolean; expect review by example; }

test "the flag on a part of a patient is none of the example's" {
    modifier example-flag on Patient.contact = true as boolean;
    expect reject unknown;
}

test "a flag that is no boolean is none of the example's" {
    modifier example-flag on Patient = "perhaps" as string;
    expect reject unknown;
}

test "what no rule names is rejected" {
    modifier "https://fhir.example.org/StructureDefinition/unnamed" on Patient = true as boolean;
    expect reject unknown;
}
"""
    main, beside = _names(name)
    return Beginning({main: _canonical(rules), beside: _canonical(tests), README: _readme(name, main, beside)}, 1)


def package_files(
    name: str, source: str, folder: Path, releases: Sequence[Release], owner: str | None
) -> tuple[Beginning, tuple[Release, ...]]:
    """Take the package `source` into `folder`, and return the files of a policy drafted from it, and its releases.

    `releases` are those asked for, none when the package is to say. UsageError when the package defines no modifier extension.
    """
    locked = take_in(source, folder)
    read = read_package(place(folder, locked.label, locked.found))
    if isinstance(read, PackageFault):
        raise UsageError(f"the package {source!r} {read.message}")
    mine = tuple(releases) or _releases(read)
    (folder / LOCK).write_text(lock_text(Lock().having(locked)), encoding="utf-8", newline="\n")
    found = [unnamed_of([each], mine) for _, each in sorted(read.definitions.items()) if each.is_modifier]
    if not found:
        raise UsageError(f"{locked.label} defines no modifier extension, so there is nothing to draft")
    head = Head(
        name,
        mine,
        (locked.label,),
        (f"Drafted from {locked.label}. Read each rule, then say what is to be done.",),
        owner or OWNER,
    )
    drafted = drafted_file(found, head, "to-assess", folder)
    main, _ = _names(name)
    files = {main: drafted.text, LOCK: lock_text(Lock().having(locked)), README: _package_readme(name, main, locked, found)}
    return Beginning(files, drafted.rules, drafted.untested), mine


def _names(name: str) -> tuple[str, str]:
    """Return the names of the rule file and of its tests: the folder's own, but where that reads as one of tests."""
    stem = "policy" if f"{name}{SUFFIX}".endswith(TEST_SUFFIX) else name
    return f"{stem}{SUFFIX}", f"{stem}{TEST_SUFFIX}"


def _canonical(text: str) -> str:
    return print_file(parse(text, "new").file)


def _releases(package: FhirPackage) -> tuple[Release, ...]:
    """Return the releases that a package says it is for, by what it depends on and by its definitions; UsageError for others."""
    said = {version for each in package.definitions.values() for version in each.fhir_versions}
    said |= {version for name, version in package.dependencies.items() if name.startswith("hl7.fhir.") and name.endswith(".core")}
    found = tuple(release for release in Release if any(_is_of(version, release) for version in said))
    if said and not found:
        raise UsageError(
            f"{package.package.label} is for FHIR {', '.join(sorted(said))}, which is not read; say --fhir if it is meant"
        )
    return found or (Release.R4,)


def _is_of(version: str, release: Release) -> bool:
    return version.startswith({Release.R4: "4.0", Release.R4B: "4.3", Release.R5: "5.0"}[release])


def _readme(name: str, main: str, tests: str) -> str:
    return f"""# {_words(name)}

What an application does about FHIR modifier extensions. What no rule names is rejected.

- `{main}`: the rules. Replace the example: name the url that systems send, say where it may stand, and what it means to the
  application.
- `{tests}`: what each rule decides and where it does not, and what no rule names. `caveat test --strength` says
  which change of the rules no test would notice.

{_COMMANDS}"""


def _package_readme(name: str, main: str, locked: Locked, found: Iterable[Unnamed]) -> str:
    listed = "".join(f"- `{printable(each.url)}`\n" for each in found)
    return f"""# {_words(name)}

Drafted from the FHIR package `{locked.label}`: `{main}` sends each modifier extension that it defines to a person.
`{LOCK}` pins the package; keep it, and the folder `packages` where there is one, in version control.

{listed}
Read each rule with its reason, and say what the application does: `understand`, `warn`, `exclude`, `narrative`, `review`,
`reject` or `forbid`. Then say who answers for it (`owner`), and give the rule a name that says what it does.

{_COMMANDS}"""


def _words(name: str) -> str:
    return printable(" ".join(name.split()))


_COMMANDS = """After each change, in this folder:

    caveat lint .
    caveat test --coverage .
    caveat fmt .
    caveat check --policy . DATA...

`caveat inventory DATA...` lists the modifiers that are in data, and `caveat new rule --from-definition URL` drafts a rule.
"""
