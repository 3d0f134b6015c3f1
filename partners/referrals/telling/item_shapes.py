"""An item of a case as the document of a referral tells it: where it lies, its files, its times."""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.core.context import Context
from partners.letters import findings
from partners.letters.clock import format_stamp
from partners.letters.stated_times import describe_time, describe_use
from triage.cases.models import CaseItem
from triage.hashlists.models import MediaMatch
from triage.items.models import Item
from triage.items.said_times import said_times_of
from triage.locations.others.shared_file import read_shared_file


def describe_item(
    session: Session, context: Context, place: CaseItem
) -> dict[str, object]:
    """The shape of an item in ``hotline-referral/1``."""
    item = place.item
    home_zone = context.country.time_zone
    seen_at = findings.seen_at(session, item)
    return {
        "id": str(item.id),
        "kind": item.kind,
        "canonical": item.canonical,
        "host": item.host,
        "platform": item.platform,
        "content_id": item.content_id,
        "used": describe_use(item.kind, item.canonical, home_zone),
        "shared_file": _describe_shared_file(item),
        "said_times": [
            describe_time(time, home_zone)
            for time in said_times_of(session, context, [item.id])[item.id]
        ],
        "first_reported_at": format_stamp(item.first_reported_at),
        "last_reported_at": format_stamp(item.last_reported_at),
        "last_seen_at": format_stamp(seen_at) if seen_at else None,
        "report_count": item.sighting_count,
        "assessed_class": place.assessed_class or None,
        "removal": place.state,
        "hosting": _describe_hosting(session, place),
        "files": [
            _describe_file(file)
            for file in findings.find_files(session, item.id)
        ],
    }


def _describe_hosting(session: Session, place: CaseItem) -> dict[str, object]:
    """Where it lies, and which source said so when."""
    item = place.item
    # With its source and its hour: an officer who asks a host has to say how
    # it is known.
    observed = findings.find_observations(session, item.id)
    addresses = {
        observation.value
        for observation in observed
        if observation.fact == "address" and observation.value
    }
    return {
        "kind": place.hosting_kind,
        "has_host": place.has_host,
        "country": item.hosting_country,
        "asn": item.asn,
        "abuse_contact": item.abuse_contact,
        "addresses": sorted(addresses),
        "observations": [
            {
                "fact": observation.fact,
                "value": observation.value,
                "subject": observation.subject,
                "source": observation.source,
                "at": format_stamp(observation.at),
                "confidence": observation.confidence,
            }
            for observation in observed
        ],
    }


def _describe_shared_file(item: Item) -> dict[str, object] | None:
    """What a link of a sharing network says of its file."""
    file = read_shared_file(item.canonical)
    if file is None:
        return None
    return {"name": file.name or None, "size": file.size}


def _describe_file(file: findings.File) -> dict[str, object]:
    media = file.seen.media
    return {
        "url": file.seen.url,
        "kind": media.kind,
        "media_type": media.media_type,
        "size": media.size,
        "width": media.width,
        "height": media.height,
        "md5": media.md5,
        "sha1": media.sha1,
        "sha256": media.sha256,
        "pdq": media.pdq,
        "pdq_quality": media.pdq_quality,
        "first_seen_at": format_stamp(file.seen.first_seen_at),
        "last_seen_at": format_stamp(file.seen.last_seen_at),
        "matches": [_describe_match(match) for match in file.matches],
    }


def _describe_match(match: MediaMatch) -> dict[str, object]:
    return {
        "list": match.hash_list.name,
        "hash": match.kind,
        "distance": match.distance,
        "class": findings.class_of(match),
        "decision": match.decision,
    }
