"""``hotline key``: keys of the senders who report through the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from hotline.core.context import utc_now
from hotline.core.errors import NotFound
from hotline.intake.api import keys, webhooks
from hotline.intake.models import ApiKey
from workers.cli.opening import acting, opened_house
from workers.cli.output import emit_each, emit_json

DAILY_QUOTA = 10_000
"""As many reports as one bulk body may hold."""
app = typer.Typer(
    no_args_is_help=True, help="Keys of the API's known senders."
)
hooks = typer.Typer(
    no_args_is_help=True, help="A sender's server that is told of changes."
)
app.add_typer(hooks, name="webhook")

Name = Annotated[
    str,
    typer.Argument(help="The sender; stands as the source of its reports."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON object a line.")
]


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="key")


@app.command()
def add(
    name: Name,
    scope: Annotated[
        list[str],
        typer.Option(help=", ".join(keys.SCOPES) + "; may be repeated."),
    ],
    quota: Annotated[
        int, typer.Option(min=1, help="Reports a day (UTC).")
    ] = DAILY_QUOTA,
    webhook: Annotated[
        str,
        typer.Option(
            help="https address that is told when a report's state changes."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key. It is printed once, as is the secret that signs what goes to its webhook."""
    made = {"name": name}
    with acting() as act:
        made["key"] = keys.create_key(
            act,
            name,
            # The same one may be named twice, and is kept once.
            scopes=list(dict.fromkeys(scope)),
            daily_quota=quota,
        )
        if webhook:
            made["webhook_secret"] = webhooks.subscribe_sender(
                act, name, webhook
            )
    if as_json:
        emit_json(made)
        return
    print(f"Key of {name}, shown only now: {made['key']}")
    if webhook:
        print(
            f"Secret of its webhook, shown only now: {made['webhook_secret']}"
        )


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Every key by its sender's name, with scopes, quota and whether it still works."""
    with opened_house() as context, context.database.reading() as session:
        emit_each(
            keys.list_keys(session),
            as_json,
            _key_shape,
            _key_line,
            empty="There is no key yet: hotline key add NAME.",
        )


@app.command()
def revoke(name: Name) -> None:
    """End a key at once. Reports that came with it stay."""
    with acting() as act:
        keys.revoke_key(act, name)
    print(f"The key of {name} is revoked.")


@hooks.command("set")
def set_webhook(
    name: Name,
    url: Annotated[
        str, typer.Argument(help="https address that is told of changes.")
    ],
    as_json: AsJson = False,
) -> None:
    """Tell a sender's server at URL from now on. Its secret is new and printed once."""
    with acting() as act:
        secret = webhooks.subscribe_sender(act, name, url)
    if as_json:
        emit_json({"name": name, "webhook": url, "webhook_secret": secret})
    else:
        print(f"Secret of {name}'s webhook, shown only now: {secret}")


@hooks.command("remove")
def remove_webhook(name: Name) -> None:
    """Tell a sender's server nothing any more. The key stays."""
    with acting() as act:
        webhooks.unsubscribe_sender(act, name)
    print(f"The webhook of {name} is removed.")


@hooks.command("test")
def try_webhook(name: Name) -> None:
    """Send a signed test message at once, and say what became of it."""
    from workers.webhooks import fire

    with opened_house() as context:
        with context.database.reading() as session:
            key = keys.find_key(session, name)
            receiver = webhooks.receiver_of(
                session, context, key.id, utc_now()
            )
        if receiver is None:
            raise NotFound(f"The key of {name} has no webhook, or is revoked.")
        # Outside the transaction: a server that stays silent would hold it
        # open.
        fire(context, receiver, utc_now())
    print(f"The webhook of {name} took the message.")


def _key_shape(key: ApiKey) -> Mapping[str, object]:
    return {
        "name": key.name,
        "scopes": key.scopes,
        "daily_quota": key.daily_quota,
        "webhook": key.webhook_url,
        "created_at": key.created_at.isoformat(),
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


def _key_line(key: ApiKey) -> str:
    state = "revoked" if key.revoked_at else "active"
    scopes = ",".join(key.scopes)
    return f"{key.name:<30} {scopes:<14} {key.daily_quota:>8} a day  {state}"
