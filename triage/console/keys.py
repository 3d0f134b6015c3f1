"""The keys of queue and case, as they are until somebody changes theirs."""

from __future__ import annotations

from flask_babel import lazy_gettext

from hotline.accounts.shortcuts import Group, Shortcut
from triage.cases.pages.people.people_words import OWNERS
from triage.cases.people.vocabulary import Whose

PEOPLE = (
    *(
        Shortcut(
            f"people.note.{owner}",
            Group.PEOPLE,
            code,
            lazy_gettext("Note: %(whom)s", whom=OWNERS[owner]),
        )
        for owner, code in (
            (Whose.REPORTED_PERSON, "KeyR"),
            (Whose.AFFECTED_CHILD, "KeyC"),
            (Whose.UNKNOWN, "KeyU"),
        )
    ),
    Shortcut(
        "people.said", Group.PEOPLE, "KeyF", lazy_gettext("Note these facts")
    ),
    Shortcut("people.add", Group.PEOPLE, "KeyA", lazy_gettext("Note it")),
    Shortcut(
        "people.facts", Group.PEOPLE, "KeyP", lazy_gettext("Store the facts")
    ),
    Shortcut(
        "people.summary",
        Group.PEOPLE,
        "KeyS",
        lazy_gettext("Store the summary"),
    ),
    Shortcut(
        "people.release",
        Group.PEOPLE,
        "KeyL",
        lazy_gettext("Let the police have it"),
    ),
)
JUDGING = (
    Shortcut("gold.answer", Group.JUDGING, "KeyS", lazy_gettext("Answer")),
    Shortcut(
        "gold.leave_out",
        Group.JUDGING,
        "KeyX",
        lazy_gettext("Leave it out and take the next case"),
    ),
    Shortcut(
        "judgement.store",
        Group.JUDGING,
        "Shift+KeyS",
        lazy_gettext("Store the judgement"),
    ),
)
RULES = (
    Shortcut("rules.draft", Group.RULES, "KeyD", lazy_gettext("Draft it")),
    Shortcut(
        "rules.own_files",
        Group.RULES,
        "KeyB",
        lazy_gettext("Draft the way back to the installation's own files"),
    ),
    Shortcut(
        "rules.former",
        Group.RULES,
        "KeyR",
        lazy_gettext("Draft the way back to it"),
    ),
    Shortcut(
        "rules.add_file",
        Group.RULES,
        "KeyF",
        lazy_gettext("Add another file"),
    ),
    Shortcut(
        "rules.try",
        Group.RULES,
        "KeyT",
        lazy_gettext("Try it over past cases"),
    ),
    Shortcut(
        "rules.ask", Group.RULES, "KeyA", lazy_gettext("Ask a second person")
    ),
    Shortcut(
        "rules.take_back",
        Group.RULES,
        "Shift+KeyZ",
        lazy_gettext("Take it back"),
    ),
    Shortcut(
        "rules.offer", Group.RULES, "KeyO", lazy_gettext("Offer it again")
    ),
)
# By the place of a key and not by its letter, so that they hold on keyboards
# of every script.
SHORTCUTS = (
    Shortcut("go.queue", Group.EVERYWHERE, "KeyQ", lazy_gettext("Queue")),
    Shortcut("next", Group.EVERYWHERE, "KeyN", lazy_gettext("Take the next")),
    Shortcut("row.down", Group.QUEUE, "KeyJ", lazy_gettext("Next row")),
    Shortcut("row.up", Group.QUEUE, "KeyK", lazy_gettext("Row before")),
    Shortcut(
        "row.choose", Group.QUEUE, "KeyX", lazy_gettext("Choose the row")
    ),
    Shortcut(
        "queue.choose_all",
        Group.QUEUE,
        "Shift+KeyX",
        lazy_gettext("Choose all on this page"),
    ),
    Shortcut(
        "queue.all",
        Group.QUEUE,
        "Shift+KeyA",
        lazy_gettext("all that the filters let through"),
    ),
    Shortcut(
        "queue.filter", Group.QUEUE, "KeyF", lazy_gettext("Go to the filters")
    ),
    Shortcut(
        "queue.keep", Group.QUEUE, "KeyV", lazy_gettext("Keep this view")
    ),
    Shortcut("queue.columns", Group.QUEUE, "KeyO", lazy_gettext("Columns")),
    Shortcut("page.next", Group.QUEUE, "Period", lazy_gettext("Next page")),
    Shortcut("page.first", Group.QUEUE, "Comma", lazy_gettext("First page")),
    *(
        Shortcut(
            f"tab.{number}",
            Group.QUEUE,
            # The tenth is under 0, which lies behind 9.
            f"Digit{number % 10}",
            lazy_gettext("Tab %(number)s", number=number),
        )
        for number in range(1, 11)
    ),
    Shortcut(
        "next.all_the_same",
        Group.QUEUE,
        "Shift+KeyN",
        lazy_gettext("Take it all the same"),
    ),
    Shortcut("queue.break", Group.QUEUE, "KeyB", lazy_gettext("Take a break")),
    Shortcut(
        "queue.opt_out",
        Group.QUEUE,
        "KeyI",
        lazy_gettext("Kinds that I am not offered"),
    ),
    Shortcut("bulk.assess", Group.QUEUE, "KeyA", lazy_gettext("Assess")),
    Shortcut("bulk.tag", Group.QUEUE, "KeyT", lazy_gettext("Tag")),
    Shortcut("bulk.assign", Group.QUEUE, "KeyM", lazy_gettext("Assign")),
    Shortcut(
        "bulk.aside",
        Group.QUEUE,
        "KeyS",
        lazy_gettext("Set aside: no reports"),
    ),
    Shortcut(
        "queue.release",
        Group.QUEUE,
        "KeyL",
        lazy_gettext("Let the chosen ones through"),
    ),
    Shortcut(
        "queue.aside",
        Group.QUEUE,
        "Shift+KeyS",
        lazy_gettext("Set the chosen ones aside: no reports"),
    ),
    Shortcut("bulk.confirm", Group.QUEUE, "KeyY", lazy_gettext("Do it")),
    Shortcut("bulk.undo", Group.QUEUE, "KeyU", lazy_gettext("Take it back")),
    Shortcut("case.claim", Group.CASE, "KeyC", lazy_gettext("Take this case")),
    Shortcut(
        "case.longer", Group.CASE, "KeyL", lazy_gettext("Hold it longer")
    ),
    Shortcut("case.release", Group.CASE, "KeyR", lazy_gettext("Give it back")),
    Shortcut(
        "case.hand_over", Group.CASE, "KeyH", lazy_gettext("Hand it over")
    ),
    Shortcut("case.tag", Group.CASE, "KeyT", lazy_gettext("Tag")),
    Shortcut("case.assess", Group.CASE, "KeyA", lazy_gettext("Assessment")),
    Shortcut(
        "case.store", Group.CASE, "KeyS", lazy_gettext("Store the assessment")
    ),
    Shortcut("case.note", Group.CASE, "KeyM", lazy_gettext("Note")),
    Shortcut(
        "case.add_note", Group.CASE, "KeyV", lazy_gettext("Write a note")
    ),
    Shortcut(
        "case.take_back",
        Group.CASE,
        "Shift+KeyZ",
        lazy_gettext("Take it back"),
    ),
    Shortcut("case.people", Group.CASE, "KeyP", lazy_gettext("People")),
    Shortcut("case.words", Group.CASE, "KeyW", lazy_gettext("Read the words")),
    Shortcut(
        "case.facts",
        Group.CASE,
        "KeyF",
        lazy_gettext("Facts about people, as far as they are known"),
    ),
    Shortcut("case.reopen", Group.CASE, "KeyO", lazy_gettext("Open again")),
    Shortcut(
        "case.let_through",
        Group.CASE,
        "KeyG",
        lazy_gettext("Let them through"),
    ),
    Shortcut(
        "case.aside", Group.CASE, "KeyX", lazy_gettext("They are no reports")
    ),
    Shortcut("match.confirm", Group.CASE, "KeyY", lazy_gettext("Confirm")),
    Shortcut("case.look", Group.CASE, "KeyK", lazy_gettext("Look at it once")),
    Shortcut("view.show", Group.CASE, "KeyI", lazy_gettext("Show it now")),
    Shortcut("view.less", Group.CASE, "KeyB", lazy_gettext("Less of it")),
    Shortcut("view.away", Group.CASE, "KeyD", lazy_gettext("Put it away")),
    Shortcut(
        "match.refuse", Group.CASE, "KeyU", lazy_gettext("It is not that")
    ),
    Shortcut("case.step", Group.CASE, "KeyJ", lazy_gettext("Done")),
    Shortcut(
        "place.access",
        Group.CASE,
        "Shift+KeyF",
        lazy_gettext("How it is fetched"),
    ),
    Shortcut(
        "place.origin",
        Group.CASE,
        "Shift+KeyG",
        lazy_gettext("The host behind the delivery network"),
    ),
    *PEOPLE,
    *JUDGING,
    *RULES,
)
