"""What the demo plays with, all of it written for Callboard: topics, people, and the conduct of simulated people."""

from callboard.demo.content.conduct import (
    ReviewReason,
    Tendency,
    accept_comment,
    caveats,
    dimensions,
    follow_ups,
    rate,
    rating_note,
    review_reasons,
    score_dimensions,
    tendencies,
)
from callboard.demo.content.edits import edit_reply
from callboard.demo.content.people import Credential, Person, Vendor, logins, people, vendors
from callboard.demo.content.topics import DOMAINS, LANGUAGES, Domain, Language, Topic, topics, tour

__all__ = [
    "DOMAINS",
    "LANGUAGES",
    "Credential",
    "Domain",
    "Language",
    "Person",
    "ReviewReason",
    "Tendency",
    "Topic",
    "Vendor",
    "accept_comment",
    "caveats",
    "dimensions",
    "edit_reply",
    "follow_ups",
    "logins",
    "people",
    "rate",
    "rating_note",
    "review_reasons",
    "score_dimensions",
    "tendencies",
    "topics",
    "tour",
    "vendors",
]
