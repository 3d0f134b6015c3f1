"""Passkeys (WebAuthn): a device signs what this server just made up, for this console's name only.

A copy of the console under another name gets no signature that is worth anything here. Browsers
speak of passkeys only over HTTPS and to names: not under an address of digits.
"""

from __future__ import annotations

import ipaddress
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import select
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hotline.accounts.models import LoginSession, Passkey
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.settings import Settings
from hotline.core.storage.ids import new_id

LONGEST_NAME = 60
LONGEST_ANSWER = 20_000


@dataclass(frozen=True, slots=True)
class Site:
    """Who we are to a browser: the name that a passkey is bound to, and where pages come from."""

    rp_id: str
    origin: str


def site_of(settings: Settings) -> Site | None:
    """The console's own; None where browsers know no passkeys: no HTTPS, or no name."""
    parts = urlsplit(settings.console_url)
    host = parts.hostname or ""
    # Browsers count the machine itself as safe without HTTPS.
    is_safe = parts.scheme == "https" or host == "localhost"
    if not is_safe or not host or _is_number(host):
        return None
    return Site(host, f"{parts.scheme}://{parts.netloc.lower()}")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def list_passkeys(session: Session, person_id: uuid.UUID) -> list[Passkey]:
    """A person's passkeys, the oldest first."""
    query = select(Passkey).where(Passkey.person_id == person_id)
    return list(session.scalars(query.order_by(Passkey.created_at)))


def ask_for_new(
    session: Session,
    context: Context,
    site: Site,
    login: LoginSession,
) -> str:
    """What the browser needs to make a passkey, as JSON; the challenge is kept in the session."""
    person = login.person
    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name=context.hotline_name or "Hotline",
        user_id=person.id.bytes,
        user_name=person.username,
        user_display_name=person.username,
        # A device that holds one already is not asked for another.
        exclude_credentials=_descriptors(session, person.id),
        authenticator_selection=AuthenticatorSelectionCriteria(
            # We name the keys when we ask, so that the device need not list
            # them.
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    login.challenge = options.challenge
    return webauthn.options_to_json(options)


def ask_for_proof(session: Session, site: Site, login: LoginSession) -> str:
    """What the browser needs to sign with a passkey of this person, as JSON."""
    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        allow_credentials=_descriptors(session, login.person_id),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    login.challenge = options.challenge
    return webauthn.options_to_json(options)


def add_passkey(
    act: Act, site: Site, login: LoginSession, answer: str, name: str
) -> Passkey | None:
    """Keep a passkey that the browser made for this session's challenge; None if it did not."""
    # Taken before anything is looked at: one challenge, one try.
    challenge = _take_challenge(login)
    if challenge is None or len(answer) > LONGEST_ANSWER:
        return None
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
        )
    except (WebAuthnException, ValueError):
        return None
    # It opens one account, and may be another person's already.
    if _find_passkey(act.session, made.credential_id) is not None:
        return None
    passkey = Passkey(
        id=new_id(),
        person_id=login.person_id,
        name=name.strip()[:LONGEST_NAME],
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        created_at=act.now,
    )
    act.session.add(passkey)
    return passkey


def use_passkey(
    act: Act, site: Site, login: LoginSession, answer: str
) -> bool:
    """Whether a passkey of the session's own person signed this session's challenge."""
    challenge = _take_challenge(login)
    if challenge is None or len(answer) > LONGEST_ANSWER:
        return False
    try:
        parsed = webauthn.helpers.parse_authentication_credential_json(answer)
        passkey = _find_passkey(act.session, base64url_to_bytes(parsed.id))
        if passkey is None or passkey.person_id != login.person_id:
            return False
        proven = webauthn.verify_authentication_response(
            credential=parsed,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            # A count that does not go up is a copy's: the library refuses it.
            credential_current_sign_count=passkey.sign_count,
        )
    except (WebAuthnException, ValueError):
        return False
    passkey.sign_count = proven.new_sign_count
    passkey.used_at = act.now
    return True


def _take_challenge(login: LoginSession) -> bytes | None:
    """The session's challenge, which is worth nothing a second time."""
    challenge, login.challenge = login.challenge, None
    return challenge


def _find_passkey(session: Session, credential_id: bytes) -> Passkey | None:
    return session.scalar(
        select(Passkey).where(Passkey.credential_id == credential_id)
    )


def _descriptors(
    session: Session, person_id: uuid.UUID
) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=passkey.credential_id)
        for passkey in list_passkeys(session, person_id)
    ]
