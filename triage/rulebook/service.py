"""Changing the rules: drafted by one person, tried over past cases, put in force by another."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from flask import url_for
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.approvals.kinds import Kind
from hotline.accounts.approvals.models import Approval
from hotline.accounts.approvals.service import (
    Question,
    ask_approval,
    find_question,
    refuse_approval,
)
from hotline.core.act import Act
from hotline.core.errors import (
    Conflict,
    InvalidInput,
    Misconfigured,
    NotFound,
    phrase,
)
from hotline.core.jobs.names import JobName
from hotline.core.storage.ids import new_id
from triage.jurisdiction import load_rules
from triage.rulebook.files import LARGEST_FILE, digest_files, is_rule_file
from triage.rulebook.in_force import find_in_force, read_now, try_folder
from triage.rulebook.models import RuleChange, RuleEvent, RuleState

SHOWN = 30
LONGEST_ABOUT = 200


def _check_change(act: Act, approval: Approval) -> None:
    change = lock_change(act.session, uuid.UUID(approval.subject))
    if change.state != RuleState.DRAFTED:
        raise Conflict(phrase("This change is not waiting any more."))
    # What was offered again is asked for anew: whoever asked before may be
    # who took it back.
    if approval.asked_at < change.state_since:
        raise Conflict(phrase("It was taken back since this was asked for."))
    # Whoever agrees has read these files, and no others may come into force by
    # it.
    if change.digest != approval.details["digest"]:
        raise Conflict(phrase("Files were added since this was asked for."))
    if change.base_digest != _digest_now(act.session):
        raise Conflict(
            phrase("Other rules came into force since this was drafted."),
            hint=phrase("Draft it again over what is in force now."),
        )


def _activate(act: Act, approval: Approval) -> None:
    change = lock_change(act.session, uuid.UUID(approval.subject))
    former = find_in_force(act.session)
    if former is not None:
        act.advance(former, RuleEvent.REPLACED, digest=former.digest)
        # First the old one goes: the index allows one in force.
        act.session.flush()
    change.in_force_at = act.now
    act.advance(
        change,
        RuleEvent.ACTIVATED,
        about=change.about,
        digest=change.digest,
        files=sorted(change.files),
        why=approval.why,
        asked_by=approval.asked_by,
        granted_by=act.actor,
    )


RULES_CHANGE = Kind(
    "rules_change",
    lazy_gettext("Put changed rules in force"),
    lazy_gettext(
        "Within seconds every process decides by the changed files: how urgent cases are, who is "
        "told and by which law. What was decided before stays. The former files can be put in "
        "force again."
    ),
    asking="rules.change",
    granting="rules.change",
    # It is done with the agreement itself, so nothing is left to be used
    # later.
    lasts=timedelta(minutes=1),
    check=_check_change,
    done=_activate,
    look=lambda approval: url_for(
        "triage.show_change", change_id=approval.subject
    ),
)


def draft_change(act: Act, name: str, data: bytes, about: str) -> RuleChange:
    """Begin a change with one file, over what is in force now."""
    about = " ".join(about.split())
    if not 1 <= len(about) <= LONGEST_ABOUT:
        raise InvalidInput(
            phrase("Say what is changed, in at most 200 characters.")
        )
    former = find_in_force(act.session)
    # With all that was changed before: who changes one file takes back no
    # other by leaving it out.
    base = dict(former.files) if former is not None else {}
    files = {**base, name: _read_file(name, data)}
    if files[name] == read_now(act.context.settings.data_dir, name):
        raise Conflict(phrase("This file is in force as it is already."))
    return _store_draft(act, files, about)


def add_file(act: Act, change: RuleChange, name: str, data: bytes) -> None:
    """One more file, or another text of one, by anybody who may draft: what was asked for before
    lapses with it. ``change`` is locked: nobody agrees to it in the meantime."""
    if change.state != RuleState.DRAFTED:
        raise Conflict(phrase("This change is not waiting any more."))
    files = {**change.files, name: _read_file(name, data)}
    require_loadable(act.context.settings.data_dir, files)
    change.files, change.digest = files, digest_files(files)
    # What was tried over past cases was another set of files.
    change.replay_since = None
    act.record(
        "rule_change.file_added",
        "rule_change",
        change.id,
        file=name,
        digest=change.digest,
    )


def draft_way_back(act: Act, former: RuleChange | None) -> RuleChange:
    """What was in force once, or the installation's own files (None), as a change of its own."""
    files = {} if former is None else dict(former.files)
    if digest_files(files) == _digest_now(act.session):
        raise Conflict(phrase("This is in force already."))
    about = "" if former is None else former.about
    return _store_draft(act, files, about)


def ask_to_activate(act: Act, change: RuleChange, why: str) -> Approval:
    return ask_approval(
        act,
        Question(
            RULES_CHANGE,
            subject=str(change.id),
            # The way back to the installation's own files has no words of its
            # own.
            about=change.about or change.digest[:16],
            why=why,
            details={"digest": change.digest},
        ),
    )


def withdraw_change(act: Act, change: RuleChange) -> None:
    """Nobody is asked about it any more. ``change`` is locked."""
    act.advance(change, RuleEvent.WITHDRAWN, about=change.about)
    question = find_question(
        act.session, RULES_CHANGE, str(change.id), act.now
    )
    if question is not None:
        refuse_approval(act, RULES_CHANGE, question)


def offer_again(act: Act, change: RuleChange) -> None:
    """A draft that was taken back is one again, for whoever may draft; it decides nothing until
    two people want it. ``change`` is locked."""
    act.advance(change, RuleEvent.OFFERED_AGAIN, about=change.about)


def begin_replay(act: Act, change: RuleChange, since: datetime) -> None:
    """Try it over the cases opened since then; a job does it, step by step."""
    change.replay_since, change.replay_last = since, None
    change.replay_total = change.replay_done = 0
    change.replay_result = {}
    act.record("rule_change.replayed", "rule_change", change.id)
    post_replay(act, change)


def post_replay(act: Act, change: RuleChange) -> None:
    # Work is posted once for each key, and every step of a trial is work of
    # its own.
    key = f"rules.replay:{change.id}:{change.replay_since}:{change.replay_last}:{act.now}"
    act.post(
        JobName.RULES_REPLAY, key=key, payload={"change_id": str(change.id)}
    )


def get_change(session: Session, change_id: uuid.UUID) -> RuleChange:
    change = session.get(RuleChange, change_id)
    if change is None:
        raise NotFound(phrase("There is no such change."))
    return change


def lock_change(session: Session, change_id: uuid.UUID) -> RuleChange:
    """For whoever changes it or agrees to it, as it is now: what another person agrees to in this
    moment must be what then comes into force."""
    change = get_change(session, change_id)
    session.refresh(change, with_for_update=True)
    return change


def list_changes(session: Session) -> Sequence[RuleChange]:
    """Newest first."""
    return session.scalars(
        select(RuleChange)
        .order_by(RuleChange.drafted_at.desc(), RuleChange.id.desc())
        .limit(SHOWN)
    ).all()


def require_loadable(own: Path, files: Mapping[str, str]) -> None:
    """``InvalidInput`` with every fault that the rules have with these files."""
    try:
        with try_folder(own, files) as folder:
            load_rules(folder)
    except Misconfigured as error:
        raise InvalidInput(
            phrase("These files cannot be read as rules."), hint=error.message
        ) from None


def _store_draft(act: Act, files: dict[str, str], about: str) -> RuleChange:
    require_loadable(act.context.settings.data_dir, files)
    change = RuleChange(
        id=new_id(),
        about=about,
        files=files,
        digest=digest_files(files),
        base_digest=_digest_now(act.session),
        drafted_by=act.actor,
        drafted_at=act.now,
    )
    act.begin(change, about=about, digest=change.digest)
    act.session.flush()
    return change


def _digest_now(session: Session) -> str:
    former = find_in_force(session)
    return digest_files({}) if former is None else former.digest


def _read_file(name: str, data: bytes) -> str:
    if not is_rule_file(name):
        raise InvalidInput(phrase("There is no rule file of this name."))
    if len(data) > LARGEST_FILE:
        raise InvalidInput(phrase("The file is larger than 1 MB."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(phrase("The file is not UTF-8.")) from None
    # PostgreSQL keeps no NUL in a text, and no rule needs one.
    if "\0" in text:
        raise InvalidInput(phrase("The file is not UTF-8."))
    if not text.strip():
        raise InvalidInput(phrase("The file is empty."))
    return text
