"""Runs all that compose.yaml describes, walks one report to its notice through it, and stops it.

``run.py WORK HOTLINE STORES MAIL``: a folder of its own with compose.yaml and deploy/ in it, and
the images of the service and of the stand-ins. It has to be started in network, mount and process
namespaces of its own, as test-image.sh does: so nothing of it is left, however it ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml
from compose_file import Places, Service, read_services
from engine import Composition, Failed
from hardening import find_faults
from network import Networks
from pyrage import x25519
from walk import Walk, walk_all

from workers.demo import pictures

PROFILES = {"dev"}  # with the mail catcher
HOST_NAME = "photos.provider-al.test"
OUTSIDE = "outside"
PEOPLE = {
    "arta": "analyst",
    "besnik": "analyst",
    "drita": "supervisor",
    "fatos": "supervisor",
}
IDENTITIES = {name: x25519.Identity.generate() for name in ("ana", "ben")}
"""Of those who can open the backups."""
PICTURE = pictures.encode_jpeg(pictures.draw_picture("lantern"))


class WebHost(BaseHTTPRequestHandler):
    """The host of what is reported: one page with a generated picture of shapes."""

    def do_GET(self) -> None:
        if self.path.endswith(".jpg"):
            self._answer("image/jpeg", PICTURE)
        else:
            page = "<!doctype html><title>Shapes</title><img src=/p.jpg>"
            self._answer("text/html; charset=utf-8", page.encode())

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """It keeps no log."""


def main(work: Path, hotline: str, stores: str, mail: str) -> None:
    document = yaml.safe_load((work / "compose.yaml").read_text())
    networks = Networks()
    for name, said in document["networks"].items():
        networks.add_network(
            name, is_internal=bool((said or {}).get("internal"))
        )
    settings = write_settings(work, networks)
    places = Places(work, {"HOTLINE_CONFIG_FILE": str(settings)})
    services = {
        name: service
        for name, service in read_services(
            work / "compose.yaml", places
        ).items()
        if service.is_wanted(PROFILES)
    }
    podman = json.loads(os.environ["TEST_IMAGE_PODMAN"])
    composition = Composition(
        podman,
        images_of(services, hotline, stores, mail),
        networks,
        os.environ["TEST_IMAGE_CONTROL_GROUP"],
    )
    started = time.monotonic()
    tell_known_networks(composition, networks)
    composition.start_all(services)
    say(
        f"{len(composition.started)} containers of {len(services)} services"
        f" healthy after {time.monotonic() - started:.0f} s"
    )
    for container, service in composition.lasting():
        check_hardening(composition, container, service)
    check_networks(composition)
    walk(composition, services)
    make_backup(composition, services)
    for container, _ in composition.lasting():
        if not composition.is_healthy(container):
            raise Failed(f"{container} is no longer healthy")
    say("the walk is done, all are healthy still; stopping them")
    composition.stop_all()
    check_logs(composition)


def say(words: str) -> None:
    print(f"test-image: {words}", file=sys.stderr)


def images_of(
    services: dict[str, Service], hotline: str, stores: str, mail: str
) -> dict[str, str]:
    own = services["web"].said["image"]
    stand_ins = {"postgres": stores, "redis": stores, "mail": mail}
    named = {service.said["image"]: name for name, service in services.items()}
    return {
        image: hotline if image == own else stand_ins[name]
        for image, name in named.items()
    }


def write_settings(work: Path, networks: Networks) -> Path:
    """Those of a trial, and where the one host of this small world is."""
    gateway = networks.all[OUTSIDE].gateway
    own = {
        "rdap_enabled": False,
        "fetch_allowed_networks": [f"{gateway}/32"],
        "control_url": f"http://{gateway}/",
        "package_at": "",
        "retry_base_seconds": 1,
    }
    people = {
        name: str(identity.to_public())
        for name, identity in IDENTITIES.items()
    }
    recipients = ", ".join(f'{name} = "{key}"' for name, key in people.items())
    lines = [f"{name} = {json.dumps(value)}" for name, value in own.items()]
    hosts = f'fetch_hosts = {{ "{HOST_NAME}" = "{gateway}" }}'
    settings = work / "deploy" / "hotline.test.toml"
    trial = (work / "deploy" / "hotline.dev.toml").read_text()
    settings.write_text(
        "\n".join(
            [
                trial,
                *lines,
                hosts,
                f"backup_recipients = {{ {recipients} }}",
                "",
            ]
        )
    )
    settings.chmod(0o644)
    server = ThreadingHTTPServer((gateway, 80), WebHost)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return settings


def tell_known_networks(composition: Composition, networks: Networks) -> None:
    """A hotline's own data file, in its volume: whose network the host is in; no contact."""
    composition.call("volume", "create", "data")
    folder = composition.volume("data") / "data"
    folder.mkdir()
    gateway = networks.all[OUTSIDE].gateway
    (folder / "known_networks.toml").write_text(
        f'[[networks]]\nnetwork = "{gateway}/32"\ncountry = "AL"\n'
        'asn = "AS64500"\nname = "Provider of this test"\n'
    )
    for path in (folder.parent, folder, *folder.iterdir()):
        os.chown(path, 10001, 10001)


def check_hardening(
    composition: Composition, container: str, service: Service
) -> None:
    process = int(str(composition.state(container)["Pid"]))
    faults = list(find_faults(process, service))
    if faults:
        raise Failed(f"{container}: {'; '.join(faults)}")


def check_networks(composition: Composition) -> None:
    """Who may reach whom: as the file's networks say."""
    networks = composition.networks
    gateway = networks.all[OUTSIDE].gateway
    stores = networks.addresses["postgres"]["backend"]
    for container, service in composition.lasting():
        expected = not all(
            networks.all[name].is_internal for name in service.networks
        )
        if can_reach(container, gateway, 80) != expected:
            raise Failed(f"{container}: reaches the outside: {not expected}")
        expected = "backend" in service.networks
        if can_reach(container, stores, 5432) != expected:
            raise Failed(f"{container}: reaches the database: {not expected}")


def can_reach(container: str, address: str, port: int) -> bool:
    program = (
        "import socket, sys; "
        "socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"
    )
    asked = [sys.executable, "-c", program, address, str(port)]
    return not subprocess.run(
        ["ip", "netns", "exec", container, *asked],
        capture_output=True,
        check=False,
    ).returncode


def walk(composition: Composition, services: dict[str, Service]) -> None:
    addresses = composition.networks.addresses
    web = addresses["web"]["edge"]
    inbox = addresses["mail"][OUTSIDE]
    passwords = {}
    for username, role in PEOPLE.items():
        added = composition.run_once(
            services["intake"],
            ["user", "add", username, "--role", role, "--json"],
            "",
        )
        passwords[username] = json.loads(added)["password"]
    walk_all(
        Walk(
            f"http://{web}:8000",
            f"http://{inbox}:8025/",
            f"http://{HOST_NAME}/album/7",
            passwords,
        )
    )


def make_backup(
    composition: Composition, services: dict[str, Service]
) -> None:
    """By the programs in the image, and looked whether it would do, while the service runs."""
    scheduler = services["scheduler"]
    composition.run_once(scheduler, ["backup", "create"], "")
    identity = composition.volume("data") / "ana.txt"
    identity.write_text(f"{IDENTITIES['ana']}\n")
    os.chown(identity, 10001, 10001)
    identity.chmod(0o600)
    verified = composition.run_once(
        scheduler,
        ["backup", "verify", "--identity", "/data/ana.txt", "--json"],
        "",
    )
    identity.unlink()
    say(f"a backup was made in the image and holds: {verified.strip()[:200]}")


def check_logs(composition: Composition) -> None:
    """No part may have died or met a fault of ours, and no log may tell the location."""
    for container in composition.started:
        log = composition.call("logs", container)
        for sign in ("Traceback", "fault of ours", "child_died", HOST_NAME):
            if sign in log:
                raise Failed(f"{container}: {sign!r} is in its log:\n{log}")


if __name__ == "__main__":
    folder, *images = sys.argv[1:]
    try:
        main(Path(folder), *images)
    except (Failed, AssertionError) as error:
        sys.exit(f"test-image: FAILED: {error}")
