"""The embedded Redis: a socket that no system would open is refused with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.core.errors import Misconfigured
from hotline.core.settings import SOCKET
from workers.redis_server import LONGEST_SOCKET, command


def test_a_path_too_long_for_a_socket_is_refused() -> None:
    longest = Path("/" + "x" * (LONGEST_SOCKET - len(SOCKET) - 2))
    assert str(longest / SOCKET) in command(longest)
    with pytest.raises(Misconfigured, match="108 bytes"):
        command(Path(f"{longest}x"))
