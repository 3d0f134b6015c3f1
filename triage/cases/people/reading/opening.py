"""A report's words and answers, opened, with what may be noted of the people in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hotline.core.act import Act
from hotline.core.language.said_time import SaidTime
from hotline.intake import service as intake
from hotline.intake.inbound.findings import OF_SENDER
from hotline.intake.models import Report
from hotline.intake.registry.questions import Answers
from hotline.intake.registry.vocabulary import FROM_PEOPLE, MessageAuthor
from triage.cases.models import Case
from triage.cases.people.reading.answers import (
    ProposedFact,
    propose_facts,
    propose_identifiers,
)
from triage.cases.people.reading.words import SaidIdentifier, find_identifiers
from triage.cases.people.vocabulary import PersonRole


@dataclass(frozen=True, slots=True)
class OpenedReport:
    """A report's words and answers, with what was found in them and may be noted.

    ``texts``: what was told; ``places``: where it is, as the report has it.
    """

    report: Report
    texts: Sequence[str]
    places: Sequence[str]
    answers: Answers
    identifiers: Sequence[SaidIdentifier]
    facts: Sequence[ProposedFact]
    seen: SaidTime | None

    def facts_of(self, role: PersonRole) -> Sequence[ProposedFact]:
        return [fact for fact in self.facts if fact.role is role]


def open_report(act: Act, case: Case, report: Report) -> OpenedReport:
    """Open what the report and later words of its reporter say; that it was is in the log."""
    texts = intake.open_texts(act, report, why=case.reference)
    status = intake.status_of(act.session, act.context, report)
    texts_of_reporter = [
        texts.narrative or "",
        *(
            message.text
            for message in status.messages
            if message.author == MessageAuthor.REPORTER
        ),
    ]
    words = list(dict.fromkeys(filter(None, texts_of_reporter)))
    # A report without a location has its words as its one part, too.
    places = [
        text for text in texts.parts.values() if text and text not in words
    ]
    spoken = [*dict.fromkeys(places), *words]
    country = act.context.settings.country
    identifiers = {
        said.identity: said
        for said in (
            # The same one found in the words as well takes its place: there it
            # is as the reporter wrote it.
            *propose_identifiers(texts.answers, country),
            *find_identifiers(_of_its_people(report, spoken), country),
        )
    }
    return OpenedReport(
        report,
        words,
        places,
        texts.answers,
        tuple(identifiers.values()),
        propose_facts(texts.answers, texts.seen),
        texts.seen,
    )


def _of_its_people(report: Report, spoken: Sequence[str]) -> str:
    """All that was told; of what an organisation sent, not what is about itself."""
    everything = "\n".join(spoken)
    if report.channel in FROM_PEOPLE:
        return everything
    return OF_SENDER.sub("", everything)
