"""What a host says about a notice, by the link that the notice came with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, NotFound, TooMany, phrase
from hotline.core.storage.ids import new_id
from hotline.intake.values import clean_text
from partners.notices.models import Notice, ProviderAnswer
from partners.notices.preservation import PRESERVATION, end_wait
from partners.notices.service import note_at_places
from partners.replaced_links import LinkEnd, LinkEnded, find_linked
from partners.states import NoticeEvent
from partners.watching.service import look_soon
from triage.cases.locking import lock_case
from triage.cases.vocabulary import PlaceEvent

# What a host may say on its page, and the event that follows.
VERBS = {
    "acknowledge": NoticeEvent.ACKNOWLEDGED,
    "removed": NoticeEvent.CLAIMED_REMOVED,
    "preserved": NoticeEvent.PRESERVED,
    "not_ours": NoticeEvent.DISPUTED,
    "not_illegal": NoticeEvent.DISPUTED,
    "question": "",
}
MAX_ANSWER = 4000
# Nobody has more to say about one notice; a script in a loop has.
MAX_ANSWERS = 100


def find_by_token(
    session: Session, context: Context, token: str, now: datetime
) -> Notice:
    """The notice of a link. Unknown and expired links look the same: ``NotFound``.

    One that was replaced, or whose notice was withdrawn, says so: ``LinkEnded``.
    """
    notice = find_linked(
        session, context.keyring, "notice", Notice, token, now
    )
    expired = (
        notice is None
        or notice.link_expires_at is None
        or notice.link_expires_at <= now
    )
    if notice is None or expired:
        raise NotFound(
            phrase("This link is not valid, or not any more."),
            hint=phrase(
                "Answer the e-mail that it came in, and we will send a new one."
            ),
        )
    if notice.link_revoked_at is not None:
        raise LinkEnded(
            LinkEnd.WITHDRAWN, notice.link_revoked_at, notice.reference
        )
    return notice


def store_answer(
    act: Act, notice: Notice, verb: str, text: str
) -> ProviderAnswer:
    """What the host says. "Removed" is its claim; our checks are moved forward to see.

    Every answer is kept; it changes the notice's state only where that leads on from where it is.
    """
    if verb not in VERBS:
        raise InvalidInput(
            phrase("Choose one of the answers."),
            fields={"/verb": phrase("Choose one.")},
        )
    text = clean_text(text)
    if len(text) > MAX_ANSWER:
        raise InvalidInput(
            phrase("The text is too long."),
            fields={"/text": f"At most {MAX_ANSWER}."},
        )
    if verb in ("not_ours", "not_illegal", "question") and not text:
        raise InvalidInput(
            phrase("Please say more."),
            fields={"/text": phrase("Please say more.")},
        )
    lock_case(act.session, notice.case_id)
    # Counted under the lock: two answers at the same moment may not both be
    # the last one.
    _refuse_too_many(act.session, notice)
    event = VERBS[verb]
    if event and notice.machine.allows(notice.state, event):
        act.advance(notice, event, verb=verb)
        # Whatever a host says of a request to keep data, nobody need wait for
        # its answer any longer.
        end_wait(act.session, notice, act.now)
        if event == NoticeEvent.PRESERVED and notice.kind == PRESERVATION:
            # All that was asked for is done: there is nothing to remind of.
            notice.due_at = None
    stored = ProviderAnswer(
        id=new_id(), notice_id=notice.id, at=act.now, verb=verb, text=text
    )
    act.session.add(stored)
    if event == NoticeEvent.CLAIMED_REMOVED:
        note_at_places(act, notice, PlaceEvent.CLAIMED)
        for entry in notice.items:
            look_soon(act.session, entry.item_id, now=act.now)
    return stored


def _refuse_too_many(session: Session, notice: Notice) -> None:
    count = session.scalar(
        select(func.count())
        .select_from(ProviderAnswer)
        .where(ProviderAnswer.notice_id == notice.id)
    )
    if count is not None and count >= MAX_ANSWERS:
        raise TooMany(
            phrase("There are very many answers to this notice already."),
            retry_after=86400,
            hint=phrase("Answer the e-mail that it came in."),
        )
