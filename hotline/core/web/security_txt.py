"""``/.well-known/security.txt`` (RFC 9116): where somebody tells us of a hole in the service.

It stands on every host of ours, made of the settings. It says until when it holds;
``hotline doctor`` watches that day.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from flask import Blueprint, Response, abort

from hotline.core.context import load_home_country
from hotline.core.settings import Settings
from hotline.core.web import site

PATH = "/.well-known/security.txt"
SOON = timedelta(days=30)
LONGEST = timedelta(days=366)
"""RFC 9116, 2.5.5: less than a year ahead is recommended, as contacts grow stale."""


def create_blueprint() -> Blueprint:
    blueprint = Blueprint("security_txt", __name__)

    @blueprint.get(PATH)
    def serve_security_txt() -> Response:
        """Where holes are told; 404 where nobody has said so."""
        settings = site.current_context().settings
        if not settings.security_contacts:
            abort(404)
        return Response(
            write_security_txt(settings),
            content_type="text/plain; charset=utf-8",
        )

    return blueprint


def write_security_txt(settings: Settings) -> str:
    """The file; its lines end as the RFC has them."""
    country = load_home_country(settings)
    fields = [("Contact", contact) for contact in settings.security_contacts]
    fields += [
        ("Expires", f"{_expiry(settings):%Y-%m-%dT%H:%M:%SZ}"),
        ("Encryption", settings.security_encryption),
        ("Policy", settings.security_policy),
        (
            "Preferred-Languages",
            ", ".join(dict.fromkeys([*country.languages, "en"])),
        ),
        ("Canonical", f"{settings.public_url}{PATH}"),
    ]
    lines = (f"{name}: {value}\r\n" for name, value in fields if value)
    return "".join(lines)


def find_fault(settings: Settings, now: datetime) -> str:
    """What is wrong with the day on which it ends; "" where nothing is."""
    left = _expiry(settings) - now
    if left <= timedelta():
        return f"security.txt has expired ({settings.security_expires})."
    if left < SOON:
        return f"security.txt expires in {left.days} days."
    if left > LONGEST:
        return "security.txt says that it holds for more than a year."
    return ""


def is_expired(settings: Settings, now: datetime) -> bool:
    return _expiry(settings) <= now


def _expiry(settings: Settings) -> datetime:
    """The end of the day that the settings name."""
    assert settings.security_expires is not None
    last_second = time(23, 59, 59, tzinfo=UTC)
    return datetime.combine(settings.security_expires, last_second)
