"""The playbook: data that a house changes, and which steps a case has."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.core.errors import Misconfigured
from hotline.core.language.languages import load_languages
from hotline.intake.registry.kinds import ReportKind
from triage.cases.handling.playbook import Sign, Subject, load_playbooks

HEAD = 'dated = 2026-11-28\nsource = "a test"\n'
CALL = '[[steps]]\nname = "call"\nlabel = { en = "Call" }\n'
BOOK = (
    '[[playbooks]]\nname = "all"\nlabel = { en = "All" }\nkinds = ["grooming"]\n'
    'steps = ["call"]\n'
)


def names_for(kind: str, *hosting: str, danger: bool = False) -> list[str]:
    subject = Subject(kind, danger, hosting)
    return [step.name for step in load_playbooks().steps_for(subject)]


def test_the_shipped_steps_begin_with_what_cannot_wait() -> None:
    assert names_for("live_stream", "platform")[0] == "telephone_police"
    extortion = names_for("sexual_extortion", "platform")
    assert extortion.index("helpline") < extortion.index("preserve")
    assert extortion.index("preserve") < extortion.index("platform")
    assert "child_protection" in names_for("grooming", "none")
    hosted = names_for("csam_image", "host")
    assert hosted.index("police") < hosted.index("host")
    shared = names_for("csam_video", "p2p")
    assert "no_host" in shared and "host" not in shared


def test_danger_comes_first_and_no_step_twice() -> None:
    steps = names_for("grooming", "platform", danger=True)
    assert steps[0] == "telephone_police"
    assert len(steps) == len(set(steps))


def test_every_kind_that_names_abuse_has_steps() -> None:
    without = {
        kind
        for kind in ReportKind
        if not any(
            names_for(kind, hosting) for hosting in ("host", "none", "p2p")
        )
    }
    assert without <= {ReportKind.OTHER_HARMFUL}


def test_every_language_says_every_step() -> None:
    playbooks = load_playbooks()
    for code in load_languages():
        for each in (*playbooks.steps, *playbooks.playbooks):
            said = each.label.get(code, "")
            assert said, (code, each.name)
            if code not in ("en", "sq"):
                assert said != each.label["en"], (code, each.name)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (HEAD + CALL + BOOK.replace('["call"]', '["cal"]'), "cal"),
        (HEAD + CALL + CALL + BOOK, "step call appears there twice"),
        (HEAD + CALL + BOOK + BOOK, "playbook all appears there twice"),
        (HEAD + CALL + BOOK.replace("grooming", "groming"), "grooming"),
        (
            HEAD + CALL + 'done_when = "police_caled"\n' + BOOK,
            Sign.POLICE_CALLED,
        ),
        (
            HEAD + CALL + BOOK.replace('kinds = ["grooming"]\n', ""),
            "says of no case",
        ),
        (
            HEAD + CALL.replace("en =", "sq =") + BOOK,
            "lacks an English label",
        ),
        (HEAD + CALL + BOOK + "color = 1\n", "unknown field"),
    ],
)
def test_what_is_wrong_with_an_own_file_is_named(
    tmp_path: Path, text: str, fault: str
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "playbook.toml").write_text(text)
    with pytest.raises(Misconfigured, match=fault):
        load_playbooks(tmp_path)


def test_a_house_has_steps_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "playbook.toml").write_text(HEAD + CALL + BOOK)
    own = load_playbooks(tmp_path)
    steps = own.steps_for(Subject("grooming", False, ()))
    assert [step.name for step in steps] == ["call"]
    assert not own.steps_for(Subject("csam_image", False, ("host",)))
