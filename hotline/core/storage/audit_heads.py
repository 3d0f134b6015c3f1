"""The file of heads: what the audit log's chain had come to, written outside the database.

One JSON object a line. Each has a number of its own and the code of the line before, so that a line
that is missing shows, and a code (MAC) under the key ``audit``, so that nobody else can write one.
A head is written after the commit of what it names: a process that is killed in between leaves a
head too few, which the next one adds, and never a head of something that was rolled back.

Each line names the key that its code was made with. The first line under another key says from
which one it takes over, and vouches for all lines before it: whoever wrote it had both keys,
checked those lines and put their digest into it. So they stay verified when the old key is retired,
and a key that was left never comes back.

A line without its end was being written when the machine stopped. It was never a head, and the
next writer drops it.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hotline.core.errors import HotlineError
from hotline.core.storage.keys.keyring import Keyring, id_of_key, mac_under

KEY = "audit"
LONGEST_LINE = 8_192
"""Bytes. The last line is looked for in as many at the file's end."""


class ChainBroken(HotlineError):
    """The audit log, or the file of its heads, is not what this service wrote."""


@dataclass(frozen=True, slots=True)
class Restore:
    """The database was put back from a backup: earlier heads beyond ``kept`` are void from there.

    ``persons``: the two who answer for it. ``kept``: the number of the last head that the database
    that was put back still meets; ``lost``: the number that the last head before had.
    """

    persons: tuple[str, str]
    reason: str
    kept: int
    lost: int

    def to_json(self) -> Mapping[str, object]:
        return {
            "persons": list(self.persons),
            "reason": self.reason,
            "kept": self.kept,
            "lost": self.lost,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Restore:
        first, second = data["persons"]
        return cls(
            (str(first), str(second)),
            str(data["reason"]),
            int(data["kept"]),
            int(data["lost"]),
        )


@dataclass(frozen=True, slots=True)
class KeyChange:
    """From this line on another key signs. ``lines`` before it have together ``digest``."""

    old_key: str
    lines: int
    digest: str

    def to_json(self) -> Mapping[str, object]:
        return {
            "from": self.old_key,
            "lines": self.lines,
            "digest": self.digest,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> KeyChange:
        return cls(str(data["from"]), int(data["lines"]), str(data["digest"]))


@dataclass(frozen=True, slots=True)
class Head:
    """``line`` counts from 1; 0 in lines of before lines were counted. ``number`` and ``digest``
    (hexadecimal SHA-256) are those of the last sealed entry. ``key`` is the id of the key that
    signed; empty in lines of before keys were named."""

    line: int
    number: int
    digest: str
    at: str
    previous: str
    mac: str = field(default="", repr=False)
    restore: Restore | None = None
    key: str = ""
    change: KeyChange | None = None

    def message(self) -> bytes:
        """What the code is computed over."""
        # As lines were signed before they were counted; their codes must still
        # hold.
        if self.line == 0:
            return f"{self.number}:{self.digest}:{self.at}".encode()
        restore = json.dumps(self.restore.to_json()) if self.restore else ""
        parts: tuple[object, ...] = (
            self.line,
            self.number,
            self.digest,
            self.at,
            self.previous,
            restore,
        )
        # Lines of before named no key, and are still read.
        if self.key:
            change = json.dumps(self.change.to_json()) if self.change else ""
            parts = (*parts, self.key, change)
        return "\n".join(map(str, parts)).encode()

    def signed(self, key: bytes) -> Head:
        """Under ``key``, whose id the line gets."""
        named = replace(self, key=id_of_key(KEY, key))
        mac = mac_under(key, named.message()).hex()
        return replace(named, mac=mac)

    def is_genuine(self, keyring: Keyring) -> bool:
        """Whether one of our keys signed it: the one that it names, if it names one."""
        return any(
            hmac.compare_digest(mac_under(key, self.message()).hex(), self.mac)
            for key in keyring.keys_of(KEY)
            if self.key in ("", id_of_key(KEY, key))
        )

    def is_known(self, keyring: Keyring) -> bool:
        """Whether the key that it names is still one of ours."""
        ids = {id_of_key(KEY, key) for key in keyring.keys_of(KEY)}
        return self.key in ids

    def to_line(self) -> bytes:
        values: dict[str, object] = {
            "line": self.line,
            "number": self.number,
            "hash": self.digest,
            "at": self.at,
            "previous": self.previous,
            "mac": self.mac,
        }
        if self.restore is not None:
            values["restored"] = self.restore.to_json()
        if self.key:
            values["key"] = self.key
        if self.change is not None:
            values["key_changed"] = self.change.to_json()
        return json.dumps(values, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def from_line(cls, text: bytes) -> Head:
        """Raises ``ValueError`` (also as ``KeyError``, ``TypeError``) for what is no head."""
        values = json.loads(text)
        restored = values.get("restored")
        changed = values.get("key_changed")
        return cls(
            line=int(values.get("line", 0)),
            number=int(values["number"]),
            digest=str(values["hash"]),
            at=str(values["at"]),
            previous=str(values.get("previous", "")),
            mac=str(values.get("mac", "")),
            restore=Restore.from_json(restored) if restored else None,
            key=str(values.get("key", "")),
            change=KeyChange.from_json(changed) if changed else None,
        )


def append_head(
    path: Path,
    keyring: Keyring,
    *,
    number: int,
    digest: bytes,
    now: datetime,
    restore: Restore | None = None,
) -> bool:
    """Write the chain's head down, whole or not at all; False where it stands there already.

    Only the end of the file is read, whatever its size. Two writers on one machine wait for each
    other. ``ChainBroken`` where the last line is no head of ours: nothing is written behind it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        # The scheduler and a command may write at once; two lines of one number would look forged.
        fcntl.flock(file, fcntl.LOCK_EX)
        last = _last_head(file.fileno(), path)
        key = keyring.bytes_of(KEY)
        is_other_key = last is not None and last.key != id_of_key(KEY, key)
        # A restore is noted in any case: it makes heads void that were written before it.
        if (
            restore is None
            and last is not None
            and last.number == number
            and not is_other_key
        ):
            return False
        change = _take_over(path, keyring) if is_other_key else None
        head = Head(
            line=(last.line if last else 0) + 1,
            number=number,
            digest=digest.hex(),
            at=now.isoformat(),
            previous=last.mac if last else "",
            restore=restore,
            change=change,
        ).signed(key)
        _write_whole(file.fileno(), head.to_line())
    return True


def read_heads(path: Path) -> Iterator[Head]:
    """All heads in their order; ``ChainBroken`` names the line that is none."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for place, text in enumerate(file, 1):
            # Torn when the machine stopped: it was never a head.
            if not text.endswith(b"\n"):
                return
            if text.strip():
                yield _read_head(text, f"line {place}", path)


def last_head(path: Path) -> Head | None:
    """The newest head, read from the end of the file."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return _last_head(file.fileno(), path)


def fault_of(heads: Sequence[Head], keyring: Keyring) -> str:
    """What is wrong with the lines among themselves; empty where nothing is."""
    vouched = _count_vouched(heads, keyring)
    before: Head | None = None
    for place, head in enumerate(heads):
        is_vouched = place < vouched and not head.is_known(keyring)
        if not is_vouched and not head.is_genuine(keyring):
            return f"the written head {head.number} was not written by this service"
        if before is not None and head.line:
            if head.line != before.line + 1 or head.previous != before.mac:
                return f"a written head is missing before {head.number}"
        elif head.line > 1:
            return f"the written heads before {head.number} are missing"
        before = head
    return _fault_of_keys(heads)


def _take_over(path: Path, keyring: Keyring) -> KeyChange | None:
    """What the first line under another key says of those before it; raises if one is wrong.

    None for lines that named no key and were signed by the one in use.
    """
    heads = list(read_heads(path))
    if fault := fault_of(heads, keyring):
        raise ChainBroken(fault)
    last, present = heads[-1], keyring.id_of(KEY)
    # This process reads older keys than the last writer, and would go back to
    # one that was left.
    if any(head.key == present for head in heads):
        raise ChainBroken(
            f"{path.name} was gone on with under a newer key than this process knows"
        )
    if not last.key and _is_by_present_key(last, keyring):
        return None
    return KeyChange(last.key, len(heads), _digest_of(heads))


def _is_by_present_key(head: Head, keyring: Keyring) -> bool:
    mac = mac_under(keyring.bytes_of(KEY), head.message()).hex()
    return hmac.compare_digest(mac, head.mac)


def _count_vouched(heads: Sequence[Head], keyring: Keyring) -> int:
    """How many lines at the start the last genuine change of keys vouches for."""
    for head in reversed(heads):
        change = head.change
        if change is None or not head.is_genuine(keyring):
            continue
        if change.digest == _digest_of(heads[: change.lines]):
            return change.lines
    return 0


def _fault_of_keys(heads: Sequence[Head]) -> str:
    """Another key begins with a line that says so, and one that was left never comes back."""
    left: set[str] = set()
    present = ""
    for head in heads:
        if head.key == present:
            continue
        takes_over = head.change is not None and head.change.old_key == present
        if head.key in left or (present and not takes_over):
            return f"the key of the written head {head.number} was not the one in use"
        left.add(present)
        present = head.key
    return ""


def _digest_of(heads: Sequence[Head]) -> str:
    digest = hashlib.sha256()
    for head in heads:
        digest.update(head.to_line())
    return digest.hexdigest()


def heads_in_force(heads: Sequence[Head]) -> list[Head]:
    """The heads that the chain must meet: what a noted restore made void is left out."""
    in_force: list[Head] = []
    for head in heads:
        if head.restore is not None:
            kept = head.restore.kept
            in_force = [
                earlier for earlier in in_force if earlier.number <= kept
            ]
        in_force.append(head)
    return in_force


def _last_head(descriptor: int, path: Path) -> Head | None:
    size = os.fstat(descriptor).st_size
    # Twice a line: the last one may be torn, and the one before it is the head then.
    start = max(0, size - 2 * LONGEST_LINE)
    tail = os.pread(descriptor, size - start, start)
    whole, newline, _ = tail.rpartition(b"\n")
    lines = (whole + newline).splitlines()
    texts = [line for line in lines if line.strip()]
    return _read_head(texts[-1], "the last line", path) if texts else None


def _write_whole(descriptor: int, line: bytes) -> None:
    """Behind the last whole line. If the disk is full, what was written of it is taken back."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - 2 * LONGEST_LINE)
    torn = len(os.pread(descriptor, size - start, start).rpartition(b"\n")[2])
    end = size - torn
    if torn:
        os.ftruncate(descriptor, end)
    try:
        if os.write(descriptor, line) != len(line):
            raise OSError("The file of heads took a part of a line only.")
        # A machine that loses its power must not lose the head as well.
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, end)
        raise


def _read_head(text: bytes, place: str, path: Path) -> Head:
    try:
        return Head.from_line(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ChainBroken(
            f"{place} of {path.name} is no head of the audit log",
            hint="Compare with the copy that is kept on another machine.",
        ) from None
