"""Each check of ``hotline doctor`` is made to fail for real, and says what to do."""

from __future__ import annotations

import json
import os
import socket
import threading
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import delete, text

from hotline.core import readiness
from hotline.core.context import Context, utc_now
from hotline.core.errors import NoAnswer
from hotline.core.jobs.circuit import Circuit
from hotline.core.network import time_server
from hotline.core.settings import load_settings
from hotline.core.storage import audit, outbox
from hotline.core.storage.backup_runs import BackupRun
from hotline.core.storage.keys.own_keys import require_own_keys
from hotline.core.storage.servers.presence import note_alive
from hotline.core.storage.servers.write_mark import touch_mark
from hotline.intake.form.receipt import confirmation
from triage.hashlists.models import HashEntryRow, HashList
from triage.rulebook.files import digest_files
from triage.rulebook.models import RuleChange, RuleState
from workers.doctor.checks import machine, network
from workers.doctor.examination import AT_ONCE, examine
from workers.doctor.finding import Finding, State
from workers.doctor.installation import Installation
from workers.doctor.registry import CHECKS, Check
from workers.migrations import run
from workers.migrations.serving import note_served

MakeContext = Callable[..., Context]
Look = Callable[..., Finding]


def find_check(name: str) -> Check:
    (check,) = (check for check in CHECKS if check.name == name)
    return check


PATIENCE = 120.0
"""Instead of a check's own seconds: a machine that runs many tests is slow."""


def ask(
    check: Check, installation: Installation, seconds: float = PATIENCE
) -> Finding:
    (examined,) = examine(installation, [check._replace(seconds=seconds)])
    assert examined.finding is not None
    return examined.finding


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """What a check says of an installation with these settings."""

    def look_at(name: str, letter_to: str = "", **settings: object) -> Finding:
        given: dict[str, object] = {"data_dir": tmp_path / "var", **settings}
        installation = Installation(
            load_settings(**given), utc_now(), letter_to
        )
        finding = ask(find_check(name), installation)
        assert finding.state is State.OK or finding.remedy
        return finding

    return look_at


@contextmanager
def silent_server() -> Iterator[int]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@contextmanager
def talking_server(answer: Callable[[bytes], bytes]) -> Iterator[int]:
    """A datagram in, a datagram out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = int(server.getsockname()[1])

        def serve() -> None:
            while True:
                try:
                    asked, client = server.recvfrom(2048)
                    server.sendto(answer(asked), client)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield port


# Database, schema, Redis.


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_database_that_is_there(
    backend: str, make_context: MakeContext
) -> None:
    settings = make_context(backend).settings
    installation = Installation(settings, utc_now())
    for name in ("database", "migrations", "keys", "work", "audit_seal"):
        assert ask(find_check(name), installation).state is State.OK, name


def test_nothing_is_made_by_looking(tmp_path: Path, look: Look) -> None:
    for name in ("database", "migrations", "disk", "keys"):
        assert look(name).state is State.FAILED
    assert not (tmp_path / "var").exists()


def test_nothing_in_a_database_can_be_changed(context: Context) -> None:
    installation = Installation(context.settings, utc_now())
    with (
        pytest.raises(Exception, match=r"read-?only"),
        installation.reading() as session,
    ):
        session.execute(text("DELETE FROM outbox_entry"))


def test_a_database_that_is_damaged(tmp_path: Path, look: Look) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "hotline.db").write_bytes(b"no database" * 1000)
    finding = look("database")
    assert finding.state is State.FAILED and "backup" in finding.remedy


def test_a_database_that_refuses(look: Look) -> None:
    finding = look("database", database_url="postgresql://127.0.0.1:1/none")
    assert finding.state is State.FAILED
    assert look(
        "work", database_url="postgresql://127.0.0.1:1/none"
    ).state is (State.WARNING)


def test_a_database_that_hangs(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    with silent_server() as port:
        url = f"postgresql://127.0.0.1:{port}/none"
        assert look("database", database_url=url).state is State.FAILED


def test_a_schema_of_another_version(
    make_context: MakeContext,
) -> None:
    context = make_context()
    with context.database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num='0001'"))
    finding = ask(
        find_check("migrations"), Installation(context.settings, utc_now())
    )
    assert finding.state is State.FAILED and "db upgrade" in finding.remedy


def test_a_newer_schema_that_serves_this_version(
    make_context: MakeContext,
) -> None:
    context = make_context()
    with context.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE alembic_version SET version_num = '9999'")
        )
        note_served(connection, ["9999", run.newest_revision()])
    finding = ask(
        find_check("migrations"), Installation(context.settings, utc_now())
    )
    assert finding.state is State.WARNING and "9999" in finding.words


def test_a_copy_for_reading(
    make_context: MakeContext, postgres_url: str
) -> None:
    assert look_at_copy(make_context()).state is State.OK
    context = make_context("postgresql", database_replica_url=postgres_url)
    assert look_at_copy(context).state is State.WARNING
    for seconds, state in ((300, State.WARNING), (0, State.OK)):
        with context.database.writing() as session:
            touch_mark(session, utc_now() - timedelta(seconds=seconds))
        assert look_at_copy(context).state is state
    silent = make_context(
        "postgresql", database_replica_url="postgresql://127.0.0.1:1/none"
    )
    assert "does not answer" in look_at_copy(silent).words


def look_at_copy(context: Context) -> Finding:
    return ask(
        find_check("replica"), Installation(context.settings, utc_now())
    )


def test_redis_that_answers_and_one_that_is_gone(
    redis_server: Any, look: Look
) -> None:
    assert look("redis", redis_url=redis_server.url).state is State.OK
    redis_server.client().config_set("save", "60 1")
    finding = look("redis", redis_url=redis_server.url)
    assert finding.state is State.WARNING and "transport" in finding.remedy
    redis_server.stop()
    assert look("redis", redis_url=redis_server.url).state is State.FAILED


def test_no_redis_on_the_machine(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look("redis").state is State.OK
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "apt-get install" in look("redis").remedy


# The machine.


def test_a_disk_without_room(
    tmp_path: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "var").mkdir(mode=0o700)
    assert look("disk").state is State.OK
    monkeypatch.setattr(machine, "LITTLE_FREE", 2**62)
    assert look("disk").state is State.WARNING
    monkeypatch.setattr(readiness, "LEAST_FREE", 2**62)
    assert look("disk").state is State.FAILED


def test_a_data_directory_that_is_open(tmp_path: Path, look: Look) -> None:
    (tmp_path / "var").mkdir(mode=0o700)
    (tmp_path / "var").chmod(0o755)
    assert "chmod 700" in look("disk").remedy


def test_a_font_that_is_no_font_or_lacks_letters(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look("fonts").state is State.OK
    monkeypatch.setattr(confirmation, "find_undrawable", lambda _: {"ë"})
    assert "sq" in look("fonts").words
    monkeypatch.undo()
    monkeypatch.setattr(confirmation, "FONT", tmp_path / "gone.ttf")
    assert look("fonts").state is State.FAILED


def test_a_letter_that_the_font_has_not() -> None:
    assert confirmation.find_undrawable("Përgjigje Одговор") == set()
    assert confirmation.find_undrawable("a 𓀀") == {"𓀀"}


def test_a_fetcher_that_cannot_start(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look("sandbox").state is not State.FAILED
    monkeypatch.setattr("sys.executable", "/bin/false")
    assert look("sandbox").state is State.FAILED


def test_a_kernel_that_gives_less(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "PROTECTIONS", ("files", "of_another_kernel"))
    finding = look("sandbox")
    assert finding.state is State.WARNING
    assert "of_another_kernel" in finding.words


# Clock and time zone.


def ntp_answer(ahead: float) -> Callable[[bytes], bytes]:
    def answer(_: bytes) -> bytes:
        moment = datetime.now(UTC).timestamp() + ahead + 2_208_988_800
        whole = int(moment)
        fraction = int((moment - whole) * 2**32)
        head = bytes([0b00_100_100]) + bytes(39)
        return head + whole.to_bytes(4, "big") + fraction.to_bytes(4, "big")

    return answer


@pytest.mark.parametrize(
    ("ahead", "state"),
    [
        (0.0, None),
        (2.5, State.WARNING),
        (-2.5, State.WARNING),
        (3600.0, State.FAILED),
        (-30.0, State.FAILED),
    ],
)
def test_a_clock_that_is_wrong(
    ahead: float, state: State | None, look: Look
) -> None:
    with talking_server(ntp_answer(ahead)) as port:
        finding = look("clock", time_server=f"127.0.0.1:{port}")
    if state is None:
        # Nobody may set the clock of this machine; it is right all the same.
        assert "differ" not in finding.words
    else:
        assert finding.state is state and "differ" in finding.words


def test_a_time_server_that_is_silent_or_unsure(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_server, "SECONDS", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{mute.getsockname()[1]}"
        assert look("clock", time_server=server).state is State.FAILED
    unsure = bytes([0b11_100_100]) + bytes(47)
    with talking_server(lambda _: unsure) as port:
        finding = look("clock", time_server=f"127.0.0.1:{port}")
    assert "another one" in finding.remedy


def test_a_database_whose_clock_is_wrong(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context("postgresql")
    with context.database.writing() as session:
        # Found before the system's own, as the search path names its schema first.
        session.execute(text("CREATE SCHEMA wrong"))
        session.execute(
            text(
                "CREATE FUNCTION wrong.clock_timestamp() RETURNS timestamptz LANGUAGE sql "
                "AS $$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$"
            )
        )
        name = session.scalar(text("SELECT current_database()"))
        session.execute(
            text(
                f'ALTER DATABASE "{name}" SET search_path = wrong, pg_catalog, public'
            )
        )
    finding = ask(
        find_check("clock"), Installation(context.settings, utc_now())
    )
    assert finding.state is State.FAILED
    assert "the database" in finding.words


def test_time_zones_that_are_old(look: Look, tmp_path: Path) -> None:
    assert look("time_zone").state is State.OK
    tokyo = files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    folder = tmp_path / "zones" / "Europe"
    folder.mkdir(parents=True)
    (folder / "Tirane").write_bytes(tokyo)
    zoneinfo.reset_tzpath([str(tmp_path / "zones")])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        finding = look("time_zone")
    finally:
        zoneinfo.reset_tzpath()
        zoneinfo.ZoneInfo.clear_cache()
    assert finding.state is State.FAILED and "tzdata" in finding.remedy


# Ways out.


def name_server(known: dict[str, str]) -> Callable[[bytes], bytes]:
    """Answers for the names in ``known``, of which ``*`` is all; no other exists."""

    def answer(asked: bytes) -> bytes:
        query = dns.message.from_wire(asked)
        reply = dns.message.make_response(query)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        address = known.get(name) or known.get("*")
        if address is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.A:
            reply.answer.append(
                dns.rrset.from_text(f"{name}.", 60, "IN", "A", address)
            )
        return reply.to_wire()

    return answer


def test_names(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"smtp_host": "mail.hotline.al"}
    with talking_server(name_server({"mail.hotline.al": "192.0.2.1"})) as port:
        server = f"127.0.0.1:{port}"
        assert look("dns", dns_server=server, **own).state is State.OK
        finding = look(
            "dns", dns_server=server, imap_host="gone.hotline.al", **own
        )
        assert finding.state is State.FAILED
        assert "gone.hotline.al" in finding.words
        assert "mail.hotline.al" not in finding.words
    with talking_server(name_server({"*": "192.0.2.9"})) as port:
        finding = look("dns", dns_server=f"127.0.0.1:{port}")
        assert "do not exist" in finding.words
    monkeypatch.setattr(network, "NAME_SECONDS", 0.3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{mute.getsockname()[1]}"
        assert look("dns", dns_server=server).state is State.FAILED


class _Page(BaseHTTPRequestHandler):
    status, body = 200, b"<p>here</p>"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def web_server(status: int, body: bytes) -> Iterator[int]:
    handler = type("_", (_Page,), {"status": status, "body": body})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


INSIDE = {"fetch_allowed_networks": ("127.0.0.0/8",)}


def test_a_control_page_that_is_there_and_one_that_is_not(look: Look) -> None:
    assert look("fetching").state is State.WARNING
    with web_server(200, b"<p>here</p>") as port:
        url = f"http://127.0.0.1:{port}/"
        assert look("fetching", control_url=url, **INSIDE).state is State.OK
    finding = look("fetching", control_url=url, **INSIDE)
    assert finding.state is State.FAILED
    assert look("fetching", control_url=url).state is State.FAILED


def test_registries(look: Look, tmp_path: Path) -> None:
    assert look("rdap", rdap_enabled=False).state is State.WARNING
    here = {**INSIDE, "fetch_hosts": {"stat.ripe.net": "127.0.0.1"}}
    with web_server(200, b'{"objectClassName": "ip network"}') as port:
        write_bootstrap(tmp_path, f"http://127.0.0.1:{port}/")
        assert look("rdap", **here).state is State.OK
    assert "refused" in look("rdap", **here).words
    with web_server(503, b"") as port:
        write_bootstrap(tmp_path, f"http://127.0.0.1:{port}/")
        assert "503" in look("rdap", **here).words


def write_bootstrap(tmp_path: Path, base: str) -> None:
    everything = {
        "timestamp": 1,
        "asn": {"services": [[["1-4294967294"], [base]]]},
        "dns": {"services": [[["com"], [base]]]},
        "ipv4": {"services": [[["0.0.0.0/0"], [base]]]},
        "ipv6": {"services": [[["::/0"], [base]]]},
        "object": {"services": [[["X"], [base]]]},
    }
    folder = tmp_path / "var" / "data"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rdap_bootstrap.json").write_text(json.dumps(everything))


class Inbox:
    def __init__(self) -> None:
        self.letters: list[tuple[list[str], bytes]] = []

    async def handle_DATA(
        self, _server: object, _session: object, envelope: Any
    ) -> str:
        self.letters.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[tuple[Inbox, int]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield inbox, port
    finally:
        controller.stop()


def test_a_mail_server_and_a_test_letter(look: Look) -> None:
    assert look("smtp").state is State.WARNING
    with mail_server() as (inbox, port):
        server = {
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_security": "none",
        }
        assert look("smtp", **server).state is State.OK
        assert inbox.letters == []  # by itself nothing leaves
        refused = look("smtp", "me@house.example", **server)
        assert refused.state is State.FAILED
        assert "examples" in refused.words and inbox.letters == []
        sent = look("smtp", "me@house.example", sandbox=True, **server)
        assert sent.state is State.OK
        ((to, content),) = inbox.letters
        assert to == ["me@house.example"] and b"hotline doctor" in content
        user = {"smtp_user": "a", "smtp_password": "secret-of-ours"}
        finding = look("smtp", **server, **user)
        assert finding.state is State.FAILED
        assert "secret-of-ours" not in str(finding)
        wrong = server | {"smtp_security": "starttls"}
        assert look("smtp", **wrong).state is State.FAILED
    assert look("smtp", **server).state is State.FAILED


def test_a_mailbox_that_cannot_be_opened(look: Look) -> None:
    assert look("imap").state is State.OK
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    finding = look("imap", imap_host="127.0.0.1", imap_port=port)
    assert finding.state is State.FAILED and "imap_host" in finding.remedy


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("smtp", {"smtp_host": "127.0.0.1", "smtp_port": 0}),
        ("imap", {"imap_host": "127.0.0.1", "imap_port": 0}),
        ("fetching", {"control_url": "", **INSIDE}),
    ],
)
def test_a_server_that_hangs_is_left(
    name: str, settings: dict[str, object], tmp_path: Path
) -> None:
    with silent_server() as port:
        given: dict[str, object] = {}
        for key, value in settings.items():
            given[key] = port if value == 0 else value
        if "control_url" in given:
            given["control_url"] = f"http://127.0.0.1:{port}/"
        installation = Installation(
            load_settings(data_dir=tmp_path, **given), utc_now()
        )
        finding = ask(find_check(name), installation, seconds=1.0)
    assert finding.state is State.FAILED
    assert "no answer within 1 seconds" in finding.words


# Keys and passwords.


def keys_finding(context: Context) -> Finding:
    return ask(find_check("keys"), Installation(context.settings, utc_now()))


def test_keys_that_are_open_lost_short_or_of_another(
    make_context: MakeContext,
) -> None:
    context = make_context()
    require_own_keys(context.database, context.keyring, now=utc_now())
    folder = context.settings.secrets_dir
    assert folder is not None
    master = folder / "master.key"
    kept = master.read_bytes()
    assert keys_finding(context).state is State.OK
    master.chmod(0o644)
    assert "chmod" in keys_finding(context).remedy
    master.chmod(0o600)
    folder.chmod(0o750)
    assert "0750" in keys_finding(context).words
    folder.chmod(0o700)
    master.write_bytes(os.urandom(32))
    assert "master" in keys_finding(context).words
    master.write_bytes(kept[:31])
    assert "31 bytes" in keys_finding(context).words
    master.unlink()
    finding = keys_finding(context)
    assert finding.state is State.FAILED and "copy" in finding.remedy
    assert not master.exists()  # looking makes none
    assert kept.hex() not in str(finding)


def test_a_password_in_a_file_that_others_read(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "own.toml"
    monkeypatch.setenv("HOTLINE_CONFIG", str(file))
    file.write_text('country = "RS"\n')
    file.chmod(0o644)
    assert look("secret_files").state is State.OK
    file.write_text('smtp_password = "secret-of-ours"\n')
    finding = look("secret_files")
    assert finding.state is State.FAILED and str(file) in finding.words
    assert "secret-of-ours" not in str(finding)
    file.chmod(0o600)
    assert look("secret_files").state is State.OK


def test_a_database_that_others_reach(look: Look, tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir(mode=0o700)
    (folder / "hotline.db").touch(mode=0o644)
    assert look("secret_files").state is State.OK
    folder.chmod(0o755)
    finding = look("secret_files")
    assert finding.state is State.FAILED and "hotline.db" in finding.words


# The house.


def test_examples_in_letters(look: Look) -> None:
    assert look("placeholders").state is State.WARNING
    assert look("placeholders", smtp_host="m.al").state is State.FAILED
    assert look("placeholders", sandbox=True).state is State.OK


def test_a_data_file_with_a_fault(look: Look, tmp_path: Path) -> None:
    assert look("data_files").state is State.OK
    folder = tmp_path / "var" / "data"
    folder.mkdir(parents=True)
    (folder / "limits.toml").write_text("no = [limit")
    finding = look("data_files")
    assert finding.state is State.FAILED and "limits" in finding.words


def test_rules_in_force_that_this_machine_cannot_read(
    make_context: MakeContext,
) -> None:
    context = make_context()
    installation = Installation(context.settings, utc_now())
    check = find_check("rules")
    assert "own rules" in ask(check, installation).words
    name = "data/priority_weights.toml"
    put_in_force(context, {name: "no = [weights"})
    finding = ask(check, installation)
    assert finding.state is State.FAILED and "weights" in finding.words
    put_in_force(context, {"data/tracking.toml": read_tracking()})
    finding = ask(check, installation)
    assert finding.state is State.OK and "One law" in finding.words
    assert digest_files({"data/tracking.toml": read_tracking()})[:16] in (
        finding.words
    )
    put_in_force(context, {})
    assert "own rules" in ask(check, installation).words


def read_tracking() -> str:
    return (files("triage.locations") / "data/tracking.toml").read_text(
        encoding="utf-8"
    )


def put_in_force(context: Context, changed: dict[str, str]) -> None:
    with context.database.writing() as session:
        session.execute(delete(RuleChange))
        session.add(
            RuleChange(
                about="One law",
                files=changed,
                digest=digest_files(changed),
                base_digest=digest_files({}),
                drafted_by="person:supervisor",
                drafted_at=utc_now(),
                state=RuleState.IN_FORCE,
                state_since=utc_now(),
            )
        )


def test_hashes_without_an_index(make_context: MakeContext) -> None:
    context = make_context()
    installation = Installation(context.settings, utc_now())
    check = find_check("known_hashes")
    assert ask(check, installation).state is State.OK
    folder = context.settings.data_dir / "index"
    folder.mkdir()
    (folder / "pdq.idx").write_bytes(b"no index")
    add_hash(context)
    assert ask(check, installation).state is State.WARNING


def add_hash(context: Context) -> None:
    with context.database.writing() as session:
        hashlist = HashList(name="one", created_at=utc_now())
        session.add(hashlist)
        session.flush()
        session.add(
            HashEntryRow(
                list_id=hashlist.id, kind="pdq", value="0" * 64, added_in=1
            )
        )


def test_work_that_nobody_does(make_context: MakeContext) -> None:
    context = make_context()
    with context.database.writing() as session:
        outbox.post_work(
            session,
            "report.received",
            key="one",
            payload={},
            now=utc_now() - timedelta(hours=2),
        )
    finding = ask(
        find_check("work"), Installation(context.settings, utc_now())
    )
    assert finding.state is State.WARNING and "overdue" in finding.words


def test_an_audit_log_that_is_not_sealed(make_context: MakeContext) -> None:
    context = make_context()
    with context.database.writing() as session:
        audit.record_entry(
            session,
            actor="system",
            action="a",
            entity="e",
            entity_id="1",
            now=utc_now() - timedelta(hours=1),
        )
    finding = ask(
        find_check("audit_seal"), Installation(context.settings, utc_now())
    )
    assert finding.state is State.WARNING and "scheduler" in finding.remedy


@pytest.mark.parametrize(
    ("hours_ago", "settings", "state"),
    [
        (None, {}, State.WARNING),
        (None, {"backup_required": True}, State.FAILED),
        (30, {"backup_max_age_hours": 24}, State.WARNING),
        (
            30,
            {"backup_max_age_hours": 24, "backup_required": True},
            State.FAILED,
        ),
        (3, {"backup_max_age_hours": 24, "backup_required": True}, State.OK),
        (30, {}, State.OK),
    ],
)
def test_the_age_of_the_newest_backup(
    make_context: MakeContext,
    hours_ago: int | None,
    settings: dict[str, Any],
    state: State,
) -> None:
    context = make_context(**settings)
    if hours_ago is not None:
        made_at = utc_now() - timedelta(hours=hours_ago)
        with context.database.writing() as session:
            session.add(
                BackupRun(name="b", started_at=made_at, finished_at=made_at)
            )
    finding = ask(
        find_check("backup"), Installation(context.settings, utc_now())
    )
    assert finding.state is state


def test_servers_that_are_left_alone(make_context: MakeContext) -> None:
    context = make_context()
    for _ in range(3):
        with (
            pytest.raises(NoAnswer),
            Circuit(context.database).listening("silent.example"),
        ):
            raise NoAnswer("It stays silent.")
    finding = ask(
        find_check("silent_servers"),
        Installation(context.settings, utc_now()),
    )
    assert finding.state is State.WARNING
    assert "silent.example" not in finding.words


def test_a_silent_machine_is_named(context: Context) -> None:
    installation = Installation(context.settings, utc_now())
    check = find_check("machines")
    assert ask(check, installation).state is State.OK
    with context.database.writing() as session:
        before = installation.now - timedelta(minutes=5)
        note_alive(session, "machine-2", before)
    finding = ask(check, installation)
    assert finding.state is State.WARNING
    assert "machine-2" in finding.words


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (-1, State.FAILED),
        (10, State.WARNING),
        (200, State.OK),
        (500, State.WARNING),
    ],
)
def test_the_end_of_security_txt(days: int, state: State, look: Look) -> None:
    assert look("security_txt").state is State.WARNING
    expires = (utc_now() + timedelta(days=days)).date()
    finding = look(
        "security_txt",
        security_contacts=["mailto:security@hotline.al"],
        security_expires=expires,
    )
    assert finding.state is state


# All of them.


def test_every_check_has_a_test_here() -> None:
    written = Path(__file__).read_text(encoding="utf-8")
    assert [c.name for c in CHECKS if f'"{c.name}"' not in written] == []


def test_a_fault_of_ours_is_told_and_stops_no_other(tmp_path: Path) -> None:
    def broken(_: Installation) -> Finding:
        raise KeyError("what-somebody-reported")

    installation = Installation(load_settings(data_dir=tmp_path), utc_now())
    checks = [
        Check("broken", broken, PATIENCE),
        find_check("placeholders")._replace(seconds=PATIENCE),
    ]
    first, second = examine(installation, checks)
    assert first.finding is not None and second.finding is not None
    assert first.finding.state is State.FAILED
    assert "KeyError" in first.finding.words
    assert "what-somebody-reported" not in str(first.finding)
    assert second.finding.state is State.WARNING


def test_more_that_hang_than_run_at_once_hold_up_nobody(
    tmp_path: Path,
) -> None:
    def hang(_: Installation) -> Finding:
        threading.Event().wait()
        raise AssertionError

    installation = Installation(load_settings(data_dir=tmp_path), utc_now())
    checks = [Check(f"hang-{n}", hang, 0.1) for n in range(2 * AT_ONCE)]
    checks.append(find_check("placeholders")._replace(seconds=PATIENCE))
    *hung, last = (one.finding for one in examine(installation, checks))
    assert all(f and f.state is State.FAILED for f in hung)
    assert last is not None and last.state is State.WARNING
