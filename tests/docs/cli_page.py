"""Makes the page of the command line from the commands themselves: every command, argument and option there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from caveat.cli.app import _COMMANDS, app_with
from docs.markdown import table

_HEAD = """# The command line

`caveat COMMAND`. Data goes to standard output; messages and progress go to standard error. Colours are shown only on a terminal,
and not where `NO_COLOR` is set. Made by `make docs` from the commands themselves; `caveat COMMAND --help` says the same.

## Exit codes

| Code | What it says |
| --- | --- |
| 0 | everything may be processed as received; no finding |
| 1 | something may not be processed; findings |
| 2 | a wrong call, a rule file that does not load, a missing input, or nothing to do |
| 3 | a failure inside Caveat, or a run that is not complete |

Of several that apply the highest is given.

## Environment

"""
ENVIRONMENT = {
    "CAVEAT_CACHE": "The folder where compiled policies are kept, so that the next check is quicker; `off` keeps none. Else "
    "`caveat` in `XDG_CACHE_HOME`, or in `~/.cache` (`~/Library/Caches` on macOS). Nothing is kept where others may write.",
    "CAVEAT_DEBUG": "`1` shows the traceback of an internal failure, which may hold data of the document.",
    "CAVEAT_IDENTIFIER_KEY": "What `--identifier-key` names, for every call that has `--audit`.",
    "CAVEAT_LOG": "`json` or `text`: write logs on standard error, from `info` on, or from the level behind a colon "
    "(`json:warning`). Unset or `off`, none are written. What is in them: docs/telemetry.md.",
    "CAVEAT_QUARANTINE_KEY": "What `--quarantine-key` names, for every call that has `--audit`.",
    "NO_COLOR": "Anything in it: no colours on a terminal.",
    "OTEL_PYTHON_TRACER_PROVIDER, OTEL_PYTHON_METER_PROVIDER": "OpenTelemetry's own: which providers are told of what Caveat "
    "does, where the program that uses it imports `opentelemetry` and sets none (docs/telemetry.md).",
    "TERM": "`dumb`: no colours.",
    "XDG_CACHE_HOME": "The folder of caches, where `CAVEAT_CACHE` names none.",
}
"""What each variable of the environment does that Caveat looks at."""


def page() -> str:
    """Return the page."""
    rows = [(", ".join(f"`{each}`" for each in name.split(", ")), told) for name, told in ENVIRONMENT.items()]
    return "\n".join([_HEAD + table(("Variable", "What it does"), rows), *_commands(get_command(app_with(_COMMANDS)), "caveat")])


def _commands(group: Any, name: str) -> Iterator[str]:
    for each, command in group.commands.items():
        yield from _command(command, f"{name} {each}")
        if hasattr(command, "commands"):
            yield from _commands(command, f"{name} {each}")


def _command(command: Any, name: str) -> Iterator[str]:
    """Give what one command says of itself, and its arguments and options."""
    level = "##" if name.count(" ") == 1 else "###"
    text = " ".join((command.help or "").split("\n\n")[0].split())
    more = ["\n".join(part.split("\n")) for part in (command.help or "").split("\n\n")[1:]]
    yield f"{level} `{name}`\n\n{text}\n" + "".join(f"\n{part.strip()}\n" for part in more)
    params = [param for param in command.params if not getattr(param, "hidden", False)]
    arguments = [param for param in params if param.param_type_name == "argument"]
    options = [param for param in params if param.param_type_name == "option" and "--help" not in param.opts]
    if arguments:
        yield table(
            ("Argument", "What it is"), [(f"`{param.metavar or param.name.upper()}`", _help(param)) for param in arguments]
        )
    if options:
        rows = [(_spelt(param), _help(param), _default(param)) for param in options]
        yield table(("Option", "What it does", "Default"), rows)


def _spelt(param: Any) -> str:
    """Return how an option is written, with what it takes."""
    names = ", ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))
    choices = getattr(param.type, "choices", None)
    takes = " ".join(f"`{getattr(choice, 'value', choice)}`" for choice in choices) if choices else ""
    metavar = "" if getattr(param, "is_flag", False) or choices else f" `{param.metavar or param.type.name.upper()}`"
    return names + metavar + (f" {takes}" if takes else "") + (" (repeatable)" if getattr(param, "multiple", False) else "")


def _help(param: Any) -> str:
    needed = " Needed." if param.required and param.param_type_name == "option" else ""
    named = f" Else `{param.envvar}` of the environment." if getattr(param, "envvar", None) else ""
    return (getattr(param, "help", None) or "") + named + needed


def _default(param: Any) -> str:
    shown = getattr(param, "show_default", None)
    if isinstance(shown, str):
        return shown
    if param.default is None or param.default is False or param.default == [] or callable(param.default):
        return ""
    return f"`{getattr(param.default, 'value', param.default)}`"
