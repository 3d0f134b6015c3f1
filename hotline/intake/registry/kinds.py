"""The registry of kinds of report: one row a kind, and everything that differs by kind is in it.

To add a kind, add one row here and translate its words. The form, the page for telephone calls,
the API and its OpenAPI document, CSV, X-ARF and CyberTipline reports, the console's filter, the
questions of the assessment, the routing rules and the statistics all read this table. ::

    kind = ReportKind("grooming")
    kind.row.child_in_contact       # True: somebody may be acting against a child right now
    gettext(kind.row.public)        # how the form calls it, in the visitor's language
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from hotline.core.language.words import console_words, public_words
from hotline.intake.registry.questions import Question
from hotline.intake.registry.wire_names import (
    CyberTipAnnotation,
    CyberTipIncident,
    WireNames,
    XarfAct,
    XarfMedia,
)

NO_NAMES = WireNames()


@dataclass(frozen=True, slots=True)
class KindRow:
    """What differs by kind. The words are English sentences that a page translates.

    ``public``            how the form calls it; a child reads this, too
    ``console``           how people who work with it call it, in a list
    ``assessed``          how the assessment's question calls it, where that is more exact
    ``child_in_contact``  somebody acts against a child right now, or may at any time: the
                          routing treats the report as urgent
    ``time_matters``      an address leads to a person only with the time of its use: the form asks
    ``asks``              what else the form asks, page by page, in this order
    ``elsewhere``         not this hotline's field: the reporter is told where to turn
    ``wire``              what formats of other organisations call it
    """

    public: str
    console: str
    assessed: str = ""
    child_in_contact: bool = False
    time_matters: bool = False
    asks: tuple[Question, ...] = ()
    elsewhere: bool = False
    wire: WireNames = NO_NAMES

    @property
    def child_is_known(self) -> bool:
        """Whether such reports are about a child whom the reporter may know, and is asked about."""
        return Question.CHILD_PLACE in self.asks


NO_ROW = KindRow(public="", console="")


class ReportKind(StrEnum):
    """What a report is about. The values are stored, and sent by clients of the API.

    They are the kinds that the source documents of the Western Balkans name.
    """

    row: KindRow

    def __new__(cls, code: str, row: KindRow = NO_ROW) -> Self:
        """A member is its code and its row; ``ReportKind(code)`` finds the member of a code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.row = row
        return member

    CSAM_IMAGE = (
        "csam_image",
        KindRow(
            public=public_words(
                "Pictures that show the sexual abuse of a child"
            ),
            console=console_words("Pictures"),
            wire=WireNames(
                xarf_media=XarfMedia.IMAGE,
                xarf_also=(XarfMedia.MIXED,),
                incidents=(CyberTipIncident.POSSESSION,),
            ),
        ),
    )
    CSAM_VIDEO = (
        "csam_video",
        KindRow(
            public=public_words(
                "A video that shows the sexual abuse of a child"
            ),
            console=console_words("Video"),
            wire=WireNames(xarf_media=XarfMedia.VIDEO),
        ),
    )
    SELF_GENERATED = (
        "self_generated",
        KindRow(
            public=public_words(
                "A picture or video that a young person made of themself"
            ),
            console=console_words("Self-generated material"),
            asks=(Question.CHILD_PLACE, Question.CHILD_AGE),
        ),
    )
    SEXUAL_EXTORTION = (
        "sexual_extortion",
        KindRow(
            public=public_words(
                "Somebody threatens to share pictures, or wants more pictures or money"
            ),
            console=console_words("Sexual extortion"),
            assessed=console_words("Sexual extortion of a child"),
            child_in_contact=True,
            asks=(
                Question.DEMAND,
                Question.PAYMENT,
                Question.DEADLINE,
                Question.THEIR_ACCOUNT,
                Question.GOING_ON,
                Question.CHILD_PLACE,
                Question.CHILD_AGE,
            ),
            wire=WireNames(
                xarf_act=XarfAct.SEXTORTION,
                annotations=(CyberTipAnnotation.SEXTORTION,),
            ),
        ),
    )
    GROOMING = (
        "grooming",
        KindRow(
            public=public_words(
                "An adult writes to a child in a sexual way, or wants to meet"
            ),
            console=console_words("Grooming"),
            assessed=console_words("Grooming (online solicitation)"),
            child_in_contact=True,
            asks=(
                Question.MEETING,
                Question.GOING_ON,
                Question.THEIR_ACCOUNT,
                Question.CHILD_PLACE,
                Question.CHILD_AGE,
            ),
            wire=WireNames(
                xarf_act=XarfAct.GROOMING,
                xarf_also=(XarfAct.SOLICITATION,),
                incidents=(CyberTipIncident.ENTICEMENT,),
                annotations=(CyberTipAnnotation.SOLICITATION,),
            ),
        ),
    )
    LIVE_STREAM = (
        "live_stream",
        KindRow(
            public=public_words("Abuse that is shown live"),
            console=console_words("Live stream"),
            assessed=console_words("Live-streamed child sexual abuse"),
            child_in_contact=True,
            time_matters=True,
            asks=(
                Question.GOING_ON,
                Question.THEIR_ACCOUNT,
                Question.CHILD_PLACE,
            ),
        ),
    )
    AI_GENERATED = (
        "ai_generated",
        KindRow(
            public=public_words(
                "Pictures or videos made or changed by computer (AI)"
            ),
            console=console_words("AI-generated"),
            assessed=console_words("AI-generated CSAM"),
        ),
    )
    TEXT_AUDIO_DRAWING = (
        "text_audio_drawing",
        KindRow(
            public=public_words(
                "Texts, sound recordings, drawings or instructions"
            ),
            console=console_words("Text, sound, drawing"),
            assessed=console_words("Text, sound or drawing"),
            # Nothing is written: neither word alone would say what was found.
            wire=WireNames(xarf_also=(XarfMedia.TEXT, XarfMedia.AUDIO)),
        ),
    )
    TRAFFICKING = (
        "trafficking",
        KindRow(
            public=public_words("A child is offered or sold"),
            console=console_words("Trafficking"),
            assessed=console_words("Trafficking or offer of a child"),
            child_in_contact=True,
            asks=(
                Question.GOING_ON,
                Question.MEETING,
                Question.THEIR_ACCOUNT,
                Question.CHILD_PLACE,
                Question.CHILD_AGE,
            ),
            wire=WireNames(
                xarf_act=XarfAct.TRAFFICKING,
                incidents=(
                    CyberTipIncident.TRAFFICKING,
                    CyberTipIncident.TOURISM,
                ),
            ),
        ),
    )
    P2P = (
        "p2p",
        KindRow(
            public=public_words("Files in a sharing network (torrent, eMule)"),
            console=console_words("Peer-to-peer"),
            assessed=console_words("Peer-to-peer or an IP address"),
            time_matters=True,
        ),
    )
    ACCOUNT = (
        "account",
        KindRow(
            public=public_words("A profile, account, chat or group"),
            console=console_words("Account or chat"),
            time_matters=True,
        ),
    )
    ONION = (
        "onion",
        KindRow(
            public=public_words("A hidden page (.onion, Tor)"),
            console=console_words("Onion service"),
        ),
    )
    OTHER_HARMFUL = (
        "other_harmful",
        KindRow(
            public=public_words("Something else that harms children"),
            console=console_words("Other harmful content"),
            elsewhere=True,
            wire=WireNames(
                incidents=(
                    CyberTipIncident.MISLEADING_DOMAIN,
                    CyberTipIncident.MISLEADING_WORDS,
                    CyberTipIncident.UNSOLICITED,
                )
            ),
        ),
    )
    UNKNOWN = (
        "unknown",
        KindRow(
            public=public_words("I am not sure"),
            console=console_words("Not known"),
            assessed=console_words("Not determined"),
            wire=WireNames(incidents=(CyberTipIncident.MOLESTATION,)),
        ),
    )


def row_of(stored: str) -> KindRow:
    """The row of a stored code; a row without words where the kind was taken out meanwhile."""
    try:
        return ReportKind(stored).row
    except ValueError:
        return NO_ROW
