"""What makes words of the codes in the details of the log, for everything up to the console.

By the name of a detail; "thing.name" and "thing.act.name" narrow it, as ``details`` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flask_babel import gettext, lazy_gettext

from hotline.accounts.approvals.kinds import known_kinds
from hotline.accounts.pages.approval_pages import VALUES
from hotline.accounts.pages.people_pages import ACT_NAMES
from hotline.accounts.pages.views import ROLE_NAMES, say_day
from hotline.accounts.staff.actors import name_actor
from hotline.core.web import site
from hotline.core.web.translations import spoken_language
from triage.cases.assessing.assessment import in_language
from triage.cases.handling.playbook import load_playbooks
from triage.cases.pages import words
from triage.cases.pages.people import people_words
from triage.cases.pages.words import (
    Words,
    name_route,
    say_why,
    word_for,
)
from triage.console.audit.audit_acts import name_action, name_thing
from triage.console.audit.audit_words import TOPICS
from triage.console.audit.details import Sayer, Sayers
from triage.console.queue.bulk_pages import find_deed
from triage.console.search.finding import label_finder
from triage.jurisdiction.messages import country_name
from triage.viewing.pages import PROBLEMS

FACTORS: Words = {
    "app": lazy_gettext("app for codes"),
    "passkey": lazy_gettext("passkey"),
    "recovery_code": lazy_gettext("recovery code"),
}
SESSIONS: Words = {
    "one": lazy_gettext("one session"),
    "others": lazy_gettext("all others"),
    "all": lazy_gettext("all sessions"),
}
AUTHORS: Words = {
    "reporter": lazy_gettext("the reporter"),
    "hotline": lazy_gettext("the hotline"),
}
FACTS_OF_CASE: Words = {
    "generated_in": lazy_gettext("where it was made"),
    "victim": lazy_gettext("the affected child"),
    "suspect": lazy_gettext("the reported person"),
}
WAY_OF_FETCHING: Words = {
    "cookies": lazy_gettext("Cookies"),
    "userinfo": lazy_gettext("user name and password"),
    "referrer": lazy_gettext("page that one comes from"),
    "user_agent": lazy_gettext("browser that is named"),
    "route": lazy_gettext("way through the network"),
}
LIST_PROPERTIES: Words = {
    "source": lazy_gettext("source"),
    "licence": lazy_gettext("licence"),
    "default_class": lazy_gettext("class of its entries"),
    "category_map": lazy_gettext("meaning of its categories"),
    "confidence": lazy_gettext("confidence"),
    "pdq_threshold": lazy_gettext("PDQ threshold"),
    "phash_threshold": lazy_gettext("pHash threshold"),
    "exportable": lazy_gettext("whether it may be exported"),
    "remote": lazy_gettext("whether its owner is asked"),
    "version": lazy_gettext("version"),
}
ABOUT: Words = {
    **VALUES,
    "viewing": lazy_gettext("looking at files"),
}
MET_AS: Words = {
    "reporter": lazy_gettext("the reporter"),
    "case": lazy_gettext("named in a case"),
    "staff": lazy_gettext("member of staff"),
}


def say_from(table: Mapping[Any, object]) -> Sayer:
    """From a table of words."""
    return lambda code: word_for(table, code)


def say_typed(table: Mapping[str, object]) -> Sayer:
    """A sentence of the service in words, what a person typed as it was typed."""
    return lambda text: str(table.get(text, text))


def say_country(code: str) -> str:
    return country_name(code, spoken_language())


def say_whom(code: str) -> str:
    """A person, or the kind of office that is told."""
    return name_actor(code) if ":" in code else name_route(code)


def _say_kind_of_approval(code: str) -> str:
    kind = known_kinds().get(code)
    return str(kind.label) if kind else code.replace("_", " ")


def _say_step(code: str) -> str:
    data_dir = site.current_context().settings.data_dir
    step = load_playbooks(data_dir).step(code)
    return in_language(step.label, spoken_language()) if step else code


def _say_deed(code: str) -> str:
    deed = find_deed(code)
    return str(gettext(deed.label)) if deed else code


def _say_topic(code: str) -> str:
    labels = {topic.code: topic.label for topic in TOPICS}
    return word_for(labels, code)


def _say_met(code: str) -> str:
    """The way in which somebody was met; the id behind it says nothing to a reader."""
    return word_for(MET_AS, code.partition(":")[0])


def _say_day(text: str) -> str:
    with suppress(ValueError):
        return say_day(text)
    return text


OWN_SAYERS: Sayers = {
    "about": say_typed(ABOUT),
    "action": name_action,
    "agreed_on": _say_day,
    "asked_by": name_actor,
    "author": say_from(AUTHORS),
    "by": name_actor,
    "channel": say_from(words.CHANNELS),
    "country": say_country,
    "deed": _say_deed,
    "entered_by": name_actor,
    "fact": say_from(people_words.FACTS),
    "granted_by": name_actor,
    "hash": say_from(words.HASHES),
    "met": _say_met,
    "named": name_actor,
    "problem": say_from(PROBLEMS),
    "reason": say_why,
    "role": say_from(people_words.ROLES),
    "second": name_actor,
    "step": _say_step,
    "subject": name_thing,
    "to": say_whom,
    "topic": _say_topic,
    "was": say_from(ROLE_NAMES),
    "which": say_from(SESSIONS),
    "who": name_actor,
    "whose": say_from(people_words.OWNERS),
    "why": say_why,
    "approval.kind": _say_kind_of_approval,
    "case.kind": say_from(words.KINDS),
    "case.identifier_added.kind": say_from(people_words.KINDS),
    "case.identifier_erased.kind": say_from(people_words.KINDS),
    "case.identifier_withdrawn.kind": say_from(people_words.KINDS),
    "case.changed": say_from(FACTS_OF_CASE),
    "hashlist.changed": say_from(LIST_PROPERTIES),
    "item.changed": say_from(WAY_OF_FETCHING),
    "person.role": say_from(ROLE_NAMES),
    "person_request.kind": say_from(ACT_NAMES),
    "search.found": label_finder,
    "second_factor.kind": say_from(FACTORS),
    "second_factor.way": say_from(FACTORS),
}
