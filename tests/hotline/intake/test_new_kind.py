"""A kind of report is one row: with a made-up one more, every place knows it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from hotline.intake.registry.kinds import ReportKind, row_of

WALK = Path(__file__).with_name("new_kind.py")


def test_one_more_row_is_enough_for_form_wire_console_and_statistics(
    tmp_path: Path,
) -> None:
    walk = subprocess.run(
        [sys.executable, str(WALK), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert walk.returncode == 0, walk.stderr
    assert json.loads(walk.stdout.splitlines()[-1]) == {
        "form": True,
        "sent": 200,
        "api": 201,
        "openapi": True,
        "csv": "made_up",
        "xarf_written": "sextortion",
        "xarf_read": "made_up",
        "cybertipline": "made_up",
        "telephone": True,
        "filter": True,
        "stored": ["made_up", "made_up"],
        "statistics": 2,
    }


def test_each_row_has_words_and_no_word_of_a_format_means_two_kinds() -> None:
    for kind in ReportKind:
        assert kind.row.public
        assert kind.row.console
    words = [word for kind in ReportKind for word in kind.row.wire.xarf_words]
    incidents = [
        word for kind in ReportKind for word in kind.row.wire.incidents
    ]
    assert len(words) == len(set(words))
    assert len(incidents) == len(set(incidents))


def test_a_stored_kind_that_is_no_longer_known_has_no_words() -> None:
    assert row_of("grooming").child_in_contact
    assert row_of("taken_out").console == ""
