"""``hotline setup``: what it asks, what it writes, and what it leaves alone."""

from __future__ import annotations

import stat
import sys
import tomllib
from io import StringIO
from pathlib import Path

import pytest

from workers import cli
from workers.cli.running import doctor
from workers.setup.questions import QUESTIONS, find_fault
from workers.setup.writing import read_file, write_file

FILE = "hotline.toml"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    # Set by a run in this process; the next test begins without it.
    monkeypatch.setenv("HOTLINE_CONFIG", str(tmp_path / FILE))


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Doctor has tests of its own, and would ask the world."""
    times: list[int] = []

    def look(*_: object) -> int:
        times.append(1)
        return 0

    monkeypatch.setattr(doctor, "run_checks", look)
    return times


def settings_of(folder: Path) -> dict[str, object]:
    return tomllib.loads((folder / FILE).read_text(encoding="utf-8"))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def type_in(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("\n".join(lines) + "\n"))


def write_answers(folder: Path, text: str) -> str:
    path = folder / "answers.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_from_a_file_it_writes_prepares_and_looks(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], looked: list[int]
) -> None:
    answers = write_answers(
        tmp_path,
        """
country = "RS"
hotline_domain = "linija.rs"
smtp_host = "mail.linija.rs"
smtp_user = "hotline"
smtp_password = "secret-of-ours"

[administrator]
username = "mira"
name = "Mira"
""",
    )
    assert cli.run(["setup", "--answers", answers]) == 0
    said = capfd.readouterr()
    written = settings_of(tmp_path)
    assert written["country"] == "RS"
    assert written["contact_email"] == "desk@linija.rs"
    assert written["public_url"] == "https://report.linija.rs"
    assert written["security_contacts"] == ["mailto:desk@linija.rs"]
    assert "security_expires" in written
    assert "administrator" not in written
    assert mode_of(tmp_path / FILE) == 0o600
    assert "secret-of-ours" not in said.out + said.err
    assert "mira   password: " in said.out
    assert looked == [1]
    assert cli.run(["user", "list"]) == 0
    assert "mira" in capfd.readouterr().out
    assert cli.run(["config", "check"]) == 0


def test_a_file_that_is_there_is_not_touched_unasked(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    looked: list[int],
) -> None:
    (tmp_path / FILE).write_text('country = "MK"\n')
    answers = write_answers(tmp_path, 'country = "RS"\n')
    assert cli.run(["setup", "--answers", answers]) == 1
    assert "--change" in capfd.readouterr().err
    type_in(monkeypatch, "n")
    assert cli.run(["setup"]) == 1
    assert settings_of(tmp_path) == {"country": "MK"}
    assert looked == [] and not (tmp_path / "var").exists()


def test_what_was_not_asked_about_stays_with_its_comments(
    tmp_path: Path, looked: list[int]
) -> None:
    before = '# ours\ncountry = "MK"\nhold_hours = 24.0 # agreed\n'
    (tmp_path / FILE).write_text(before)
    answers = write_answers(tmp_path, 'country = "RS"\n')
    assert cli.run(["setup", "--answers", answers, "--change"]) == 0
    text = (tmp_path / FILE).read_text()
    assert "# ours" in text and "hold_hours = 24.0 # agreed" in text
    assert settings_of(tmp_path)["country"] == "RS"
    kept = tmp_path / f"{FILE}.before"
    assert kept.read_text() == before and mode_of(kept) == 0o600


def test_a_second_run_adds_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], looked: list[int]
) -> None:
    answers = write_answers(tmp_path, "")
    assert cli.run(["setup", "--answers", answers]) == 0
    first = settings_of(tmp_path)
    capfd.readouterr()
    assert cli.run(["setup", "--answers", answers, "--change"]) == 0
    assert "password:" not in capfd.readouterr().out
    assert settings_of(tmp_path) == first


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('country = "XX"', "no data file for XX"),
        ('languages = ["sq", "xx"]', "no language xx"),
        ('public_url = "report.hotline.al"', "http://"),
        ('contact_email = "desk"', "not an e-mail address"),
        ('redis_url = "redis://host:6379"', "needs a password"),
        ('smtp_host = "m.al"\nsmtp_security = "ssl"', "smtp_security"),
        ('smtp_host = "m.al"\nsmtp_port = 99999', "smtp_port"),
        ('database_url = "nonsense"', "no address of a database"),
        (
            'database_url = "postgresql://127.0.0.1:1/none"',
            "does not answer",
        ),
        ('security_contacts = ["us@hotline.al"]', "mailto:"),
        ('no_such_setting = "x"', "no_such_setting"),
        ('[administrator]\npassword = "x"', "made and shown once"),
        ("no = [toml", "cannot be read"),
    ],
)
def test_a_wrong_answer_is_a_sentence_and_writes_nothing(
    text: str,
    words: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    looked: list[int],
) -> None:
    answers = write_answers(tmp_path, text)
    assert cli.run(["setup", "--answers", answers]) == 2
    said = capfd.readouterr().err
    assert words in said and len(said.splitlines()) == 1
    assert not (tmp_path / FILE).exists() and looked == []


def test_a_person_is_asked_again_until_it_fits(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    looked: list[int],
) -> None:
    lines = {
        "country": ["albania", "AL"],
        "languages": ["sq, en"],
        "hotline_domain": ["hotline.al"],
        "contact_email": ["nobody", "desk@hotline.al"],
        "smtp_host": ["mail.hotline.al"],
        "smtp_port": ["many", "25"],
        "smtp_user": ["hotline"],
        "smtp_password": ["secret-of-ours"],
    }
    typed = [
        line
        for question in QUESTIONS
        for line in lines.get(question.setting, [""])
    ]
    type_in(monkeypatch, *typed)
    assert cli.run(["setup"]) == 0
    said = capfd.readouterr()
    assert "no data file for albania" in said.err
    assert "secret-of-ours" not in said.out
    written = settings_of(tmp_path)
    assert written["languages"] == ["sq", "en"]
    assert written["smtp_port"] == 25
    assert written["mail_from"] == "notices@hotline.al"
    assert written["smtp_password"] == "secret-of-ours"


def test_who_gives_up_half_way_has_written_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, "AL", "sq")
    assert cli.run(["setup"]) == 130
    assert not (tmp_path / FILE).exists()
    assert not (tmp_path / "var").exists()


def test_without_a_secret_others_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    write_file(path, read_file(path), {"country": "AL"})
    assert mode_of(path) == 0o644
    write_file(path, read_file(path), {"smtp_password": "x"})
    assert mode_of(path) == 0o600


def test_a_file_that_cannot_be_read_is_not_replaced(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / FILE).write_text("no = [toml")
    answers = write_answers(tmp_path, "")
    assert cli.run(["setup", "--answers", answers, "--change"]) == 1
    assert "never replaces" in capfd.readouterr().err
    assert (tmp_path / FILE).read_text() == "no = [toml"


def test_every_proposal_can_be_used() -> None:
    answers: dict[str, object] = {}
    for question in QUESTIONS:
        proposed = question.propose(answers)  # type: ignore[arg-type]
        assert find_fault(question.setting, proposed, answers) == ""  # type: ignore[arg-type]
        answers[question.setting] = proposed
