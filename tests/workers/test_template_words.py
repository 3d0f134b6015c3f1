"""A template compares a stored word only with words that can be stored: no typo hides a button."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from hotline.accounts.approvals.models import ApprovalState
from hotline.accounts.models import PersonAct
from hotline.accounts.pages.approval_pages import DETAILS
from hotline.intake.form.asking.paths import SupportFor
from hotline.intake.registry.questions import Shape
from hotline.intake.registry.vocabulary import MessageAuthor, PartKind
from partners.became import Removal
from partners.directory.territory import Coverage
from partners.plans import bulk as plans
from partners.referrals.vocabulary import OfficeOutcome
from partners.states import (
    DeliveryState,
    HoldState,
    NoticeState,
    PlanState,
    Purpose,
    ReferralState,
)
from triage.cases.assessing.findings import PERSONS_FACTS
from triage.cases.bulk.deeds import DEEDS
from triage.cases.bulk.models import BulkState
from triage.cases.listing.filters import PARAMETERS
from triage.cases.listing.tabs import TABS
from triage.cases.people.vocabulary import FactName
from triage.cases.vocabulary import PlaceState
from triage.console.queue.columns import Column
from triage.hashlists.kinds import HashKind, MatchDecision
from triage.hashlists.uploads.models import UploadState
from triage.hosting.kinds import HostingKind
from triage.jurisdiction import Destination, Gate

ROOT = Path(__file__).parent.parent.parent
LAYERS = ("hotline", "triage", "partners", "workers")
Words = type[StrEnum] | Collection[str]

# What is compared -> the words that it can be; where one name stands for several things, by the
# template. "partners/pieces" is the end of the template's path without its suffix.
VOCABULARIES: dict[str, Words | dict[str, Words]] = {
    "one.state": {
        "console/approvals": ApprovalState,
        "partners/panel_notices": NoticeState,
        "partners/panel_plan": PlanState,
        "partners/panel_referrals": ReferralState,
        "partners/pieces": DeliveryState,
    },
    "one.purpose": Purpose,
    "asked.state": ApprovalState,
    "export.state": ApprovalState,
    "upload.state": UploadState,
    "notice.state": NoticeState,
    # Of a referral or of a notice: only a word that both have.
    "letter.state": set(map(str, NoticeState)) & set(map(str, ReferralState)),
    "hold.state": HoldState,
    "plan.state": PlanState,
    "place.state": PlaceState,
    "coverage": Coverage,
    "route.after": Gate,
    "route.to": Destination,
    "match.kind": HashKind,
    "match.decision": MatchDecision,
    "file.decision": MatchDecision,
    "one.found.decision": MatchDecision,
    "one.what": {*OfficeOutcome, *Removal},
    "part.kind": PartKind,
    "message.author": MessageAuthor,
    "status.messages[].author": MessageAuthor,
    "item.hosting_kind": HostingKind,
    "place.hosting_kind": HostingKind,
    "fact.name": FactName,
    "tab": TABS,
    "bulk.state": BulkState,
    "deed.name": {deed.name for deed in (*DEEDS, *plans.DEEDS)},
    "column": Column,
    "owner": PERSONS_FACTS,
    "support_for": SupportFor,
    "answer.row.shape": Shape,
    "name": {
        "console/approval": DETAILS,
        "triage/people": FactName,
        "triage/queue_filters": PARAMETERS,
    },
    "kind": {"console/person_act": PersonAct},
}
# Of pages, forms and HTTP, where no vocabulary is stored.
NOT_STORED = {
    "request.method",
    "operation.key",
    "question.name",
    "values[]",
    "values.path",
    "values.own_material",
    "whole",
}


def list_templates() -> list[Path]:
    return [
        path
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("templates/**/*.html"))
    ]


def find_comparisons(template: Path) -> Iterator[tuple[str, str]]:
    """(what, word) of each comparison of something with a literal word."""
    environment = Environment(
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True
    )
    tree = environment.parse(template.read_text("utf-8"))
    for compare in tree.find_all(nodes.Compare):
        # "'x' in faults" asks for a key, and compares nothing with a word.
        if _words_of(compare.expr) and compare.ops[0].op in {"in", "notin"}:
            continue
        sides = [compare.expr, *(operand.expr for operand in compare.ops)]
        yield from _pair_words(sides)
    for selection in tree.find_all(nodes.Filter):
        if selection.name in {"select", "reject"} and len(selection.args) == 2:
            yield from _pair_words([selection.node, selection.args[1]])


def _pair_words(
    sides: Sequence[nodes.Expr | None],
) -> Iterator[tuple[str, str]]:
    named = [_describe(side) for side in sides if not _words_of(side)]
    for side in sides:
        for word in _words_of(side):
            yield from ((what, word) for what in named)


def _words_of(node: nodes.Node | None) -> list[str]:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return [node.value] if node.value else []
    if isinstance(node, nodes.Tuple | nodes.List):
        return [word for item in node.items for word in _words_of(item)]
    return []


def _describe(node: nodes.Node | None) -> str:
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            return f"{_describe(node.node)}.{node.attr}"
        case nodes.Getitem(arg=nodes.Const(value=str(key))):
            return f"{_describe(node.node)}.{key}"
        case nodes.Getitem():
            return f"{_describe(node.node)}[]"
        case nodes.Filter(name="map") if node.kwargs:
            return str(node.kwargs[0].value.as_const())
        case nodes.Filter():
            return _describe(node.node)
    return type(node).__name__


def find_words(template: Path, what: str) -> Words | None:
    """What ``what`` can be in this template; None where nobody said it."""
    words = VOCABULARIES.get(what)
    if not isinstance(words, dict):
        return words
    stem = str(template.with_suffix(""))
    return next((words[end] for end in words if stem.endswith(end)), None)


@pytest.mark.parametrize(
    "template", list_templates(), ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_word_that_is_compared_can_be_stored(template: Path) -> None:
    for what, word in find_comparisons(template):
        if what in NOT_STORED:
            continue
        words = find_words(template, what)
        assert words is not None, f"say which words {what} can be"
        assert word in set(words), f"{what} is never {word!r}"


def test_comparisons_are_found_in_every_form(tmp_path: Path) -> None:
    template = tmp_path / "page.html"
    template.write_text(
        "{% if a.b == 'x' or 'y' != c['d'] or e in ('u', 'v') %}{% endif %}"
        "{% if '/field' in faults %}{% endif %}"
        "{{ f|map(attribute='g')|select('in', ['w'])|list }}{{ h.i[-1].j == 'z' }}"
    )
    assert set(find_comparisons(template)) == {
        ("a.b", "x"),
        ("c.d", "y"),
        ("e", "u"),
        ("e", "v"),
        ("g", "w"),
        ("h.i[].j", "z"),
    }
