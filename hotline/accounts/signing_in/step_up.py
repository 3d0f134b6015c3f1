"""Asking for the second factor again before a sensitive act, without losing what was typed.

The form that was sent comes back as hidden fields of the question, so that answering it sends the
same form to the same address, together with the proof.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, make_response, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from hotline.accounts.factors import passkeys, recovery, totp
from hotline.accounts.factors.proof import Proof, prove_factor
from hotline.accounts.models import LoginSession
from hotline.accounts.signing_in.standing import (
    DEVICE_COOKIE,
    Login,
    forget_login,
)
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import TooMany
from hotline.core.web import site

CODE, PASSKEY = "proof_code", "proof_passkey"
PROOF_FIELDS = (CODE, PASSKEY, "csrf_token")


def read_proof() -> Proof:
    """The proof that came with the request's form."""
    return Proof(
        code=request.form.get(CODE, ""),
        passkey=request.form.get(PASSKEY, ""),
        mark=request.cookies.get(DEVICE_COOKIE, ""),
    )


def take_proof(login: Login) -> bool:
    """Whether the form brings a proof that holds; ``TooMany`` while codes have to wait."""
    proof = read_proof()
    if not proof.is_given:
        return False
    # Committed also where it fails: the failure is what slows the next try
    # down.
    with site.writing() as session:
        act = Act(
            session,
            site.current_context(),
            actor=login.person.actor,
            now=utc_now(),
        )
        row = session.get(LoginSession, login.session_id)
        before = recovery.count_left(session, login.person.id)
        holds = row is not None and prove_factor(act, row, proof)
        left = recovery.count_left(session, login.person.id)
    if left < before:
        _say_what_is_left(left)
    # The login of this request was read before the proof.
    forget_login()
    return holds


def _say_what_is_left(count: int) -> None:
    """Whoever lost a telephone would else notice it again when no code is left."""
    words = gettext(
        "That was a recovery code: %(count)s left. If the app or the passkey is lost, set it up "
        "anew under your name, in the bar.",
        count=count,
    )
    flash(words, "warn")


def require_fresh_proof(login: Login) -> Response | None:
    """None where the act may go on; else the question to answer first."""
    minutes = site.current_context().settings.step_up_minutes
    if login.is_fresh(utc_now(), minutes):
        return None
    try:
        if take_proof(login):
            return None
    except TooMany as wait:
        return _ask(login, wait=wait.retry_after)
    return _ask(login, was_wrong=read_proof().is_given)


def _ask(login: Login, *, was_wrong: bool = False, wait: int = 0) -> Response:
    """A file cannot come back in a hidden field: it has to be chosen again."""
    has_file = any(file.filename for file in request.files.values())
    page = render_template(
        "console/step_up.html",
        action=url_for("factors.prove")
        if has_file
        else request.full_path.rstrip("?"),
        kept=[] if has_file else _kept_fields(),
        has_file=has_file,
        was_wrong=was_wrong,
        wait=wait,
        ways=ways_of(login),
    )
    return make_response(page)


def _kept_fields() -> list[tuple[str, str]]:
    return [
        (name, value)
        # Ticked boxes share a name, and each of them comes back.
        for name, value in request.form.items(multi=True)
        # A wrong code is typed anew, and the page brings a token of its own.
        if name not in PROOF_FIELDS
    ]


@dataclass(frozen=True, slots=True)
class Ways:
    """What somebody can be asked for, beside a recovery code."""

    app: bool
    passkey: bool


def ways_of(login: Login) -> Ways:
    """By what this person has set up, and what browsers can do here."""
    with site.reading() as session:
        has_app = totp.find_confirmed(session, login.person.id) is not None
        keys = passkeys.list_passkeys(session, login.person.id)
        return Ways(has_app, bool(keys) and offers_passkeys())


def offers_passkeys() -> bool:
    """Whether browsers can speak of passkeys to this console at all."""
    return passkeys.site_of(site.current_context().settings) is not None
