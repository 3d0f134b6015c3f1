"""Sends a webhook: one POST to an address that a sender named, which must not be one of ours.

The guarded client resolves its name by the resolver and the fixed addresses of the settings, and
checks every address before it connects.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from hotline.core.context import Context
from hotline.core.datafiles.shapes import parse_shape
from hotline.core.errors import NoAnswer, Unavailable
from hotline.core.jobs.circuit import Circuit
from hotline.core.jobs.task import GiveUp, Task
from hotline.core.network.client import GuardedClient, Reply, reach_of
from hotline.core.settings import Settings
from hotline.core.storage.ids import new_id
from hotline.intake.api import webhooks

TIMEOUT_SECONDS = 10
# Among the answers that blame the sender of a request, these alone can change by themselves.
RETRY_STATUS = frozenset({408, 425, 429})


def send(task: Task) -> None:
    """``Unavailable`` where another try may help, ``GiveUp`` where a person has to look."""
    with task.context.database.reading() as session:
        receiver = webhooks.receiver_of(
            session, task.context, task.id_of("key_id"), task.now
        )
    if receiver is not None:
        body = webhooks.body_of(
            parse_shape(webhooks.Change, task.payload["data"])
        )
        server = urlsplit(receiver.url).netloc.lower()
        circuit = Circuit(task.context.database)
        # A server that has stayed silent for a while holds up no other
        # sender's messages.
        circuit.require_closed(server)
        with circuit.listening(server):
            _deliver(
                receiver,
                body,
                str(task.entry_id),
                task.context.settings,
                task.now,
            )
    # A sender whose key was revoked meanwhile is told nothing more, and that
    # is all.
    with task.finishing():
        pass


def fire(context: Context, receiver: webhooks.Receiver, now: datetime) -> None:
    """Send a test message at once. Errors as ``send``; nothing is tried again."""
    body = webhooks.trial_body(now)
    _deliver(receiver, body, str(new_id()), context.settings, now)


def _deliver(
    receiver: webhooks.Receiver,
    body: bytes,
    message_id: str,
    settings: Settings,
    now: datetime,
) -> None:
    headers = webhooks.sign_headers(receiver.secrets, message_id, body, now)
    status = _post(receiver, body, headers, settings)
    if 200 <= status < 300:
        return
    answered = f"The webhook of {receiver.name} answered {status}."
    if status >= 500 or status in RETRY_STATUS:
        raise Unavailable(answered)
    raise GiveUp(answered)


def _post(
    receiver: webhooks.Receiver,
    body: bytes,
    headers: dict[str, str],
    settings: Settings,
) -> int:
    """The status of the answer; what else the server says is not read."""
    with GuardedClient(
        reach_of(settings),
        seconds=TIMEOUT_SECONDS,
        # What a stranger's server says is nothing that this service wants to
        # hold.
        most_bytes=0,
        user_agent=settings.user_agent,
    ) as client:
        lines = {"Content-Type": "application/json", **headers}
        reply = client.post(receiver.url, body, headers=lines)
    if reply.error and reply.error != "too_large":
        raise _failure(receiver.name, reply)
    return reply.status


def _failure(name: str, reply: Reply) -> GiveUp | Unavailable:
    """Why the receiver was not reached: it must not be, or it cannot be right now."""
    if reply.error == "blocked_address":
        where = (
            f"leads to an address that must not be visited ({reply.reason})"
        )
        return GiveUp(f"The webhook of {name} {where}.")
    if reply.is_refused:
        return GiveUp(f"The webhook of {name} cannot be used ({reply.error}).")
    # A name may be given an address again; one that must not be visited stays
    # so.
    if reply.error.startswith("dns_"):
        return Unavailable(
            f"The webhook of {name} has no address ({reply.error})."
        )
    return NoAnswer(
        f"The webhook of {name} cannot be reached ({reply.error})."
    )
