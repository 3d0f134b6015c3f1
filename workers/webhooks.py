"""Sends a webhook: one POST to an address that a sender named, which must not be one of ours.

Names are resolved as the fetcher resolves them, by the resolver and the fixed addresses of the
settings, and every address is checked before it is connected to.
"""

from __future__ import annotations

import socket
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import certifi
import pycurl

from hotline.core.context import Context
from hotline.core.errors import NoAnswer, Unavailable
from hotline.core.jobs.circuit import Circuit
from hotline.core.jobs.task import GiveUp, Task
from hotline.core.settings import Settings
from hotline.core.storage.ids import new_id
from hotline.intake.api import webhooks
from triage.fetching.network.addresses import parse_address, refusal
from triage.fetching.network.resolve import Names
from triage.fetching.report import FetchRequest

TIMEOUT_SECONDS = 10
# Among the answers that blame the sender of a request, these alone can change by themselves.
RETRY_STATUS = frozenset({408, 425, 429})


def send(task: Task) -> None:
    """``Unavailable`` where another try may help, ``GiveUp`` where a person has to look."""
    with task.context.database.reading() as session:
        receiver = webhooks.receiver_of(session, task.context, task.id_of("key_id"))
    if receiver is not None:
        body = webhooks.body_of(task.payload["data"])
        server = urlsplit(receiver.url).netloc.lower()
        circuit = Circuit(task.context.database)
        circuit.require_closed(server)
        with circuit.listening(server):
            _deliver(
                receiver, body, str(task.entry_id), task.context.settings, task.now
            )
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
    headers = webhooks.signed(receiver.secret, message_id, body, now)
    status = _post(receiver, body, headers, settings)
    if 200 <= status < 300:
        return
    told = f"The webhook of {receiver.name} answered {status}."
    if status >= 500 or status in RETRY_STATUS:
        raise Unavailable(told)
    raise GiveUp(told)


def _post(
    receiver: webhooks.Receiver,
    body: bytes,
    headers: dict[str, str],
    settings: Settings,
) -> int:
    """The status of the answer; what else the server says is not read."""
    refused: list[str] = []
    sockets: list[socket.socket] = []

    def opened(_purpose: int, address: Any) -> Any:
        """On the address really connected to: a name may lead anywhere at any time."""
        why = refusal(str(address.addr[0]), settings.fetch_allowed_networks)
        if why is not None:
            refused.append(why)
            return pycurl.SOCKET_BAD
        sockets.append(
            socket.socket(address.family, address.socktype, address.protocol)
        )
        return sockets[-1]

    options = _options(receiver, body, headers, settings.user_agent)
    resolved = _resolved(receiver, settings)
    curl = pycurl.Curl()
    for option, value in (options | resolved).items():
        curl.setopt(option, value)
    curl.setopt(pycurl.OPENSOCKETFUNCTION, opened)
    try:
        curl.perform()
    except pycurl.error as error:
        if error.args[0] != pycurl.E_WRITE_ERROR:
            raise _failure(receiver.name, error.args[0], refused) from None
    finally:
        status = int(curl.getinfo(pycurl.RESPONSE_CODE))
        curl.close()
        for each in sockets:
            each.close()
    return status


def _options(
    receiver: webhooks.Receiver, body: bytes, headers: dict[str, str], user_agent: str
) -> dict[int, Any]:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return {
        pycurl.URL: receiver.url,
        pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
        pycurl.FOLLOWLOCATION: 0,
        pycurl.NOSIGNAL: 1,
        pycurl.TIMEOUT: TIMEOUT_SECONDS,
        pycurl.CAINFO: certifi.where(),
        pycurl.PROXY: "",  # empty, not unset: else libcurl takes one from the environment
        pycurl.USERAGENT: user_agent,
        pycurl.HTTPHEADER: ["Content-Type: application/json", "Expect:", *lines],
        pycurl.POSTFIELDS: body,
        pycurl.WRITEFUNCTION: lambda _: (
            0
        ),  # ends the exchange at the first byte of the body
    }


def _resolved(receiver: webhooks.Receiver, settings: Settings) -> dict[int, Any]:
    """The receiver's addresses, where the settings say how names are resolved."""
    parts = urlsplit(receiver.url)
    host = parts.hostname or ""
    if parse_address(host) or not (settings.dns_server or host in settings.fetch_hosts):
        return {}
    request = FetchRequest(
        url=receiver.url,
        allowed_networks=settings.fetch_allowed_networks,
        resolver=settings.dns_server or None,
        hosts=dict(settings.fetch_hosts),
    )
    found = Names(request).resolve(host, seconds=TIMEOUT_SECONDS / 2)
    if found.error == "blocked_address":
        raise _failure(receiver.name, 0, ["by the name's entry in the DNS"])
    if found.error:
        raise Unavailable(
            f"The webhook of {receiver.name} has no address ({found.error})."
        )
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {pycurl.RESOLVE: [f"{host}:{port}:{','.join(found.usable)}"]}


def _failure(name: str, code: int, refused: list[str]) -> GiveUp | Unavailable:
    """Why the receiver was not reached: it must not be, or it cannot be right now."""
    if refused:
        where = f"leads to an address that must not be visited ({refused[0]})"
        return GiveUp(f"The webhook of {name} {where}.")
    return NoAnswer(f"The webhook of {name} cannot be reached (curl {code}).")
