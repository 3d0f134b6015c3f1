"""The job that tries a change over past cases, some at a time; it writes its figures alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.jobs.task import Task
from hotline.core.storage import audit
from hotline.core.storage.ids import first_id_at
from triage.cases.examination.replay import (
    Difference,
    RuleSet,
    Tally,
    replay_some,
)
from triage.cases.models import Case
from triage.cases.vocabulary import CaseState
from triage.rulebook.in_force import build_folder
from triage.rulebook.models import RuleChange
from triage.rulebook.service import post_replay

AT_ONCE = 200
"""Cases of one job: what is urgent waits for no more than these."""
MOST_SHOWN = 100


@dataclass(slots=True)
class Findings(Tally):
    """How many cases would be otherwise, and some of them in full."""

    examples: list[dict[str, object]] = field(default_factory=list)

    @classmethod
    def of(cls, stored: dict[str, object]) -> Findings:
        # A trial that an older version began may have counted something else.
        names = {each.name for each in fields(cls)}
        values = {k: v for k, v in stored.items() if k in names}
        return cls(**values)  # type: ignore[arg-type]

    def add(self, difference: Difference) -> None:
        if self.count(difference) and len(self.examples) < MOST_SHOWN:
            self.examples.append(asdict(difference))


def run_replay(task: Task) -> None:
    """The next cases. A job that is run twice counts none of them twice."""
    change_id = task.id_of("change_id")
    own = task.context.settings.data_dir
    with task.context.database.reading() as session:
        change = session.get_one(RuleChange, change_id)
        since, last = change.replay_since, change.replay_last
        # A file was added since: what was tried until then is no trial of this
        # change any more.
        if since is None:
            return
        begin = last or first_id_at(since)
        changed = build_folder(own, change.files)
        rule_sets = RuleSet.load(own), RuleSet.load(changed)
        # While nothing is locked: asking the rules about so many cases takes
        # longer than anybody should wait for the change.
        answers = list(
            replay_some(
                session, task.context, *rule_sets, begin, AT_ONCE, task.now
            )
        )
        total = change.replay_total or _count_cases(session, begin)
    with task.finishing() as session:
        change = session.get_one(RuleChange, change_id, with_for_update=True)
        # It was begun anew meanwhile, or another run of this job was quicker.
        if change.replay_since != since or change.replay_last != last:
            return
        _store(change, [difference for _, difference in answers], total)
        # A full lot may have more cases behind it.
        if len(answers) == AT_ONCE:
            change.replay_last = answers[-1][0]
            post_replay(
                Act(session, task.context, audit.SYSTEM, task.now), change
            )
        else:
            change.replay_total = change.replay_done


def _store(
    change: RuleChange, answers: Sequence[Difference], total: int
) -> None:
    findings = Findings.of(dict(change.replay_result))
    for difference in answers:
        findings.add(difference)
    change.replay_result = asdict(findings)
    change.replay_done += len(answers)
    # Cases that were opened after the count are tried as well.
    change.replay_total = max(total, change.replay_done)


def _count_cases(session: Session, begin: uuid.UUID) -> int:
    count = (
        select(func.count())
        .select_from(Case)
        # Ids grow with time, so one stands for a moment. A merged case is
        # decided in the one that it became a part of.
        .where(Case.id > begin, Case.state != CaseState.MERGED)
    )
    return session.scalar(count) or 0
