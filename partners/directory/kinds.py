"""What kinds of partner there are, and which of them a route of the rules is told through."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from hotline.core.errors import phrase


class PartnerKind(StrEnum):
    """What a partner is to us; the values are stored."""

    HOTLINE = "hotline"
    POLICE = "police"
    NCB = "ncb"
    """INTERPOL's national central bureau."""
    REGULATOR = "regulator"
    PLATFORM = "platform"
    PROVIDER = "provider"
    """A host's or a network's abuse desk."""
    HELPLINE = "helpline"
    CHILD_PROTECTION_UNIT = "child_protection_unit"
    ANTI_TRAFFICKING_UNIT = "anti_trafficking_unit"
    SCHOOL_PSYCHOLOGIST = "school_psychologist"
    """A school's own, or the agency that is asked where none is."""
    PROSECUTOR = "prosecutor"


KIND_NAMES: Mapping[PartnerKind, str] = {
    PartnerKind.HOTLINE: phrase("Hotline"),
    PartnerKind.POLICE: phrase("Police"),
    PartnerKind.NCB: phrase("INTERPOL national bureau"),
    PartnerKind.REGULATOR: phrase("Regulator"),
    PartnerKind.PLATFORM: phrase("Platform"),
    PartnerKind.PROVIDER: phrase("Host"),
    PartnerKind.HELPLINE: phrase("Helpline"),
    PartnerKind.CHILD_PROTECTION_UNIT: phrase("Child-protection unit"),
    PartnerKind.ANTI_TRAFFICKING_UNIT: phrase("Anti-trafficking unit"),
    PartnerKind.SCHOOL_PSYCHOLOGIST: phrase("School psychologist or agency"),
    PartnerKind.PROSECUTOR: phrase("Prosecutor"),
}
"""What each is called in English, as errors name it."""
KIND_OF_ROUTE = {
    "police": PartnerKind.POLICE,
    "interpol_ncb": PartnerKind.NCB,
    "hotline": PartnerKind.HOTLINE,
    "ncmec": PartnerKind.HOTLINE,
    "helpline": PartnerKind.HELPLINE,
    "child_protection_unit": PartnerKind.CHILD_PROTECTION_UNIT,
    "anti_trafficking_unit": PartnerKind.ANTI_TRAFFICKING_UNIT,
    "school_psychologist": PartnerKind.SCHOOL_PSYCHOLOGIST,
    "prosecutor": PartnerKind.PROSECUTOR,
    "platform": PartnerKind.PLATFORM,
    "provider_notice": PartnerKind.PROVIDER,
    "cdn_notice": PartnerKind.PROVIDER,
    "preservation_request": PartnerKind.PROVIDER,
    "regulator": PartnerKind.REGULATOR,
}
