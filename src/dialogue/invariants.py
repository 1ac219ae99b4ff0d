"""What always holds of dialogues, as SQL that must return no row."""

from kernel.invariants import Invariant
from kernel.sql import compile_sql


def _rule(name: str, sentence: str, query: str, *, before: str = "") -> Invariant:
    return Invariant(name, sentence, compile_sql(name, before + query), 7)


_PATH = """WITH RECURSIVE path AS (
             SELECT t.id, t.parent, t.conversation, t.no, t.choice_id FROM turn t JOIN conversation c ON c.head_id = t.id
             UNION ALL
             SELECT t.id, t.parent, t.conversation, t.no, t.choice_id FROM turn t JOIN path ON t.id = path.parent)
           """

INVARIANTS = [
    _rule(
        "dialogue_has_one_root",
        "Every dialogue with turns has one root and a turn where it goes on.",
        """SELECT c.id FROM conversation c JOIN turn t ON t.conversation = c.id
           GROUP BY c.id HAVING count(*) FILTER (WHERE t.parent IS NULL) <> 1 OR c.head_id IS NULL""",
    ),
    _rule(
        "turns_hang_together",
        "Every turn stands one below a turn of the same dialogue.",
        """SELECT t.id FROM turn t LEFT JOIN turn p ON p.id = t.parent
           WHERE t.no <> coalesce(p.no, 0) + 1 OR p.conversation <> t.conversation""",
    ),
    _rule(
        "active_path_is_a_path",
        "The active path leads from the head to the root, one turn at each depth.",
        "SELECT conversation FROM path GROUP BY conversation HAVING count(*) <> max(no) OR min(no) <> 1",
        before=_PATH,
    ),
    _rule(
        "active_path_is_preferred",
        "Every candidate on an active path is the preferred one of its choice.",
        """SELECT path.id FROM path JOIN choice ON choice.id = path.choice_id
           WHERE choice.chosen_id IS DISTINCT FROM path.id""",
        before=_PATH,
    ),
    _rule(
        "ranks_are_dense",
        "Ranks of a choice are 1, 2, 3 … with ties and without gaps, and the preferred candidate is among the first.",
        """SELECT k.id FROM choice k JOIN turn t ON t.choice_id = k.id
           GROUP BY k.id HAVING count(DISTINCT t.rank) <> coalesce(max(t.rank), 0)
             OR (k.state = 'ranked' AND count(t.rank) <> count(*))
             OR (k.state IN ('open', 'chosen', 'set_aside') AND count(t.rank) > 0)
             OR min(t.rank) FILTER (WHERE t.id = k.chosen_id) <> 1""",
    ),
    _rule(
        "candidates_answer_their_message",
        "Candidates of a choice follow its message, each in a slot of its own that was asked for.",
        """SELECT t.id FROM turn t JOIN choice k ON k.id = t.choice_id
           WHERE t.parent <> k.message OR t.slot > k.wanted OR t.position <> k.position + t.slot""",
    ),
    _rule(
        "edits_are_whole",
        "Of an edited turn every version is kept, and the newest one is what stands.",
        """SELECT t.id FROM turn t LEFT JOIN turn_edit e ON e.turn = t.id
           GROUP BY t.id HAVING count(e.id) <> CASE WHEN t.text_version = 1 THEN 0 ELSE t.text_version END
             OR (t.text_version > 1 AND max(e.text) FILTER (WHERE e.version = t.text_version) IS DISTINCT FROM t.text)
             OR (t.original_text IS NOT NULL AND max(e.text) FILTER (WHERE e.version = 1) IS DISTINCT FROM t.original_text)""",
    ),
    _rule(
        "scores_are_on_the_scale",
        "Every score is of a dimension of its dialogue's rubric, or of the one that it came with, and on its scale.",
        """SELECT s.id FROM turn_score s JOIN conversation c ON c.id = s.conversation LEFT JOIN rubric r ON r.id = c.rubric
           WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(coalesce(r.dimensions, c.source->'callboard'->'dialogue'->'rubric'->'dimensions')) AS d
                             WHERE d->>'code' = s.dimension AND s.value BETWEEN (d->>'lowest')::int AND (d->>'highest')::int)""",
    ),
    _rule(
        "spans_lie_in_their_text",
        "Every marked passage lies inside the version of the text that it was marked in.",
        """SELECT s.id FROM turn_span s JOIN turn t ON t.id = s.turn
           LEFT JOIN turn_edit e ON e.turn = t.id AND e.version = s.text_version
           WHERE s.to_char > char_length(CASE WHEN s.text_version = t.text_version THEN t.text ELSE e.text END)
             OR (s.text_version <> t.text_version AND e.id IS NULL)""",
    ),
    _rule(
        "what_people_wrote_has_an_author",
        "Every message and every reply by hand has its author, and nothing that a bot wrote has one.",
        """SELECT t.id FROM turn t JOIN conversation c ON c.id = t.conversation
           WHERE c.annotator IS NOT NULL AND t.model IS DISTINCT FROM 'import' AND (t.author IS NULL) =
             (t.role = 'user' OR t.model IS NOT DISTINCT FROM 'annotator')""",
    ),
]  # fmt: skip
