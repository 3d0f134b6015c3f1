"""The words of other organisations' formats that name a kind of report. They are never shown.

They are kept word for word as the formats fix them, whatever we think of the words; the registry
of kinds (``hotline.intake.registry.kinds``) says which of our kinds each one means.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class XarfMedia(StrEnum):
    """X-ARF 4, type ``csam``: ``media_type``."""

    IMAGE = "image"
    VIDEO = "video"
    MIXED = "mixed"
    TEXT = "text"
    AUDIO = "audio"


class XarfAct(StrEnum):
    """X-ARF 4, type ``csem``: the values of ``exploitation_type`` that say what was done."""

    GROOMING = "grooming"
    SOLICITATION = "solicitation"
    SEXTORTION = "sextortion"
    TRAFFICKING = "trafficking"


class CyberTipIncident(StrEnum):
    """NCMEC's reporting schema: ``incidentType``."""

    POSSESSION = (
        "Child Pornography (possession, manufacture, and distribution)"
    )
    TRAFFICKING = "Child Sex Trafficking"
    TOURISM = "Child Sex Tourism"
    MOLESTATION = "Child Sexual Molestation"
    MISLEADING_DOMAIN = "Misleading Domain Name"
    MISLEADING_WORDS = "Misleading Words or Digital Images on the Internet"
    ENTICEMENT = "Online Enticement of Children for Sexual Acts"
    UNSOLICITED = "Unsolicited Obscene Material Sent to a Child"


class CyberTipAnnotation(StrEnum):
    """NCMEC's reporting schema: an annotation, which says more than the incident type.

    The incident type is a matter of the law of the United States.
    """

    SEXTORTION = "sextortion"
    SOLICITATION = "csamSolicitation"


@dataclass(frozen=True, slots=True)
class WireNames:
    """What a kind is called by others. Where a format has no word for it, nothing stands here.

    ``xarf_media`` and ``xarf_act`` are written and read; ``xarf_also`` and all of CyberTipline's
    are only read, because several words mean one kind.
    """

    xarf_media: XarfMedia | None = None
    xarf_act: XarfAct | None = None
    xarf_also: tuple[XarfMedia | XarfAct, ...] = ()
    incidents: tuple[CyberTipIncident, ...] = ()
    annotations: tuple[CyberTipAnnotation, ...] = ()

    @property
    def xarf_words(self) -> tuple[XarfMedia | XarfAct, ...]:
        """Every word of X-ARF that is read as this kind."""
        written = (self.xarf_media, self.xarf_act)
        return (
            *(word for word in written if word is not None),
            *self.xarf_also,
        )
