"""``hotline doctor``: whether each part of this installation can do its work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import typer

from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput, Misconfigured
from workers.cli.output import emit_json, stdout

if TYPE_CHECKING:
    from workers.doctor.examination import Examined
    from workers.doctor.finding import Finding, State
    from workers.doctor.registry import Check

_STYLES = {"ok": "green", "warning": "yellow", "failed": "red bold"}


def register(app: typer.Typer) -> None:
    app.command("doctor")(examine_installation)


def examine_installation(
    json: bool = typer.Option(False, "--json", help="One JSON object."),
    strict: bool = typer.Option(
        False, "--strict", help="A warning counts as failed."
    ),
    letter_to: str = typer.Option(
        "", "--letter-to", help="Send a test letter to this address of yours."
    ),
    only: list[str] = typer.Option(
        [], "--only", help="This check alone; may be given several times."
    ),
) -> int:
    """Look whether each part of this installation can do its work; nothing is touched.

    Exit code 1 where something failed, or with --strict where something is to be minded.
    """
    from partners.channels.mail import is_mail_address
    from workers.doctor.registry import CHECKS

    if letter_to and not is_mail_address(letter_to):
        raise InvalidInput("--letter-to is not an e-mail address.")
    return run_checks(_choose(CHECKS, only), json, strict, letter_to)


def run_checks(
    checks: Sequence[Check],
    json: bool = False,
    strict: bool = False,
    letter_to: str = "",
) -> int:
    """Looks, tells, and returns the exit code."""
    from hotline.core.logs import configure_logging
    from workers.cli.opening import load_running_settings
    from workers.doctor import finding as findings
    from workers.doctor.examination import examine, worst_of
    from workers.doctor.installation import Installation

    try:
        settings = load_running_settings()
    # Settings that cannot be read are the first thing that a doctor is asked
    # about.
    except Misconfigured as error:
        fault = findings.find_failed(
            error.message,
            error.hint or "Correct them; nothing else was looked at.",
        )
        return _tell_broken_settings(fault, json)
    # What else would be logged, a finding says.
    configure_logging("error")
    installation = Installation(settings, utc_now(), letter_to)
    examined = _tell_each(examine(installation, checks), json)
    worst = worst_of([check.finding for check in examined if check.finding])
    if json:
        emit_json(
            {"state": worst, "checks": [_shape(check) for check in examined]}
        )
    else:
        _tell_sum(examined)
    return _code_of(worst, strict)


def _choose(checks: Sequence[Check], only: Sequence[str]) -> list[Check]:
    unknown = set(only) - {check.name for check in checks}
    if unknown:
        raise InvalidInput(
            f"There is no check {', '.join(sorted(unknown))}. There are: "
            f"{', '.join(check.name for check in checks)}."
        )
    return [check for check in checks if not only or check.name in only]


def _tell_each(examined: Iterable[Examined], json: bool) -> list[Examined]:
    """Each as soon as it is known, since some take a while."""
    lines = []
    for check in examined:
        lines.append(check)
        if not json and check.finding is not None:
            _tell(check.check.name, check.finding)
    return lines


def _tell(name: str, finding: Finding) -> None:
    mark = f"{finding.state:<8}"
    stdout.print(mark, style=_STYLES[finding.state], end="")
    stdout.print(
        f"{name.replace('_', ' '):<16}{finding.words}",
        markup=False,
        soft_wrap=True,
    )
    if finding.remedy:
        stdout.print(f"{'':24}{finding.remedy}", markup=False, soft_wrap=True)


def _tell_sum(examined: Sequence[Examined]) -> None:
    from workers.doctor.finding import State

    states = [check.finding.state for check in examined if check.finding]
    stdout.print(
        f"{len(states)} checks: {states.count(State.FAILED)} failed, "
        f"{states.count(State.WARNING)} to be minded."
    )


def _tell_broken_settings(fault: Finding, json: bool) -> int:
    if json:
        shape = _words_of("settings", fault)
        emit_json({"state": fault.state, "checks": [shape]})
    else:
        _tell("settings", fault)
    return 1


def _shape(one: Examined) -> dict[str, object]:
    assert one.finding is not None
    return {
        **_words_of(one.check.name, one.finding),
        "seconds": round(one.seconds, 2),
    }


def _words_of(name: str, finding: Finding) -> dict[str, object]:
    return {
        "name": name,
        "state": finding.state,
        "words": finding.words,
        "remedy": finding.remedy,
    }


def _code_of(worst: State, strict: bool) -> int:
    bad = ("failed", "warning") if strict else ("failed",)
    return int(worst in bad)
