"""Set the stage: people, confirmed addresses, a hash list, reports at every stage of their way.

Reports come in through the real API and are worked on by the real workers; what people do in the
console is done here through the same services, as the demo's people.
"""

from __future__ import annotations

import hashlib
import io
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts import service as accounts
from hotline.accounts.models import Person
from hotline.accounts.signing_in.passwords import generate_password
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import Unavailable
from partners.directory.models import Partner
from partners.directory.service import confirm_address, set_contact
from partners.plans.making.choosing import can_take
from partners.plans.making.planning import approve_plan, request_plan
from partners.referrals.holds import release_hold
from partners.referrals.models import Hold
from partners.states import HoldState
from triage.cases.assessing.assess import Answers, assess_case
from triage.cases.assessing.claim import claim_case
from triage.cases.models import Case
from triage.cases.places import find_case_id
from triage.cases.vocabulary import CaseState
from triage.fingerprints.media import fingerprint_media
from triage.hashlists import formats, versions
from triage.hashlists import service as hashlists
from triage.items.models import Item
from triage.jurisdiction import Routing
from workers.demo import pictures, world

Say = Callable[[str], None]
WAIT_SECONDS = 60.0
SETTING = "sandbox"
SECOND = "sandbox: second person"
ABROAD = world.PAGES[2]
CLAIMED = world.PAGES[3]
ASSESSED_ONCE = world.PAGES[4]
WITH_POLICE = world.PAGES[5]
AT_HOST = world.PAGES[6]
SHOWN_WAYS = ("police", "hotline", "provider_notice")
"""Ways out of the house that the demo shows."""
BASELINE = {
    "class": "baseline",
    "kind": "csam_image",
    "age": "pre_pubescent",
    "gender": "not_determined",
    "self_generated": "no",
    "ai_generated": "no",
    "sexual_extortion": "no",
    "live_stream": "no",
    "commerciality": "not_determined",
    "site_type": "image_host",
    "virtual": "no",
}


def set_stage(context: Context, say: Say) -> dict[str, str]:
    """Make the demo's world; returns the people's passwords (empty if it is all there already)."""
    # A second start finds the people of the first one, and with them
    # everything else.
    first_person, _, _ = world.PEOPLE[0]
    with context.database.reading() as session:
        if session.scalar(
            select(Person.id).where(Person.username == first_person)
        ):
            return {}
    now = utc_now()
    with context.database.writing() as session:
        passwords = _add_people(Act(session, context, actor=SETTING, now=now))
        _confirm_addresses(session, context, now)
    say("Importing the known-hash list …")
    _import_hash_list(context, now)
    say("Sending reports through the API …")
    # The first of them twice: two sightings, one item.
    for page in (*world.REPORTED, world.REPORTED[0]):
        _report_page(context, page)
    _report_what_was_told(context)
    say("Waiting for the workers to examine them …")
    _wait_for_cases(context, len(world.REPORTED) + len(world.TOLD))
    say("Moving some of them on …")
    _move_on(context)
    return passwords


def _add_people(act: Act) -> dict[str, str]:
    passwords = {}
    for username, name, role in world.PEOPLE:
        passwords[username] = generate_password(username)
        accounts.add_person(
            act,
            username=username,
            display_name=name,
            role=role,
            password=passwords[username],
        )
    return passwords


def _confirm_addresses(
    session: Session, context: Context, now: datetime
) -> None:
    """Confirmed addresses of police and the partner hotline, and of one of the abuse desks."""
    act = Act(session, context, SETTING, now)
    inbox = context.settings.port + world.INBOX_PORT_OFFSET
    for code, channel, address in (
        ("police-al-national", "email", world.POLICE),
        (
            "hotline-rs-net-patrola",
            "http",
            f"http://127.0.0.1:{inbox}/hotline-rs/referrals",
        ),
    ):
        partner = session.scalars(
            select(Partner).where(Partner.code == code)
        ).one()
        set_contact(act, partner, channel=channel, address=address)
        # Another name, since nobody may confirm the address that they entered.
        confirm_address(replace(act, actor=SECOND), partner)


def _import_hash_list(context: Context, now: datetime) -> None:
    """Known hashes of some of the pictures, as a list would have them: of altered copies."""
    lines = ["md5,sha1,pdq,phash,category,source,date"]
    for page in world.PAGES:
        if not page.known:
            continue
        for name in page.pictures:
            lines.append(_describe_known(name))
    stream = io.BytesIO("\n".join(lines).encode())
    with context.database.writing() as session:
        act = Act(session, context, SETTING, now)
        target = hashlists.create_list(
            act,
            "sandbox",
            source="Generated pictures of the sandbox",
        )
        versions.import_version(
            act,
            target,
            formats.parse_entries("csv", stream),
            digest=hashlib.sha256(stream.getvalue()).hexdigest(),
            whole=True,
        )


def _describe_known(name: str) -> str:
    """A row of the list, of an altered copy of the picture."""
    copy = pictures.alter_picture(pictures.draw_picture(name))
    hashes = fingerprint_media(pictures.encode_jpeg(copy))
    cells = (
        hashes.md5,
        hashes.sha1,
        hashes.pdq,
        hashes.phash,
        "baseline",
        "sandbox",
        "2026-11-01",
    )
    return ",".join(map(str, cells))


def _report_page(context: Context, page: world.Page) -> None:
    isp = context.settings.port + world.ISP_PORT_OFFSET
    location = world.page_url(page, isp)
    _post_report(context, {"locations": [location], "kind": "csam_image"})


def _report_what_was_told(context: Context) -> None:
    """Cases that are about people: their substance is in words, or in an address somebody used."""
    for story in world.TOLD:
        report: dict[str, object] = {
            "narrative": story.words,
            "kind": story.kind,
            "reporter_role": story.reporter_role,
        }
        if story.location:
            report["locations"] = [story.location]
        _post_report(context, report)


def _post_report(context: Context, report: dict[str, object]) -> None:
    answer = httpx.post(
        f"http://127.0.0.1:{context.settings.port}/api/v1/reports",
        json={**report, "language": "en"},
        headers={"Idempotency-Key": str(uuid.uuid4())},
        timeout=30,
        trust_env=False,
    )
    if answer.status_code >= 300:
        raise Unavailable(
            f"The API answered {answer.status_code} to the demo's report."
        )


def _wait_for_cases(context: Context, wanted: int) -> None:
    """Until so many cases wait for an analyst; to be looked at is not yet to be ready."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        with context.database.reading() as session:
            ready = session.scalars(
                select(Case.id).where(Case.state == CaseState.WAITING)
            ).all()
        if len(ready) >= wanted:
            return
        time.sleep(0.3)
    raise Unavailable(
        "The workers did not examine the demo's reports in time."
    )


def _move_on(context: Context) -> None:
    """One case held, one assessed once, one with the police, one with its host, one forwarded."""
    with context.database.writing() as session:
        arta = _find_person(session, "arta")
        besnik = _find_person(session, "besnik")
        now = utc_now()
        case = _find_case(session, context, ASSESSED_ONCE)
        act = Act(session, context, arta.actor, now)
        minutes = context.settings.claim_minutes
        claim_case(act, case, arta, minutes)
        assess_case(act, case, arta, Answers(BASELINE), second_required=True)
        claim_case(
            Act(session, context, besnik.actor, now),
            _find_case(session, context, CLAIMED),
            besnik,
            minutes,
        )
        for page in (WITH_POLICE, AT_HOST, ABROAD):
            _decide_case(session, context, page, arta, besnik)
    _wait_for_hold(context, AT_HOST, HoldState.ACTIVE)
    with context.database.writing() as session:
        drita = _find_person(session, "drita")
        case = _find_case(session, context, AT_HOST)
        hold = session.scalars(
            select(Hold).where(Hold.case_id == case.id)
        ).one()
        supervisor = drita.actor
        release_hold(
            Act(session, context, supervisor, utc_now()),
            hold,
            reason="Sandbox",
        )


def _decide_case(
    session: Session,
    context: Context,
    page: world.Page,
    first: Person,
    second: Person,
) -> None:
    """Two people assess alike; the first asks for all routes that can be taken, the second
    approves."""
    now = utc_now()
    case = _find_case(session, context, page)
    for person in (first, second):
        act = Act(session, context, person.actor, now)
        assess_case(act, case, person, Answers(BASELINE), second_required=True)
    chosen: dict[str, uuid.UUID | None] = {}
    for route in Routing.from_json(case.routing).routes:
        if can_take(route) and route.to in SHOWN_WAYS:
            chosen[route.id] = None
    plan = request_plan(
        Act(session, context, first.actor, now), case, chosen, note=""
    )
    approve_plan(Act(session, context, second.actor, now), plan)


def _wait_for_hold(
    context: Context, page: world.Page, hold_state: str
) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        with context.database.reading() as session:
            case = _find_case(session, context, page)
            state = session.scalar(
                select(Hold.state).where(Hold.case_id == case.id)
            )
        if state == hold_state:
            return
        time.sleep(0.3)
    raise Unavailable(
        "The police referral of the demo was not delivered in time."
    )


def _find_case(session: Session, context: Context, page: world.Page) -> Case:
    isp = context.settings.port + world.ISP_PORT_OFFSET
    item = session.scalars(
        select(Item).where(Item.canonical == world.page_url(page, isp))
    ).one()
    return session.get_one(Case, find_case_id(session, item.id))


def _find_person(session: Session, username: str) -> Person:
    return session.scalars(
        select(Person).where(Person.username == username)
    ).one()
