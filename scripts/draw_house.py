"""Draw the house from its own imports: ``make house`` writes ``docs/developers/house.md``.

The drawing is Mermaid, which code hosts show as a picture. ``--check`` fails where the file is not
what the code is now.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator

from written_page import ROOT, settle_page

TARGET = ROOT / "docs" / "developers" / "house.md"
LAYERS = ("workers", "partners", "triage", "hotline")
HEAD = """\
# The house, drawn from its imports

Written by `make house`; a test fails where it is out of date. An arrow says "imports". Arrows
between the layers all run downward: a later stage knows the earlier one, never the reverse.

"""

WAY_HEAD = """\
## The way of a delivery

From the posted job to the stored outcome, in this order. Beneath them is the ground, which is read
by its names: `Task`, `Circuit`, `Act`, the database, states and audit log of `hotline/core`,
its guarded network, and what a case offers to all, `lock_case` and `note_at_place`. How a letter
gets its words begins in the file of the message, and how long an answer may take, in
`begin_deadline` of what is told.

"""
WAY = (
    ("workers/queues/jobs.py", "`delivery.attempt` is the name of the job"),
    ("partners/sending/attempt.py", "one try, and what it asks its subject"),
    ("partners/sending/models.py", "the row, its states, its answer"),
    ("partners/subjects.py", "what a referral or a notice says and hears"),
    (
        "partners/referrals/telling/message.py or partners/notices/telling/message.py",
        "what is sent",
    ),
    ("partners/channels/base.py", "the list of channels"),
    (
        "partners/channels/mail.py, http.py or cloudflare.py",
        "sends, and says whether it was taken",
    ),
    (
        "partners/referrals/holds.py or partners/notices/judging.py",
        "the clock of the police, or whether a notice may go",
    ),
)


def main() -> None:
    settle_page(TARGET, draw(), rule="house")


Arrows = set[tuple[str, str]]
"""(room, room that it imports), both as paths."""


def draw() -> str:
    files = list_files()
    rooms = {room_of(path) for path in files}
    arrows = {
        (room_of(path), room_of_module(module))
        for path in files
        for module in imported_modules(path)
    }
    pictures = [draw_layer(layer, rooms, arrows) for layer in LAYERS]
    return "".join([HEAD, draw_layers(arrows), *pictures, write_way()])


def draw_layers(arrows: Arrows) -> str:
    between = {
        (layer_of(source), layer_of(target)) for source, target in arrows
    }
    lines = ["```mermaid", "flowchart TD"]
    lines += [f"  {layer}" for layer in LAYERS]
    lines += [
        f"  {source} --> {target}"
        for source, target in sorted(between)
        if source != target
    ]
    return "\n".join([*lines, "```", "", ""])


def draw_layer(layer: str, rooms: set[str], arrows: Arrows) -> str:
    lines = [f"## {layer}", "", "```mermaid", "flowchart TD"]
    lines += [
        f'  {name_of(room)}["{room}"]'
        for room in sorted(rooms)
        if layer_of(room) == layer
    ]
    lines += [
        f"  {name_of(source)} --> {name_of(target)}"
        for source, target in sorted(arrows)
        if layer_of(source) == layer_of(target) == layer and source != target
    ]
    return "\n".join([*lines, "```", "", ""])


def write_way() -> str:
    """The files that a reader opens to follow a delivery; a test follows one with them."""
    steps = [
        f"{number}. `{files}`: {what}"
        for number, (files, what) in enumerate(WAY, 1)
    ]
    return WAY_HEAD + "\n".join([*steps, ""])


def list_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--", *(f"{layer}/*.py" for layer in LAYERS)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    files = [
        path for path in listed.stdout.splitlines() if (ROOT / path).exists()
    ]
    return [path for path in files if "/versions/" not in path]


def imported_modules(path: str) -> Iterator[str]:
    """Modules of ours that the file imports, wherever in it."""
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (
                alias.name for alias in node.names if is_ours(alias.name)
            )
        elif (
            isinstance(node, ast.ImportFrom)
            and node.module
            and is_ours(node.module)
        ):
            # `from hotline.core import logs` names a module, `from … import Act` a thing in one.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_ours(module: str) -> bool:
    return module.partition(".")[0] in LAYERS


def room_of(path: str) -> str:
    """``triage/cases/pages/words.py`` is in the room ``triage/cases``."""
    parts = path.removesuffix(".py").split("/")
    return parts[0] if len(parts) <= 2 else "/".join(parts[:2])


def room_of_module(module: str) -> str:
    parts = module.split(".")
    folder = ROOT.joinpath(*parts[:2])
    return "/".join(parts[:2]) if folder.is_dir() else parts[0]


def layer_of(room: str) -> str:
    return room.partition("/")[0]


def name_of(room: str) -> str:
    return room.replace("/", "_")


if __name__ == "__main__":
    main()
