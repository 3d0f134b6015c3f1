"""Reports as they are generated, by every way in: what they say, and who may be told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from hypothesis import strategies as st
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.intake import service as intake
from hotline.intake.form.asking import form_fields
from hotline.intake.inbound import mime
from hotline.intake.inbound.findings import Inbound
from hotline.intake.inbound.formats import ncmec, plain
from hotline.intake.inbound.store import store_inbound
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answer
from hotline.intake.registry.vocabulary import Channel, ReporterRole
from hotline.intake.submission import Submission, read_submission
from partners.referrals.telling.offices import Disclosure
from tests.support.said import ANSWERED
from triage.locations.places import find_places

SECRET = "My name is Drita Hidden and I live at number 7."
"""Words of the reporter that no office gets."""
CONTACT = "callme@reporter.example"
IN_WORDS: Mapping[str, str] = {
    "+355 69 212 3456": "+355 69 212 3456",
    "wallet 0x52908400098527886e0f7030069857d2e4169ee7": (
        "0x52908400098527886e0f7030069857d2e4169ee7"
    ),
    "coach@mail.example": "coach@mail.example",
    "AL47 2121 1009 0000 0002 3569 8741": "AL47 2121 1009 0000 0002 3569 8741",
}
"""What leads to a person, as it stands in the words, and as a letter has it."""
DISCLOSED_AS: Mapping[Answer, Disclosure] = {
    Answer.CHILD_COUNTRY: Disclosure.CHILD,
    Answer.CHILD_MUNICIPALITY: Disclosure.CHILD,
    Answer.CHILD_AGE: Disclosure.CHILD,
    Answer.GOING_ON: Disclosure.CHILD,
    Answer.MEETS: Disclosure.CHILD,
    Answer.NEXT_MEETING: Disclosure.CHILD,
    Answer.DEADLINE: Disclosure.CHILD,
    Answer.DEADLINE_AT: Disclosure.CHILD,
    Answer.THEIR_PLATFORM: Disclosure.REPORTED_PERSON,
    Answer.ASKED_FOR: Disclosure.REPORTED_PERSON,
    Answer.PAYMENT_WAY: Disclosure.REPORTED_PERSON,
    Answer.THEIR_NAME: Disclosure.PERSON_IDENTIFIERS,
    Answer.PAYMENT_TO: Disclosure.PERSON_IDENTIFIERS,
}
SAID_IN_FULL = frozenset(
    {
        Answer.CHILD_MUNICIPALITY,
        Answer.NEXT_MEETING,
        Answer.DEADLINE_AT,
        Answer.THEIR_PLATFORM,
        Answer.THEIR_NAME,
        Answer.PAYMENT_TO,
    }
)
"""Answers in words that stand in no letter for any other reason."""
_WHERE = {Disclosure.LOCATIONS}
_CHILD = {Disclosure.CHILD, Disclosure.CHILD_IDENTIFIERS}
_PERSON = {Disclosure.REPORTED_PERSON, Disclosure.PERSON_IDENTIFIERS}
MAY_GET: Mapping[str, frozenset[Disclosure]] = {
    # What identifies, and only the police who was asked to call back.
    "police": frozenset(_WHERE | _CHILD | _PERSON | {Disclosure.CONTACT}),
    "interpol_ncb": frozenset(_WHERE | _CHILD | _PERSON),
    "prosecutor": frozenset(_WHERE | _CHILD | _PERSON),
    "anti_trafficking_unit": frozenset(_WHERE | _CHILD | _PERSON),
    # The child, and who to call.
    "child_protection_unit": frozenset(
        _CHILD | {Disclosure.REPORTED_PERSON, Disclosure.CONTACT}
    ),
    # The contact, and the wish.
    "helpline": frozenset(_CHILD | {Disclosure.CONTACT}),
    "school_psychologist": frozenset({Disclosure.CHILD}),
    # The exact places only.
    "hotline": frozenset(_WHERE),
    "ncmec": frozenset(_WHERE),
    "host": frozenset(_WHERE),
}
"""Of what a report says, what each kind of office may be told: as it was promised to those who
report, and not read from the data file that the service goes by."""
ACTS_ON: Mapping[str, frozenset[Disclosure]] = {
    "police": frozenset(_WHERE | _CHILD | _PERSON),
    "interpol_ncb": frozenset(_WHERE | _CHILD | _PERSON),
    "prosecutor": frozenset(_CHILD | _PERSON),
    "anti_trafficking_unit": frozenset(_CHILD | _PERSON),
    "child_protection_unit": frozenset(_CHILD),
    "helpline": frozenset(_CHILD),
    "school_psychologist": frozenset({Disclosure.CHILD}),
    "hotline": frozenset(_WHERE),
    "ncmec": frozenset(_WHERE),
}
"""Without any of these a letter would say nothing to such an office."""
SEEN = ("", "2026-11-20T22:15:00", "2026-11-20T22:15:00Z")


@dataclass(frozen=True)
class Said:
    """Everything of one report. ``host`` differs for each, so that each has places of its own."""

    kind: ReportKind
    role: ReporterRole
    pages: int
    answered: frozenset[Answer]
    in_words: frozenset[str]
    seen: str
    pass_to: frozenset[str]
    danger_now: bool
    host: str = ""

    @property
    def urls(self) -> list[str]:
        return [
            f"http://{self.host}.test/{page}" for page in range(self.pages)
        ]

    @property
    def answers(self) -> dict[str, str]:
        return {
            answer.value: text
            for answer, text in ANSWERED.items()
            if answer in self.answered
        }

    @property
    def narrative(self) -> str:
        return " ; ".join([SECRET, *sorted(self.in_words)])

    @property
    def lines(self) -> str:
        """As a letter tells it: what its readers know a field for in a line of its own."""
        fields = {"kind": self.kind.value, **self.answers}
        told = [f"{name}: {value}" for name, value in fields.items()]
        return "\n".join([self.narrative, *told])

    def says(self, disclosure: Disclosure) -> bool:
        answers = {DISCLOSED_AS[answer] for answer in self.answered}
        of_words = {
            Disclosure.LOCATIONS: self.pages > 0,
            Disclosure.PERSON_IDENTIFIERS: bool(self.in_words),
            Disclosure.REPORTED_PERSON: bool(self.seen),
        }
        return disclosure in answers or of_words.get(disclosure, False)


said_reports = st.builds(
    Said,
    kind=st.sampled_from(ReportKind),
    role=st.sampled_from(ReporterRole),
    pages=st.integers(0, 3),
    answered=st.frozensets(st.sampled_from(Answer)),
    in_words=st.frozensets(st.sampled_from(sorted(IN_WORDS))),
    seen=st.sampled_from(SEEN),
    pass_to=st.frozensets(
        st.sampled_from(["police", "helpline", "child_protection_unit"])
    ),
    danger_now=st.booleans(),
)

Send = Callable[[Session, Context, Said, datetime], None]


def _submit(channel: Channel, read: Callable[[Said], Submission]) -> Send:
    def send(
        session: Session, context: Context, said: Said, now: datetime
    ) -> None:
        intake.receive_report(
            session, context, read(said), channel=channel, now=now
        )

    return send


def _as_typed(said: Said) -> Submission:
    typed = dict.fromkeys(form_fields.FIELDS, "")
    typed |= said.answers
    typed |= {f"pass_to_{reader}": "yes" for reader in said.pass_to}
    typed |= {
        "locations": "\n".join(said.urls),
        "kind": said.kind.value,
        "reporter_role": said.role.value,
        "narrative": said.narrative,
        "contact": CONTACT,
        "seen_at": said.seen.removesuffix("Z").replace("T", " "),
        "seen_zone": "utc" if said.seen.endswith("Z") else "unknown",
    }
    return form_fields.submission_of(typed, "sq", "Europe/Tirane")


def _as_json(said: Said) -> Submission:
    return read_submission(
        {
            "locations": said.urls,
            "kind": said.kind.value,
            "reporter_role": said.role.value,
            "narrative": said.narrative,
            "contact": CONTACT,
            "contact_terms": {"pass_to": sorted(said.pass_to)},
            "answers": said.answers,
            "seen_at": said.seen,
        }
    )


def _deliver(
    channel: Channel, read: Callable[[Said], Sequence[Inbound]]
) -> Send:
    def send(
        session: Session, context: Context, said: Said, now: datetime
    ) -> None:
        store_inbound(
            session,
            context,
            read(said),
            channel=channel,
            source="desk.example",
            message_id=said.host,
            now=now,
        )

    return send


def _as_letter(said: Said) -> Sequence[Inbound]:
    words = "\n".join([said.lines, *said.urls])
    raw = f"Content-Type: text/plain; charset=utf-8\n\n{words}\n"
    return plain.read(mime.parse_message(raw.encode()), find_places)


def _as_cybertipline(said: Said) -> Sequence[Inbound]:
    urls = "".join(f"<url>{escape(url)}</url>" for url in said.urls)
    return ncmec.parse_cybertipline(
        "<report><reportId>7</reportId><incidentSummary>"
        "<incidentType>Child Sexual Molestation</incidentType>"
        f"<incidentDateTime>2026-11-20T22:15:00Z</incidentDateTime>"
        "</incidentSummary><internetDetails><webPageIncident>"
        f"{urls}</webPageIncident></internetDetails>"
        f"<additionalInfo>{escape(said.lines)}</additionalInfo></report>".encode()
    )


WAYS: Mapping[str, Send] = {
    "form": _submit(Channel.FORM, _as_typed),
    "telephone": _submit(Channel.OPERATOR, _as_typed),
    "api": _submit(Channel.API, _as_json),
    "letter": _deliver(Channel.EMAIL, _as_letter),
    "cybertipline": _deliver(Channel.PARTNER, _as_cybertipline),
}
ASKS_ABOUT_CONTACT = frozenset({"form", "telephone", "api"})
GIVES_TIME = frozenset({"form", "telephone", "api"})
