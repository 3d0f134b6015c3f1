"""A notice to the delivery network by its API, what became of it, and the origin it leads to."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from hotline.core.act import Act
from hotline.core.errors import InvalidInput
from hotline.core.network.client import LOOPBACK
from hotline.core.network.resolve import Reach
from partners.channels.base import Channels
from partners.channels.cloudflare import CloudflareChannel
from partners.directory.models import Partner
from partners.notices.contacts import dispatch_notice
from partners.notices.models import Notice
from partners.notices.service import withdraw_notice
from partners.notices.telling.origins import ask_state
from partners.referrals import holds
from partners.referrals.models import Hold
from partners.sending.models import Delivery
from tests.support.house import House
from tests.support.routing import POLICE
from triage.cases.examination.examine import locate_item, store_facts
from triage.cases.models import Case
from triage.hosting.facts import HostingFacts, Observation
from triage.hosting.sources.cloudflare import CloudflareOrigin
from triage.items.models import HostingHop, HostingObservation, Item
from triage.items.origin import tell_origin, told_origins

FRONT = "104.16.1.1"
ORIGIN = "203.0.113.9"
CDN_ROUTE = {
    "to": "cdn_notice",
    "country": None,
    "name": "",
    "after": "police_release",
    "urgency": "high",
    "automatic": True,
    "why": "It hides the host.",
    "basis": "DSA Art. 16",
}
API = "/client/v4/accounts/acc1/abuse-reports"


class _Api(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._reply(None)

    def do_POST(self) -> None:
        self._reply(
            json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        )

    def _reply(self, body: Any) -> None:
        api: Any = self.server
        api.asked.append(
            SimpleNamespace(path=self.path, body=body, headers=self.headers)
        )
        status, answer = (
            api.answers.pop(0) if len(api.answers) > 1 else api.answers[0]
        )
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())


@pytest.fixture
def api() -> Iterator[Any]:
    """``answers``: (status, JSON) one a request, the last one for ever."""
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    server.asked, server.answers = [], [(200, taken("f00d"))]
    threading.Thread(
        target=server.serve_forever, args=(0.02,), daemon=True
    ).start()
    yield server
    server.shutdown()
    server.server_close()


def taken(number: str) -> dict[str, Any]:
    return {
        "success": True,
        "errors": [],
        "result": "success",
        "abuse_rand": number,
    }


def told(status: str, reason: str | None = None) -> dict[str, Any]:
    return {
        "success": True,
        "result": {"id": "f00d", "status": status, "denial_reason": reason},
    }


class Network:
    """The look-up: the host is behind Cloudflare; the origin lies in Serbia."""

    def observe(
        self, host: str | None, *, kind: str, now: Any, headers: Any = None
    ) -> HostingFacts:
        def said(
            fact: str, value: str, subject: str | None = None
        ) -> Observation:
            return Observation(fact, value, "test", now, 0.9, subject)

        if host == ORIGIN:
            seen = [
                said("dns_status", "ok"),
                said("address", ORIGIN),
                said("country", "RS", ORIGIN),
                said("asn", "AS64501", ORIGIN),
                said("abuse_contact", "abuse@rs.example", ORIGIN),
            ]
        else:
            seen = [
                said("dns_status", "ok"),
                said("address", FRONT),
                said("country", "US", FRONT),
                said("asn", "AS13335", FRONT),
                said("cdn", "Cloudflare", FRONT),
                said("abuse_contact", "abuse@cdn.example", FRONT),
            ]
        return HostingFacts(host, tuple(seen), now, kind)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {
        "cloudflare_account": "acc1",
        "cloudflare_token": "sesame",
        "job_attempts": 3,
        "fetch_allowed_networks": (
            "203.0.113.0/24",
        ),  # a documentation range is not public
    }


@pytest.fixture
def hidden(house: House, api: Any) -> Any:
    """A case behind Cloudflare; jobs as the workers run them, the API on this machine."""
    base = f"http://127.0.0.1:{api.server_address[1]}/client/v4"
    client = CloudflareOrigin(
        "acc1", "sesame", base_url=base, timeout=3, reach=Reach(LOOPBACK)
    )
    network = Network()
    channel = CloudflareChannel(client, country="AL", anonymous=False)
    both = Channels({"email": house.mail, "cloudflare": channel})
    type(house).channels = property(lambda _: both)
    house.observe = network.observe
    house.jobs["origin.state"] = lambda task: ask_state(task, client=client)
    house.jobs["item.locate"] = lambda task: locate_item(task, lookup=network)
    house.partner()
    return house


@pytest.fixture(autouse=True)
def _as_it_was(house: House) -> Iterator[None]:
    before = type(house).channels
    yield
    type(house).channels = before


def behind(
    house: House,
    *,
    after: str | None = "police_release",
    is_seen: bool | None = None,
) -> Case:
    """A case whose host stands behind the network.

    ``is_seen``: an earlier look-up saw it there already. Otherwise the look before sending finds
    another host than the routes were made for, and the rules are asked anew: they let nothing go
    to a network before the police. A notice that goes freely needs a host that has not moved.
    """
    routes = [{**CDN_ROUTE, "after": after}, POLICE]
    case: Case = house.case(routing={"routes": routes, "jurisdiction": []})
    if is_seen is None:
        is_seen = after is None
    facts = Network().observe("one.test", kind="url", now=house.now)
    with house.context.database.writing() as session:
        item = session.scalars(select(Item)).one()
        item.hosting_kind, item.hosting_country = "host", "US"
        if is_seen:
            store_facts(session, item, facts)
    return case


def requests(house: House) -> list[str]:
    rows = [
        one
        for one in house.all(HostingObservation)
        if one.fact == "origin_request"
    ]
    return [one.value for one in rows]


def let_go(house: House) -> None:
    with house.context.database.writing() as session:
        for hold in session.scalars(select(Hold)):
            holds.release_hold(
                Act(session, house.context, "partner", house.now), hold
            )
    house.work()


def test_nothing_is_asked_before_the_police_let_it_go(
    hidden: Any, api: Any
) -> None:
    case = behind(hidden)
    hidden.decide(case, "cdn_notice", "police")
    assert hidden.notice.state == "awaiting_release"
    assert api.asked == []
    let_go(hidden)
    (sent,) = api.asked
    assert (sent.path, sent.headers["Authorization"]) == (
        f"{API}/abuse_children",
        "Bearer sesame",
    )
    assert sent.body["urls"] == "http://one.test/p/1"
    assert (sent.body["owner_notification"], sent.body["country"]) == (
        "none",
        "AL",
    )
    # whoever has the link could answer for Cloudflare, and the text goes on to the host
    assert "/provider/" not in json.dumps(sent.body)
    assert hidden.notice.reference in sent.body["justification"]
    assert hidden.notice.state == "sent"
    assert hidden.deliveries("notice")[0].answer == {"reference": "f00d"}
    assert requests(hidden) == ["sent f00d"]
    assert not any(
        "-N-" in message.subject for message in hidden.mail.messages
    )


def test_a_hold_that_comes_between_stops_it_at_the_door(
    hidden: Any, api: Any
) -> None:
    case = behind(hidden, after=None)
    attempt = hidden.jobs.pop("delivery.attempt")
    hidden.decide(case, "cdn_notice")
    assert hidden.notice.state == "queued"
    plan = hidden.request(hidden.only(Case), "police")
    hidden.jobs["delivery.attempt"] = attempt
    hidden.approve(plan)
    hidden.work()
    assert api.asked == []
    assert hidden.notice.state == "awaiting_release"


def test_a_network_that_is_found_at_the_last_look_waits_for_the_rules_of_now(
    hidden: Any, api: Any
) -> None:
    hidden.decide(behind(hidden, after=None, is_seen=False), "cdn_notice")
    assert hidden.only(Item).hosting_kind == "cdn"
    assert hidden.notice.state == "awaiting_release"
    assert api.asked == []


@pytest.mark.parametrize("settings", [{}])
def test_without_an_account_the_notice_goes_by_mail(
    hidden: Any, api: Any
) -> None:
    hidden.decide(behind(hidden, after=None), "cdn_notice")
    assert api.asked == []
    assert hidden.notice.partner.address == "abuse@cdn.example"


def test_its_state_is_asked_for_until_it_is_settled(
    hidden: Any, api: Any
) -> None:
    hidden.decide(behind(hidden, after=None), "cdn_notice")
    api.answers = [
        (200, told("submitted")),
        (429, {"success": False, "errors": []}),
        (200, told("denied", "not_on_cloudflare")),
    ]
    for hours in (1, 6, 24, 72, 200):
        hidden.later(hours=hours)
        hidden.work()
    assert [one.path for one in api.asked[1:]] == [f"{API}/submitted/f00d"] * 3
    assert requests(hidden) == [
        "sent f00d",
        "submitted f00d",
        "state not known f00d: Cloudflare was asked too often. It is asked again later.",
        "denied f00d: not_on_cloudflare",
    ]
    facts = [
        one
        for one in hidden.all(HostingObservation)
        if one.fact == "origin_request"
    ]
    assert {one.source for one in facts} == {"Cloudflare abuse reports API"}


def test_a_limit_is_a_fact_and_it_is_tried_again(
    hidden: Any, api: Any
) -> None:
    api.answers = [
        (429, {"success": False, "errors": []}),
        (200, taken("f00d")),
    ]
    hidden.decide(behind(hidden, after=None), "cdn_notice")
    assert hidden.notice.state == "queued"
    assert requests(hidden) == [
        "not sent: Cloudflare was asked too often. It is asked again later."
    ]
    hidden.later(hours=1)
    hidden.work()
    assert requests(hidden)[1:] == ["sent f00d"]
    assert hidden.notice.state == "sent"


def test_a_refusal_is_a_fact_and_goes_to_a_person(
    hidden: Any, api: Any
) -> None:
    api.answers = [
        (400, {"success": False, "errors": [{"message": "urls: not ours"}]})
    ]
    hidden.decide(behind(hidden, after=None), "cdn_notice")
    assert len(api.asked) == 1
    assert hidden.notice.state == "failed"
    assert requests(hidden) == [
        "not sent: Cloudflare refuses the report: urls: not ours."
    ]


def test_no_reminder_is_sent_as_a_second_report(hidden: Any, api: Any) -> None:
    hidden.decide(behind(hidden, after=None), "cdn_notice")
    with hidden.context.database.writing() as session:
        notice = session.scalars(select(Notice)).one()
        withdraw_notice(
            Act(session, hidden.context, "x", hidden.now),
            notice,
            reason="wrong",
        )
    hidden.work()
    assert len(api.asked) == 1
    assert [one.state for one in hidden.all(Delivery)] == ["sent", "failed"]


def test_a_person_may_disable_the_contact(hidden: Any, api: Any) -> None:
    hidden.decide(behind(hidden, after=None), "cdn_notice")
    with hidden.context.database.writing() as session:
        session.execute(update(Partner).values(disabled_at=hidden.now))
        notice = session.scalars(select(Notice)).one()
        dispatch_notice(
            session, hidden.context, _queued(session, notice), now=hidden.now
        )
    assert hidden.notice.state == "awaiting_contact"


def _queued(session: Any, notice: Notice) -> Notice:
    notice.state = "queued"
    session.flush()
    return notice


def enter(
    house: House,
    address: str,
    source: str = "Cloudflare's mail of report f00d",
) -> None:
    with house.context.database.writing() as session:
        item = session.scalars(select(Item)).one()
        tell_origin(
            Act(session, house.context, "arta", house.now),
            item,
            address,
            source,
        )
    house.work()


def test_the_origin_that_was_told_is_where_it_is_hosted(
    hidden: Any, api: Any
) -> None:
    hidden.decide(behind(hidden, after=None), "cdn_notice")
    item = hidden.only(Item)
    assert (item.hosting_kind, item.hosting_country) == ("cdn", None)
    hidden.later(days=1)
    enter(hidden, ORIGIN)
    item = hidden.only(Item)
    assert (
        item.hosting_kind,
        item.hosting_country,
        item.asn,
        item.abuse_contact,
    ) == (
        "host",
        "RS",
        "AS64501",
        "abuse@rs.example",
    )
    hops = hidden.all(HostingHop)
    assert [hop.country for hop in hops] == ["AL", None, "RS"]
    assert hops[-1].at == hidden.now
    # a person plans anew, by the rules as they stand for Serbia
    case = hidden.only(Case)
    assert case.state == "assessed"
    assert any(route["country"] == "RS" for route in case.routing["routes"])
    seen = [
        one
        for one in hidden.all(HostingObservation)
        if one.fact == "origin_address"
    ]
    assert (seen[0].value, seen[0].source) == (
        ORIGIN,
        "Cloudflare's mail of report f00d",
    )


def test_a_later_look_keeps_the_origin_in_mind(hidden: Any) -> None:
    behind(hidden)
    enter(hidden, ORIGIN)
    hops = len(hidden.all(HostingHop))
    hidden.later(days=2)
    enter(hidden, ORIGIN)
    assert len(hidden.all(HostingHop)) == hops
    hidden.later(days=2)
    enter(hidden, "", "told in error")
    item = hidden.only(Item)
    assert (item.hosting_kind, item.hosting_country) == ("cdn", None)
    with hidden.context.database.reading() as session:
        assert told_origins(session, item.id) == ()


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("a host of theirs", "mail"),
        ("10.0.0.1", "mail"),
        ("104.16.9.9", "mail"),  # the network's own
        (ORIGIN, ""),
        (ORIGIN, "x" * 81),
    ],
)
def test_what_cannot_be_an_origin_is_refused(
    hidden: Any, address: str, source: str
) -> None:
    behind(hidden)
    before = len(hidden.all(HostingObservation))
    with pytest.raises(InvalidInput):
        enter(hidden, address, source)
    assert len(hidden.all(HostingObservation)) == before


def test_an_origin_counts_only_behind_the_network(hidden: Any) -> None:
    """A site that left the network is where its own addresses are."""
    said = Observation(
        "origin_address", ORIGIN, "mail", hidden.now - timedelta(days=9), 0.9
    )
    facts = Network().observe("one.test", kind="url", now=hidden.now)
    there = Network().observe(ORIGIN, kind="ip", now=hidden.now)
    assert facts.add_origin(said, there).country == "RS"
    left = HostingFacts(
        "one.test",
        tuple(one for one in facts.observations if one.fact != "cdn"),
        hidden.now,
    )
    assert left.add_origin(said, there).origins == ()
