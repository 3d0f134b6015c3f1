"""Machines on one: network namespaces on a bridge, whose ways to each other can be cut."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

BENCHMARK_NETWORK = "198.18"
"""RFC 2544 keeps it for tests of networks; nobody is reached there."""


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(
        ["ip", *words], check=check, capture_output=True, timeout=20
    )


def can_make_machines() -> bool:
    """Whether this user may make network namespaces here."""
    if os.geteuid() != 0:
        return False
    name = f"hlprobe{os.getpid()}"
    try:
        _ip("netns", "add", name)
        _ip("netns", "del", name)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


@dataclass(frozen=True)
class Machine:
    """A namespace with one address. What is cut is dropped without a word, as by a pulled plug."""

    name: str
    address: str

    def prefix(self) -> list[str]:
        return ["ip", "netns", "exec", self.name]

    def cut_from(self, address: str) -> None:
        _ip("-n", self.name, "route", "add", "blackhole", f"{address}/32")

    def join_again(self, address: str) -> None:
        _ip("-n", self.name, "route", "del", "blackhole", f"{address}/32")


class Network:
    """A bridge with addresses of the stores, and machines beside it."""

    def __init__(self) -> None:
        self._number = os.getpid() % 250
        self._bridge = f"hlbr{self._number}"
        self._machines: list[Machine] = []

    def address(self, host: int) -> str:
        return f"{BENCHMARK_NETWORK}.{self._number}.{host}"

    def open(self, hosts: int) -> None:
        """``hosts``: addresses .1, .2 and so on, which are this process's own."""
        _ip("link", "add", self._bridge, "type", "bridge")
        for host in range(1, hosts + 1):
            _ip(
                *("addr", "add", f"{self.address(host)}/24"),
                *("dev", self._bridge),
            )
        _ip("link", "set", self._bridge, "up")

    def add_machine(self) -> Machine:
        host = 11 + len(self._machines)
        machine = Machine(f"hl{self._number}m{host}", self.address(host))
        self._machines.append(machine)
        outside = f"hlv{self._number}x{host}"
        _ip("netns", "add", machine.name)
        _ip(
            *("link", "add", outside, "type", "veth"),
            *("peer", "name", "eth0", "netns", machine.name),
        )
        _ip("link", "set", outside, "master", self._bridge, "up")
        inside = ("-n", machine.name)
        _ip(*inside, "addr", "add", f"{machine.address}/24", "dev", "eth0")
        _ip(*inside, "link", "set", "eth0", "up")
        _ip(*inside, "link", "set", "lo", "up")
        return machine

    def close(self) -> None:
        for machine in self._machines:
            _ip("netns", "del", machine.name, check=False)
        _ip("link", "del", self._bridge, check=False)
