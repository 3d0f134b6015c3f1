"""``hotline demo``: the service inside its sandbox world on loopback."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

import typer

from hotline.core.context import build_context
from hotline.core.logs import configure_logging
from hotline.core.settings import Settings, load_settings
from workers.cli.output import stderr, stdout
from workers.cli.running.preparing import FIRST_ADMINISTRATOR, prepare_house
from workers.cli.running.service import announce_addresses

SIGN_INS = "demo-sign-ins.json"


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)
    app.command("sandbox", hidden=True)(sandbox)


def demo() -> None:
    """Run everything with a sandbox world: a web host, inboxes, harmless pictures, first cases."""
    from workers.demo import world
    from workers.demo.configure import sandbox_settings
    from workers.processes import supervise

    settings = sandbox_settings()
    configure_logging(settings.log_level)
    lock = supervise.lock_data_dir(settings)
    try:
        for offset in (
            0,
            world.ISP_PORT_OFFSET,
            world.INBOX_PORT_OFFSET,
            world.SMTP_PORT_OFFSET,
        ):
            supervise.require_free_port(settings.host, settings.port + offset)
        first_password = prepare_house(settings)
        if first_password:
            # Kept before anything else can fail.
            _keep_sign_ins(settings, {FIRST_ADMINISTRATOR: first_password})
        children = supervise.service_children(settings)
        command = [sys.executable, "-m", "workers", "sandbox"]
        # The sandbox first: the service's own looks begin at once, and need
        # something to look at.
        children.insert(0, supervise.Child("sandbox", command))
        supervise.Tree(settings, children, lock).run(
            lambda: _check_ready(settings)
        )
        stderr.print("Stopped.")
    finally:
        lock.close()


def sandbox() -> None:
    """The sandbox's own servers (started by `hotline demo`)."""
    from workers.demo.sandbox import serve_sandbox

    serve_sandbox(load_settings())


def _check_ready(settings: Settings) -> None:
    from workers.demo import world
    from workers.demo.stage import set_stage
    from workers.queues.transport import Transport

    context = build_context(
        settings, after_commit=Transport(settings).after_commit
    )
    try:
        people = set_stage(
            context, lambda text: stderr.print(text, style="dim")
        )
    finally:
        context.close()
    inbox = f"http://127.0.0.1:{settings.port + world.INBOX_PORT_OFFSET}/"
    stdout.print(
        f"  Sandbox          {inbox}   (provider's desk, inboxes)",
        markup=False,
    )
    for username, words in _keep_sign_ins(settings, people).items():
        stdout.print(
            f"  Demo sign-in     {username:<8} password: {words}", markup=False
        )
    stdout.print(
        "  Second factor    not asked for in this demo; everywhere else by default",
        markup=False,
    )
    announce_addresses(settings)


def _keep_sign_ins(
    settings: Settings, people: Mapping[str, str]
) -> Mapping[str, str]:
    """Keep the passwords of the demo's people for its next start; they open nothing real."""
    path = settings.data_dir / SIGN_INS
    kept: dict[str, str] = {}
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
    kept |= people
    path.touch(mode=0o600)
    path.write_text(json.dumps(kept), encoding="utf-8")
    if not kept:
        stderr.print(
            f"The passwords were shown at an earlier start. Remove {settings.data_dir} to "
            "begin again.",
            soft_wrap=True,
            markup=False,
        )
    return kept
