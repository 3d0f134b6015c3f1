"""The embedded Redis: which program is started, and what is said where that cannot be."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hotline.core.errors import Misconfigured
from hotline.core.settings import SOCKET, load_settings
from workers.processes.stopping import StopRequest
from workers.processes.supervise import wait_for_redis
from workers.queues.redis_connection import connect
from workers.queues.redis_server import LONGEST_SOCKET, command, find_server


def test_a_path_too_long_for_a_socket_is_refused() -> None:
    longest = Path("/" + "x" * (LONGEST_SOCKET - len(SOCKET) - 2))
    assert str(longest) in command(longest)
    with pytest.raises(Misconfigured, match="108 bytes"):
        command(Path(f"{longest}x"))


def programs(folder: Path, *names: str) -> str:
    """A folder of programs for PATH."""
    folder.mkdir()
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_either_server_of_the_system_is_taken(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path / "bin", name))
    assert find_server() == str(tmp_path / "bin" / name)


def test_without_a_server_the_command_that_installs_one_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path / "bin"))
    with pytest.raises(Misconfigured) as refused:
        find_server()
    assert "apt-get install redis-server" in str(refused.value.hint)


def test_it_listens_on_no_port_and_keeps_nothing(tmp_path: Path) -> None:
    words = command(tmp_path)
    given = {words[at]: words[at + 1] for at in range(1, len(words), 2)}
    assert given["--port"] == "0"
    assert given["--save"] == ""
    assert given["--appendonly"] == "no"
    assert given["--unixsocketperm"] == "700"


@pytest.mark.services
@pytest.mark.parametrize("folder", ["plain", "with a space", "100% #1"])
def test_workers_can_read_the_list_of_clients_whatever_the_path(
    folder: str, tmp_path: Path
) -> None:
    settings = load_settings(data_dir=tmp_path / folder)
    settings.run_dir.mkdir(parents=True)
    server = subprocess.Popen(command(settings.run_dir))
    try:
        wait_for_redis(settings, StopRequest())
        assert [
            client["addr"] for client in connect(settings).client_list()
        ] == [f"{SOCKET}:0"]
    finally:
        server.terminate()
        server.wait(10)
