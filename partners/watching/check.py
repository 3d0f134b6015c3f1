"""One availability check: look, judge, conclude from all looks, and act on what is proved."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import NotFound, phrase
from hotline.core.jobs.task import Task
from hotline.core.settings import Settings
from hotline.intake.registry.vocabulary import PartEvent
from partners.notices import service as notices
from partners.states import NoticeEvent
from partners.watching.models import Watch, WatchEvent, WatchState
from partners.watching.service import policy_of
from triage.availability.conclusion import Conclusion, State, draw_conclusion
from triage.availability.evidence import check_from_report, shows_a_part
from triage.availability.model import (
    PRESENT,
    Baseline,
    Vantage,
    Verdict,
    VerdictName,
)
from triage.availability.policy import Policy
from triage.availability.schedule import add_jitter
from triage.availability.verdict import judge_check, reconcile_verdicts
from triage.cases.examination.examine import (
    host_moved,
    is_elsewhere,
    new_visit,
    store_facts,
)
from triage.cases.examination.hashes.store_media import store_media
from triage.cases.examination.reporters import tell_reporters
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.cases.places import note_at_place
from triage.cases.vocabulary import CaseEvent, CaseState, PlaceEvent
from triage.fetching.report import FetchReport, FetchRequest, PageFetcher
from triage.hosting.lookup import Lookup
from triage.items.access import Access, access_of, clear_access, fetch_request
from triage.items.models import Item, Visit
from triage.items.origin import observe_item, told_origins

# The index of hashes is arrays: who only names the type of a search loads none.
if TYPE_CHECKING:
    from triage.hashlists.search.matcher import Matcher

ACTOR = "checks"


@dataclass(frozen=True)
class Look:
    """One fetch with its verdict."""

    report: FetchReport
    verdict: Verdict
    control_ok: bool | None


def check_item(
    task: Task, *, fetcher: PageFetcher, lookup: Lookup, matcher: Matcher
) -> None:
    """Look at a watched item from every vantage point and store what that proves."""
    with task.context.database.reading() as session:
        watch = session.get(Watch, task.id_of("watch_id"))
        if watch is None:
            raise NotFound(phrase("There is no such watch."))
        item = session.get_one(Item, watch.item_id)
        baseline = Baseline.from_json(watch.baseline)
        access = access_of(session, task.context, item.id)
        origins = told_origins(session, item.id)
    looks = _look_from_everywhere(
        item, access, baseline, task.context.settings, fetcher, task.now
    )
    # What answered says by its headers whether a delivery network stands in
    # front.
    headers = looks[0].report.headers
    facts = observe_item(lookup, item, origins, headers=headers, now=task.now)
    with task.context.database.writing() as session:
        act = Act(session, task.context, ACTOR, task.now)
        case = lock_case(session, watch.case_id)
        # After the looks, which take minutes: a worker that dies during them
        # has done nothing yet.
        task.mark_done(session)
        watch = session.get_one(Watch, watch.id, with_for_update=True)
        item = session.get_one(Item, watch.item_id)
        if is_elsewhere(item, facts) and store_facts(session, item, facts):
            host_moved(session, task.context, item, task.now)
        for look in looks:
            _store_visit(session, item, look, task.now)
        # By our own way only: what another country's server shows there need
        # not be what was assessed.
        if looks[0].verdict.verdict in PRESENT:
            store_media(
                session, item, looks[0].report, matcher=matcher, now=task.now
            )
        session.flush()
        _draw_conclusion(act, watch, case, [look.verdict for look in looks])


def _look_from_everywhere(
    item: Item,
    access: Access,
    baseline: Baseline,
    settings: Settings,
    fetcher: PageFetcher,
    now: datetime,
) -> list[Look]:
    request = fetch_request(item, settings, access)
    own = _look_once(request, baseline, settings, fetcher, now, vantage="own")
    if (
        not settings.second_vantage_proxy
        # What is seen from here is there, whatever is seen from elsewhere.
        or own.verdict.verdict == VerdictName.ONLINE
    ):
        return [own]
    request = fetch_request(
        item, settings, access, proxy=settings.second_vantage_proxy
    )
    second = _look_once(
        request, baseline, settings, fetcher, now, vantage="second"
    )
    return [
        replace(own, verdict=reconcile_verdicts(own.verdict, second.verdict)),
        second,
    ]


def _look_once(
    request: FetchRequest,
    baseline: Baseline,
    settings: Settings,
    fetcher: PageFetcher,
    now: datetime,
    *,
    vantage: Vantage,
) -> Look:
    """The item, a control page of ours over the same way, and what this host says to nonsense."""
    report = fetcher.fetch(request)
    document = report.to_json()
    missing = home = None
    # Only then can a page be compared with what the host says to an address
    # that nobody has.
    if report.outcome == "ok":
        missing = fetcher.fetch(
            replace(request, url=_impossible_address(request.url))
        )
        in_part = shows_a_part(document, baseline)
        home = fetcher.fetch(
            replace(request, url=_front_page(request.url), want_media=in_part)
        )
    # Last, so that a network that failed on the way shows here too.
    control_ok = _control_page_answers(request, settings, fetcher)
    check = check_from_report(
        document,
        control_ok=control_ok,
        signed_in=bool(request.cookies or request.userinfo),
        vantage=vantage,
        at=now,
        missing=_answer_of(missing),
        home=_answer_of(home),
    )
    return Look(report, judge_check(check, baseline), control_ok)


def _control_page_answers(
    request: FetchRequest, settings: Settings, fetcher: PageFetcher
) -> bool | None:
    """Whether our own way works right now; None, which proves nothing, without a control page.

    What was set for the item is no business of the control page's: it goes to the item's host only.
    """
    if not settings.control_url:
        return None
    plain = replace(
        request,
        url=settings.control_url,
        want_media=False,
        cookies=None,
        userinfo=None,
        referrer=None,
    )
    report = fetcher.fetch(plain)
    return report.outcome == "ok"


def _impossible_address(url: str) -> str:
    """An address at the same host and depth that cannot exist."""
    parts = urlsplit(url)
    folder = parts.path.rsplit("/", 1)[0]
    return urlunsplit(
        (
            parts.scheme,
            parts.netloc,
            f"{folder}/{secrets.token_hex(12)}",
            "",
            "",
        )
    )


def _front_page(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "/", "", ""))


def _answer_of(report: FetchReport | None) -> dict[str, object] | None:
    if report is None or report.outcome not in ("ok", "http_error"):
        return None
    return report.to_json()


def _store_visit(
    session: Session, item: Item, look: Look, now: datetime
) -> None:
    visit = new_visit(item, look.report, purpose="check", now=now)
    visit.verdict = look.verdict.verdict
    visit.reasons = list(look.verdict.reasons)
    visit.control_ok = look.control_ok
    visit.vantage = look.verdict.vantage
    visit.evidence = look.verdict.to_json()
    session.add(visit)


def _draw_conclusion(
    act: Act, watch: Watch, case: Case, verdicts: Sequence[Verdict]
) -> None:
    """What all looks together prove, and what follows from it."""
    newest = verdicts[-1]
    policy = policy_of(act.context)
    verdicts_so_far = _past_verdicts(act, watch.item_id)
    conclusion = draw_conclusion(verdicts_so_far, policy, act.now)
    watch.checks += 1
    watch.last_verdict, watch.last_at = newest.verdict, act.now
    watch.next_at = _with_jitter(
        conclusion.next_check_at, watch, policy, act.now
    )
    # Kept out, nothing can be proved in either direction.
    watch.needs_person = (
        conclusion.needs_person or conclusion.state == State.KEPT_OUT
    )
    is_removed = conclusion.state == State.REMOVED and conclusion.verified
    if is_removed and watch.state == WatchState.WATCHING:
        _note_removal(act, watch, case, conclusion)
    elif any(verdict.verdict in PRESENT for verdict in verdicts):
        _note_presence(act, watch, case)
    if watch.next_at is None and watch.state != WatchState.ENDED:
        _end_watch(act, watch, case)


def _end_watch(act: Act, watch: Watch, case: Case) -> None:
    act.advance(watch, WatchEvent.ENDED)
    clear_access(act, watch.item_id)
    if case.state == CaseState.REMOVED and not _has_watch(
        act.session, case, (WatchState.WATCHING, WatchState.REMOVED)
    ):
        act.advance(case, CaseEvent.CLOSED)


def _has_watch(
    session: Session, case: Case, states: Collection[WatchState]
) -> bool:
    """Whether any item of the case is watched in one of these states."""
    session.flush()
    query = select(Watch.id).where(
        Watch.case_id == case.id, Watch.state.in_(states)
    )
    return session.scalar(query.limit(1)) is not None


def _with_jitter(
    at: datetime | None, watch: Watch, policy: Policy, now: datetime
) -> datetime | None:
    """Not to the minute: a host could learn when we look."""
    return at and add_jitter(at, now, key=str(watch.id), share=policy.jitter)


def _past_verdicts(act: Act, item_id: uuid.UUID) -> list[Verdict]:
    """Of the newest checks, as many as are kept: more than a policy asks for in all its time."""
    rows = act.session.scalars(
        select(Visit.evidence)
        .where(Visit.item_id == item_id, Visit.purpose == "check")
        .order_by(Visit.at.desc(), Visit.id.desc())
        .limit(act.context.settings.keep_visits)
    )
    return [Verdict.from_json(row) for row in rows if row]


def _note_removal(
    act: Act, watch: Watch, case: Case, conclusion: Conclusion
) -> None:
    """Verified: case, notices and reporters learn it. The clock stopped at ``since``.

    The case is removed with the last of its watched items.
    """
    since = conclusion.since.isoformat() if conclusion.since else ""
    act.advance(watch, WatchEvent.REMOVED, since=since)
    note_at_place(act, case, watch.item_id, PlaceEvent.REMOVED)
    is_last = not _has_watch(act.session, case, (WatchState.WATCHING,))
    if is_last and case.machine.allows(case.state, CaseEvent.REMOVED):
        because = list(conclusion.because)
        act.advance(case, CaseEvent.REMOVED, since=since, because=because)
    notices.settle_notices(act, watch.item_id)
    act.session.flush()
    tell_reporters(act, watch.item_id, PartEvent.REMOVED)


def _note_presence(act: Act, watch: Watch, case: Case) -> None:
    """Seen again after it was proved to be gone, or still there although a host said it is not."""
    if watch.state != WatchState.REMOVED:
        note_at_place(act, case, watch.item_id, PlaceEvent.STILL_UP)
        notices.note_still_up(act, watch.item_id, NoticeEvent.STILL_UP)
        return
    act.advance(watch, WatchEvent.REAPPEARED)
    note_at_place(act, case, watch.item_id, PlaceEvent.REAPPEARED)
    if case.machine.allows(case.state, CaseEvent.REAPPEARED):
        act.advance(case, CaseEvent.REAPPEARED)
    notices.note_still_up(act, watch.item_id, NoticeEvent.REAPPEARED)
    tell_reporters(act, watch.item_id, PartEvent.REAPPEARED)
