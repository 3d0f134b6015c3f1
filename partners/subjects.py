"""Everything that a delivery can be about; sending itself knows none of them."""

from __future__ import annotations

from types import MappingProxyType

from partners.notices.subject import NoticeSubject
from partners.referrals.package_subject import PackageSubject
from partners.referrals.subject import ReferralSubject
from partners.sending.subject import Subjects

SUBJECTS: Subjects = MappingProxyType(
    {
        "notice": NoticeSubject.find,
        "referral": ReferralSubject.find,
        "package": PackageSubject.find,
    }
)
