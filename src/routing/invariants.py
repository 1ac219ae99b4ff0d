"""DESIGN.md's invariants 1, 2, 3, 6 and 7 as SQL that must return no row."""

from kernel.invariants import Invariant
from kernel.sql import compile_sql


def _rule(number: int, name: str, sentence: str, source: str) -> Invariant:
    return Invariant(name, sentence, compile_sql(name, source), number)


INVARIANTS = [
    _rule(
        1,
        "live_within_slots",
        "Live assignments of a task are at most its live slots, and each live slot has exactly one.",
        """SELECT s.id FROM slot s LEFT JOIN assignment a ON a.slot = s.id AND a.state = 'live' AND a.id = s.assignment_id AND a.epoch = s.epoch
           WHERE s.state = 'live' AND a.id IS NULL
           UNION ALL
           SELECT a.id FROM assignment a LEFT JOIN slot s ON s.id = a.slot AND s.state = 'live' AND s.assignment_id = a.id
           WHERE a.state = 'live' AND s.id IS NULL""",
    ),
    _rule(
        1,
        "one_place_per_person",
        "Nobody holds or does the same task twice.",
        """SELECT task AS id, annotator FROM slot WHERE annotator IS NOT NULL GROUP BY task, annotator HAVING count(*) > 1
           UNION ALL
           SELECT task, author FROM submission WHERE state IN ('pending', 'accepted') GROUP BY task, author HAVING count(*) > 1
           UNION ALL
           SELECT d.task, d.annotator FROM declined d JOIN assignment a ON a.task = d.task AND a.annotator = d.annotator AND a.slot <> d.slot AND a.claimed_at > d.at""",
    ),
    _rule(
        1,
        "within_capacity",
        "What a person holds, in units of capacity, is what is counted, and within the capacity.",
        """SELECT h.annotator AS id FROM holder h
           LEFT JOIN (SELECT annotator, sum(cost) AS n FROM assignment WHERE state = 'live' GROUP BY 1) s ON s.annotator = h.annotator
           WHERE h.live <> coalesce(s.n, 0) OR h.live > h.capacity""",
    ),
    _rule(
        1,
        "given_as_counted",
        "What caps per day count is what was given: each counter is the number of assignments that name its day.",
        """SELECT coalesce(g.annotator, r.annotator) AS id, coalesce(g.project, r.project) AS project, coalesce(g.day, r.day) AS day
           FROM given g FULL JOIN (
             SELECT annotator, project, project_day AS day, count(*) AS n FROM assignment WHERE project_day IS NOT NULL GROUP BY 1, 2, 3
             UNION ALL SELECT annotator, '00000000-0000-0000-0000-000000000000'::uuid, site_day, count(*) FROM assignment WHERE site_day IS NOT NULL GROUP BY 1, 2, 3
           ) r ON r.annotator = g.annotator AND r.project = g.project AND r.day = g.day
           WHERE coalesce(g.tasks, 0) <> coalesce(r.n, 0)""",
    ),
    _rule(
        1,
        "nothing_kept_for_the_absent",
        "No task is kept after its lease for somebody who said that they are away.",
        """SELECT s.id FROM slot s JOIN presence p ON p.annotator = s.reserved_for
           WHERE s.state = 'free' AND s.kept_until > clock_timestamp() AND p.state <> 'available'""",
    ),
    _rule(
        1,
        "accepted_offers_are_held",
        "An accepted offer is the assignment of its person and place, at its price; a place's offers are accepted once for each hold.",
        """SELECT o.id FROM offer o LEFT JOIN assignment a ON a.id = o.assignment
           WHERE o.state = 'accepted' AND (a.id IS NULL OR a.annotator <> o.annotator OR a.slot <> o.slot OR a.price_micros <> o.price_micros)
           UNION ALL SELECT assignment FROM offer WHERE assignment IS NOT NULL GROUP BY assignment HAVING count(*) > 1""",
    ),
    _rule(
        1,
        "no_offer_to_the_absent",
        "No open offer stands for somebody who has gone offline.",
        """SELECT o.id FROM offer o JOIN presence p ON p.annotator = o.annotator
           WHERE o.state = 'open' AND p.state = 'offline' AND o.expires_at > clock_timestamp()""",
    ),
    _rule(
        2,
        "not_own_work",
        "Nobody reviews their own work.",
        """SELECT v.id FROM verdict v JOIN submission b ON b.id = v.submission WHERE v.reviewer = b.author
           UNION ALL SELECT id FROM slot WHERE annotator = author_id""",
    ),
    _rule(
        2,
        "not_twice_at_stages",
        "Nobody reviews the same work at two stages, through all its rounds.",
        """SELECT submission AS id, reviewer FROM verdict GROUP BY submission, reviewer HAVING count(*) > 1
           UNION ALL SELECT b.slot, v.reviewer FROM verdict v JOIN submission b ON b.id = v.submission
           GROUP BY b.slot, b.author, v.reviewer HAVING count(DISTINCT v.stage) > 1""",
    ),
    _rule(
        2,
        "vendors_apart",
        "Where a project says so, the reviewer's vendor is not the author's, in reviews that were taken since it says so.",
        """SELECT v.id FROM verdict v JOIN assignment r ON r.id = v.assignment JOIN submission b ON b.id = v.submission
           JOIN assignment w ON w.id = b.assignment JOIN project p ON p.id = b.project
           WHERE (p.review_other_vendor AND NOT EXISTS (
             SELECT FROM audit_entry e WHERE e.subject_type = 'project' AND e.subject_id = p.id::text AND e.action = 'project.changed'
               AND e.after ->> 'review_other_vendor' = 'true' AND e.at >= r.claimed_at)
             OR (SELECT (l.stages -> least(v.stage, jsonb_array_length(l.stages)) - 1 ->> 'other_vendor')::boolean FROM review_step s JOIN review_plan l ON l.project = s.project AND l.version = s.plan_version
                 WHERE s.submission = v.submission AND s.stage = v.stage))
             AND r.vendor IS NOT DISTINCT FROM w.vendor""",
    ),
    _rule(
        2,
        "lots_looked_at_by_others",
        "Nobody looks for a lot at what they made or reviewed, in any of its rounds.",
        "SELECT k.id FROM lot_look k JOIN lot_member m ON m.id = k.member WHERE k.annotator IS NOT NULL AND had_a_hand_in(m.submission, k.annotator)",
    ),
    _rule(
        2,
        "looks_from_outside",
        "Nobody decides between answers, or looks to be measured, who answered the task or looked at an answer to it before.",
        """SELECT j.id FROM adjudication j JOIN submission b ON b.task = j.task WHERE b.author = j.adjudicator
           UNION ALL SELECT j.id FROM adjudication j JOIN submission b ON b.task = j.task JOIN verdict v ON v.submission = b.id
           WHERE v.reviewer = j.adjudicator AND v.assignment <> j.assignment
           UNION ALL SELECT k.id FROM measured_look k JOIN submission m ON m.id = k.submission JOIN submission b ON b.task = m.task
           LEFT JOIN verdict v ON v.submission = b.id WHERE k.reviewer IN (b.author, v.reviewer)
           UNION ALL SELECT k.id FROM measured_look k JOIN submission m ON m.id = k.submission JOIN submission b ON b.task = m.task
           JOIN measured_look o ON o.submission = b.id WHERE o.id <> k.id AND o.reviewer = k.reviewer
           UNION ALL SELECT j.id FROM adjudication j JOIN submission b ON b.task = j.task JOIN measured_look k ON k.submission = b.id WHERE k.reviewer = j.adjudicator""",
    ),
    _rule(
        6,
        "adjudicated_is_decided",
        "Where somebody decided between answers, each that counted has that decision as its last verdict, and each such verdict has its decision.",
        """SELECT v.id FROM verdict v WHERE v.stage = 6 AND NOT EXISTS (SELECT FROM adjudication j WHERE j.assignment = v.assignment)
           UNION ALL SELECT j.id FROM adjudication j WHERE j.answers <> (SELECT count(*) FROM verdict v WHERE v.assignment = j.assignment AND v.stage = 6)""",
    ),
    _rule(
        6,
        "lots_as_sampled",
        "A lot has the members and the sample that it says, and is decided exactly when its looks decide it.",
        """SELECT l.id FROM lot l
           CROSS JOIN LATERAL (SELECT count(*) AS n, count(place) AS drawn, max(place) AS last, bool_or(live) AS live FROM lot_member WHERE lot = l.id) m
           CROSS JOIN LATERAL (SELECT count(*) AS looked, count(*) FILTER (WHERE outcome = 'defect') AS defects FROM lot_look WHERE lot = l.id) k
           WHERE m.n <> l.size OR m.drawn <> l.sample OR m.last <> l.sample OR m.live <> (l.state NOT IN ('sent_back', 'withdrawn'))
             OR l.state <> 'withdrawn' AND l.state <> CASE WHEN k.defects > l.accept THEN 'sent_back' WHEN k.looked = l.sample THEN 'accepted' ELSE 'open' END""",
    ),
    _rule(
        6,
        "gold_never_twice",
        "Nobody is given the same gold twice, nor one that was made of a task that they worked on before.",
        """SELECT gold AS id, annotator FROM gold_serving GROUP BY gold, annotator HAVING count(*) > 1
           UNION ALL SELECT s.gold, s.annotator FROM gold_serving s JOIN gold g ON g.id = s.gold
           JOIN assignment a ON a.task = g.source_task AND a.annotator = s.annotator WHERE a.claimed_at < s.served_at""",
    ),
    _rule(
        6,
        "gold_apart",
        "A copy of gold is held by nobody but whom it was made for, is not reviewed, and is in no lot.",
        """SELECT a.id FROM gold_serving s JOIN assignment a ON a.task = s.task WHERE a.annotator <> s.annotator OR a.kind <> 'annotation'
           UNION ALL SELECT t.id FROM task t WHERE t.gold AND NOT EXISTS (SELECT FROM gold_serving s WHERE s.task = t.id)
           UNION ALL SELECT x.id FROM slot x JOIN gold_serving s ON s.task = x.task WHERE NOT x.gold OR x.stage > 0
           UNION ALL SELECT m.id FROM lot_member m JOIN submission b ON b.id = m.submission JOIN gold_serving s ON s.task = b.task""",
    ),
    _rule(
        6,
        "gold_as_scored",
        "Every answer to gold is scored by the key that stands, its evidence says what its score says, and it counts unless it seems to wait.",
        """SELECT b.id FROM submission b JOIN gold_serving s ON s.task = b.task WHERE b.state IN ('pending', 'accepted')
             AND (s.submission IS DISTINCT FROM b.id OR b.state = 'pending' AND s.passes_at IS NULL OR s.passes_at IS NULL AND s.expected IS NULL)
           UNION ALL SELECT s.id FROM gold_serving s JOIN gold g ON g.id = s.gold
           WHERE s.submission IS NOT NULL AND (s.key_version <> g.version OR g.version <> (SELECT max(version) FROM gold_version w WHERE w.gold = g.id))
           UNION ALL SELECT s.id FROM gold_serving s JOIN evidence e ON e.annotator = s.annotator AND e.source_id = s.submission AND e.kind = 'gold' AND e.source_type = 'answer' AND e.retracts IS NULL
           WHERE e.outcome <> s.share AND NOT EXISTS (SELECT FROM evidence x WHERE x.retracts = e.id)""",
    ),
    _rule(
        6,
        "gold_in_doubt_waits",
        "A gold is in doubt exactly while a doubt about it is open.",
        """SELECT g.id FROM gold g WHERE (g.state = 'contested') <> EXISTS (SELECT FROM gold_contest c WHERE c.gold = g.id AND c.state = 'open')""",
    ),
    _rule(
        3,
        "submitted_in_time",
        "No counted work was handed in under an assignment that had ended otherwise, or after its deadline.",
        """SELECT b.id FROM submission b JOIN assignment a ON a.id = b.assignment
           WHERE b.state <> 'surplus' AND (a.state <> 'submitted' OR b.submitted_at > a.deadline + interval '1 second')""",
    ),
    _rule(
        6,
        "one_review_outcome",
        "Every submission either waits for exactly one look, or for a decision between all answers, or has its outcome: the last verdict's, or that its plan let it pass or time ran out.",
        """SELECT b.id FROM submission b
           LEFT JOIN (SELECT submission, count(*) AS n, (array_agg(outcome ORDER BY stage DESC))[1] AS last,
                             count(*) FILTER (WHERE outcome IN ('rework', 'reject')) AS stopping FROM verdict GROUP BY 1) v ON v.submission = b.id
           LEFT JOIN (SELECT submission_id, count(*) AS n FROM slot WHERE kind = 'review' AND stage <= 5 AND state IN ('free', 'live') GROUP BY 1) s ON s.submission_id = b.id
           WHERE b.state NOT IN ('surplus', 'cancelled') AND NOT EXISTS (SELECT FROM task t WHERE t.id = b.task AND t.gold)
             AND NOT (b.state = 'pending' AND coalesce(v.stopping, 0) = 0 AND coalesce(s.n, 0)
                        + (SELECT count(*) FROM slot a WHERE a.task = b.task AND a.stage = 6 AND a.state IN ('free', 'live')) = 1
                      OR b.state <> 'pending' AND coalesce(s.n, 0) = 0
                         AND (v.n >= 1 AND v.stopping = CASE WHEN v.last IN ('rework', 'reject') THEN 1 ELSE 0 END
                              OR v.n IS NULL AND EXISTS (SELECT FROM review_step r WHERE r.submission = b.id AND (NOT r.looked OR r.overdue_at IS NOT NULL))))""",
    ),
    _rule(
        6,
        "looks_as_decided",
        "Each verdict is on a look that a stage of the plan decided on, and no stage was passed over.",
        """SELECT v.id FROM verdict v JOIN submission b ON b.id = v.submission
           WHERE EXISTS (SELECT FROM review_step r WHERE r.submission = v.submission)
             AND NOT EXISTS (SELECT FROM review_step r WHERE r.submission = v.submission AND r.stage = v.stage AND r.looked)
           UNION ALL SELECT r.id FROM review_step r WHERE r.stage > 1
             AND NOT EXISTS (SELECT FROM review_step p WHERE p.submission = r.submission AND p.stage = r.stage - 1) AND r.reason ->> 'rule' NOT IN ('sent_back', 'adjudication')""",
    ),
    _rule(
        7,
        "state_follows_work",
        "A task is accepted exactly when its answers are.",
        """SELECT t.id FROM task t JOIN project p ON p.id = t.project
           LEFT JOIN (SELECT task, count(*) AS n FROM submission WHERE state = 'accepted' GROUP BY 1) b ON b.task = t.id
           WHERE t.state = 'accepted' AND coalesce(b.n, 0) = 0 OR t.state = 'rejected' AND coalesce(b.n, 0) > 0""",
    ),
    # Of the last seven days: what is older was compared while it was not, and a day of a large operation is a few seconds' work. Days that are due,
    # or of which something happened since five minutes before the last fold (`quality_since`), are not folded yet and left out. Written anew instead of
    # sharing the fold's statement, so that a mistake in that one shows; stages and the cost of looks are folded by it beside these.
    _rule(
        7,
        "quality_as_folded",
        "The figures of quality by day are those of the work that they were folded from.",
        """WITH last AS (
             SELECT ran_at - interval '5 minutes' AS at, ((clock_timestamp() AT TIME ZONE 'UTC')::date - 7) AS from_day FROM upkeep WHERE name = 'routing.fold_quality'
           ), work AS MATERIALIZED (
             SELECT b.project, (b.submitted_at AT TIME ZONE 'UTC')::date AS day, b.author, coalesce(a.vendor, '00000000-0000-0000-0000-000000000000') AS vendor,
                    t.domain, t.kind, b.round, b.state = 'accepted' AS counted, a.price_micros, b.state NOT IN ('surplus', 'cancelled') AND NOT t.gold AS folded,
                    v.looks, v.worst, greatest(b.submitted_at, b.decided_at, v.at, (SELECT max(k.given_at) FROM measured_look k WHERE k.submission = b.id)) AS at
             FROM submission b JOIN assignment a ON a.id = b.assignment JOIN task t ON t.id = b.task
             CROSS JOIN LATERAL (
               SELECT count(*) AS looks, max(greatest(v.given_at, o.decided_at)) AS at,
                      max(array_position(ARRAY['accept', 'fix', 'rework', 'reject'], coalesce(o.outcome, v.outcome)::text)) AS worst
               FROM verdict v LEFT JOIN LATERAL (SELECT outcome, decided_at FROM overturn WHERE verdict = v.id ORDER BY decided_at DESC LIMIT 1) o ON true
               WHERE v.submission = b.id) v
             WHERE b.submitted_at >= (SELECT from_day FROM last)::timestamp AT TIME ZONE 'UTC'
           ), found AS (
             SELECT project, day, author, vendor, domain, kind, count(*) AS pieces, count(worst) AS judged, count(*) FILTER (WHERE worst = 1) AS accepted,
                    count(*) FILTER (WHERE worst = 2) AS fixed, count(*) FILTER (WHERE worst = 3) AS reworked, count(*) FILTER (WHERE worst = 4) AS rejected,
                    count(*) FILTER (WHERE counted) AS counted, coalesce(sum(round) FILTER (WHERE counted), 0) AS rounds, sum(looks) AS looks,
                    coalesce(sum(price_micros) FILTER (WHERE counted), 0) AS work_micros
             FROM work WHERE folded GROUP BY 1, 2, 3, 4, 5, 6
           ), kept AS (
             SELECT project, day, author, coalesce(vendor, '00000000-0000-0000-0000-000000000000') AS vendor, domain, kind, sum(pieces) AS pieces, sum(judged) AS judged, sum(accepted) AS accepted,
                    sum(fixed) AS fixed, sum(reworked) AS reworked, sum(rejected) AS rejected, sum(counted) AS counted, sum(rounds) AS rounds, sum(looks) AS looks,
                    sum(work_micros) AS work_micros
             FROM quality_day WHERE stage = 0 AND day >= (SELECT from_day FROM last) GROUP BY 1, 2, 3, 4, 5, 6
           )
           SELECT m.project AS id, m.day, m.author, m.domain, m.kind, f.pieces AS pieces_found, q.pieces AS pieces_kept
           FROM found f FULL JOIN kept q USING (project, day, author, vendor, domain, kind) AS m
           WHERE (f.pieces, f.judged, f.accepted, f.fixed, f.reworked, f.rejected, f.counted, f.rounds, f.looks, f.work_micros)
             IS DISTINCT FROM (q.pieces, q.judged, q.accepted, q.fixed, q.reworked, q.rejected, q.counted, q.rounds, q.looks, q.work_micros)
             AND NOT EXISTS (SELECT FROM quality_due d WHERE d.project = m.project AND d.day = m.day)
             AND NOT EXISTS (SELECT FROM work w, last WHERE w.project = m.project AND w.day = m.day AND w.at > last.at)""",
    ),
    _rule(
        7,
        "every_change_audited",
        "Every task that left its first state has an audit row for the state that it is in.",
        """SELECT t.id FROM task t WHERE t.state <> 'open' AND NOT EXISTS (
             SELECT FROM audit_entry e WHERE e.subject_type = 'task' AND e.subject_id = t.id::text AND e.after->>'state' = t.state)""",
    ),
]
