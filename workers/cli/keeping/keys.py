"""``hotline keys``: the service's own keys, and the secrets that senders hold."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from hotline.core.context import Context, utc_now
from hotline.core.errors import InvalidInput
from workers.cli.opening import acting, opened_house, operator_name
from workers.cli.output import emit_json, make_progress, stdout

GRACE_DAYS = 30
app = typer.Typer(
    no_args_is_help=True,
    help="The service's own keys: which there are, another one, an old one away.",
)


class SenderSecret(StrEnum):
    """What a sender holds and we know: it is replaced for one sender at a time."""

    WEBHOOKS = "webhooks"
    API_KEYS = "api-keys"


NameOfKey = Annotated[
    str,
    typer.Argument(
        help="master, receipts, links, sessions, audit or identifiers; with --sender: "
        "webhooks or api-keys."
    ),
]


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="keys")


@app.command("list")
def list_keys(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line.")
    ] = False,
    count: Annotated[
        bool,
        typer.Option(
            "--count/--no-count",
            help="Read everything to say what is under an older key.",
        ),
    ] = True,
) -> None:
    """Each key: which one is in use since when, which are only read with, and what needs them."""
    from workers.keys.holdings import HOLDINGS

    with opened_house() as context:
        for name in HOLDINGS:
            shape = _shape_of_key(context, name, utc_now(), count=count)
            if as_json:
                emit_json(shape)
            else:
                _print_key(shape)


@app.command()
def rotate(
    name: NameOfKey,
    grace_days: Annotated[
        int,
        typer.Option(
            min=0,
            max=365,
            help="Days for which old links, or a sender's old key or secret, work on.",
        ),
    ] = GRACE_DAYS,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Of a sender's: although an older one still has its grace, which ends then.",
        ),
    ] = False,
    sender: Annotated[
        str, typer.Option(help="Whose webhook secret or API key.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object.")
    ] = False,
) -> None:
    """Put another key in the place of the one in use, while the service runs.

    What broke off goes on with the same command. The old key is only read with from then on, until
    it is retired.
    """
    grace = timedelta(days=grace_days)
    # A sender's is no key of ours: it is replaced for one of them, and nothing
    # is moved.
    if name in set(SenderSecret):
        _rotate_of_sender(
            SenderSecret(name), sender, grace, again=again, as_json=as_json
        )
        return
    _require_name(name)
    if sender:
        raise InvalidInput(
            f"The key {name} belongs to no sender; leave --sender away."
        )
    with opened_house() as context:
        shape = _rotate_own(context, name, grace)
    if as_json:
        emit_json(shape)
    else:
        _say_rotated(name, shape)


def _say_rotated(name: str, shape: Mapping[str, object]) -> None:
    stdout.print(
        f"{name}: {shape['old_key']} -> {shape['new_key']}, moved and read again: "
        f"{shape['moved']}.",
        soft_wrap=True,
    )
    stdout.print(
        "The old key is only read with now; `hotline keys retire "
        f"{name}` takes it away. Make a new backup of the keys.",
        soft_wrap=True,
    )


@app.command()
def retire(
    name: NameOfKey,
    key: Annotated[
        str,
        typer.Option(help="One older key by its id; all of them if empty."),
    ] = "",
    lose: Annotated[
        bool,
        typer.Option(
            "--lose",
            help="Give up what was made with it, too (receipts, forms).",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take older keys away, once everything was read and nothing is under them.

    A backup from before needs them: they are in the archive of keys that was made with it.
    """
    from workers.keys.retiring import retire_keys

    _require_name(name)
    if not yes:
        typer.confirm(
            f"Take away the older keys {key or name}? Only backups of the keys have them then.",
            abort=True,
        )
    with opened_house() as context:
        gone = retire_keys(
            context,
            name,
            now=utc_now(),
            key_id=key,
            lose=lose,
            actor=operator_name(),
        )
    stdout.print(f"Retired: {', '.join(gone)}.", soft_wrap=True)


def _rotate_own(
    context: Context, name: str, grace: timedelta
) -> dict[str, object]:
    from workers.keys.rotation import rotate_key

    with make_progress() as progress:
        task = progress.add_task(f"Moving what is under {name}", total=None)

        def say(step: str, count: int) -> None:
            # What is left is a number that falls, and a bar can only grow.
            if step == "moved":
                progress.update(task, completed=count)

        rotation = rotate_key(
            context, name, grace=grace, actor=operator_name(), say=say
        )
    return {
        "name": name,
        "old_key": rotation.old_key,
        "new_key": rotation.new_key,
        "moved": rotation.moved,
    }


def _rotate_of_sender(
    secret: SenderSecret,
    sender: str,
    grace: timedelta,
    *,
    again: bool,
    as_json: bool,
) -> None:
    from hotline.intake.api import keys, webhooks

    if not sender:
        raise InvalidInput(
            f"Say whose: `hotline keys rotate {secret} --sender NAME`.",
            hint="Each sender has to be given its own; `hotline key list` names them.",
        )
    replace = {
        SenderSecret.WEBHOOKS: webhooks.rotate_secret,
        SenderSecret.API_KEYS: keys.rotate_key,
    }[secret]
    with acting() as act:
        # Shown before it counts, so that none counts that nobody saw.
        made = replace(act, sender, grace, again=again)
        _show_secret(made, secret, sender, as_json)
    if not as_json:
        print(
            f"It works from now on, and the one before for {grace.days} days."
        )


def _show_secret(
    made: str, secret: SenderSecret, sender: str, as_json: bool
) -> None:
    if as_json:
        emit_json({"name": sender, "kind": secret, "secret": made})
    elif secret == SenderSecret.WEBHOOKS:
        print(f"Secret of the webhook of {sender}, shown only now: {made}")
    else:
        print(f"Key of {sender}, shown only now: {made}")
    sys.stdout.flush()


def _require_name(name: str) -> None:
    from workers.keys.holdings import HOLDINGS

    if name not in HOLDINGS:
        raise InvalidInput(
            f"There is no key {name!r}.",
            hint=f"There are: {', '.join(HOLDINGS)}; and of senders: "
            f"{', '.join(SenderSecret)}.",
        )


def _shape_of_key(
    context: Context, name: str, now: datetime, *, count: bool
) -> dict[str, object]:
    from hotline.core.storage.keys.key_rotations import find_open_rotation
    from hotline.core.storage.keys.own_keys import KeyFingerprint
    from workers.keys.holdings import HOLDINGS
    from workers.keys.retiring import list_older_keys

    with context.database.reading() as session:
        fingerprint = session.get(KeyFingerprint, name)
        is_open = find_open_rotation(session, name) is not None
    return {
        "name": name,
        "purpose": HOLDINGS[name].purpose,
        "key": context.keyring.id_of(name),
        "since": fingerprint.first_used.isoformat() if fingerprint else None,
        "rotation_unfinished": is_open,
        "older": [
            {"key": old.key_id, "needed": old.reason or None}
            for old in list_older_keys(context, name, now, count=count)
        ],
    }


def _print_key(shape: dict[str, object]) -> None:
    since = str(shape["since"] or "")[:10]
    lines = [f"{shape['name']:<12} {shape['key']}  in use since {since}"]
    lines.append(f"{'':<12} {shape['purpose']}")
    if shape["rotation_unfinished"]:
        lines.append(
            f"{'':<12} a rotation is not finished: `hotline keys rotate {shape['name']}`"
        )
    older = shape["older"]
    assert isinstance(older, list)
    for old in older:
        needed = f"needed: {old['needed']}" if old["needed"] else "may retire"
        lines.append(f"{'':<12} {old['key']}  only read with; {needed}")
    for line in lines:
        stdout.print(line, soft_wrap=True, markup=False)
