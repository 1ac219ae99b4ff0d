"""The invariants of exams as SQL that must return no row."""

from kernel.invariants import Invariant
from kernel.sql import load

sql = load(__package__)

INVARIANTS = [
    Invariant(
        "exam_answers_are_evidence",
        "Each answer of an ended exam is evidence of a skill; no answer of training is.",
        sql.check_exam_answers_are_evidence,
        7,
    ),
    Invariant(
        "exams_end_in_time",
        "No attempt at an exam runs on for ten minutes after its time.",
        sql.check_exams_end_in_time,
        3,
    ),
    Invariant(
        "showings_are_counted",
        "The showings of each question of an exam are as many as the times it was put to somebody.",
        sql.check_showings_are_counted,
        7,
    ),
    Invariant(
        "passes_rest_on_enough_answers",
        "Each passed exam has its least number of answers, all of them given in time.",
        sql.check_passes_rest_on_enough_answers,
        7,
    ),
]
