"""An answer to every question of the registry, as a reporter may give it."""

from __future__ import annotations

from hotline.intake.registry.questions import Answer, Answers

ANSWERED: Answers = {
    Answer.CHILD_COUNTRY: "AL",
    Answer.CHILD_MUNICIPALITY: "Shkodër",
    Answer.CHILD_AGE: "13",
    Answer.GOING_ON: "yes",
    Answer.MEETS: "soon",
    Answer.NEXT_MEETING: "Saturday at 5",
    Answer.DEADLINE: "today",
    Answer.DEADLINE_AT: "until 8",
    Answer.THEIR_PLATFORM: "Snapchat",
    Answer.THEIR_NAME: "wolf_of_tests",
    Answer.ASKED_FOR: "money",
    Answer.PAYMENT_WAY: "voucher",
    Answer.PAYMENT_TO: "code 1234",
}
