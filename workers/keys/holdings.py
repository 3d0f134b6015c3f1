"""What is under which key, how it is moved under another, and what still needs an older one.

One table, from which the page docs/keys.md is made: ``scripts/keys_page.py``. A test compares it
with the columns of the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy.orm import Session

from hotline.accounts.invitations import count_open_before
from hotline.core.context import Context
from hotline.core.storage import audit_heads
from hotline.core.storage.keys.key_rotations import KeyRotation, Moved
from hotline.core.storage.keys.rewrapping import (
    count_older_record_keys,
    move_record_keys,
)
from hotline.intake.older_keys import (
    count_receipts_before,
    senders_under_links,
)
from partners.link_rotation import (
    count_links_in_grace,
    count_older_links,
    move_links,
)
from triage.cases.people.keeping.renewing import (
    count_older_identifiers,
    move_identifiers,
)

LONGEST_FORM = timedelta(hours=24)
"""As long as anything that a browser holds may still be sent."""

Mover = Callable[[Session, Context, str, KeyRotation, datetime], Moved]
Counter = Callable[[Session, Context], int]
Need = Callable[[Session, Context, KeyRotation | None, datetime], str]


@dataclass(frozen=True, slots=True)
class Use:
    """``columns``: as ``table.column``; empty for what no column of the database holds."""

    what: str
    how: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """One key. ``move`` and ``count_left`` where what it holds can be moved under another one;
    ``need`` says why an older key may not go yet, or nothing."""

    purpose: str
    uses: tuple[Use, ...]
    rotated: str
    need: Need
    move: Mover | None = None
    count_left: Counter | None = None


def _move_records(
    session: Session,
    context: Context,
    cursor: str,
    _rotation: KeyRotation,
    _now: datetime,
) -> Moved:
    return move_record_keys(session, context.vault, cursor)


def _move_links(
    session: Session,
    context: Context,
    cursor: str,
    rotation: KeyRotation,
    now: datetime,
) -> Moved:
    return move_links(
        session,
        context.keyring,
        cursor,
        now=now,
        # Without days of grace the links of before end at once.
        grace_until=rotation.grace_until or now,
    )


def _move_identifiers(
    session: Session,
    context: Context,
    cursor: str,
    _rotation: KeyRotation,
    _now: datetime,
) -> Moved:
    return move_identifiers(session, context, cursor)


def _needs_nothing(
    _session: Session,
    _context: Context,
    _rotation: KeyRotation | None,
    _now: datetime,
) -> str:
    return ""


def _needs_receipts(
    session: Session,
    _context: Context,
    rotation: KeyRotation | None,
    now: datetime,
) -> str:
    used_from = rotation.used_from if rotation is not None else None
    # Of a key whose rotation nobody noted, anything from before now may be.
    count = count_receipts_before(session, used_from or now)
    if not count:
        return ""
    return f"{count} reports are found by a receipt that was made with it"


def _needs_links(
    session: Session,
    _context: Context,
    rotation: KeyRotation | None,
    now: datetime,
) -> str:
    reasons = []
    if count := count_links_in_grace(session, now):
        reasons.append(f"the grace of {count} links is not over")
    used_from = rotation.used_from if rotation is not None else None
    if count := count_open_before(session, used_from or now, now):
        reasons.append(f"{count} invitations are open")
    if senders := senders_under_links(session):
        reasons.append(
            "these senders have not used their API key since they were brought up to date: "
            + ", ".join(senders)
        )
    return "; ".join(reasons)


def _needs_sessions(
    _session: Session,
    _context: Context,
    rotation: KeyRotation | None,
    now: datetime,
) -> str:
    used_from = rotation.used_from if rotation is not None else None
    # A form that was opened under the old key is sent with what that key
    # signed.
    if used_from is None or now - used_from >= LONGEST_FORM:
        return ""
    until = (used_from + LONGEST_FORM).isoformat(timespec="minutes")
    return f"forms that were opened with it may be sent until {until}"


def _needs_audit(
    _session: Session,
    context: Context,
    _rotation: KeyRotation | None,
    _now: datetime,
) -> str:
    path = context.settings.audit_heads_file
    last = audit_heads.last_head(path) if path is not None else None
    if last is None or last.key == context.keyring.id_of("audit"):
        return ""
    return "no head has been written under the key in use yet: start the scheduler"


SEALED = (
    "report.narrative",
    "report.contact",
    "report.contact_terms",
    "report.answers",
    "report.seen_at",
    "report_part.text",
    "report_message.text",
    "api_key.webhook_secret",
    "api_key.webhook_previous_secret",
    "item_access.cookies",
    "item_access.userinfo",
    "assessment.note",
    "case_identifier.content",
    "case_summary.text",
    "person_fact.value",
    "referral.told",
    "referral_letter.content",
    "referral_message.text",
    "totp_secret.sealed",
    "person.sealed_name",
    "hand_over.words",
    "case_note.words",
)
"""Each under the key of its own record, which ``master`` wraps."""
UNDER_NO_KEY = {
    "audit_entry.hash": "the chain of the audit log, SHA-256",
    "login_session.token_hash": "SHA-256 of a cookie of 256 random bits",
    "api_key.mac": "SHA-256 of an API key of 256 random bits; where `keyed` is set, a digest under "
    "`links` as it was once, until the key is used next",
    "api_key.previous_mac": "the same of the sender's key before",
    "login_session.challenge": "random bits that a passkey signs once",
    "login_session.provider_session": "SHA-256 of the identity provider's name of a session",
    "spent_logout.digest": "SHA-256 of the identity provider's name of a logout token",
    "passkey.credential_id": "a public name",
    "passkey.public_key": "a public key",
    "hash_upload_piece.body": "a list of hashes on its way in, plain as the "
    "list is",
    "recovery_code.digest": "SHA-256 of a random code of 80 bits or more",
}
"""Binary columns that no key of the service protects, and why."""

HOLDINGS: Mapping[str, Holding] = MappingProxyType(
    {
        "master": Holding(
            purpose="wraps the key of each record",
            uses=(
                Use(
                    "the keys of reports, cases' people, referrals, accesses, webhooks, and of "
                    "people's apps for codes",
                    "AES-256-GCM",
                    ("record_key.wrapped",),
                ),
                Use(
                    "what is sealed: under the key of its record alone",
                    "AES-256-GCM under the record's key",
                    SEALED,
                ),
            ),
            rotated="every record's key is wrapped anew; what it seals stays as it is",
            need=_needs_nothing,
            move=_move_records,
            count_left=lambda session, context: count_older_record_keys(
                session, context.vault
            ),
        ),
        "receipts": Holding(
            purpose="finds a report by its receipt code",
            uses=(
                Use("receipt codes", "HMAC-SHA-256", ("report.receipt_mac",)),
                Use(
                    "submissions that were sent twice, for a day",
                    "HMAC-SHA-256; AES-256-GCM under a key of the client's",
                    (
                        "idempotency_key.mac",
                        "idempotency_key.digest",
                        "idempotency_key.answer",
                    ),
                ),
                Use(
                    "ids of reports that partners handed over", "HMAC-SHA-256"
                ),
            ),
            rotated="new codes are made with the new key; the old one stays, read-only, until "
            "every report from before it is erased: nobody but their owners has the codes",
            need=_needs_receipts,
        ),
        "links": Holding(
            purpose="makes the links of offices, hosts and invitations",
            uses=(
                Use(
                    "links in letters, and what they are looked up by",
                    "HMAC-SHA-256",
                    (
                        "referral.link_mac",
                        "notice.link_mac",
                        "replaced_link.mac",
                        "invitation.mac",
                    ),
                ),
            ),
            rotated="every referral and notice gets a new link, which the next letter carries; the "
            "link before works for the days of grace, and says then that it was replaced; "
            "invitations keep theirs until they end",
            need=_needs_links,
            move=_move_links,
            count_left=lambda session, context: count_older_links(
                session, context.keyring
            ),
        ),
        "sessions": Holding(
            purpose="signs what browsers hold",
            uses=(
                Use("session cookies and form tokens", "itsdangerous"),
                Use("numbers of forms, marks of devices", "HMAC-SHA-256"),
                Use(
                    "half-filled forms and confirmations, for an hour",
                    "HMAC-SHA-256; AES-256-GCM under a key of the browser's",
                    ("report_draft.mac", "report_draft.body"),
                ),
                Use(
                    "proofs of work that were spent, for a day",
                    "HMAC-SHA-256",
                    ("spent_proof.mac",),
                ),
                Use("names in failed sign-ins, in the log", "HMAC-SHA-256"),
            ),
            rotated="what browsers hold stays good for a day; then the old key can go",
            need=_needs_sessions,
        ),
        "audit": Holding(
            purpose="signs the heads of the audit log",
            uses=(Use("lines of the file of heads", "HMAC-SHA-256"),),
            rotated="the next head says which key it takes over from, and vouches for all lines "
            "before it",
            need=_needs_audit,
        ),
        "identifiers": Holding(
            purpose="finds an account or number again in another case",
            uses=(
                Use(
                    "accounts, numbers, wallets of cases",
                    "HMAC-SHA-256",
                    ("case_identifier.mac",),
                ),
            ),
            rotated="the digests are made anew from what is sealed",
            need=_needs_nothing,
            move=_move_identifiers,
            count_left=count_older_identifiers,
        ),
    }
)
