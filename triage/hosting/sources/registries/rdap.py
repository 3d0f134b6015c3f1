"""Who holds an address block or a domain, and where abuse is reported: RDAP and RIPE's abuse-c.

Nothing here raises for what a registry does: an answer that did not come is an observation without
a value, and ``registry_status`` says why. Asked as little as possible: answers are kept for a day,
each server has its own budget, and a server that says "too many" is left alone for as long as it
asks. The answers are in the memory of one process, and losing them costs a few questions more; the
budget is for all processes (``hotline.core.jobs.asked_servers``).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from whoisit.bootstrap import _BootstrapWrapper
from whoisit.errors import WhoisItError
from whoisit.query import QueryBuilder

from hotline.core.datafiles.files import read_bytes
from hotline.core.errors import Misconfigured
from hotline.core.network.resolve import Reach
from triage.hosting.facts import FactName, Observation
from triage.hosting.sources.budget import Budget
from triage.hosting.sources.http import Answer, exchange_json
from triage.hosting.sources.registries.contact_card import is_mailbox
from triage.hosting.sources.registries.rdap_answer import (
    find_abuse_mailboxes,
    find_country,
    find_range,
    find_registrar,
)

#: RIPE validates abuse-c mailboxes every year; elsewhere RIPEstat only repeats what it finds.
_ABUSE_C_CONFIDENCE = 0.95
_RDAP_CONFIDENCE = 0.9
_ECHOED_CONFIDENCE = 0.6

_KEEP_ANSWER = timedelta(days=1)
_KEEP_FAILURE = timedelta(minutes=10)
_STATUS_SLUGS = {404: "not_found", 429: "rate_limited"}
_SILENT = frozenset({"timeout", "dns", "refused", "network"})


@dataclass(frozen=True, slots=True)
class _Kept:
    until: datetime
    observations: tuple[Observation, ...]


class Registry:
    """RDAP by IANA's bootstrap (shipped, dated), and RIPEstat's abuse contact finder.

    ``bootstrap`` (the JSON that ``whoisit`` saves), ``ripestat`` and ``reach`` point it at
    other servers; ``timeout`` in seconds is for a whole exchange.
    """

    def __init__(
        self,
        *,
        bootstrap: str | None = None,
        ripestat: str = "https://stat.ripe.net",
        timeout: float = 8.0,
        budget: Budget | None = None,
        reach: Reach | None = None,
        override_dir: Path | None = None,
        keep: int = 10_000,
    ) -> None:
        self._servers = _query_builder(
            bootstrap,
            override_dir,
            # Plain HTTP only where networks of the house are allowed, as in a
            # sandbox.
            allow_insecure=bool(reach and reach.allowed_networks),
        )
        self._ripestat = ripestat.rstrip("/")
        self._timeout = timeout
        self._budget = budget or Budget()
        self._reach = reach or Reach()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._keep = keep

    def observe_network(
        self, address: str, now: datetime
    ) -> tuple[Observation, ...]:
        """network_name, network_range, registered_country, abuse_contact of an address's block."""
        return self._ask_unless_kept(
            f"ip {address}", now, lambda: self._ask_network(address, now)
        )

    def observe_domain(
        self, domain: str, now: datetime
    ) -> tuple[Observation, ...]:
        """registrar and registrar_abuse_contact of a registrable domain."""
        return self._ask_unless_kept(
            f"domain {domain}", now, lambda: self._ask_domain(domain, now)
        )

    def _ask_unless_kept(
        self,
        key: str,
        now: datetime,
        ask: Callable[[], tuple[Observation, ...]],
    ) -> tuple[Observation, ...]:
        kept = self._kept.get(key)
        if kept is not None and now < kept.until:
            self._kept.move_to_end(key)
            return kept.observations
        observations = ask()
        facts = {observation.fact for observation in observations}
        lifetime = _KEEP_ANSWER
        if FactName.REGISTRY_STATUS in facts:
            # A failure is kept as well, but not for long: else each item would
            # ask the same silent server.
            lifetime = _KEEP_FAILURE
        self._kept[key] = _Kept(now + lifetime, observations)
        while len(self._kept) > self._keep:
            self._kept.popitem(last=False)
        return observations

    def _ask_network(
        self, address: str, now: datetime
    ) -> tuple[Observation, ...]:
        answer, source = self._ask_rdap("ip", address, now)
        facts: list[Observation] = []
        if answer.error:
            facts.append(_name_failure(answer, source, now, address))
        else:
            facts += _network_facts(answer.data, address, source, now)
        # RIPE validates its abuse contacts; where RDAP failed, an echoed one is better than none.
        if answer.error or _is_ripe(answer):
            facts += self._ask_ripestat(address, now)
        if not any(fact.fact == FactName.ABUSE_CONTACT for fact in facts):
            nobody = Observation(
                FactName.ABUSE_CONTACT, None, source, now, 0.0, address
            )
            facts.append(nobody)
        return tuple(facts)

    def _ask_domain(
        self, domain: str, now: datetime
    ) -> tuple[Observation, ...]:
        answer, source = self._ask_rdap("domain", domain, now)
        if answer.error:
            return (
                Observation(
                    FactName.REGISTRAR, None, source, now, 0.0, domain
                ),
                _name_failure(answer, source, now, domain),
            )
        # The registrant's own desk is that of the suspected site.
        contacts = find_abuse_mailboxes(answer.data, under="registrar")
        values = {
            FactName.REGISTRAR: find_registrar(answer.data),
            FactName.REGISTRAR_ABUSE_CONTACT: contacts[0]
            if contacts
            else None,
        }
        facts = []
        for fact, value in values.items():
            confidence = _RDAP_CONFIDENCE if value else 0.0
            observation = Observation(
                fact, value, source, now, confidence, domain
            )
            facts.append(observation)
        return tuple(facts)

    def _ask_rdap(
        self, kind: str, value: str, now: datetime
    ) -> tuple[Answer, str]:
        """(answer, source). ``answer.error`` is set for everything but a usable object."""
        try:
            _, url, _ = self._servers.build(kind, value)
        except WhoisItError:
            # No RDAP server for this name, or an address nobody was given.
            return Answer(0, None, "", "no_server"), "RDAP bootstrap"
        answer = self._ask_server(url, now)
        source = f"RDAP {urlsplit(answer.url).hostname}"
        if not answer.error and not isinstance(answer.data, dict):
            answer = Answer(answer.status, None, answer.url, "malformed")
        return answer, source

    def _ask_ripestat(self, address: str, now: datetime) -> list[Observation]:
        """RIPEstat: ``data.abuse_contacts`` and ``data.authoritative_rir``."""
        url = f"{self._ripestat}/data/abuse-contact-finder/data.json?resource={quote(address)}"
        answer = self._ask_server(url, now)
        if answer.error or not isinstance(answer.data, dict):
            return []
        data = answer.data.get("data")
        if not isinstance(data, dict):
            return []
        mailboxes = data.get("abuse_contacts")
        if not isinstance(mailboxes, list):
            return []
        confidence = _ECHOED_CONFIDENCE
        if data.get("authoritative_rir") == "ripe":
            confidence = _ABUSE_C_CONFIDENCE
        source = "RIPEstat abuse-c"
        return [
            Observation(
                FactName.ABUSE_CONTACT,
                mailbox,
                source,
                now,
                confidence,
                address,
            )
            for mailbox in mailboxes
            if is_mailbox(mailbox)
        ]

    def _ask_server(self, url: str, now: datetime) -> Answer:
        server = urlsplit(url).netloc
        if not self._budget.take_turn(server, now):
            return Answer(0, None, url, "rate_limited")
        answer = exchange_json(url, timeout=self._timeout, reach=self._reach)
        self._budget.note_answer(
            server, now, answered=answer.error not in _SILENT
        )
        if answer.status in (429, 503):
            # The server that answered may be another one, behind a redirect.
            answered_by = urlsplit(answer.url).netloc
            self._budget.close_server(answered_by, now, answer.retry_after)
        if answer.error or answer.status == 200:
            return answer
        otherwise = f"http_{answer.status}"
        slug = _STATUS_SLUGS.get(answer.status, otherwise)
        return Answer(answer.status, None, answer.url, slug)


def _name_failure(
    answer: Answer, source: str, now: datetime, subject: str
) -> Observation:
    return Observation(
        FactName.REGISTRY_STATUS, answer.error, source, now, 1.0, subject
    )


def _query_builder(
    bootstrap: str | None, override_dir: Path | None, *, allow_insecure: bool
) -> QueryBuilder:
    if bootstrap is None:
        raw = read_bytes("triage.hosting", "rdap_bootstrap.json", override_dir)
        bootstrap = raw.decode("utf-8", "replace")
    servers = _BootstrapWrapper()
    try:
        servers.load_bootstrap_data(
            bootstrap, overrides=True, allow_insecure=allow_insecure
        )
    except (
        WhoisItError,
        ValueError,
        TypeError,
        json.JSONDecodeError,
    ) as error:
        raise Misconfigured(
            f"The RDAP bootstrap data cannot be read: {error}."
        ) from error
    return QueryBuilder(servers)


def _network_facts(
    data: Mapping[str, Any], address: str, source: str, now: datetime
) -> Iterator[Observation]:
    """Only what the answer really says; nothing of what it leaves open."""

    def observe_value(fact: FactName, value: str) -> Observation:
        return Observation(fact, value, source, now, _RDAP_CONFIDENCE, address)

    name = data.get("name")
    if isinstance(name, str):
        yield observe_value(FactName.NETWORK_NAME, name)
    block = find_range(data, address)
    if block:
        yield observe_value(FactName.NETWORK_RANGE, block)
    country = find_country(data)
    if country:
        yield observe_value(FactName.REGISTERED_COUNTRY, country)
    for mailbox in find_abuse_mailboxes(data):
        yield observe_value(FactName.ABUSE_CONTACT, mailbox)


def _is_ripe(answer: Answer) -> bool:
    server = urlsplit(answer.url).hostname or ""
    if server.endswith(".ripe.net"):
        return True
    # Where another server passed RIPE's answer on.
    return bool(answer.data.get("port43") == "whois.ripe.net")
