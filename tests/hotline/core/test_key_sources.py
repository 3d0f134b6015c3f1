"""Keys come from closed files or from a command, and a process notices another one."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

import pytest

from hotline.core.errors import Misconfigured
from hotline.core.storage.keys import key_files
from hotline.core.storage.keys.key_command import KeyCommand
from hotline.core.storage.keys.key_files import KEY_NAMES, KeyFiles
from hotline.core.storage.keys.keyring import Keyring


def test_key_files_are_closed_to_others(tmp_path: Path) -> None:
    Keyring(tmp_path)
    for name in KEY_NAMES:
        path = key_files.path_of_key(tmp_path, name)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o644, 0o666, 0o601])
def test_an_open_key_file_is_refused_with_what_closes_it(
    tmp_path: Path, mode: int
) -> None:
    Keyring(tmp_path)
    path = key_files.path_of_key(tmp_path, "links")
    path.chmod(mode)
    with pytest.raises(Misconfigured, match="chmod 0600"):
        Keyring(tmp_path)
    path.chmod(0o440)
    Keyring(tmp_path)


def test_a_process_notices_another_key_and_reads_with_the_old_one(
    tmp_path: Path,
) -> None:
    keyring = Keyring(tmp_path, source=KeyFiles(tmp_path, seconds=0))
    before = keyring.bytes_of("links")
    staged = key_files.stage_key(tmp_path, "links")
    assert keyring.keys_of("links") == (before, staged)
    assert key_files.stage_key(tmp_path, "links") == staged
    key_files.promote_key(tmp_path, "links")
    keyring.look_again(anyway=True)
    assert keyring.keys_of("links") == (staged, before)
    key_files.stage_key(tmp_path, "links")
    key_files.promote_key(tmp_path, "links")
    keyring.look_again(anyway=True)
    assert keyring.keys_of("links")[1:] == (staged, before)
    key_files.remove_old_key(tmp_path, "links", staged)
    keyring.look_again(anyway=True)
    assert keyring.keys_of("links")[1:] == (before,)


def test_what_was_read_stays_while_a_file_is_unreadable(
    tmp_path: Path,
) -> None:
    keyring = Keyring(tmp_path, source=KeyFiles(tmp_path, seconds=0))
    before = keyring.bytes_of("master")
    key_files.path_of_next(tmp_path, "master").write_bytes(b"short")
    assert keyring.bytes_of("master") == before


def store(folder: Path, text: str, code: int = 0) -> tuple[str, ...]:
    """A command that prints ``text``."""
    (folder / "out").write_text(text)
    return ("/bin/sh", "-c", f"cat '{folder / 'out'}'; exit {code}")


def lines(names: tuple[str, ...] = KEY_NAMES) -> dict[str, str]:
    return {name: secrets.token_hex(32) for name in names}


def test_a_command_s_lines_are_the_keys_in_their_order(
    tmp_path: Path,
) -> None:
    first, second = lines(), secrets.token_hex(32)
    text = "\n".join(f"{name} {key}" for name, key in first.items())
    command = store(tmp_path, f"{text}\nmaster {second}\n")
    keyring = Keyring(tmp_path / "nothing", command)
    assert keyring.keys_of("master") == (
        bytes.fromhex(first["master"]),
        bytes.fromhex(second),
    )
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", 0, "gives no key master"),
        ("master 12", 0, "Line 1"),
        ("nobody " + "0" * 64, 0, "Line 1"),
        ("", 3, "exit code 3"),
    ],
)
def test_a_bad_command_is_told_without_what_it_printed(
    tmp_path: Path, text: str, code: int, said: str
) -> None:
    with pytest.raises(Misconfigured, match=said) as refused:
        KeyCommand(store(tmp_path, text, code)).read_first()
    assert "0" * 64 not in str(refused.value)


def test_a_command_that_is_not_there_is_named() -> None:
    with pytest.raises(Misconfigured, match="/no/such"):
        KeyCommand(("/no/such",)).read_first()
