"""A notice whose contact has no address that we can write to: somebody told them all the same."""

from __future__ import annotations

from hotline.core.act import Act
from hotline.core.errors import Conflict, phrase
from partners.manual.service import Told, record_act
from partners.manual.vocabulary import Outcome
from partners.notices.contacts import find_due_time
from partners.notices.judging import is_of_this_round, may_leave
from partners.notices.models import Notice
from partners.notices.service import note_at_places
from partners.states import NoticeEvent
from triage.cases.locking import lock_case
from triage.cases.vocabulary import PlaceEvent


def note_told(act: Act, notice: Notice, told: Told) -> None:
    """Record it. What was told counts as sent: its deadline runs, and checks go on.

    By hand, too, nothing leaves while the police want the place left alone.
    """
    lock_case(act.session, notice.case_id)
    record_act(act, notice.case, told, also=(told.route,))
    # Nobody was reached: it is written down, and the notice waits as before.
    if told.outcome != Outcome.TOLD:
        return
    # A telephone call warns a host as a letter does.
    is_free = is_of_this_round(act.session, notice) and may_leave(
        act.session, act.context, notice, act.now
    )
    if not is_free:
        raise Conflict(
            phrase("This notice may not leave now."),
            hint=phrase(
                "If somebody was told already, record it under Done by hand."
            ),
        )
    act.advance(notice, NoticeEvent.TOLD_BY_HAND)
    note_at_places(act, notice, PlaceEvent.NOTICED)
    notice.due_at = find_due_time(notice, act.now)
