"""Does by hand what systemd would do with a unit, where systemd is not the first process.

``run_unit.py UNIT``: of the unit file as it is installed, its user, folders, environment,
credentials and command. What shuts a service in is not done here; ``systemd-analyze verify`` reads
those lines.
"""

import os
import pwd
import shlex
import shutil
import sys
from pathlib import Path

UNITS = Path("/usr/lib/systemd/system")
KEPT = ("PATH", "LANG")


def read_unit(name: str) -> tuple[str, dict[str, list[str]]]:
    """What stands behind @ in the name, and the lines of [Service]."""
    template, _, rest = name.partition("@")
    instance = rest.removesuffix(".service")
    file = UNITS / (f"{template}@.service" if rest else name)
    lines: dict[str, list[str]] = {}
    section = ""
    for line in file.read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and line[0] != "#":
            key, value = line.split("=", 1)
            lines.setdefault(key, []).append(value)
    return instance, lines


def hand_over_credentials(
    name: str, wanted: list[str], owner: pwd.struct_passwd
) -> Path:
    folder = Path("/run/credentials") / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    for entry in wanted:
        credential, _, source = entry.partition(":")
        copy = folder / credential
        copy.write_bytes(Path(source).read_bytes())
        copy.chmod(0o400)
        os.chown(copy, owner.pw_uid, owner.pw_gid)
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def make_folder(path: Path, mode: str, owner: pwd.struct_passwd) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(int(mode, 8))
    os.chown(path, owner.pw_uid, owner.pw_gid)


def main(name: str) -> None:
    instance, lines = read_unit(name)
    owner = pwd.getpwnam(lines["User"][0])
    folder = hand_over_credentials(
        name, lines.get("LoadCredential", []), owner
    )

    def fill_in(text: str) -> str:
        return text.replace("%i", instance).replace("%d", str(folder))

    for place, key in (("/var/lib", "State"), ("/run", "Runtime")):
        for made in lines.get(f"{key}Directory", []):
            (mode,) = lines[f"{key}DirectoryMode"]
            make_folder(Path(place) / made, mode, owner)
    environment = {
        kept: os.environ[kept] for kept in KEPT if kept in os.environ
    }
    for line in lines.get("Environment", []):
        for setting in shlex.split(fill_in(line)):
            variable, _, value = setting.partition("=")
            environment[variable] = value
    # Given by whoever tests: a port that nobody else has.
    environment |= {
        variable.removeprefix("UNIT_"): value
        for variable, value in os.environ.items()
        if variable.startswith("UNIT_")
    }
    os.chdir(lines["WorkingDirectory"][0])
    os.umask(int(lines["UMask"][0], 8))
    os.initgroups(owner.pw_name, owner.pw_gid)
    os.setgid(owner.pw_gid)
    os.setuid(owner.pw_uid)
    command = shlex.split(fill_in(lines["ExecStart"][0]))
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    main(sys.argv[1])
