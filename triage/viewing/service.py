"""One look: asked for with a reason, allowed or not, shown once, put away.

What a look is refused for never keeps a case from being assessed.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.accounts.preferences import preferences_of
from hotline.accounts.signing_in.standing import Login
from hotline.core.act import Act
from hotline.core.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    phrase,
)
from hotline.core.storage.ids import new_id, new_token
from triage.cases.assessing.claim import find_holder
from triage.cases.handling.exposure import Exposure, load_exposure
from triage.cases.handling.next_case import was_last_violent
from triage.cases.handling.time_spent import measure_own_day
from triage.cases.models import Case, CaseItem
from triage.cases.places import item_ids_of
from triage.fetching.report import FetchLimits
from triage.items.access import access_of, fetch_request
from triage.items.models import Item, ItemMedia
from triage.viewing.models import Outcome, Viewing
from triage.viewing.process.client import SECONDS
from triage.viewing.process.question import PARTS, Problem, Question
from triage.viewing.switch import find_switch

LONGEST_REASON = 500
TOKEN_HOLDS = timedelta(minutes=5)
UNDER_WAY = TOKEN_HOLDS + timedelta(seconds=SECONDS)
"""From when a look is asked for: one that is still being fetched then broke off."""
LIMITS = FetchLimits(
    total_seconds=20, hash_seconds=15, decode_seconds=15, wall_seconds=45
)

Hindrance = Callable[[Session, Case], str | None]
"""Why another package forbids to ask the host of this case for anything, as words; else None."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to see of a case, and why. ``part``: the region without blur, if any."""

    media_id: uuid.UUID
    part: int | None
    why: str


def begin_viewing(
    act: Act,
    login: Login,
    case: Case,
    wanted: Wanted,
    hindrances: Sequence[Hindrance] = (),
) -> tuple[Viewing, str]:
    """Allow one look; the token with it works once, in this session of this person."""
    why = " ".join(wanted.why.split())
    if not 1 <= len(why) <= LONGEST_REASON:
        raise InvalidInput(
            phrase("Say why you have to see it, in at most 500 characters.")
        )
    if wanted.part is not None and not 1 <= wanted.part <= PARTS:
        raise InvalidInput(phrase("There is no such region."))
    sighting = _find_file(act.session, case, wanted.media_id)
    exposure = load_exposure(act.context.settings.data_dir)
    is_violent = is_case_violent(exposure, case)
    # The law before the person: who may not look is not told of a break.
    _require_allowed(act, login, case, hindrances)
    _require_bearable(act, login, case, exposure, is_violent=is_violent)
    token = new_token()
    viewing = Viewing(
        id=new_id(),
        person_id=login.person.id,
        session_id=login.session_id,
        item_id=sighting.item_id,
        media_id=sighting.media_id,
        part=wanted.part,
        is_violent=is_violent,
        # Only its digest: whoever reads the database cannot look.
        token_digest=_digest(token),
        asked_at=act.now,
        outcome=Outcome.ASKED,
    )
    act.session.add(viewing)
    act.session.flush()
    act.record(
        "viewing.asked",
        "viewing",
        viewing.id,
        case=case.reference,
        sha256=sighting.media.sha256,
        part=wanted.part,
        why=why,
    )
    return viewing, token


def use_token(
    act: Act,
    login: Login,
    viewing_id: uuid.UUID,
    token: str,
    hindrances: Sequence[Hindrance] = (),
) -> Question:
    """Use the token up, and say what is to be fetched. Of two that come at once, one gets it."""
    viewing = act.session.get(
        Viewing, viewing_id, with_for_update={"of": Viewing}
    )
    # One sentence for all: a wrong token learns nothing of the look.
    if viewing is None or not _fits(viewing, login, token):
        raise NotFound(phrase("There is nothing to see here."))
    is_over = act.now - viewing.asked_at > TOKEN_HOLDS
    if viewing.outcome != Outcome.ASKED or is_over:
        raise Conflict(
            phrase("This was shown already, or waited for too long."),
            hint=phrase("It can be asked for again on the case page."),
        )
    case = _find_case(act.session, viewing)
    exposure = load_exposure(act.context.settings.data_dir)
    # Locked, so that of many looks at once no more are shown than if they had come in turn.
    act.session.execute(
        select(Person.id).where(Person.id == login.person.id).with_for_update()
    )
    # Again: the police may hold the case by now, somebody else may have it in
    # hand, and many looks may be asked for before the first of them is shown.
    _require_allowed(act, login, case, hindrances)
    _require_bearable(
        act, login, case, exposure, is_violent=viewing.is_violent
    )
    # Used up before the host is asked: a look that breaks off is not given
    # again.
    viewing.outcome = Outcome.FETCHING
    return _make_question(act, viewing)


def note_shown(
    act: Act, viewing_id: uuid.UUID, problem: Problem | None
) -> None:
    """Write down that the picture is handed out now, or why there is none."""
    viewing = act.session.get_one(
        Viewing, viewing_id, with_for_update={"of": Viewing}
    )
    viewing.outcome = problem or Outcome.SHOWN
    if problem is None:
        viewing.shown_at = act.now
    act.record(
        "viewing.shown" if problem is None else "viewing.not_shown",
        "viewing",
        viewing.id,
        **({} if problem is None else {"problem": str(problem)}),
    )


def end_viewing(act: Act, login: Login, viewing_id: uuid.UUID) -> None:
    """The browser put the picture away. A second word of it changes nothing."""
    viewing = act.session.get(
        Viewing, viewing_id, with_for_update={"of": Viewing}
    )
    if viewing is None or viewing.person_id != login.person.id:
        raise NotFound(phrase("There is nothing to see here."))
    if viewing.shown_at is None or viewing.ended_at is not None:
        return
    exposure = load_exposure(act.context.settings.data_dir)
    longest = timedelta(seconds=exposure.view_seconds)
    # A browser's word may come late; the page itself puts it away in time.
    viewing.ended_at = min(act.now, viewing.shown_at + longest)
    seconds = (viewing.ended_at - viewing.shown_at).total_seconds()
    act.record(
        "viewing.ended", "viewing", viewing.id, seconds=round(seconds, 1)
    )


def is_case_violent(exposure: Exposure, case: Case) -> bool:
    """By what is known before anybody looks."""
    return exposure.is_violent({}, case.kind, case.proposed_class or "")


def _require_allowed(
    act: Act, login: Login, case: Case, hindrances: Sequence[Hindrance]
) -> None:
    """What the law and the house ask."""
    if find_switch(act.session) is None:
        raise Conflict(phrase("Viewing is not switched on."))
    holder = find_holder(case, act.now)
    if holder is None or holder.id != login.person.id:
        raise Conflict(
            phrase("Only whoever has the case in hand may look."),
            hint=phrase("Take the case first."),
        )
    for hindrance in hindrances:
        words = hindrance(act.session, case)
        if words is not None:
            raise Conflict(words)


def _require_bearable(
    act: Act,
    login: Login,
    case: Case,
    exposure: Exposure,
    *,
    is_violent: bool,
) -> None:
    """What a person may bear of a day. The case can be assessed all the same."""
    assess = phrase("The case can be assessed without looking.")
    own = preferences_of(act.session, login.person.id)
    if case.kind in own.opted_out:
        raise Conflict(
            phrase("You opted out of cases of this kind."), hint=assess
        )
    _require_day_left(act, login, exposure)
    # The files of one case are looked at one after the other.
    if is_violent and was_last_violent(
        act.session, login.person, exposure, act.now, besides=case.id
    ):
        raise Conflict(
            phrase("What you saw or assessed last was violent, too."),
            hint=assess,
        )


def _require_day_left(act: Act, login: Login, exposure: Exposure) -> None:
    """What was shown, or is about to be, leaves room for one more, and no break is due."""
    assess = phrase("The case can be assessed without looking.")
    today = measure_own_day(act.session, act.context, login.person, act.now)
    views = today.views + _count_under_way(act, login)
    if today.is_full(exposure) or views >= exposure.day_views:
        raise Conflict(
            phrase("You have seen as much as a day may have."), hint=assess
        )
    if today.is_break_due(exposure):
        raise Conflict(phrase("A break is due."), hint=assess)


def _count_under_way(act: Act, login: Login) -> int:
    """The person's looks that are being fetched at this moment."""
    query = select(func.count()).where(
        Viewing.person_id == login.person.id,
        Viewing.asked_at > act.now - UNDER_WAY,
        Viewing.outcome == Outcome.FETCHING,
    )
    return act.session.scalar(query) or 0


def _find_case(session: Session, viewing: Viewing) -> Case:
    """The case that has the item now; it may be another one than when the look was asked for."""
    place = session.scalar(
        select(CaseItem).where(CaseItem.item_id == viewing.item_id)
    )
    if place is None:
        raise NotFound(phrase("There is nothing to see here."))
    return place.case


def _find_file(session: Session, case: Case, media_id: uuid.UUID) -> ItemMedia:
    """A file that was seen at an item of this very case."""
    sighting = session.scalar(
        select(ItemMedia)
        .join(Item, Item.id == ItemMedia.item_id)
        .where(
            ItemMedia.item_id.in_(item_ids_of(case.id)),
            ItemMedia.media_id == media_id,
            # What can't be fetched can't be shown: nothing is kept here.
            Item.fetchable.is_(True),
        )
        .order_by(ItemMedia.last_seen_at.desc(), ItemMedia.id)
        .limit(1)
    )
    if sighting is None:
        raise NotFound(phrase("There is no such file in this case."))
    return sighting


def _make_question(act: Act, viewing: Viewing) -> Question:
    item = act.session.get_one(Item, viewing.item_id)
    sighting = act.session.scalars(
        select(ItemMedia)
        .where(
            ItemMedia.item_id == item.id,
            ItemMedia.media_id == viewing.media_id,
        )
        .order_by(ItemMedia.last_seen_at.desc())
        .limit(1)
    ).one()
    access = access_of(act.session, act.context, item.id)
    request = fetch_request(item, act.context.settings, access)
    return Question(
        # Nothing else of the page is read again.
        replace(request, limits=LIMITS, only=sighting.url),
        sighting.media.sha256,
        viewing.part,
    )


def _fits(viewing: Viewing, login: Login, token: str) -> bool:
    return (
        viewing.person_id == login.person.id
        and viewing.session_id == login.session_id
        # In constant time, as for every secret.
        and hmac.compare_digest(viewing.token_digest, _digest(token))
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
