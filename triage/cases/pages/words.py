"""What the console calls things. Slugs are stored; words are shown in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from flask_babel import LazyString, gettext, lazy_gettext

from hotline.accounts.models import PERSON, Person
from hotline.accounts.staff.actors import name_actor
from hotline.core.language.data_words import say_basis
from hotline.core.web import site
from hotline.core.web.translations import spoken_language
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.vocabulary import Channel, ReporterRole
from triage.cases.assessing.rounds import is_blind
from triage.cases.floods import NOT_A_REPORT
from triage.cases.listing.related import Relation
from triage.cases.models import Case
from triage.cases.vocabulary import CaseEvent, CaseState, PlaceState
from triage.items.models import Item
from triage.jurisdiction.vocabulary import GroundName
from triage.locations.others import address_use

Words = Mapping[str, LazyString]
"""Slug -> what it is called, in the reader's language."""
SHOWN_LENGTH = 44
"""Letters of an address in a list."""
LEFT_OUT = "…"

STATES: Words = {
    CaseState.RECEIVED: lazy_gettext("Being examined"),
    CaseState.HELD: lazy_gettext("Held: possible flood"),
    CaseState.WAITING: lazy_gettext("To assess"),
    CaseState.SECOND_ASSESSMENT: lazy_gettext("Second assessment"),
    CaseState.THIRD_ASSESSMENT: lazy_gettext("Third assessment"),
    CaseState.ASSESSED: lazy_gettext("To plan"),
    CaseState.IN_PROGRESS: lazy_gettext("In progress"),
    CaseState.REMOVED: lazy_gettext("Removed"),
    CaseState.CLOSED: lazy_gettext("Closed"),
    CaseState.NOT_ILLEGAL: lazy_gettext("Not illegal"),
    CaseState.MERGED: lazy_gettext("Merged into another case"),
}

PLACE_STATES: Words = {
    PlaceState.NOTHING: lazy_gettext("nobody is asked to remove it"),
    PlaceState.AWAITING_RELEASE: lazy_gettext("a notice waits to leave"),
    PlaceState.NOTICED: lazy_gettext("the host was told"),
    PlaceState.CLAIMED_REMOVED: lazy_gettext("the host says it is gone"),
    PlaceState.VERIFIED_REMOVED: lazy_gettext("verified as removed"),
    PlaceState.MOVED: lazy_gettext("moved to another host"),
    PlaceState.CAME_BACK: lazy_gettext("came back"),
}

RELATIONS: Words = {
    Relation.REPORT: lazy_gettext("named in one report"),
    Relation.SENDING: lazy_gettext("parts of what a sender sent at once"),
    Relation.IDENTIFIER: lazy_gettext("the same account, number or address"),
    Relation.RECEIPT: lazy_gettext("its reporter names the receipt"),
    Relation.FILE: lazy_gettext("the very same file"),
    Relation.PICTURE: lazy_gettext("nearly the same picture"),
    Relation.FINGERPRINT: lazy_gettext(
        "a picture whose fingerprint a reporter gave"
    ),
    Relation.DOMAIN: lazy_gettext("the same domain"),
}

EVENTS: Words = {
    "created": lazy_gettext("Opened"),
    CaseEvent.TOOK_IN: lazy_gettext("Another case became a part of it"),
    CaseEvent.MERGED: lazy_gettext("Became a part of another case"),
    CaseEvent.SPLIT: lazy_gettext("Some locations became a case of their own"),
    CaseEvent.HELD: lazy_gettext("Held: came in a possible flood"),
    CaseEvent.RELEASED: lazy_gettext("Let through"),
    CaseEvent.SET_ASIDE: lazy_gettext(
        "Set aside: part of a flood, not a report"
    ),
    CaseEvent.ALARMED: lazy_gettext("Danger reported: to be assessed at once"),
    CaseEvent.EXAMINED: lazy_gettext("Examined"),
    CaseEvent.ASSESSED_FIRST: lazy_gettext("Assessed once"),
    CaseEvent.ASSESSED: lazy_gettext("Assessed"),
    CaseEvent.AGREED: lazy_gettext("Second assessment agreed"),
    CaseEvent.DISAGREED: lazy_gettext("Second assessment differed"),
    CaseEvent.DECIDED: lazy_gettext("Decided by a third assessment"),
    CaseEvent.TAKEN_BACK: lazy_gettext("Assessment taken back"),
    CaseEvent.NOT_ILLEGAL: lazy_gettext("Found not illegal"),
    CaseEvent.PLAN_APPROVED: lazy_gettext("Plan approved"),
    CaseEvent.TOLD: lazy_gettext("Told to those concerned"),
    CaseEvent.REMOVED: lazy_gettext("Removal verified"),
    CaseEvent.REAPPEARED: lazy_gettext("Appeared again"),
    CaseEvent.REOPENED: lazy_gettext("Opened again"),
    CaseEvent.ASSESSED_STILL: lazy_gettext("Opening taken back: assessed"),
    CaseEvent.NOT_ILLEGAL_STILL: lazy_gettext(
        "Opening taken back: not illegal"
    ),
    CaseEvent.CLOSED_STILL: lazy_gettext("Opening taken back: closed"),
    CaseEvent.PRINT_SEEN: lazy_gettext(
        "A picture with the reporter's fingerprint was seen"
    ),
    CaseEvent.CLOSED: lazy_gettext("Closed"),
}

KINDS: Words = {kind: lazy_gettext(kind.row.console) for kind in ReportKind}

ROLES: Words = {
    role: lazy_gettext(role.words.console) for role in ReporterRole
}

CHANNELS: Words = {
    channel: lazy_gettext(channel.words.console) for channel in Channel
}

HOSTING: Words = {
    "host": lazy_gettext("Host"),
    "cdn": lazy_gettext("Delivery network (hides the host)"),
    "onion": lazy_gettext("Onion service"),
    "p2p": lazy_gettext("Peer-to-peer"),
    "platform": lazy_gettext("Platform"),
    "none": lazy_gettext("Nothing lies anywhere: it is told in words"),
    "unknown": lazy_gettext("Not known"),
}

# Names of hosting facts, as ``triage.hosting.facts`` has them.
HOSTING_FACTS: Words = {
    "address": lazy_gettext("IP address"),
    "cname": lazy_gettext("Other name of the host"),
    "dns_status": lazy_gettext("Name lookup"),
    "registrable_domain": lazy_gettext("Registered domain"),
    "country": lazy_gettext("Country"),
    "registered_country": lazy_gettext("Country of registration"),
    "asn": lazy_gettext("Network"),
    "as_name": lazy_gettext("Network's name"),
    "cdn": lazy_gettext("Delivery network"),
    "network_name": lazy_gettext("Name of the address block"),
    "network_range": lazy_gettext("Address block"),
    "abuse_contact": lazy_gettext("Abuse contact"),
    "registrar": lazy_gettext("Registrar"),
    "registrar_abuse_contact": lazy_gettext("Registrar's abuse contact"),
    "registry_status": lazy_gettext("Answer of the registry"),
    "origin_address": lazy_gettext("Address behind the delivery network"),
    "origin_request": lazy_gettext("Question to the delivery network"),
    "tls": lazy_gettext("Certificate"),
}

OUTCOMES: Words = {
    "ok": lazy_gettext("answered"),
    "http_error": lazy_gettext("answered with an error"),
    "failed": lazy_gettext("no answer"),
    "refused": lazy_gettext("not asked, for safety"),
}

ROUTES: Words = {
    "emergency": lazy_gettext("Emergency number"),
    "police": lazy_gettext("Police"),
    "interpol_ncb": lazy_gettext("INTERPOL national bureau"),
    "hotline": lazy_gettext("Partner hotline"),
    "iccam": lazy_gettext("ICCAM"),
    "ncmec": lazy_gettext("NCMEC"),
    "platform": lazy_gettext("Platform"),
    "provider_notice": lazy_gettext("Notice to the host"),
    "cdn_notice": lazy_gettext("Notice to the delivery network"),
    "preservation_request": lazy_gettext("Preservation request"),
    "regulator": lazy_gettext("Regulator"),
    "helpline": lazy_gettext("Helpline"),
    "child_protection_unit": lazy_gettext("Child-protection unit"),
    "anti_trafficking_unit": lazy_gettext("Anti-trafficking unit"),
    "school_psychologist": lazy_gettext("School psychologist or agency"),
    "prosecutor": lazy_gettext("Prosecutor"),
    "manual_review": lazy_gettext("A person decides"),
    "close": lazy_gettext("Close"),
    "signpost": lazy_gettext("Point elsewhere"),
}

AFTER: Words = {
    "assessment": lazy_gettext("after the assessment"),
    "person": lazy_gettext("after a person's decision"),
    "police": lazy_gettext("after the police were told"),
    "police_release": lazy_gettext("after the police released it"),
    "notice_deadline": lazy_gettext("after the notice's deadline"),
}

URGENCY: Words = {
    "immediate": lazy_gettext("at once"),
    "high": lazy_gettext("soon"),
    "normal": lazy_gettext("in its turn"),
}

GROUNDS: Words = {
    GroundName.TERRITORIALITY: lazy_gettext("done or kept in the country"),
    GroundName.ACTIVE_PERSONALITY: lazy_gettext(
        "the reported person is a national"
    ),
    GroundName.HABITUAL_RESIDENCE: lazy_gettext(
        "the reported person lives there"
    ),
    GroundName.PASSIVE_PERSONALITY: lazy_gettext("the child is a national"),
    GroundName.PASSIVE_RESIDENCE: lazy_gettext("the child lives there"),
    GroundName.PROSECUTION_WITHOUT_COMPLAINT: lazy_gettext(
        "prosecuted without a complaint"
    ),
    GroundName.NOT_ASSESSED: lazy_gettext("no rules for this country"),
}

DECISIONS: Words = {
    "open": lazy_gettext("not decided"),
    "confirmed": lazy_gettext("confirmed"),
    "disconfirmed": lazy_gettext("disconfirmed"),
}

HASHES: Words = {
    "md5": "MD5",
    "sha1": "SHA-1",
    "sha256": "SHA-256",
    "pdq": "PDQ",
    "phash": "pHash",
    "remote": lazy_gettext("told by its owner"),
}

FACTS: Words = {
    "country": lazy_gettext("Where the person is"),
    "nationality": lazy_gettext("Nationality"),
    "residence": lazy_gettext("Residence"),
    "at_immediate_risk": lazy_gettext("In immediate danger"),
    "is_child": lazy_gettext("Is a child who displayed harmful behaviour"),
    "known_identity": lazy_gettext("Identity is known"),
    "is_adult": lazy_gettext("Is an adult, no child"),
    "municipality": lazy_gettext("Municipality"),
    "ip_country": lazy_gettext("Country of the uploading address"),
    "conduct_punishable_there": lazy_gettext(
        "The act is punishable there too"
    ),
}


WHY: Words = {
    "identity": lazy_gettext("to see who reported"),
    "reported again": lazy_gettext("reported again"),
    NOT_A_REPORT: lazy_gettext("part of a flood, not a report"),
    "access by its reporter": lazy_gettext("its reporter asked for it"),
}
"""What the service itself writes where a person would say why."""


def say_why(text: str) -> str:
    """A reason of the service in words; what a person typed as it was typed."""
    return str(WHY.get(text, text))


def name_route(route_id: str) -> str:
    """What a route is called whose ``Route.id`` is "police-AL": the office, and where it is."""
    destination, _, place = route_id.partition("-")
    name = word_for(ROUTES, destination)
    return f"{name} ({place})" if place else name


def word_for(words: Words, slug: str) -> str:
    """The word for a slug; the slug in plain letters where there is none."""
    return str(words[slug]) if slug in words else slug.replace("_", " ")


def said_before(confirmed: int, disconfirmed: int) -> str:
    """How often people said yes and no of an entry: "confirmed once, disconfirmed twice"."""
    verdicts = []
    if confirmed:
        # Languages say "once" and "twice" by a word of their own, which no
        # plural form gives.
        words = {1: gettext("confirmed once"), 2: gettext("confirmed twice")}
        verdicts.append(
            words.get(
                confirmed, gettext("confirmed %(num)s times", num=confirmed)
            )
        )
    if disconfirmed:
        words = {
            1: gettext("disconfirmed once"),
            2: gettext("disconfirmed twice"),
        }
        verdicts.append(
            words.get(
                disconfirmed,
                gettext("disconfirmed %(num)s times", num=disconfirmed),
            )
        )
    return ", ".join(verdicts)


def seen_elsewhere(total: int, removed: int) -> str:
    """At how many other locations a file is, and at how many of them it is gone."""
    if total == 1:
        if removed:
            return str(gettext("Seen at one other location, removed there"))
        return str(gettext("Seen at one other location, not removed there"))
    if not removed:
        return str(
            gettext("Seen at %(num)s other locations, none removed", num=total)
        )
    if removed == total:
        return str(
            gettext("Seen at %(num)s other locations, all removed", num=total)
        )
    return str(
        gettext(
            "Seen at %(num)s other locations, %(removed)s removed",
            num=total,
            removed=removed,
        )
    )


def actor_name(name: str, *, blind: bool) -> str:
    """Who did it. While an assessment is blind, colleagues have no names."""
    if blind and name.startswith(PERSON):
        return str(gettext("a colleague"))
    return name_actor(name)


def holder_name(case: Case, holder: Person | None, me: Person) -> str:
    """Who works on the case. In a blind round that, too, could tell who assessed before."""
    if holder is None:
        return ""
    if holder.id == me.id:
        return str(gettext("you"))
    return (
        str(gettext("a colleague")) if is_blind(case) else holder.display_name
    )


class Place(Protocol):
    """A location, or what leads to a person: whatever may hold a stated time."""

    @property
    def kind(self) -> str: ...

    @property
    def display(self) -> str: ...


def show_basis(basis: str) -> str:
    """The laws of a finding, law by law, as letters name them in the language of the page."""
    data_dir = site.current_context().settings.data_dir
    return say_basis(basis, spoken_language(), data_dir)


def show_place(place: Place) -> str:
    """A location or an identifier, shortened; a doubt about its time stands with it."""
    return address_use.show_place(
        place.kind, place.display, gettext("time zone not stated")
    )


def show_whole_place(item: Item) -> str:
    """The same in full."""
    return address_use.show_place(
        item.kind, item.canonical, gettext("time zone not stated")
    )


def defang(text: str) -> str:
    """An address as people write it so that nobody follows it; our own parser reads it back."""
    head, mark, rest = text.partition("://")
    if not mark:
        return text.replace(".", "[.]")
    host, slash, path = rest.partition("/")
    return (
        # The two customary changes: the scheme, and the dots of the host
        # alone, as dots of a path lead nowhere.
        head.replace("http", "hxxp")
        + mark
        + host.replace(".", "[.]")
        + slash
        + path
    )


def shorten_middle(text: str, length: int = SHOWN_LENGTH) -> str:
    """A long address with its middle left out: its host and its end tell it from others."""
    if len(text) <= length:
        return text
    end = length // 3
    beginning = length - end - len(LEFT_OUT)
    return f"{text[:beginning]}{LEFT_OUT}{text[-end:]}"
