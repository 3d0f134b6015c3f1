"""Keys from a secret store: a command prints them, and no file of ours holds them.

Each line of its output is a name and 64 hexadecimal digits. Of several lines with one name the
first is the key in use; the others are only read with, in their order. So another key is brought in
by two changes in the store: first as a second line, and once every process has read it, as the
first one.
"""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass

from hotline.core.errors import Misconfigured
from hotline.core.storage.keys.key_files import KEY_NAMES, Keys

TIMEOUT = 20
"""Seconds."""
_LINE = re.compile(r"([a-z]+)\s+([0-9A-Fa-f]{64})")


@dataclass(frozen=True, slots=True)
class KeyCommand:
    """The command, as a keyring asks it. Nothing that it prints gets into an error."""

    words: tuple[str, ...]
    seconds: float = 60.0
    """After how long a process asks the store again."""

    def read_first(self) -> Keys:
        return _parse_keys(self._run())

    def read_again(self) -> Keys:
        return self.read_first()

    def mark(self) -> object:
        """A store does not say whether something changed: it is asked each time."""
        return time.monotonic()

    def _run(self) -> str:
        program = self.words[0]
        try:
            done = subprocess.run(
                self.words,
                # A command that asks for a password would else wait for one,
                # unseen.
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                # What it prints must get into no error and no log.
                stderr=subprocess.DEVNULL,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Misconfigured(
                f"key_command ({program}) gave no keys within {TIMEOUT} seconds."
            ) from None
        except OSError as error:
            raise Misconfigured(
                f"key_command ({program}) cannot be run: {error.strerror}."
            ) from None
        if done.returncode != 0:
            raise Misconfigured(
                f"key_command ({program}) ended with exit code {done.returncode}.",
                hint="Run it by hand as the service's user: it prints a line for each key.",
            )
        return done.stdout.decode("ascii", "replace")


def _parse_keys(text: str) -> Keys:
    named: dict[str, list[bytes]] = {name: [] for name in KEY_NAMES}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or match[1] not in named:
            raise Misconfigured(
                f"Line {number} of key_command's output is not a name "
                f"({', '.join(KEY_NAMES)}) and 64 hexadecimal digits."
            )
        named[match[1]].append(bytes.fromhex(match[2]))
    if missing := [name for name, keys in named.items() if not keys]:
        raise Misconfigured(f"key_command gives no key {', '.join(missing)}.")
    # A key that stands there twice is tried once.
    return {name: tuple(dict.fromkeys(keys)) for name, keys in named.items()}
