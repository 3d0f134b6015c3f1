"""Is a running container shut in as compose.yaml says? The kernel is asked, not the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from compose_file import Service, bytes_of

CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
GROUPS = Path("/sys/fs/cgroup")


def find_faults(process: int, service: Service) -> Iterator[str]:
    """What is other than the file says, of the container with this first process."""
    own = Path(f"/proc/{process}")
    status = dict(
        line.split(":\t", 1)
        for line in (own / "status").read_text().splitlines()
        if ":\t" in line
    )
    user, group = service.said["user"].split(":")
    if status["Uid"].split() != [user] * 4:
        yield f"runs as user {status['Uid']}"
    if status["Gid"].split() != [group] * 4:
        yield f"runs as group {status['Gid']}"
    for name in CAPABILITIES:
        if int(status[name], 16):
            yield f"{name} is {status[name]}"
    if status["NoNewPrivs"] != "1":
        yield "may gain privileges"
    if core_size(own) != ["0", "0"]:
        yield "may dump its memory into a file"
    if "ro" not in root_options(own):
        yield "its root can be written to"
    memory = read_limit(own, "memory", "memory.limit_in_bytes", "memory.max")
    if memory != str(bytes_of(service.said["mem_limit"])):
        yield f"may take {memory} bytes of memory"
    processes = read_limit(own, "pids", "pids.max", "pids.max")
    if processes != str(service.said["pids_limit"]):
        yield f"may have {processes} processes"


def core_size(own: Path) -> list[str]:
    for line in (own / "limits").read_text().splitlines():
        if line.startswith("Max core file size"):
            return line.split()[4:6]
    return []


def root_options(own: Path) -> list[str]:
    for line in (own / "mounts").read_text().splitlines():
        _, place, _, options, *_ = line.split()
        if place == "/":
            return options.split(",")
    return []


def read_limit(own: Path, controller: str, first: str, second: str) -> str:
    """A limit of the control group, by its name in the first or second version of them."""
    for line in (own / "cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return (GROUPS / controller / path[1:] / first).read_text().strip()
        unified = GROUPS / path[1:] / second
        if number == "0" and unified.is_file():
            return unified.read_text().strip()
    return "no"
