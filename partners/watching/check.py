"""One availability check: look, judge, conclude from all looks, and act on what is proved."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.errors import NotFound
from hotline.core.jobs.task import Task
from hotline.core.settings import Settings
from hotline.core.storage import machine
from partners.notices import service as notices
from partners.watching.models import Watch
from partners.watching.service import policy_of
from triage.availability.conclusion import Conclusion, conclude
from triage.availability.evidence import check_from_report, shows_a_part
from triage.availability.model import PRESENT, Baseline, Vantage, Verdict
from triage.availability.policy import Policy
from triage.availability.schedule import jittered
from triage.availability.verdict import judge, reconcile
from triage.cases.examination.examine import (
    host_moved,
    is_elsewhere,
    new_visit,
    store_facts,
    store_media,
)
from triage.cases.examination.register import tell_reporters
from triage.cases.models import Case
from triage.fetching.report import FetchReport, FetchRequest, PageFetcher
from triage.hashlists.search.matcher import Matcher
from triage.hosting.lookup import Lookup
from triage.items.access import Access, access_of, clear_access, fetch_request
from triage.items.models import Item, Visit
from triage.items.origin import observe_item, told_origins

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
            raise NotFound("There is no such watch.")
        item = session.get_one(Item, watch.item_id)
        baseline = Baseline.from_json(watch.baseline)
        access = access_of(session, task.context, item.id)
        told = told_origins(session, item.id)
    looks = _looks(item, access, baseline, task.context.settings, fetcher, task.now)
    headers = looks[0].report.headers
    facts = observe_item(lookup, item, told, headers=headers, now=task.now)
    with task.finishing() as session:
        watch = session.get_one(Watch, watch.id, with_for_update=True)
        item = session.get_one(Item, watch.item_id, with_for_update=True)
        if is_elsewhere(item, facts) and store_facts(session, item, facts):
            host_moved(session, task.context, item, task.now)
        for look in looks:
            _keep(session, item, look, task.now)
        if looks[0].verdict.verdict in PRESENT:
            store_media(session, item, looks[0].report, matcher=matcher, now=task.now)
        session.flush()
        _act(
            session,
            task.context,
            watch,
            item,
            [look.verdict for look in looks],
            task.now,
        )


def _looks(
    item: Item,
    access: Access,
    baseline: Baseline,
    settings: Settings,
    fetcher: PageFetcher,
    now: datetime,
) -> list[Look]:
    request = fetch_request(item, settings, access)
    own = _look(request, baseline, settings, fetcher, now, vantage="own")
    if not settings.second_vantage_proxy or own.verdict.verdict == "online":
        return [own]
    request = fetch_request(item, settings, access, proxy=settings.second_vantage_proxy)
    second = _look(request, baseline, settings, fetcher, now, vantage="second")
    return [replace(own, verdict=reconcile(own.verdict, second.verdict)), second]


def _look(
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
    told = report.to_json()
    missing = home = None
    if report.outcome == "ok":
        missing = fetcher.fetch(replace(request, url=_impossible(request.url)))
        in_part = shows_a_part(told, baseline)
        home = fetcher.fetch(
            replace(request, url=_front(request.url), want_media=in_part)
        )
    # Last, so that a network that failed on the way shows here too.
    control_ok = _control(request, settings, fetcher)
    check = check_from_report(
        told,
        control_ok=control_ok,
        signed_in=bool(request.cookies or request.userinfo),
        vantage=vantage,
        at=now,
        missing=_answered(missing),
        home=_answered(home),
    )
    return Look(report, judge(check, baseline), control_ok)


def _control(
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


def _impossible(url: str) -> str:
    """An address at the same host and depth that cannot exist."""
    parts = urlsplit(url)
    folder = parts.path.rsplit("/", 1)[0]
    return urlunsplit(
        (parts.scheme, parts.netloc, f"{folder}/{secrets.token_hex(12)}", "", "")
    )


def _front(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "/", "", ""))


def _answered(report: FetchReport | None) -> dict[str, Any] | None:
    if report is None or report.outcome not in ("ok", "http_error"):
        return None
    return report.to_json()


def _keep(session: Session, item: Item, look: Look, now: datetime) -> None:
    visit = new_visit(item, look.report, purpose="check", now=now)
    visit.verdict = look.verdict.verdict
    visit.reasons = list(look.verdict.reasons)
    visit.control_ok = look.control_ok
    visit.vantage = look.verdict.vantage
    visit.evidence = look.verdict.to_json()
    session.add(visit)


def _act(
    session: Session,
    context: Context,
    watch: Watch,
    item: Item,
    seen: Sequence[Verdict],
    now: datetime,
) -> None:
    """What all looks together prove, and what follows from it."""
    last = seen[-1]
    policy = policy_of(context)
    found = conclude(_history(session, item), policy, now)
    watch.checks += 1
    watch.last_verdict, watch.last_at = last.verdict, now
    watch.next_at = _drifted(found.next_check_at, watch, policy, now)
    watch.needs_person = found.needs_person or found.state == "kept_out"
    case = session.get_one(Case, watch.case_id, with_for_update={"of": Case})
    if found.state == "removed" and found.verified and watch.state == "watching":
        _removed(session, watch, case, found, now)
    elif any(verdict.verdict in PRESENT for verdict in seen):
        _is_up(session, watch, case, now)
    if watch.next_at is None and watch.state != "ended":
        machine.advance(session, watch, "ended", actor=ACTOR, now=now)
        clear_access(session, context, item.id, actor=ACTOR, now=now)
        if case.state == "removed":
            machine.advance(session, case, "closed", actor=ACTOR, now=now)


def _drifted(
    at: datetime | None, watch: Watch, policy: Policy, now: datetime
) -> datetime | None:
    return at and jittered(at, now, key=str(watch.id), share=policy.jitter)


def _history(session: Session, item: Item) -> list[Verdict]:
    rows = session.scalars(
        select(Visit.evidence).where(Visit.item_id == item.id, Visit.purpose == "check")
    )
    return [Verdict.from_json(row) for row in rows if row]


def _removed(
    session: Session, watch: Watch, case: Case, found: Conclusion, now: datetime
) -> None:
    """Verified: case, notices and reporters learn it. The clock stopped at ``since``."""
    since = found.since.isoformat() if found.since else ""
    machine.advance(session, watch, "removed", actor=ACTOR, now=now, since=since)
    if case.machine.allows(case.state, "removed"):
        machine.advance(
            session,
            case,
            "removed",
            actor=ACTOR,
            now=now,
            since=since,
            because=list(found.because),
        )
    notices.verified(session, case.id, now=now)
    session.flush()
    tell_reporters(session, case.item_id, "removed", actor=ACTOR, now=now)


def _is_up(session: Session, watch: Watch, case: Case, now: datetime) -> None:
    """Seen again after it was proved to be gone, or still there although a host said it is not."""
    if watch.state == "removed":
        machine.advance(session, watch, "reappeared", actor=ACTOR, now=now)
        if case.machine.allows(case.state, "reappeared"):
            machine.advance(session, case, "reappeared", actor=ACTOR, now=now)
        notices.still_up(session, case.id, event="reappeared", now=now)
        tell_reporters(session, case.item_id, "reappeared", actor=ACTOR, now=now)
    else:
        notices.still_up(session, case.id, event="still_up", now=now)
