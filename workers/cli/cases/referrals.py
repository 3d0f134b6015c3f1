"""``hotline referral``: what an office was told, word for word as it left the house.

It reads personal data, so it is written into the audit log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from sqlalchemy import select

from hotline.core.errors import NotFound
from partners.letters.clock import format_exact, format_stamp
from partners.referrals.following_up.outcomes import list_outcomes
from partners.referrals.models import Referral, ReferralOutcome
from partners.referrals.telling.sent_letters import SentLetter, list_sent
from partners.states import Purpose
from workers.cli.opening import acting
from workers.cli.output import emit_json, plain, say

referrals_app = typer.Typer(
    no_args_is_help=True, help="Referrals: what an office was told."
)
REFERRING = (Purpose.FIRST, Purpose.LINK)
"""Letters that carry the referral itself with its document."""


def register(root: typer.Typer) -> None:
    root.add_typer(referrals_app, name="referral")


@referrals_app.command("show")
def show_referral(
    reference: Annotated[str, typer.Argument(help="As in AL-R-2026-000004.")],
    letter: Annotated[
        bool, typer.Option("--letter", help="Every letter that left, in full.")
    ] = False,
    json_package: Annotated[
        bool,
        typer.Option(
            "--json-package",
            help="The newest document for machines that left.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """What an office was told, exactly as it left the house. Logged."""
    if letter and json_package:
        raise typer.BadParameter("Choose one of --letter and --json-package.")
    with acting() as act:
        session, context = act.session, act.context
        referral = session.scalar(
            select(Referral).where(Referral.reference == reference)
        )
        if referral is None:
            raise NotFound(f"There is no referral {reference}.")
        act.record("referral.read", "referral", referral.id)
        letters = list_sent(session, context, referral)
        if not (letter or json_package):
            outcomes = list_outcomes(session, [referral.id])[referral.id]
            _print_referral(referral, letters, outcomes, as_json)
            return
        _require_sent(referral, letters)
        if json_package:
            emit_json(_newest_document(referral, letters))
        if letter:
            for sent in letters:
                for line in _letter_lines(sent):
                    say(line)


def _require_sent(referral: Referral, letters: Sequence[SentLetter]) -> None:
    if letters:
        return
    raise NotFound(
        f"Of {referral.reference} no letter is kept: none has left yet, it was told by hand,"
        " or what was told of people is forgotten."
    )


def _newest_document(
    referral: Referral, letters: Sequence[SentLetter]
) -> dict[str, object]:
    of_referral = [sent for sent in letters if sent.purpose in REFERRING]
    if not of_referral:
        raise NotFound(f"Of {referral.reference} no document has left yet.")
    return dict(of_referral[-1].document)


def _letter_lines(sent: SentLetter) -> Iterator[str]:
    """The letter under its envelope: when it left, to which address, and with which files."""
    yield f"Left: {format_exact(sent.sent_at) if sent.sent_at else 'time not kept'}"
    yield f"To: {sent.address} ({plain(sent.purpose)})"
    for attached in sent.attached:
        yield f"Attached: {attached.name} (SHA-256 {attached.sha256})"
    yield f"Subject: {sent.subject}"
    yield ""
    yield sent.text


def outcome_shape(outcome: ReferralOutcome) -> dict[str, str]:
    return {"outcome": outcome.outcome, "at": format_stamp(outcome.at)}


def _sent_shape(sent: SentLetter) -> dict[str, object]:
    return {
        "purpose": sent.purpose,
        "address": sent.address,
        "sent_at": format_stamp(sent.sent_at) if sent.sent_at else None,
        "subject": sent.subject,
    }


def _print_referral(
    referral: Referral,
    letters: Sequence[SentLetter],
    outcomes: Sequence[ReferralOutcome],
    as_json: bool,
) -> None:
    shape: dict[str, object] = {
        "reference": referral.reference,
        "case": referral.case.reference,
        "to": referral.partner.name,
        "kind": referral.kind,
        "urgency": referral.urgency,
        "state": referral.state,
        "their_reference": referral.their_reference,
    }
    if as_json:
        said = [outcome_shape(outcome) for outcome in outcomes]
        left = [_sent_shape(sent) for sent in letters]
        emit_json({**shape, "letters": left, "outcomes": said})
        return
    for name, value in shape.items():
        say(f"{plain(name)}: {value or '-'}")
    for sent in letters:
        left_at = format_exact(sent.sent_at) if sent.sent_at else "-"
        say(f"letter: {plain(sent.purpose)}, left {left_at} to {sent.address}")
    for outcome in outcomes:
        say(f"outcome: {plain(outcome.outcome)} ({outcome.at:%Y-%m-%d})")
