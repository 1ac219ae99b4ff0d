"""One believable task of each kind that the program comes with, and an answer to it."""

from typing import Any

CANDIDATES = [
    {"id": "a", "text": "Two minutes at 80 °C.", "model": "secret-1"},
    {"id": "b", "text": "Boil it for **ten** minutes.", "model": "secret-2"},
    {"id": "c", "text": "About two to three minutes; taste it.", "model": "secret-3"},
]
PAYLOADS: dict[str, dict[str, Any]] = {
    "preference_pair": {"prompt": "How long does green tea steep?", "candidates": CANDIDATES[:2]},
    "preference_ranking": {"title": "Green tea", "prompt": "How long does green tea steep?", "candidates": CANDIDATES},
    "rating": {"prompt": "How long does green tea steep?", "response": "Two minutes at 80 °C."},
    "prompt_writing": {"instruction": "Write what somebody new to tea would ask."},
    "rewriting": {"instruction": "Make it shorter.", "text": "It is the case that tea is a thing that people drink."},
    "dialogue_evaluation": {"turns": [{"role": "user", "text": "Tea?"}, {"role": "assistant", "text": "Gladly."}]},
    "choice": {"question": "Which is green?", "choices": ["Sencha", "Assam"], "answer": "Sencha"},
    "labels": {"text": "Tea for two.", "labels": [{"value": "drink", "text": "Drinks"}, {"value": "song", "text": "Songs"}], "answer": ["song", "drink"]},
    "spans": {"text": "李白 met 𝒜nn in Paris.", "answer": [{"start": 14, "end": 19, "label": "place"}]},
}  # fmt: skip
ANSWERS: dict[str, dict[str, Any]] = {
    "preference_pair": {"preferred": "a", "strength": 2},
    "preference_ranking": {"ranking": [["c"], ["a", "b"]], "comment": "c asks to taste"},
    "rating": {"helpfulness": 4, "factuality": 5, "fluency": 5},
    "prompt_writing": {"prompt": "Which tea is good in the evening?"},
    "rewriting": {"text": "People drink tea.", "changes": ["length"]},
    "dialogue_evaluation": {"replies": [{"turn": 2, "value": 4}], "goal": "reached", "coherence": 5, "tone": 4, "worst_turn": 2},
    "choice": {"label": "Sencha"},
    "labels": {"labels": ["drink", "song"]},
    "spans": {"spans": [{"start": 14, "end": 19, "label": "place"}]},
}  # fmt: skip
CUSTOM: dict[str, Any] = {
    "names": {"en": "Tone", "zh": "语气"},
    "payload": {"type": "object", "properties": {"line": {"type": "string", "maxLength": 200}}},
    "answer": {
        "type": "object", "required": ["tone"], "additionalProperties": False,
        "properties": {"tone": {"type": "string", "enum": ["warm", "cold"]}, "note": {"type": "string", "maxLength": 20}},
    },
    "layout": [
        {"block": "show_text", "from": "/line", "names": {"en": "Line"}},
        {"block": "choice", "field": "tone", "names": {"en": "Tone"}, "options": [{"value": "warm"}, {"value": "cold"}]},
        {"block": "text", "field": "note", "names": {"en": "Note"}},
    ],
}  # fmt: skip
