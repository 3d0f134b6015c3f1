"""Finders of what was sent to whom, and of the partners themselves, for the console's one box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import func, or_, select

from hotline.core.web.wording import name_office
from partners import words
from partners.directory.models import Partner
from partners.notices.models import Notice
from partners.pages import list_names_spoken_with
from partners.referrals.models import Hold, Referral, ReferralPackage
from triage.cases.models import Case
from triage.console.search.asked import Asked
from triage.console.search.finding import SHOWN, Finder, Hit

LONGEST_REFERENCE = 120
SHORTEST_NAME = 3
"""Letters of a partner's name below which half of the directory would be found."""


def find_referrals(asked: Asked) -> Sequence[Hit]:
    """By our reference, that of a letter about several, or the office's own."""
    # An office's own number as they wrote it; ours wherever it stands in what was pasted.
    wanted = asked.text[:LONGEST_REFERENCE]
    packages = select(ReferralPackage.id).where(
        ReferralPackage.reference.in_(asked.references)
    )
    of_officer = select(Hold.referral_id).where(
        Hold.officer_reference == wanted, Hold.officer_reference != ""
    )
    # Each is asked by itself, by the index of its own table; an OR over them
    # would read them all.
    questions = (
        Referral.reference.in_(asked.references),
        Referral.package_id.in_(packages),
        (Referral.their_reference == wanted)
        & (Referral.their_reference != ""),
        Referral.id.in_(of_officer),
    )
    hits: dict[str, Hit] = {}
    for question in questions:
        for referral in asked.session.scalars(
            select(Referral).where(question).limit(SHOWN)
        ):
            # One letter may be met by several of its numbers.
            hits.setdefault(
                referral.reference,
                _of_case(
                    referral.reference,
                    referral.case,
                    name_office(referral.partner.name),
                ),
            )
    return list(hits.values())


def find_notices(asked: Asked) -> Sequence[Hit]:
    """By our reference, which stands on what the host got."""
    notices = asked.session.execute(
        select(Notice, Case, Partner.name)
        .join(Case, Case.id == Notice.case_id)
        .outerjoin(Partner, Partner.id == Notice.partner_id)
        .where(Notice.reference.in_(asked.references))
    )
    return [
        _of_case(notice.reference, case, name_office(name or ""))
        for notice, case, name in notices
    ]


def find_partners(asked: Asked) -> Sequence[Hit]:
    """By a part of the name, or by the whole address or code. The directory is small."""
    text = " ".join(asked.text.split())
    if len(text) < SHORTEST_NAME:
        return []
    partners = asked.session.scalars(
        select(Partner)
        .where(
            or_(
                func.lower(Partner.name).contains(
                    text.lower(), autoescape=True
                ),
                func.lower(Partner.address) == text.lower(),
                func.lower(Partner.code) == text.lower(),
                Partner.telephone == text,
                Partner.name.in_(list_names_spoken_with(asked.session, text)),
            )
        )
        .order_by(Partner.name)
        .limit(SHOWN)
    )
    return [_of_partner(partner) for partner in partners]


def _of_case(reference: str, case: Case, office: str) -> Hit:
    return Hit(
        reference,
        url_for("triage.case", reference=case.reference),
        badge=case.reference,
        detail=office,
        about=case.reference,
    )


def _of_partner(partner: Partner) -> Hit:
    place = partner.country or ""
    kind = words.PARTNER_KINDS.get(partner.kind, partner.kind)
    return Hit(
        name_office(partner.name),
        url_for("partners.show_directory", words=partner.name),
        badge=gettext("disabled") if partner.disabled_at else "",
        detail=" · ".join(_spoken((kind, place, partner.address))),
    )


def _spoken(parts: Iterable[object]) -> list[str]:
    return [str(part) for part in parts if part]


FINDERS = (
    Finder(
        30,
        "referral",
        lazy_gettext("Referrals"),
        "queue.see",
        find_referrals,
        is_exact=True,
    ),
    Finder(
        40,
        "notice",
        lazy_gettext("Notices"),
        "queue.see",
        find_notices,
        is_exact=True,
    ),
    Finder(
        110, "partner", lazy_gettext("Partners"), "partner.see", find_partners
    ),
)
