"""The settings of the policy header read out, and what is given twice in it or beside it (CV107)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from caveat.domain.diagnostic import Diagnostic, Span
from caveat.lang import syntax
from caveat.lang.clauses import repeated


@dataclass(frozen=True, slots=True)
class Settings:
    """What a policy header says; None, or empty, for what it leaves unsaid. `longest_waiver` is where the limit stands."""

    name: str | None = None
    version: str | None = None
    owner: str | None = None
    application: tuple[str, str] | None = None
    releases: tuple[str, ...] = ()
    defaults: tuple[syntax.DefaultSetting, ...] = ()
    waivers_at_most: int | None = None
    reassess: int | None = None
    longest_waiver: Span | None = None


def settings_of(header: syntax.Header | None) -> Settings:
    """Return what a header says, the first of each setting; nothing where there is no header."""
    if header is None:
        return Settings()
    first: dict[type, syntax.Setting] = {}
    for setting in header.settings:
        first.setdefault(type(setting), setting)
    owner, application = first.get(syntax.OwnerSetting), first.get(syntax.ApplicationSetting)
    fhir, waivers, reassess = (first.get(kind) for kind in (syntax.FhirSetting, syntax.WaiversSetting, syntax.ReassessSetting))
    return Settings(
        name=header.name.value,
        version=header.version.value,
        owner=_owner(owner),
        application=_application(application),
        releases=tuple(word.text for word in fhir.releases) if isinstance(fhir, syntax.FhirSetting) else (),
        defaults=tuple(setting for setting in header.settings if isinstance(setting, syntax.DefaultSetting)),
        waivers_at_most=int(waivers.days.value) if isinstance(waivers, syntax.WaiversSetting) else None,
        reassess=int(reassess.days.value) if isinstance(reassess, syntax.ReassessSetting) else None,
        longest_waiver=waivers.span if isinstance(waivers, syntax.WaiversSetting) else None,
    )


def _owner(setting: syntax.Setting | None) -> str | None:
    """Return the owner, None for one of nothing but white space."""
    return setting.owner.value if isinstance(setting, syntax.OwnerSetting) and setting.owner.value.strip() else None


def _application(setting: syntax.Setting | None) -> tuple[str, str] | None:
    """Return the application's name and version."""
    return (setting.name.value, setting.version.value) if isinstance(setting, syntax.ApplicationSetting) else None


_KEYWORDS: dict[type, str] = {
    syntax.OwnerSetting: "owner",
    syntax.ApplicationSetting: "application",
    syntax.FhirSetting: "fhir",
    syntax.WaiversSetting: "waivers at most",
    syntax.ReassessSetting: "reassess every",
}


def setting_faults(file: syntax.File) -> Iterator[Diagnostic]:
    """Yield the settings of a file's header that are given twice, and types with two `reads`."""
    for setting in file.header.settings if file.header else ():
        if isinstance(setting, syntax.FhirSetting):
            yield from repeated((word.text, word.span) for word in setting.releases)
    yield from repeated(_settings(file.header))
    yield from repeated((f"reads {item.path.text}", item.span) for item in file.items if isinstance(item, syntax.Reads))


def _settings(header: syntax.Header | None) -> Iterator[tuple[str, Span]]:
    """Yield each setting with what makes it the same as another: a default counts for each of its paths."""
    for setting in header.settings if header else ():
        if not isinstance(setting, syntax.DefaultSetting):
            yield _KEYWORDS[type(setting)], setting.span
        elif not setting.paths:
            yield "default", setting.span
        else:
            yield from ((f"default {setting.verdict.text} on {path.text}", path.span) for path in setting.paths)
