"""Changed rules: drafted, tried over past cases, in force by two people everywhere, and back."""

from __future__ import annotations

import contextlib
import io
import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import triage.priority
import triage.rulebook.pages
import triage.rulebook.service
from hotline.accounts.approvals.models import Approval
from hotline.accounts.service import disable_person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.datafiles.in_force import read_instead
from hotline.core.errors import Conflict
from hotline.core.jobs.task import Task
from hotline.core.settings import Settings
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.outbox import OutboxEntry
from tests.support.clock import Clock
from triage.cases.models import Case
from triage.cases.pages.words import name_route
from triage.jurisdiction import load_rules
from triage.rulebook.in_force import RuleKeeper, build_folder, find_digest
from triage.rulebook.models import RuleChange, RuleState
from triage.rulebook.replaying import run_replay
from triage.rulebook.service import RULES_CHANGE, draft_change

HOTLINES = "data/partner_hotlines.csv"
WEIGHTS = "data/priority_weights.toml"
APPROVALS = "/console/approvals"
SHIPPED = (Path(triage.priority.__file__).parent / WEIGHTS).read_text(
    encoding="utf-8"
)


@pytest.fixture(autouse=True)
def own_rules(
    context: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setattr(triage.rulebook.pages, "utc_now", clock)
    yield
    read_instead(context.settings.data_dir, None)


def lowered() -> str:
    """The shipped weights, all but the one of danger lower by one."""
    first, *others = re.split(r"^points = (\d+)$", SHIPPED, flags=re.M)
    danger, rest, *pairs = others
    text = f"{first}points = {danger}{rest}"
    for points, after in zip(pairs[::2], pairs[1::2], strict=True):
        text += f"points = {max(int(points) - 1, 1)}{after}"
    return text


def draft(person: Any, text: str, name: str = WEIGHTS, **form: Any) -> Any:
    return person.post(
        "/console/rules/draft",
        name=name,
        about="More for one thing",
        file=(io.BytesIO(text.encode()), "changed.toml"),
        **form,
    )


def grant(one: Any, other: Any, change: str) -> Any:
    asked = one.post(f"{change}/ask", why="The law changed")
    assert asked.status_code == 303
    question = find_question(other)
    assert one.post(f"{question}/grant").status_code == 403
    assert f'href="{change}"' in other.get(question).text
    return other.post(f"{question}/grant")


def find_question(person: Any) -> str:
    found = re.search(
        rf'href="({APPROVALS}/[0-9a-f-]+)"', person.get(APPROVALS).text
    )
    assert found
    return found[1]


def keep(context: Context) -> Any:
    RuleKeeper(context).keep(at_once=True)
    return load_rules(context.settings.data_dir).weights


def list_folders(context: Context) -> list[Path]:
    return list((context.settings.data_dir / "rules").glob("*"))


def test_a_folder_that_was_changed_by_hand_is_made_anew(
    context: Context,
) -> None:
    own = context.settings.data_dir
    folder = build_folder(own, {WEIGHTS: lowered()})
    (folder / WEIGHTS).write_text("", encoding="utf-8")
    assert build_folder(own, {WEIGHTS: lowered()}) == folder
    assert (folder / WEIGHTS).read_text(encoding="utf-8") == lowered()
    assert list_folders(context) == [folder]


def test_one_drafts_another_puts_it_in_force_and_the_way_back(
    browse: Callable[[str], Any], context: Context, tmp_path: Path
) -> None:
    one, other = browse("supervisor"), browse("administrator")
    before = keep(context)
    change = draft(one, lowered()).location
    page = one.get(change).text
    assert 'class="comes"' in page and 'class="goes"' in page
    assert keep(context) == before, "a draft decides nothing"
    file = "/console/rules/file"
    assert one.get(file, name=WEIGHTS).text == SHIPPED
    assert one.get(file, name="../hotline.toml").status_code == 404
    assert grant(one, other, change).status_code == 303
    after = keep(context)
    assert after != before
    assert one.get(file, name=WEIGHTS).text == lowered()
    assert 'class="goes"' in one.get(change).text, "what it changed stays"
    # Another machine has another directory, and the same database.
    elsewhere = Settings.model_copy(
        context.settings, update={"data_dir": tmp_path / "elsewhere"}
    )
    (tmp_path / "elsewhere").mkdir()
    own = context.settings
    object.__setattr__(context, "settings", elsewhere)
    assert keep(context) == after
    read_instead(elsewhere.data_dir, None)
    object.__setattr__(context, "settings", own)
    with context.database.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(
                AuditEntry.action == "rule_change.activated"
            )
        ).one()
        assert entry.details["digest"] == find_digest(session)
        assert entry.details["why"] == "The law changed"
        assert entry.details["asked_by"] == "person:supervisor"
        assert entry.actor == "person:administrator"
    back = one.post("/console/rules/way-back").location
    page = other.get(back).text
    assert 'class="comes"' in page and 'class="goes"' in page
    assert grant(one, other, back).status_code == 303
    assert keep(context) == before
    assert "replaced" in one.get("/console/rules").text


def test_what_cannot_be_read_as_rules_is_refused(
    browse: Callable[[str], Any],
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The client of the tests writes what is larger to a file that it leaves open.
    for module in (triage.rulebook.pages, triage.rulebook.service):
        monkeypatch.setattr(module, "LARGEST_FILE", 400_000)
    one = browse("supervisor")
    for text, name in (
        ("this is no toml", WEIGHTS),
        ("[nonsense]\npoints = 1\n", WEIGHTS),
        ("x = 1", "../hotline.toml"),
        ("x = 1", "data/exposure.toml"),
        ("  ", WEIGHTS),
        ("points = " + "9" * 5000, WEIGHTS),
        ("points = " + "[" * 100_000, WEIGHTS),
        ("country,name\nAL," + "x" * 200_000, HOTLINES),
        ("country,name\nAL,\0", HOTLINES),
        ("#" * 400_001, WEIGHTS),
        (SHIPPED, WEIGHTS),
    ):
        answer = draft(one, text, name)
        assert answer.status_code == 422, (text, name)
        # Nobody types again what they have typed.
        assert 'value="More for one thing"' in answer.text
        known = name in (WEIGHTS, HOTLINES)
        assert (f"<option selected>{name}</option>" in answer.text) == known
    with context.database.reading() as session:
        assert session.scalars(select(RuleChange)).all() == []
    assert list_folders(context) == [], "what is refused leaves nothing"
    assert draft(browse("analyst"), SHIPPED).status_code == 403
    assert browse("auditor").get("/console/rules").status_code == 200


def test_a_draft_over_older_rules_is_not_put_in_force(
    browse: Callable[[str], Any], context: Context
) -> None:
    one, other = browse("supervisor"), browse("administrator")
    first = draft(one, lowered()).location
    second = draft(one, lowered() + "\n# more\n").location
    grant(one, other, first)
    after = keep(context)
    answer = one.post(f"{second}/ask", why="Too late")
    assert answer.status_code == 303
    assert "Other rules came into force" in one.get(second).text
    assert keep(context) == after


def test_a_file_that_is_added_later_needs_a_new_question(
    browse: Callable[[str], Any], context: Context
) -> None:
    one, other = browse("supervisor"), browse("administrator")
    change = draft(one, lowered()).location
    one.post(f"{change}/ask", why="First")
    one.post(
        f"{change}/files",
        name=WEIGHTS,
        file=(io.BytesIO(SHIPPED.encode()), "w.toml"),
    )
    other.post(f"{find_question(other)}/grant")
    with context.database.reading() as session:
        assert find_digest(session) == ""


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_file_that_is_added_while_another_agrees_is_not_agreed_to(
    browse: Callable[[str], Any],
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = browse("supervisor"), browse("administrator")
    change = draft(one, lowered()).location
    one.post(f"{change}/ask", why="First")
    question = find_question(other)
    agreeing = threading.Thread(target=lambda: other.post(f"{question}/grant"))
    check = triage.rulebook.service.require_loadable

    def check_slowly(*files: Any) -> None:
        agreeing.start()
        agreeing.join(1)
        check(*files)

    monkeypatch.setattr(
        triage.rulebook.service, "require_loadable", check_slowly
    )
    one.post(
        f"{change}/files",
        name=WEIGHTS,
        file=(io.BytesIO(SHIPPED.encode()), "w.toml"),
    )
    agreeing.join()
    with context.database.reading() as session:
        row = session.scalars(select(RuleChange)).one()
        assert row.files == {WEIGHTS: SHIPPED}, "it was added first"
        assert row.state == RuleState.DRAFTED


@pytest.mark.parametrize("what", ["refused", "asker disabled", "withdrawn"])
def test_what_nobody_may_agree_to_any_more_stays_a_draft(
    browse: Callable[[str], Any], context: Context, clock: Clock, what: str
) -> None:
    one, other = browse("supervisor"), browse("administrator")
    change = draft(one, lowered()).location
    one.post(f"{change}/ask", why="First")
    question = find_question(other)
    if what == "refused":
        other.post(f"{question}/refuse")
    elif what == "withdrawn":
        one.post(f"{change}/withdraw")
    else:
        with context.database.writing() as session:
            act = Act(session, context, "person:administrator", clock.now)
            disable_person(act, "supervisor")
    other.post(f"{question}/grant")
    with context.database.reading() as session:
        assert find_digest(session) == ""
    if what == "refused":
        # Not for ever: whoever asked may ask again, with better reasons.
        assert grant(one, other, change).status_code == 303
        with context.database.reading() as session:
            assert find_digest(session) != ""


def test_a_draft_that_was_taken_back_is_offered_again_and_asked_for_anew(
    browse: Callable[[str], Any], context: Context, clock: Clock
) -> None:
    one, other = browse("supervisor"), browse("administrator")
    change = draft(one, lowered()).location
    one.post(f"{change}/ask", why="First")
    asked = find_question(other)
    clock.forward(minutes=1)
    one.post(f"{change}/withdraw")
    assert "Ask a second person" not in one.get(change).text
    assert other.post(f"{change}/offer").location == change
    # Whoever offers it again does not agree by that to what the other no more wants.
    other.post(f"{asked}/grant")
    with context.database.reading() as session:
        assert find_digest(session) == ""
    assert "Offer it again" not in other.get(change).text
    assert grant(one, other, change).status_code == 303
    with context.database.reading() as session:
        assert find_digest(session) != ""
    # What is in force is no draft.
    other.post(f"{change}/offer")
    with context.database.reading() as session:
        row = session.scalars(select(RuleChange)).one()
        assert row.state == RuleState.IN_FORCE


@pytest.mark.parametrize("moment", [-1, 0])
def test_a_question_from_before_it_was_taken_back_is_not_agreed_to(
    context: Context, clock: Clock, moment: int
) -> None:
    """Also where the agreement was read before the question ended."""
    with context.database.writing() as session:
        act = Act(session, context, "person:supervisor", clock.now)
        change = _draft_by(act)
        earlier = clock.now + timedelta(minutes=moment)
        asked = Approval(
            subject=str(change.id),
            asked_at=earlier,
            details={"digest": change.digest},
        )
        with pytest.raises(Conflict) if moment else contextlib.nullcontext():
            RULES_CHANGE.check(act, asked)


def _draft_by(act: Act) -> RuleChange:
    return draft_change(act, WEIGHTS, lowered().encode(), "More")


def test_it_is_tried_over_past_cases_and_nothing_is_written(
    browse: Callable[[str], Any],
    context: Context,
    make_case: Callable[..., str],
    clock: Clock,
) -> None:
    references = [make_case() for _ in range(3)]
    one = browse("supervisor")
    change = draft(one, lowered()).location
    one.post(f"{change}/replay", since="2026-01-01")
    with context.database.reading() as session:
        before = {
            case.reference: (case.priority, dict(case.routing))
            for case in session.scalars(select(Case))
        }
        entry = session.scalars(
            select(OutboxEntry).where(OutboxEntry.job == "rules.replay")
        ).one()
        entry_id, payload = entry.id, dict(entry.payload)
    run_replay(Task(context, entry_id, payload, 1, clock.now))
    page = one.get(change).text
    assert "3 of 3 cases" in page
    assert any(reference in page for reference in references)
    with context.database.reading() as session:
        after = {
            case.reference: (case.priority, dict(case.routing))
            for case in session.scalars(select(Case))
        }
    assert after == before
    answer = one.post(f"{change}/replay", since="soon")
    assert answer.status_code == 303
    assert "year-month-day" in one.get(change).text


def test_routes_are_told_in_words() -> None:
    assert str(name_route("police-AL")) == "Police (AL)"
    assert str(name_route("iccam")) == "ICCAM"
    assert str(name_route("provider_notice-a-b")) == "Notice to the host (a-b)"
