-- name: insert_project
-- Names are unique: people speak of projects by name. The clocks of its tasks stand still until it is published.
INSERT INTO project (id, name, description, guidelines, state, currency, overlap, min_turns, max_turns, language_level, required_role,
                     review_other_vendor, rework_limit, answer_limit, lease_seconds, deadline_seconds, lease_grace_minutes, annotation_cost, review_cost, cap_per_person_day, cap_per_person_live, sla_seconds,
                     skill_half_life_days, expert_level, consensus_target, most_answers, calendar, ladder, task_expires_days, paused_at, push, stick_to_topic, stick_to_author, requirements)
VALUES (:id, :name, :description, :guidelines, 'draft', :currency, :overlap, :min_turns, :max_turns, :language_level, :required_role,
        :review_other_vendor, :rework_limit, :answer_limit, :lease_seconds, :deadline_seconds, :lease_grace_minutes, :annotation_cost, :review_cost, :cap_per_person_day, :cap_per_person_live, :sla_seconds,
        :skill_half_life_days, :expert_level, :consensus_target, :most_answers, :calendar_id, :ladder, :task_expires_days, clock_timestamp(), :push, :stick_to_topic, :stick_to_author, :requirements)
ON CONFLICT (name) DO NOTHING

-- name: projects
-- Newest first; the cursor is the id (UUIDv7).
SELECT id, name, description, guidelines, state, currency, overlap, min_turns, max_turns, language_level, required_role,
       review_other_vendor, rework_limit, answer_limit, lease_seconds, deadline_seconds, lease_grace_minutes,
       jsonb_build_object('annotation', annotation_cost, 'review', review_cost) AS capacity_cost, cap_per_person_day, cap_per_person_live, sla_seconds, skill_half_life_days, expert_level,
       consensus_target, most_answers, (SELECT c.name FROM calendar c WHERE c.id = project.calendar) AS calendar, ladder, task_expires_days,
       paused_at, paused_seconds, push, stick_to_topic, stick_to_author, requirements, version, created_at
FROM project
WHERE (:id::uuid IS NULL OR id = :id) AND (:name::text IS NULL OR name = :name) AND (:before::uuid IS NULL OR id < :before)
ORDER BY id DESC
LIMIT :limit

-- name: change_project_state
-- The trigger refuses an undrawn edge; the version is what If-Match compares. Pauses are kept: the clocks of its tasks stand still meanwhile.
UPDATE project SET state = :state::text, version = version + 1,
  paused_at = CASE WHEN :state = 'paused' THEN clock_timestamp() END,
  pauses = CASE WHEN paused_at IS NULL THEN pauses ELSE pauses || jsonb_build_array(jsonb_build_array(extract(epoch FROM paused_at), extract(epoch FROM clock_timestamp()))) END,
  paused_seconds = paused_seconds + coalesce(extract(epoch FROM clock_timestamp() - paused_at), 0)::bigint
WHERE id = :id RETURNING state

-- name: lanes_by_key
-- Lanes are few and never change, so they are looked up before they are made.
SELECT key, id FROM lane WHERE key = ANY (:keys::text[])

-- name: insert_lanes
-- Two imports may make the same lane at once; the second finds it.
INSERT INTO lane (id, project, kind, stage, domain, language, difficulty_band, min_level, required_role, required_credential, task_kind, requirement, prefer, other_vendor, key)
SELECT id, project, kind, stage, domain, language, band, min_level, role, credential, task_kind, requirement::jsonb, prefer::jsonb, other_vendor, key
FROM unnest(:ids::uuid[], :projects::uuid[], :kinds::text[], :stages::int[], :domains::text[], :languages::text[], :bands::int[],
            :levels::int[], :roles::text[], :credentials::bool[], :task_kinds::text[], :requirements::text[],
            :prefers::text[], :other_vendors::bool[], :keys::text[])
  AS new (id, project, kind, stage, domain, language, band, min_level, role, credential, task_kind, requirement, prefer, other_vendor, key)
ORDER BY key
ON CONFLICT (key) DO NOTHING

-- name: insert_tasks
-- One statement for the whole chunk; a task that is there already (project, external_id) is left as it is. Slots follow in the same statement.
WITH drafts AS MATERIALIZED (
  SELECT * FROM unnest(:ids::uuid[], :external_ids::text[], :kinds::text[], :domains::text[], :languages::text[], :levels::int[],
                       :means::float8[], :variances::float8[], :sources::text[], :priorities::int[], :dues::timestamptz[], :requirements::text[],
                       :payloads::text[], :lanes::uuid[], :ranks::bigint[])
    AS d (id, external_id, kind, domain, language, level, mean, variance, sources, priority, due_at, requirements, payload, lane, rank)
), created AS (
  INSERT INTO task (id, project, external_id, kind, domain, language, difficulty_level, difficulty_mean, difficulty_variance, prior_mean,
                    prior_variance, prior_sources, priority, due_at, requirements, payload, state, lane, import_batch, created_at, expires_at)
  SELECT id, :project_id, external_id, kind, domain, language, level, mean, variance, mean, variance, sources::jsonb, priority,
         due_at, requirements::jsonb, payload::jsonb, 'open', lane, :import_batch, clock_timestamp(),
         clock_timestamp() + make_interval(days => :expires_days::int) - make_interval(secs => own.paused_seconds)
  FROM drafts, (SELECT p.paused_seconds + coalesce(extract(epoch FROM clock_timestamp() - p.paused_at), 0)::bigint AS paused_seconds FROM project p WHERE p.id = :project_id) AS own
  ON CONFLICT (project, external_id) DO NOTHING
  RETURNING id, external_id
), slots AS (
  INSERT INTO slot (id, task, project, lane, kind, stage, no, state, rank, freed_at, waits_since)
  SELECT gen_random_uuid(), created.id, :project_id, drafts.lane, 'annotation', 0, no, 'free', drafts.rank, clock_timestamp(),
         least(clock_timestamp(), drafts.due_at - make_interval(secs => :sla_seconds))
  FROM created JOIN drafts USING (id) CROSS JOIN generate_series(1, :overlap::int) AS no
)
SELECT id, external_id FROM created

-- name: tasks_by_external_id
-- What the caller's names mean here.
SELECT external_id, id FROM task WHERE project = :project_id AND external_id = ANY (:external_ids::text[])

-- part: heads_that_wait
-- Of each lane `l` of a project `p`: the oldest free slot and its task `t`; where that one is late, the oldest that can be in time, and its task `u`.
CROSS JOIN LATERAL (
  SELECT s.task, s.waits_since, s.waits_since < clock_timestamp() - make_interval(secs => p.sla_seconds) AS late
  FROM slot s WHERE s.lane = l.id AND s.state = 'free' AND (s.reserved_for IS NULL OR s.kept_until <= clock_timestamp()) ORDER BY s.rank, s.id LIMIT 1
) AS head
JOIN task t ON t.id = head.task
LEFT JOIN LATERAL (
  SELECT s.rank, s.task, s.waits_since FROM slot s
  WHERE head.late AND s.lane = l.id AND s.state = 'free' AND (s.reserved_for IS NULL OR s.kept_until <= clock_timestamp())
    AND s.rank >= ((extract(epoch FROM statement_timestamp()) - p.sla_seconds) * 1000)::bigint
  ORDER BY s.rank, s.id LIMIT 1
) AS fresh ON true
LEFT JOIN task u ON u.id = fresh.task

-- name: lane_heads
-- One index probe per lane: its oldest free slot that is not kept for somebody; where that is late another one, for the oldest that can be in time
-- (the clock of the statement: a volatile one would make a filter of what is to be the probe's bound).
SELECT l.id, l.project AS project_id, l.kind, l.stage, l.domain, l.language, l.difficulty_band, l.min_level, l.required_role, l.required_credential, l.task_kind,
       l.requirement::text AS requirement, l.prefer::text AS prefer,
       p.name AS project_name, p.language_level, p.review_other_vendor OR l.other_vendor AS review_other_vendor, l.other_vendor, p.sla_seconds, p.lease_seconds, p.deadline_seconds, p.currency,
       CASE l.kind WHEN 'review' THEN p.review_cost ELSE p.annotation_cost END::int AS cost, num_nonnulls(p.cap_per_person_day, p.cap_per_person_live) > 0 AS capped,
       p.skill_half_life_days, p.expert_level, p.stick_to_topic, p.stick_to_author, p.version, l.step, p.ladder::text AS ladder, p.pauses::text AS pauses, extract(epoch FROM p.paused_at)::float8 AS paused_since,
       CASE WHEN p.calendar IS NOT NULL THEN (SELECT jsonb_build_object('zone', zone, 'weekly', weekly, 'holidays', holidays)::text FROM calendar c WHERE c.id = p.calendar) END AS calendar,
       extract(epoch FROM head.waits_since)::float8 AS waits_since, t.priority,
       fresh.rank AS fresh_rank, extract(epoch FROM fresh.waits_since)::float8 AS fresh_since, u.priority AS fresh_priority
FROM lane l
JOIN project p ON p.id = l.project AND p.state = 'published'
{heads_that_wait}
WHERE (:project_ids::uuid[] IS NULL OR l.project = ANY (:project_ids))
  AND l.kind = ANY (:kinds::text[]) AND (:lane_id::uuid IS NULL OR l.id = :lane_id)

-- name: lane_of_slot
-- The lane of one slot, in the form of lane_heads.
SELECT l.id, l.project AS project_id, l.kind, l.stage, l.domain, l.language, l.difficulty_band, l.min_level, l.required_role, l.required_credential, l.task_kind,
       l.requirement::text AS requirement, l.prefer::text AS prefer,
       p.name AS project_name, p.language_level, p.review_other_vendor OR l.other_vendor AS review_other_vendor, l.other_vendor, p.sla_seconds, p.lease_seconds, p.deadline_seconds, p.currency,
       CASE l.kind WHEN 'review' THEN p.review_cost ELSE p.annotation_cost END::int AS cost, num_nonnulls(p.cap_per_person_day, p.cap_per_person_live) > 0 AS capped,
       p.skill_half_life_days, p.expert_level, p.stick_to_topic, p.stick_to_author, p.version, p.state AS project_state, l.step, p.ladder::text AS ladder, p.pauses::text AS pauses, extract(epoch FROM p.paused_at)::float8 AS paused_since,
       CASE WHEN p.calendar IS NOT NULL THEN (SELECT jsonb_build_object('zone', zone, 'weekly', weekly, 'holidays', holidays)::text FROM calendar c WHERE c.id = p.calendar) END AS calendar,
       extract(epoch FROM s.waits_since)::float8 AS waits_since, t.priority, NULL::bigint AS fresh_rank, s.judge_id
FROM slot s JOIN lane l ON l.id = s.lane JOIN project p ON p.id = l.project JOIN task t ON t.id = s.task
WHERE s.id = :slot_id

-- name: lock_holder
-- Makes the row where there is none and locks it: one person's claims and ends wait for each other, other people's do not.
INSERT INTO holder (annotator, live, capacity) SELECT id, 0, capacity FROM annotator WHERE id = :annotator_id
ON CONFLICT (annotator) DO UPDATE SET capacity = greatest(excluded.capacity, holder.live)
RETURNING live, capacity, worked_project, worked_domain, extract(epoch FROM clock_timestamp() - worked_at)::float8 / 60 AS worked_minutes,
          (SELECT cap_per_day FROM annotator a WHERE a.id = holder.annotator) AS cap_per_day

-- name: add_live
-- By exactly what was claimed or ended, never by recounting: a recount loses what commits meanwhile.
UPDATE holder SET live = live + :difference WHERE annotator = :annotator_id

-- name: add_worked
-- add_live at a claim or the end of work that was done: the lane says what was worked on last.
UPDATE holder SET live = live + :difference, worked_project = l.project, worked_domain = l.domain, worked_at = clock_timestamp()
FROM lane l WHERE l.id = :lane_id AND holder.annotator = :annotator_id

-- name: claim_slot
-- The inner SELECT is a fence (MATERIALIZED, LIMIT 1): the planner must not run it again. SKIP LOCKED lets racing claims pass each other; the UPDATE
-- re-checks the state on the locked row; slot_one_place_per_person and assignment_one_live_per_slot judge in the end.
WITH candidate AS MATERIALIZED (
  SELECT s.id FROM slot s
  WHERE s.lane = :lane_id AND s.state = 'free' AND (s.reserved_for IS NULL OR s.kept_until <= clock_timestamp()) AND s.rank >= :from_rank
    AND s.author_id IS DISTINCT FROM :annotator_id
    AND NOT (:other_vendor AND s.author_vendor_id IS NOT DISTINCT FROM :vendor_id::uuid)
    AND NOT coalesce(:annotator_id = ANY (s.judges), false)
    AND NOT EXISTS (SELECT FROM slot o WHERE o.task = s.task AND o.annotator = :annotator_id)
    AND NOT EXISTS (SELECT FROM declined d WHERE d.task = s.task AND d.annotator = :annotator_id AND d.slot IS DISTINCT FROM s.id)
    AND NOT EXISTS (SELECT FROM task t JOIN project p ON p.id = t.project WHERE t.id = s.task AND t.expires_at + make_interval(secs => p.paused_seconds) <= clock_timestamp()
                    AND NOT EXISTS (SELECT FROM slot o WHERE o.task = t.id AND o.state IN ('live', 'done')))
  ORDER BY s.rank, s.id
  LIMIT 1
  FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
  UPDATE slot SET state = 'live', annotator = :annotator_id, assignment_id = :assignment_id, epoch = slot.epoch + 1,
         reserved_for = CASE WHEN slot.kept_until IS NULL THEN slot.reserved_for END,
         carried_price_micros = CASE WHEN slot.kept_until IS NULL THEN slot.carried_price_micros END, kept_until = NULL,
         lease_until = clock_timestamp() + make_interval(secs => :lease_seconds),
         deadline = clock_timestamp() + make_interval(secs => :deadline_seconds)
  FROM candidate WHERE slot.id = candidate.id AND slot.state = 'free'
  RETURNING slot.id, slot.task, slot.project, slot.kind, slot.epoch, slot.lease_until, slot.deadline
{counted_and_held}

-- name: reserved_slots
-- What is kept for somebody: rework, and tasks whose lease lapsed a moment ago, oldest first; taken before anything else.
SELECT id, carried_price_micros, kept_until FROM slot
WHERE reserved_for = :annotator_id AND state = 'free' AND kind = ANY (:kinds::text[])
  AND (kept_until IS NULL OR kept_until > clock_timestamp())
  AND (:project_ids::uuid[] IS NULL OR project = ANY (:project_ids))
ORDER BY kept_until, rank
LIMIT :limit

-- name: claim_reserved
-- Whoever it is kept for takes back exactly this slot.
WITH taken AS (
  UPDATE slot SET state = 'live', annotator = :annotator_id, assignment_id = :assignment_id, epoch = slot.epoch + 1,
         reserved_for = CASE WHEN slot.kept_until IS NULL THEN slot.reserved_for END,
         carried_price_micros = CASE WHEN slot.kept_until IS NULL THEN slot.carried_price_micros END, kept_until = NULL,
         lease_until = clock_timestamp() + make_interval(secs => :lease_seconds),
         deadline = clock_timestamp() + make_interval(secs => :deadline_seconds)
  WHERE slot.id = :slot_id AND slot.state = 'free' AND slot.reserved_for = :annotator_id
    AND (slot.kept_until IS NULL OR slot.kept_until > clock_timestamp())
    AND NOT EXISTS (SELECT FROM slot o WHERE o.task = slot.task AND o.annotator = :annotator_id)
    AND NOT EXISTS (SELECT FROM declined d WHERE d.task = slot.task AND d.annotator = :annotator_id AND d.slot <> slot.id)
  RETURNING slot.id, slot.task, slot.project, slot.kind, slot.epoch, slot.lease_until, slot.deadline
)
INSERT INTO assignment (id, slot, task, project, annotator, vendor, kind, epoch, state, lease_until, deadline, price_micros, currency,
                        price_inputs, why, heartbeat_at, claimed_at, cost)
SELECT :assignment_id, id, task, project, :annotator_id, :vendor_id, kind, epoch, 'live', lease_until, deadline, :price_micros, :currency,
       :price_inputs, :why, clock_timestamp(), clock_timestamp(), :cost
FROM taken
RETURNING id, slot, epoch, task, project

-- name: last_price_inputs
-- Rework keeps the price that its author saw the first time.
SELECT price_micros, currency, price_inputs, state FROM assignment WHERE slot = :slot_id ORDER BY epoch DESC LIMIT 1

-- name: lock_task
-- Whoever changes the answers of a task waits here for the other who does.
SELECT FROM task WHERE id = :task_id FOR NO KEY UPDATE

-- name: price_inputs
-- How the price of one assignment came about.
SELECT price_inputs FROM assignment WHERE id = :assignment_id

-- name: settle_task
-- The task's state follows from its answers; written only where it differs, so that the trigger sees real changes.
WITH answers AS (
  SELECT count(*) FILTER (WHERE s.state = 'live') AS live,
         count(*) FILTER (WHERE s.state = 'free' AND (s.reserved_for IS NULL OR s.kept_until IS NOT NULL)) AS free,
         count(*) FILTER (WHERE s.state = 'free' AND s.reserved_for IS NOT NULL AND s.kept_until IS NULL) AS reserved,
         count(*) FILTER (WHERE s.state = 'done' AND b.state = 'pending') AS pending,
         count(*) FILTER (WHERE s.state = 'done' AND b.state = 'accepted') AS accepted
  FROM slot s LEFT JOIN submission b ON b.assignment = s.assignment_id
  WHERE s.task = :task_id AND s.stage = 0
), settled AS (
  SELECT CASE WHEN live > 0 THEN 'in_progress' WHEN reserved > 0 THEN 'rework' WHEN free > 0 THEN 'open'
              WHEN pending > 0 OR EXISTS (SELECT FROM slot a WHERE a.task = :task_id AND a.stage = 6 AND a.state IN ('free', 'live')) THEN 'in_review' WHEN accepted > 0 THEN 'accepted' ELSE 'rejected' END AS state
  FROM answers
)
UPDATE task SET state = settled.state, version = version + 1,
       closed_at = CASE WHEN settled.state IN ('accepted', 'rejected') THEN clock_timestamp() END
FROM settled WHERE task.id = :task_id AND task.state <> settled.state AND task.state NOT IN ('accepted', 'rejected', 'cancelled')
RETURNING task.state

-- part: assignment_seen
-- Assignments with their task, as the API and the pages show them. The stage is the lane's: a look that only measures (7) is to whoever does it
-- what it is held against, of work that waits.
SELECT a.id, a.kind, a.state, a.epoch, a.slot AS slot_id, a.annotator AS annotator_id, a.project AS project_id, p.name AS project_name,
       CASE WHEN a.state = 'live' THEN s.lease_until ELSE a.lease_until END AS lease_until, a.deadline, a.price_micros, a.currency, a.price_inputs, a.why,
       a.active_seconds, a.claimed_at, a.ended_at, a.end_reason,
       (a.state = 'live' AND least(s.lease_until, s.deadline) <= clock_timestamp()) AS lapsed,
       t.id AS task_id, t.external_id, t.kind AS task_kind, t.domain, t.language, t.difficulty_level, l.difficulty_band, t.priority, t.due_at,
       t.payload, p.guidelines, p.min_turns, p.max_turns, s.submission_id, l.stage, d.version AS draft_version,
       CASE WHEN t.gold AND t.state = 'cancelled' THEN 'open' WHEN s.stage <> 7 THEN t.state ELSE coalesce((SELECT CASE k.outcome WHEN 'rework' THEN 'rework' WHEN 'reject' THEN 'open' ELSE 'accepted' END
         FROM measured_look k WHERE k.assignment = a.id), 'in_review') END AS task_state,
       CASE WHEN s.stage <> 7 THEN (SELECT count(*) FROM submission b WHERE b.slot = coalesce(s.answers_slot, a.slot) AND b.state = 'rework')
         ELSE (SELECT b.round - 1 FROM submission b WHERE b.id = s.submission_id) END::int AS rework_rounds
FROM assignment a
JOIN task t ON t.id = a.task JOIN project p ON p.id = a.project JOIN slot s ON s.id = a.slot JOIN lane l ON l.id = s.lane
LEFT JOIN draft d ON d.assignment = a.id

-- name: assignments
-- Owner and state in the WHERE; the cursor is the id.
{assignment_seen}
WHERE (:assignment_id::uuid IS NULL OR a.id = :assignment_id)
  AND (:annotator_id::uuid IS NULL OR a.annotator = :annotator_id)
  AND (:vendor_id::uuid IS NULL OR a.vendor = :vendor_id)
  AND (:state::text IS NULL OR a.state = :state)
  AND (:before::uuid IS NULL OR a.id < :before)
ORDER BY a.id DESC
LIMIT :limit

-- name: named_assignments
-- Those of these ids; a statement of its own, because it is asked with every claim and its plan is the same each time.
{assignment_seen}
WHERE a.id = ANY (:ids::uuid[])
ORDER BY a.id DESC

-- name: lock_assignment
-- The assignment with its slot, locked for a write by its owner; a stranger's does not exist for him.
SELECT a.id, a.slot AS slot_id, a.task AS task_id, a.project AS project_id, a.annotator AS annotator_id, a.vendor AS vendor_id, a.kind, a.epoch, a.state,
       a.price_micros, a.currency, a.cost, s.state AS slot_state, s.epoch AS slot_epoch, s.rank, s.lane AS lane_id, s.stage, s.submission_id, s.author_id,
       (s.state = 'live' AND s.epoch = a.epoch AND least(s.lease_until, s.deadline) > clock_timestamp()) AS holds
FROM assignment a JOIN slot s ON s.id = a.slot
WHERE a.id = :assignment_id AND a.annotator = :annotator_id
FOR NO KEY UPDATE OF s, a

-- name: heartbeat
-- Renews the lease up to the deadline; active time grows by what passed since the last sign of life, cut where it is idleness.
WITH mine AS (
  UPDATE slot SET lease_until = least(slot.deadline, clock_timestamp() + make_interval(secs => p.lease_seconds))
  FROM assignment a JOIN project p ON p.id = a.project
  WHERE a.id = :assignment_id AND slot.id = a.slot AND slot.assignment_id = :assignment_id AND slot.annotator = :annotator_id
    AND slot.epoch = :epoch AND slot.state = 'live' AND least(slot.lease_until, slot.deadline) > clock_timestamp()
  RETURNING slot.lease_until, slot.deadline
), seen AS (
  UPDATE presence SET last_seen = clock_timestamp(), since = there_since(presence.state, presence.since, presence.last_seen, :idle_minutes)
  WHERE annotator = (SELECT p.annotator FROM presence p CROSS JOIN mine WHERE p.annotator = :annotator_id AND p.last_seen < clock_timestamp() - interval '1 minute'
                     FOR NO KEY UPDATE OF p SKIP LOCKED)
)
UPDATE assignment SET lease_until = mine.lease_until,
       active_seconds = active_seconds + least(extract(epoch FROM clock_timestamp() - heartbeat_at), :idle_cut_seconds)::int * :active::int,
       heartbeat_at = clock_timestamp()
FROM mine WHERE assignment.id = :assignment_id
RETURNING assignment.lease_until, assignment.deadline, assignment.active_seconds

-- name: free_slot
-- Back to the pool with the same epoch: the next claim raises it, and the old holder's writes fail from then on.
UPDATE slot SET state = 'free', annotator = NULL, assignment_id = NULL, lease_until = NULL, deadline = NULL, freed_at = clock_timestamp()
WHERE id = :slot_id AND state = 'live' AND epoch = :epoch

-- name: end_assignment
-- Only a live assignment ends, once; the last stretch of active time is added on submit. Handing in and handing back are signs of life.
WITH seen AS (
  UPDATE presence SET last_seen = clock_timestamp(), since = there_since(presence.state, presence.since, presence.last_seen, :idle_minutes)
  WHERE annotator = (SELECT p.annotator FROM presence p WHERE :state::text IN ('submitted', 'declined') AND p.last_seen < clock_timestamp() - interval '1 minute'
                     AND p.annotator = (SELECT a.annotator FROM assignment a WHERE a.id = :assignment_id) FOR NO KEY UPDATE SKIP LOCKED)
)
UPDATE assignment SET state = :state::text, ended_at = clock_timestamp(), end_reason = :reason,
       active_seconds = active_seconds + CASE WHEN :state::text = 'submitted'
         THEN least(extract(epoch FROM clock_timestamp() - heartbeat_at), :idle_cut_seconds)::int ELSE 0 END
WHERE id = :assignment_id AND state = 'live'

-- name: remember_declined
-- So that the task does not come back to who handed it back, not even the place in which they had a part.
INSERT INTO declined (id, task, annotator, reason, at) VALUES (:id, :task_id, :annotator_id, :reason, clock_timestamp())
ON CONFLICT (task, annotator) DO UPDATE SET slot = NULL, reason = excluded.reason, at = excluded.at WHERE declined.slot IS NOT NULL

-- name: lapsed_leases
-- Live slots whose lease or deadline has passed, oldest first; not locked here: holders are locked first, in order.
SELECT id AS slot_id, assignment_id, annotator AS annotator_id FROM slot
WHERE state = 'live' AND least(lease_until, deadline) <= clock_timestamp()
ORDER BY least(lease_until, deadline)
LIMIT :limit

-- name: lock_lapsed
-- Looked at again under the lock: a heartbeat or a submit may have come first.
SELECT id AS slot_id, task AS task_id, epoch, assignment_id, annotator AS annotator_id, project AS project_id FROM slot
WHERE id = :slot_id AND assignment_id = :assignment_id AND state = 'live' AND least(lease_until, deadline) <= clock_timestamp()
FOR NO KEY UPDATE

-- name: save_draft
-- Only over the version that was read: two tabs cannot silently overwrite each other.
INSERT INTO draft (assignment, version, payload, saved_at)
SELECT a.id, 1, :payload, clock_timestamp() FROM assignment a WHERE a.id = :assignment_id AND a.annotator = :annotator_id
ON CONFLICT (assignment) DO UPDATE SET version = draft.version + 1, payload = excluded.payload, saved_at = clock_timestamp()
WHERE :version::int IS NULL OR draft.version = :version
RETURNING version, saved_at

-- name: draft_of
-- The newest draft of this person for this task, also from an earlier assignment: work survives its lease.
SELECT d.assignment AS assignment_id, d.version, d.payload, d.saved_at
FROM draft d JOIN assignment a ON a.id = d.assignment
WHERE a.task = :task_id AND a.annotator = :annotator_id
ORDER BY d.saved_at DESC
LIMIT 1

-- name: finish_slot
-- The fence: only the live holder of this epoch, inside lease and deadline by the database's clock.
UPDATE slot SET state = 'done', lease_until = NULL, deadline = NULL, reserved_for = NULL, carried_price_micros = NULL, kept_until = NULL
WHERE id = :slot_id AND assignment_id = :assignment_id AND epoch = :epoch AND state = 'live' AND least(lease_until, deadline) > clock_timestamp()

-- name: insert_submission
-- One per assignment (submission_one_per_assignment); rounds count the looks at this slot's work.
INSERT INTO submission (id, assignment, slot, task, project, author, round, state, payload, content_hash, submitted_at)
SELECT :id, :assignment_id, :slot_id, :task_id, :project_id, :author_id,
       1 + (SELECT count(*) FROM submission b WHERE b.slot = :slot_id AND b.state <> 'surplus'), :state, :payload, :content_hash, clock_timestamp()
RETURNING id, round, submitted_at

-- name: submission_of_assignment
-- For a retry: what was submitted, also when late work was taken in again under an assignment of its own.
SELECT b.id, b.assignment AS assignment_id, b.state, b.round, b.submitted_at, b.content_hash, b.state = 'surplus' OR a.why ? 'late' AS late
FROM submission b JOIN assignment a ON a.id = b.assignment
JOIN assignment sent ON sent.id = :assignment_id AND sent.slot = a.slot
WHERE a.id = sent.id OR a.why ->> 'late' = sent.id::text

-- name: submission_for_review
-- What the reviewer judges, locked: a verdict is given once.
SELECT b.id, b.slot AS slot_id, b.task AS task_id, b.project AS project_id, b.author AS author_id, b.assignment AS assignment_id, b.round, b.state, b.payload,
       t.difficulty_mean, t.difficulty_variance, t.domain, t.kind AS task_kind, p.rework_limit, p.answer_limit, a.price_micros, a.vendor AS author_vendor_id,
       (SELECT count(*) FROM submission r WHERE r.slot = b.slot AND r.state = 'rework')::int AS rework_rounds,
       (SELECT max(no) FROM slot n WHERE n.task = b.task AND n.stage = 0)::int AS answers
FROM submission b JOIN task t ON t.id = b.task JOIN project p ON p.id = b.project JOIN assignment a ON a.id = b.assignment
WHERE b.id = :submission_id
FOR NO KEY UPDATE OF b, t

-- name: insert_verdict
-- verdict_one_per_stage and verdict_not_own_work judge.
INSERT INTO verdict (id, submission, stage, assignment, reviewer, author_id, outcome, scores, reasons, comment, corrected, given_at)
VALUES (:id, :submission_id, :stage, :assignment_id, :reviewer_id, :author_id, :outcome, :scores, :reasons, :comment, :corrected, clock_timestamp())

-- name: decide_submission
-- Follows the verdict, in its transaction.
UPDATE submission SET state = :state, decided_at = clock_timestamp() WHERE id = :submission_id AND state = 'pending'

-- name: return_to_author
-- Rework: the slot is free for its author alone, at the price that was seen.
UPDATE slot SET state = 'free', annotator = NULL, assignment_id = NULL, reserved_for = :author_id, carried_price_micros = :price_micros, freed_at = clock_timestamp()
WHERE id = :slot_id AND state = 'done'

-- name: end_reservation
-- The author handed the rework back or let it lapse: anybody may take it, at today's price.
UPDATE slot SET reserved_for = NULL, carried_price_micros = NULL, kept_until = NULL WHERE id = :slot_id AND reserved_for IS NOT NULL

-- name: end_old_reservations
-- Rework that its author does not take within the project's deadline goes to everybody, and so does what was kept after a lease; readers know it before.
UPDATE slot SET reserved_for = NULL, carried_price_micros = NULL, kept_until = NULL FROM project p
WHERE slot.state = 'free' AND slot.reserved_for IS NOT NULL AND p.id = slot.project
  AND (slot.kept_until <= clock_timestamp() OR slot.kept_until IS NULL AND slot.freed_at < clock_timestamp() - make_interval(secs => p.deadline_seconds))
RETURNING slot.task AS task_id

-- name: add_answer_slot
-- After a reject another person's answer is wanted, in the lane and rank of the first.
INSERT INTO slot (id, task, project, lane, kind, stage, no, state, rank, freed_at)
SELECT :id, task, project, lane, 'annotation', 0, (SELECT max(no) + 1 FROM slot n WHERE n.task = s.task AND n.stage = 0), 'free', rank, clock_timestamp()
FROM slot s WHERE s.id = :slot_id

-- name: update_difficulty
-- The posterior of the task's difficulty after an outcome.
UPDATE task SET difficulty_mean = :mean, difficulty_variance = :variance WHERE id = :task_id

-- name: kept_from
-- For a claim that found nothing: free places, 500 of them at most, by what keeps this person from each.
SELECT count(*) FILTER (WHERE state = 'paused')::int AS paused,
       count(*) FILTER (WHERE state = 'published' AND own_place)::int AS own_place,
       count(*) FILTER (WHERE state = 'published' AND NOT own_place AND declined)::int AS declined,
       count(*) FILTER (WHERE state = 'published' AND NOT own_place AND NOT declined AND reserved)::int AS reserved,
       count(*) FILTER (WHERE state = 'published' AND NOT own_place AND NOT declined AND grace)::int AS grace
FROM (
  SELECT p.state, s.reserved_for IS NOT NULL AND s.reserved_for <> :annotator_id AND s.kept_until IS NULL AS reserved,
         s.reserved_for <> :annotator_id AND s.kept_until > clock_timestamp() AS grace,
         s.author_id IS NOT DISTINCT FROM :annotator_id OR coalesce(:annotator_id = ANY (s.judges), false)
           OR EXISTS (SELECT FROM slot o WHERE o.task = s.task AND o.annotator = :annotator_id)
           OR EXISTS (SELECT FROM declined d WHERE d.task = s.task AND d.annotator = :annotator_id AND d.slot <> s.id) AS own_place,
         EXISTS (SELECT FROM declined d WHERE d.task = s.task AND d.annotator = :annotator_id AND d.slot IS NULL) AS declined
  FROM slot s JOIN project p ON p.id = s.project
  WHERE s.state = 'free' AND p.state IN ('published', 'paused') AND s.kind = ANY (:kinds::text[])
    AND (:project_ids::uuid[] IS NULL OR s.project = ANY (:project_ids))
  LIMIT 500
) AS free_place

-- name: waiting_per_lane
-- Free slots by lane, counted no further than people can tell apart.
SELECT l.id AS lane, (SELECT count(*) FROM (SELECT FROM slot s WHERE s.lane = l.id AND s.state = 'free' AND (s.reserved_for IS NULL OR s.kept_until <= clock_timestamp()) LIMIT 1000) AS counted)::int AS waiting
FROM unnest(:lane_ids::uuid[]) AS l (id)

-- name: retake_slot
-- For late work: the slot, if it is still free for this person and no other place of the task is theirs.
WITH taken AS (
  UPDATE slot SET state = 'live', annotator = :annotator_id, assignment_id = :assignment_id, epoch = slot.epoch + 1,
         reserved_for = CASE WHEN slot.kept_until IS NULL THEN slot.reserved_for END,
         carried_price_micros = CASE WHEN slot.kept_until IS NULL THEN slot.carried_price_micros END, kept_until = NULL,
         lease_until = clock_timestamp() + interval '1 minute', deadline = clock_timestamp() + interval '1 minute'
  WHERE slot.id = :slot_id AND slot.state = 'free' AND (slot.reserved_for IS NULL OR slot.reserved_for = :annotator_id OR slot.kept_until <= clock_timestamp())
    AND NOT EXISTS (SELECT FROM slot o WHERE o.task = slot.task AND o.annotator = :annotator_id)
    AND NOT EXISTS (SELECT FROM declined d WHERE d.task = slot.task AND d.annotator = :annotator_id AND d.slot <> slot.id)
  RETURNING slot.id, slot.task, slot.project, slot.kind, slot.epoch, slot.lease_until, slot.deadline
)
INSERT INTO assignment (id, slot, task, project, annotator, vendor, kind, epoch, state, lease_until, deadline, price_micros, currency,
                        price_inputs, why, heartbeat_at, claimed_at)
SELECT :assignment_id, id, task, project, :annotator_id, :vendor_id, kind, epoch, 'live', lease_until, deadline, :price_micros, :currency,
       :price_inputs, :why, clock_timestamp(), clock_timestamp()
FROM taken
RETURNING id

-- name: submission_by_id
-- The work itself, for its reviewer, its author and managers.
SELECT b.id, b.task AS task_id, b.project AS project_id, b.author AS author_id, b.assignment AS assignment_id, b.round, b.state, b.payload, b.submitted_at, b.decided_at
FROM submission b WHERE b.id = :submission_id

-- name: correction_given
-- For the reviewer who looks back: the work as this review corrected it.
SELECT corrected FROM verdict WHERE assignment = :assignment_id AND corrected IS NOT NULL AND stage <= 5
UNION ALL SELECT corrected FROM measured_look WHERE assignment = :assignment_id AND corrected IS NOT NULL

-- name: last_verdict_for_author
-- What the reviewer said about this person's newest submission of the task, and what counts where that was overturned.
SELECT coalesce(o.outcome, v.outcome) AS outcome, CASE WHEN o.scores <> '{}' THEN o.scores ELSE v.scores END AS scores, v.reasons, v.comment, v.given_at, b.round,
       CASE WHEN o.id IS NOT NULL THEN v.outcome END AS given, o.reason AS overturned_because
FROM verdict v JOIN submission b ON b.id = v.submission
LEFT JOIN LATERAL (SELECT o.id, o.outcome, o.scores, o.reason FROM overturn o WHERE o.verdict = v.id AND NOT o.upheld ORDER BY o.decided_at DESC LIMIT 1) o ON true
WHERE b.task = :task_id AND b.author = :annotator_id
ORDER BY v.given_at DESC
LIMIT 1

-- name: returned_to
-- Rework that waits for its author, with the reviewer's words.
SELECT s.id AS slot_id, t.id AS task_id, t.external_id, t.domain, t.language, t.payload, s.carried_price_micros AS price_micros, p.currency, p.name AS project_name,
       s.freed_at AS returned_at, v.reasons, v.comment,
       (SELECT a.price_inputs FROM assignment a WHERE a.slot = s.id ORDER BY a.epoch DESC LIMIT 1) AS price_inputs
FROM slot s JOIN task t ON t.id = s.task JOIN project p ON p.id = s.project
JOIN LATERAL (SELECT v.reasons, v.comment FROM verdict v JOIN submission b ON b.id = v.submission
              WHERE b.slot = s.id ORDER BY v.given_at DESC LIMIT 1) v ON true
WHERE s.reserved_for = :annotator_id AND s.state = 'free' AND s.kept_until IS NULL
ORDER BY s.freed_at

-- name: queue_matrix
-- The floor's matrix: what waits, is held, is in review and is done, by domain and difficulty; free slots give the age of the oldest.
WITH places AS (
  SELECT l.domain, l.difficulty_band,
         count(*) FILTER (WHERE s.state = 'free' AND s.kind = 'annotation')::int AS waiting,
         count(*) FILTER (WHERE s.state = 'live' AND s.kind = 'annotation')::int AS in_work,
         count(*) FILTER (WHERE s.state = 'free' AND s.kind = 'review')::int AS review_waiting,
         count(*) FILTER (WHERE s.state = 'live' AND s.kind = 'review')::int AS in_review,
         min(s.freed_at) FILTER (WHERE s.state = 'free') AS oldest
  FROM slot s JOIN lane l ON l.id = s.lane JOIN project p ON p.id = l.project
  WHERE s.state IN ('free', 'live') AND p.state IN ('published', 'paused') AND (:project_id::uuid IS NULL OR l.project = :project_id)
  GROUP BY 1, 2
), finished AS (
  SELECT l.domain, l.difficulty_band,
         count(*) FILTER (WHERE t.state = 'accepted')::int AS accepted, count(*) FILTER (WHERE t.state = 'rejected')::int AS rejected
  FROM task t JOIN lane l ON l.id = t.lane
  WHERE t.state IN ('accepted', 'rejected') AND NOT t.gold AND (:project_id::uuid IS NULL OR l.project = :project_id)
  GROUP BY 1, 2
)
SELECT domain, difficulty_band, coalesce(waiting, 0) AS waiting, coalesce(in_work, 0) AS in_work, coalesce(review_waiting, 0) AS review_waiting,
       coalesce(in_review, 0) AS in_review, coalesce(accepted, 0) AS accepted, coalesce(rejected, 0) AS rejected,
       coalesce(extract(epoch FROM clock_timestamp() - oldest), 0)::int AS oldest_seconds
FROM places FULL JOIN finished USING (domain, difficulty_band)
ORDER BY domain, difficulty_band

-- name: queue_matrix_of_vendor
-- The same matrix for a vendor's manager: only what the vendor's people hold or have done. What waits is nobody's yet, and not theirs to see.
SELECT l.domain, l.difficulty_band, 0 AS waiting, count(*) FILTER (WHERE a.state = 'live' AND a.kind = 'annotation')::int AS in_work,
       0 AS review_waiting, count(*) FILTER (WHERE a.state = 'live' AND a.kind = 'review')::int AS in_review,
       count(*) FILTER (WHERE b.state = 'accepted')::int AS accepted, count(*) FILTER (WHERE b.state = 'rejected')::int AS rejected, 0 AS oldest_seconds
FROM assignment a JOIN slot s ON s.id = a.slot JOIN lane l ON l.id = s.lane LEFT JOIN submission b ON b.assignment = a.id
WHERE a.vendor = :vendor_id AND (a.state = 'live' OR b.state IN ('accepted', 'rejected')) AND (:project_id::uuid IS NULL OR a.project = :project_id)
GROUP BY 1, 2
ORDER BY 1, 2

-- name: live_holds
-- Who does what now, as the floor shows it.
SELECT a.id, a.kind, a.annotator AS annotator_id, n.display_name AS annotator, v.name AS vendor, t.id AS task_id, t.external_id, t.domain, t.language,
       l.difficulty_band, p.name AS project_name, a.claimed_at, s.lease_until, s.deadline, a.active_seconds, a.price_micros, a.currency,
       (SELECT count(DISTINCT u.parent) FROM conversation c JOIN turn u ON u.conversation = c.id
        WHERE c.task = a.task AND c.annotator = a.annotator AND u.role = 'assistant')::int AS turns,
       t.payload->>'title' AS title, (SELECT count(*) FROM submission b WHERE b.slot = a.slot AND b.state = 'rework')::int AS rework_rounds
FROM assignment a JOIN slot s ON s.id = a.slot JOIN lane l ON l.id = s.lane JOIN task t ON t.id = a.task
JOIN project p ON p.id = a.project JOIN annotator n ON n.id = a.annotator LEFT JOIN vendor v ON v.id = a.vendor
WHERE a.state = 'live' AND (:project_id::uuid IS NULL OR a.project = :project_id) AND (:vendor_id::uuid IS NULL OR a.vendor = :vendor_id)
  AND (:domain::text IS NULL OR t.domain = :domain) AND (:kind::text IS NULL OR a.kind = :kind)
ORDER BY a.claimed_at
LIMIT :limit

-- name: throughput
-- Work handed in and work accepted, per minute of the last ones; minutes without any are there too.
SELECT minute, coalesce(s.n, 0)::int AS submitted, coalesce(d.n, 0)::int AS accepted
FROM generate_series(date_trunc('minute', clock_timestamp()) - make_interval(mins => :minutes::int - 1), date_trunc('minute', clock_timestamp()), interval '1 minute') AS minute
LEFT JOIN (SELECT date_trunc('minute', ended_at) AS minute, count(*) AS n FROM assignment
           WHERE state = 'submitted' AND kind = 'annotation' AND ended_at > clock_timestamp() - make_interval(mins => :minutes::int)
             AND (:project_id::uuid IS NULL OR project = :project_id) AND (:vendor_id::uuid IS NULL OR vendor = :vendor_id) GROUP BY 1) s USING (minute)
LEFT JOIN (SELECT date_trunc('minute', b.decided_at) AS minute, count(*) AS n FROM submission b JOIN assignment w ON w.id = b.assignment
           WHERE b.state = 'accepted' AND b.decided_at > clock_timestamp() - make_interval(mins => :minutes::int)
             AND (:project_id::uuid IS NULL OR b.project = :project_id) AND (:vendor_id::uuid IS NULL OR w.vendor = :vendor_id) GROUP BY 1) d USING (minute)
ORDER BY minute

-- name: quality
-- First-pass yield and outcomes by domain, over verdicts since a moment.
SELECT t.domain, count(*)::int AS verdicts,
       count(*) FILTER (WHERE v.outcome = 'accept')::int AS accepted, count(*) FILTER (WHERE v.outcome = 'fix')::int AS fixed,
       count(*) FILTER (WHERE v.outcome = 'rework')::int AS reworked, count(*) FILTER (WHERE v.outcome = 'reject')::int AS rejected,
       count(*) FILTER (WHERE b.round = 1)::int AS first_looks, count(*) FILTER (WHERE b.round = 1 AND v.outcome = 'accept')::int AS first_pass
FROM verdict v JOIN submission b ON b.id = v.submission JOIN task t ON t.id = b.task JOIN assignment w ON w.id = b.assignment
WHERE v.given_at >= :since AND (:project_id::uuid IS NULL OR b.project = :project_id) AND (:vendor_id::uuid IS NULL OR w.vendor = :vendor_id)
GROUP BY 1 ORDER BY 1

-- name: floor_totals
-- The numbers at the top of the floor: today's verdicts by outcome, and late work that waits for a decision.
SELECT count(*) FILTER (WHERE v.outcome IN ('accept', 'fix'))::int AS accepted_today, count(*) FILTER (WHERE v.outcome = 'reject')::int AS rejected_today,
       count(*) FILTER (WHERE v.outcome = 'rework')::int AS reworked_today,
       (SELECT count(*) FROM submission b JOIN assignment w ON w.id = b.assignment
        WHERE b.state = 'surplus' AND (:project_id::uuid IS NULL OR b.project = :project_id) AND (:vendor_id::uuid IS NULL OR w.vendor = :vendor_id))::int AS surplus
FROM verdict v JOIN submission b ON b.id = v.submission JOIN assignment w ON w.id = b.assignment
WHERE v.given_at >= date_trunc('day', clock_timestamp()) AND (:project_id::uuid IS NULL OR b.project = :project_id)
  AND (:vendor_id::uuid IS NULL OR w.vendor = :vendor_id)

-- part: a_task
SELECT t.id, t.external_id, t.kind, t.domain, t.language, t.difficulty_level, l.difficulty_band, t.difficulty_mean, t.difficulty_variance, t.priority, t.due_at,
       CASE WHEN t.gold AND t.state = 'cancelled' THEN 'open' ELSE t.state END AS state, t.project AS project_id, p.name AS project_name, t.version, t.created_at, t.closed_at, t.requirements, t.payload,
       CASE WHEN t.state = 'open' THEN t.expires_at + make_interval(secs => p.paused_seconds + coalesce(extract(epoch FROM clock_timestamp() - p.paused_at), 0)::bigint) END AS expires_at,
       (SELECT n.display_name FROM slot s JOIN annotator n ON n.id = s.annotator WHERE s.task = t.id AND s.state = 'live' LIMIT 1) AS held_by
FROM task t JOIN project p ON p.id = t.project JOIN lane l ON l.id = t.lane

-- part: of_the_filter
AND (:project_id::uuid IS NULL OR t.project = :project_id) AND (:state::text IS NULL OR t.state = :state)
  AND (:domain::text IS NULL OR t.domain = :domain) AND (:language::text IS NULL OR t.language = :language)
  AND (:band::int IS NULL OR l.difficulty_band = :band)

-- part: with_the_words
JOIN task_words w ON w.task = t.id AND strpos(w.words, lower(:search::text)) > 0
  AND (search_grams(w.words) @> search_asked(lower(:search), 0) OR search_grams(w.words) @> search_asked(lower(:search), 1)
    OR search_grams(w.words) @> search_asked(lower(:search), 2))

-- name: task
-- One, also a copy of gold.
{a_task}
WHERE t.id = :id

-- name: tasks
-- Tasks by filters, newest first; the cursor is the id.
{a_task}
WHERE NOT t.gold AND (:before::uuid IS NULL OR t.id < :before)
{of_the_filter}
ORDER BY t.id DESC
LIMIT :limit

-- name: tasks_by_words
-- Those of them that hold a piece of text in name or title, by the index of pieces (copies of gold are not in it).
{a_task}
{with_the_words}
WHERE (:before::uuid IS NULL OR t.id < :before)
{of_the_filter}
ORDER BY t.id DESC
LIMIT :limit

-- name: task_history
-- Everything that happened to a task, oldest first: changes of state, claims and their ends, submissions, what its plan of review decided, verdicts,
-- second looks, disputes, holds whose second sample has one of its verdicts, decisions between answers, and looks that only measured who looked.
SELECT at, what, who, detail FROM (
  SELECT t.created_at AS at, 'task.created' AS what, NULL::text AS who, jsonb_build_object('external_id', t.external_id) AS detail FROM task t WHERE t.id = :task_id
  UNION ALL
  SELECT e.at, e.action, e.actor, jsonb_strip_nulls(jsonb_build_object('from', e.before->>'state', 'to', e.after->>'state', 'reason', e.reason))
  FROM audit_entry e WHERE e.subject_type = 'task' AND e.subject_id = :task_id::uuid::text
  UNION ALL
  SELECT a.claimed_at, a.kind || '.claimed', n.display_name, jsonb_build_object('assignment_id', a.id, 'epoch', a.epoch, 'price_micros', a.price_micros, 'currency', a.currency, 'why', a.why)
  FROM assignment a JOIN annotator n ON n.id = a.annotator WHERE a.task = :task_id
  UNION ALL
  SELECT a.ended_at, a.kind || '.' || a.state, n.display_name, jsonb_build_object('assignment_id', a.id, 'active_seconds', a.active_seconds, 'reason', a.end_reason)
  FROM assignment a JOIN annotator n ON n.id = a.annotator WHERE a.task = :task_id AND a.ended_at IS NOT NULL
  UNION ALL
  SELECT r.at, 'ladder.relaxed', n.display_name, jsonb_build_object('assignment_id', r.assignment, 'step', r.step, 'relaxed', r.relaxed)
  FROM relaxation r JOIN assignment a ON a.id = r.assignment JOIN annotator n ON n.id = a.annotator WHERE r.task = :task_id
  UNION ALL
  SELECT v.given_at, 'verdict.' || v.outcome, n.display_name, jsonb_build_object('scores', v.scores, 'reasons', v.reasons, 'comment', v.comment, 'round', b.round, 'stage', v.stage, 'verdict_id', v.id,
    'counts', coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome))
  FROM verdict v JOIN submission b ON b.id = v.submission JOIN annotator n ON n.id = v.reviewer WHERE b.task = :task_id
  UNION ALL
  SELECT o.decided_at, CASE WHEN o.upheld THEN 'verdict.upheld' ELSE 'verdict.overturned' END, o.decided_by, jsonb_build_object('outcome', o.outcome, 'reason', o.reason,
    'verdict_id', v.id)
  FROM overturn o JOIN verdict v ON v.id = o.verdict JOIN submission b ON b.id = v.submission WHERE b.task = :task_id
  UNION ALL
  SELECT c.at, c.what, NULL, jsonb_build_object('stage', r.stage, 'of', greatest(coalesce(jsonb_array_length(l.stages), 1), r.stage), 'name', coalesce(r.reason ->> 'stage', ''), 'round', b.round,
    'chance', r.chance, 'why', r.reason, 'due_at', r.due_at, 'overdue', r.overdue)
  FROM submission b JOIN review_step r ON r.submission = b.id LEFT JOIN review_plan l ON l.project = r.project AND l.version = r.plan_version
  CROSS JOIN LATERAL (VALUES (r.decided_at, CASE WHEN r.looked THEN 'stage.looked' ELSE 'stage.let_pass' END), (r.overdue_at, 'stage.overdue')) AS c (at, what)
  WHERE b.task = :task_id AND c.at IS NOT NULL AND r.stage <= 5
  UNION ALL
  SELECT c.at, c.what, CASE WHEN c.what = 'dispute.opened' THEN n.display_name END, jsonb_build_object('verdict_id', d.verdict, 'reason', c.reason, 'due_at', c.due_at)
  FROM submission b JOIN verdict v ON v.submission = b.id JOIN dispute d ON d.verdict = v.id JOIN annotator n ON n.id = d.author
  CROSS JOIN LATERAL (VALUES (d.opened_at, 'dispute.opened', d.reason, d.due_at), (CASE WHEN d.state = 'withdrawn' THEN d.decided_at END, 'dispute.withdrawn', '', NULL)) AS c (at, what, reason, due_at)
  WHERE b.task = :task_id AND c.at IS NOT NULL
  UNION ALL
  SELECT j.decided_at, 'task.adjudicated', n.display_name, jsonb_build_object('label', j.label, 'reason', j.reason, 'answers', j.answers)
  FROM adjudication j JOIN annotator n ON n.id = j.adjudicator WHERE j.task = :task_id
  UNION ALL
  SELECT k.given_at, 'look.' || k.kind, n.display_name, jsonb_build_object('outcome', k.outcome, 'verdict_id', k.verdict, 'reasons', k.reasons, 'comment', k.comment, 'round', b.round)
  FROM submission b JOIN measured_look k ON k.submission = b.id JOIN annotator n ON n.id = k.reviewer WHERE b.task = :task_id
  UNION ALL
  SELECT c.at, 'hold.' || c.what, coalesce(n.display_name, h.subject), jsonb_build_object('hold_id', h.id, 'verdict_id', v.id, 'reason', c.reason)
  FROM submission b JOIN verdict v ON v.submission = b.id JOIN hold_sample s ON s.verdict = v.id JOIN review_hold h ON h.id = s.hold LEFT JOIN annotator n ON n.id = h.annotator
  CROSS JOIN LATERAL (VALUES (h.opened_at, 'opened', ''), (h.decided_at, h.state, h.reason)) AS c (at, what, reason)
  WHERE b.task = :task_id AND c.at IS NOT NULL
) AS history
ORDER BY at

-- name: slots_of_task
-- The places of a task, for its explanation.
SELECT s.id, s.kind, s.stage, s.no, s.state, s.annotator AS annotator_id, CASE WHEN s.kept_until IS NULL OR s.kept_until > clock_timestamp() THEN s.reserved_for END AS reserved_for, s.kept_until, coalesce(s.kept_until > clock_timestamp(), false) AS kept, s.author_id, s.author_vendor_id, s.judge_id, s.judges, s.freed_at, s.lane AS lane_id
FROM slot s WHERE s.task = :task_id ORDER BY s.stage, s.no

-- name: lock_holders
-- Locks those who can be served together, in the order of ids; `common` is somebody with room, in good state, neither away nor finishing, for whom no rework, lapsed task
-- or review of somebody whom they judged before is there, and whose next task is not to be gold.
SELECT h.annotator, a.vendor, h.capacity - h.live AS room, h.worked_project, h.worked_domain, extract(epoch FROM clock_timestamp() - h.worked_at)::float8 / 60 AS worked_minutes,
       a.cap_per_day, coalesce(v.version, 0) AS version, coalesce((SELECT w.version FROM profile_version w WHERE w.annotator = '00000000-0000-0000-0000-000000000000'), 0) AS world,
       a.state = 'active' AND h.capacity = a.capacity AND h.live < h.capacity
         AND NOT EXISTS (SELECT FROM presence p WHERE p.annotator = h.annotator AND p.state <> 'available')
         AND NOT EXISTS (SELECT FROM slot s WHERE s.reserved_for = h.annotator AND s.state = 'free' AND (s.kept_until IS NULL OR s.kept_until > clock_timestamp()))
         AND NOT EXISTS (SELECT FROM slot s WHERE s.judge_id = h.annotator AND s.state = 'free')
         AND NOT EXISTS (SELECT FROM gold_due g WHERE g.annotator = h.annotator) AS common
FROM holder h JOIN annotator a ON a.id = h.annotator LEFT JOIN profile_version v ON v.annotator = h.annotator
WHERE h.annotator = ANY (:annotator_ids::uuid[])
ORDER BY h.annotator
FOR NO KEY UPDATE OF h

-- name: free_lanes
-- lane_heads without what does not change: which lanes have a free slot, on which step they stand, and since when their heads wait.
SELECT l.id, p.version, l.step, extract(epoch FROM head.waits_since)::float8 AS waits_since, t.priority,
       fresh.rank AS fresh_rank, extract(epoch FROM fresh.waits_since)::float8 AS fresh_since, u.priority AS fresh_priority
FROM lane l
JOIN project p ON p.id = l.project AND p.state = 'published'
{heads_that_wait}
WHERE l.kind = ANY (:kinds::text[])

-- name: lock_lane_heads
-- As many free slots of each lane as are wanted, if its project's rules are still those that it was judged by, passing by what other claims
-- hold, with everybody who had a part in the task or handed it back.
SELECT wanted.place, head.id, head.task, head.author_id, head.author_vendor_id,
       ARRAY(SELECT o.annotator FROM slot o WHERE o.task = head.task AND o.annotator IS NOT NULL
             UNION ALL SELECT d.annotator FROM declined d WHERE d.task = head.task AND d.slot IS DISTINCT FROM head.id UNION ALL SELECT unnest(head.judges)) AS involved
FROM unnest(:places::int[], :lane_ids::uuid[], :from_ranks::bigint[], :counts::int[], :versions::int[]) AS wanted (place, lane, from_rank, places, version)
JOIN lane l ON l.id = wanted.lane
JOIN project p ON p.id = l.project AND p.state = 'published' AND p.version = wanted.version
CROSS JOIN LATERAL (
  SELECT s.id, s.task, s.author_id, s.author_vendor_id, s.judges, s.rank FROM slot s
  WHERE s.lane = wanted.lane AND s.state = 'free' AND (s.reserved_for IS NULL OR s.kept_until <= clock_timestamp()) AND s.rank >= wanted.from_rank
    AND NOT EXISTS (SELECT FROM task t JOIN project p ON p.id = t.project WHERE t.id = s.task AND t.expires_at + make_interval(secs => p.paused_seconds) <= clock_timestamp()
                    AND NOT EXISTS (SELECT FROM slot o WHERE o.task = t.id AND o.state IN ('live', 'done')))
  ORDER BY s.rank, s.id
  LIMIT wanted.places
  FOR NO KEY UPDATE SKIP LOCKED
) AS head
ORDER BY wanted.place, head.rank, head.id

-- name: name_actors
-- Who did what, where one transaction serves several: the audit trigger reads it by the row's id.
SELECT set_config('callboard.actors', :actors, true)

-- name: claim_slots
-- claim_slot for many: slots that lock_lane_heads holds, their assignments as assignment_seen has them, their holders' counts, what is told of it,
-- and what settle_task says of a task with a live answer, locked in the order of ids, as settling does. Presence is looked at again: lock_holders
-- read it before it had the lock that a change of presence holds.
WITH wanted AS (
  SELECT * FROM unnest(:slot_ids::uuid[], :assignment_ids::uuid[], :annotator_ids::uuid[], :vendor_ids::uuid[], :lease_seconds::float8[],
    :deadline_seconds::float8[], :prices::bigint[], :currencies::text[], :price_inputs::jsonb[], :whys::jsonb[], :event_ids::uuid[],
    :costs::int[], :project_days::date[], :site_days::date[], :domains::text[])
    AS w (slot_id, assignment_id, annotator_id, vendor_id, lease_seconds, deadline_seconds, price_micros, currency, price_inputs, why, event_id, cost, project_day, site_day, domain)
), taken AS (
  UPDATE slot SET state = 'live', annotator = w.annotator_id, assignment_id = w.assignment_id, epoch = slot.epoch + 1,
         reserved_for = NULL, carried_price_micros = NULL, kept_until = NULL,
         lease_until = clock_timestamp() + make_interval(secs => w.lease_seconds),
         deadline = clock_timestamp() + make_interval(secs => w.deadline_seconds)
  FROM wanted w WHERE slot.id = w.slot_id AND slot.state = 'free' AND (slot.reserved_for IS NULL OR slot.kept_until <= clock_timestamp())
    AND NOT EXISTS (SELECT FROM presence p WHERE p.annotator = w.annotator_id AND p.state <> 'available')
  RETURNING slot.id, slot.task, slot.project, slot.lane, slot.kind, slot.stage, slot.epoch, slot.lease_until, slot.deadline, slot.submission_id,
            slot.answers_slot, w.*
), told AS (
  INSERT INTO event (id, type, project_id, subject_id, vendor_id, data)
  SELECT event_id, 'assignment.claimed', project, task, vendor_id,
    jsonb_build_object('assignment_id', assignment_id, 'task_id', task, 'annotator_id', annotator_id, 'kind', kind, 'slot_id', id, 'epoch', epoch)
  FROM taken
), held AS (
  UPDATE holder SET live = live + taken.cost, worked_project = taken.project, worked_domain = taken.domain, worked_at = clock_timestamp() FROM taken WHERE holder.annotator = taken.annotator_id
), seen AS (
  INSERT INTO presence (annotator, state, since, last_seen, reason) SELECT annotator_id, 'available', clock_timestamp(), clock_timestamp(), '' FROM taken
  ON CONFLICT (annotator) DO UPDATE SET last_seen = excluded.last_seen, since = there_since(presence.state, presence.since, presence.last_seen, :idle_minutes)
  WHERE presence.last_seen < clock_timestamp() - interval '1 minute'
), counted AS (
  INSERT INTO given (id, annotator, project, day, tasks)
  SELECT gen_random_uuid(), taken.annotator_id, d.project, d.day, 1
  FROM taken CROSS JOIN LATERAL (VALUES (taken.project, taken.project_day), ('00000000-0000-0000-0000-000000000000'::uuid, taken.site_day)) AS d (project, day)
  WHERE d.day IS NOT NULL
  ON CONFLICT (annotator, project, day) DO UPDATE SET tasks = given.tasks + 1
), made AS (
  INSERT INTO assignment (id, slot, task, project, annotator, vendor, kind, epoch, state, lease_until, deadline, price_micros, currency,
                          price_inputs, why, heartbeat_at, claimed_at, cost, project_day, site_day)
  SELECT assignment_id, id, task, project, annotator_id, vendor_id, kind, epoch, 'live', lease_until, deadline, price_micros, currency,
         price_inputs, why, clock_timestamp(), clock_timestamp(), cost, project_day, site_day
  FROM taken
  RETURNING id, claimed_at
), locked AS MATERIALIZED (
  SELECT id FROM task WHERE id IN (SELECT task FROM taken WHERE kind = 'annotation') ORDER BY id FOR NO KEY UPDATE
), begun AS (
  UPDATE task SET state = 'in_progress', version = version + 1
  FROM locked WHERE task.id = locked.id AND task.state NOT IN ('in_progress', 'accepted', 'rejected', 'cancelled')
  RETURNING task.id
)
SELECT made.id, a.kind, 'live' AS state, a.epoch, a.id AS slot_id, a.annotator_id, a.project AS project_id, p.name AS project_name,
       a.lease_until, a.deadline, a.price_micros, a.currency, a.price_inputs, a.why, 0 AS active_seconds, made.claimed_at,
       NULL::timestamptz AS ended_at, NULL::text AS end_reason, false AS lapsed,
       t.id AS task_id, t.external_id, t.kind AS task_kind, t.domain, t.language, t.difficulty_level, l.difficulty_band, t.priority, t.due_at,
       t.payload, CASE WHEN a.stage = 7 THEN 'in_review' WHEN begun.id IS NULL THEN t.state ELSE 'in_progress' END AS task_state, p.guidelines, p.min_turns, p.max_turns,
       a.submission_id, l.stage, NULL::int AS draft_version,
       CASE WHEN a.stage <> 7 THEN (SELECT count(*) FROM submission b WHERE b.slot = coalesce(a.answers_slot, a.id) AND b.state = 'rework')
         ELSE (SELECT b.round - 1 FROM submission b WHERE b.id = a.submission_id) END::int AS rework_rounds
FROM taken a JOIN made ON made.id = a.assignment_id JOIN task t ON t.id = a.task JOIN project p ON p.id = a.project JOIN lane l ON l.id = a.lane
LEFT JOIN begun ON begun.id = a.task

-- name: lock_slot_of_verdict
-- Before anything of the verdict's work is looked at.
SELECT FROM slot WHERE id = (SELECT b.slot FROM verdict v JOIN submission b ON b.id = v.submission WHERE v.id = :verdict_id) FOR NO KEY UPDATE

-- name: verdict_for_overturn
-- A verdict with its work, locked as submission_for_review locks it; under lock_slot_of_verdict.
SELECT v.id AS verdict_id, v.outcome AS given, coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome) AS outcome,
       v.reviewer AS reviewer_id, r.vendor AS reviewer_vendor_id, b.id AS submission_id, b.state, b.author AS author_id, a.vendor AS author_vendor_id,
       b.assignment AS assignment_id, s.id AS slot_id, s.state AS slot_state, s.assignment_id AS slot_assignment_id, CASE WHEN s.kept_until IS NULL THEN s.reserved_for END AS reserved_for,
       b.task AS task_id, b.project AS project_id, p.state AS project_state, p.answer_limit,
       ARRAY(SELECT w.reviewer FROM verdict w WHERE w.submission = b.id) AS reviewers,
       b.state = 'pending' OR EXISTS (SELECT FROM verdict w WHERE w.submission = b.id AND w.stage > v.stage) AS superseded,
       (SELECT max(no) FROM slot n WHERE n.task = b.task AND n.stage = 0)::int AS answers
FROM verdict v JOIN submission b ON b.id = v.submission JOIN slot s ON s.id = b.slot JOIN assignment a ON a.id = b.assignment
JOIN assignment r ON r.id = v.assignment JOIN task t ON t.id = b.task JOIN project p ON p.id = b.project
WHERE v.id = :verdict_id
FOR NO KEY UPDATE OF b, t

-- name: insert_overturn
-- By whoever the transaction is run for.
INSERT INTO overturn (id, verdict, outcome, upheld, scores, reason, decided_by, decided_at)
VALUES (:id, :verdict_id, :outcome, :upheld, :scores, :reason, coalesce(nullif(current_setting('callboard.actor', true), ''), 'database'), clock_timestamp())

-- name: redecide_submission
-- Follows an overturn, in its transaction.
UPDATE submission SET state = :state, decided_at = clock_timestamp() WHERE id = :submission_id AND state = :before

-- name: keep_answer
-- Work that was to go back stays what it is: the place is its author's again, and done.
UPDATE slot SET state = 'done', annotator = :author_id, assignment_id = :assignment_id, reserved_for = NULL, carried_price_micros = NULL
WHERE id = :slot_id AND state = 'free' AND reserved_for = :author_id AND kept_until IS NULL

-- name: cancel_replacement
-- An answer that counts after all needs no other in its place, unless somebody has that already.
UPDATE slot SET state = 'cancelled', reserved_for = NULL, kept_until = NULL WHERE id = (
  SELECT s.id FROM slot s JOIN project p ON p.id = s.project
  WHERE s.task = :task_id AND s.stage = 0 AND s.state = 'free' AND (s.reserved_for IS NULL OR s.kept_until <= clock_timestamp())
    AND p.overlap < (SELECT count(*) FROM slot n LEFT JOIN submission b ON b.assignment = n.assignment_id
                     WHERE n.task = :task_id AND n.stage = 0 AND n.state <> 'cancelled' AND b.state IS DISTINCT FROM 'rejected')
  ORDER BY s.no DESC LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED)

-- name: reopen_task
-- For settle_task, which leaves closed tasks alone: an overturn looks at the answers again.
UPDATE task SET state = 'in_review', closed_at = NULL, version = version + 1 WHERE id = :task_id AND state IN ('open', 'rework', 'accepted', 'rejected')

-- name: verdicts_of_task
-- In the order in which they were given, with the worst that counts from each look at a piece on, and the evidence that stands for it.
SELECT v.id, v.submission AS submission_id, v.reviewer AS reviewer_id, coalesce(e.annotator, b.author) AS author_id, v.outcome AS given,
       (ARRAY['accept', 'fix', 'rework', 'reject'])[max(array_position(ARRAY['accept', 'fix', 'rework', 'reject'], coalesce(
         (SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome)::text))
         OVER (PARTITION BY v.submission ORDER BY v.given_at DESC, v.id DESC)] AS outcome,
       e.id AS evidence_id, e.outcome AS evidence_outcome, e.difficulty_mean, e.difficulty_variance, e.weight,
       r.id AS given_id, r.outcome AS given_outcome, r.difficulty_mean AS given_difficulty_mean, r.difficulty_variance AS given_difficulty_variance,
       r.weight AS given_weight
FROM verdict v JOIN submission b ON b.id = v.submission
LEFT JOIN evidence e ON e.annotator IN (SELECT had.annotator FROM assignment had WHERE had.task = b.task) AND e.source_id = b.id AND e.kind = 'review_verdict' AND e.source_type = 'submission'
  AND NOT EXISTS (SELECT FROM verdict first WHERE first.submission = b.id AND first.stage < v.stage)
  AND NOT EXISTS (SELECT FROM evidence x WHERE x.retracts = e.id)
LEFT JOIN evidence r ON r.annotator = v.reviewer AND r.source_id = b.id AND r.kind = 'review_given' AND r.source_type = 'submission'
  AND NOT EXISTS (SELECT FROM evidence x WHERE x.retracts = r.id)
WHERE b.task = :task_id
ORDER BY v.given_at, v.id

-- name: difficulty_of_verdict
-- What the author's work was held against, by the evidence that counts.
SELECT e.difficulty_mean, e.difficulty_variance FROM evidence e
WHERE e.annotator = :author_id AND e.source_id = :submission_id AND e.kind = 'review_verdict' AND e.source_type = 'submission'
  AND NOT EXISTS (SELECT FROM evidence x WHERE x.retracts = e.id)

-- name: open_tasks_in_domain
-- What published projects still have to get done in a domain.
SELECT count(*) FROM task t JOIN project p ON p.id = t.project
WHERE t.domain = :domain AND p.state = 'published' AND t.state NOT IN ('accepted', 'rejected', 'cancelled')

-- name: existing_projects
-- Those of the named ones that are there.
SELECT id FROM project WHERE id = ANY (:ids::uuid[])

-- name: roster
-- People who pass everything but the belief, in the order that was asked for, with their number, and the version of their profile where it is wanted.
WITH handed_in AS MATERIALIZED (
  SELECT w.annotator, count(*) AS pieces FROM assignment w
  WHERE :with_throughput::bool AND w.state = 'submitted' AND w.ended_at >= clock_timestamp() - interval '7 days' GROUP BY 1
), judged AS MATERIALIZED (
  SELECT b.author, avg((b.state = 'accepted')::int)::float8 AS accepted
  FROM project p JOIN submission b ON b.project = p.id AND b.decided_at >= clock_timestamp() - interval '30 days'
  WHERE :with_acceptance::bool AND b.state IN ('accepted', 'rework', 'rejected') GROUP BY 1
), found AS MATERIALIZED (
  SELECT a.id, a.display_name AS name,
    CASE :sort::text
      WHEN 'load' THEN coalesce(h.live, 0)::float8 / a.capacity
      WHEN 'free' THEN greatest(a.capacity - coalesce(h.live, 0), 0)::float8
      WHEN 'presence' THEN (SELECT array_position(ARRAY['available', 'busy', 'break', 'draining', 'offline'], now.state)::float8 FROM presence_now(:idle_minutes) now WHERE now.annotator = a.id)
      WHEN 'throughput' THEN coalesce(handed_in.pieces, 0)::float8
      WHEN 'acceptance' THEN judged.accepted
      WHEN 'last_active' THEN (SELECT extract(epoch FROM greatest(w.heartbeat_at, w.claimed_at, w.ended_at))::float8 FROM assignment w
                               WHERE w.annotator = a.id ORDER BY w.claimed_at DESC LIMIT 1)
    END AS value
  FROM annotator a
  LEFT JOIN holder h ON h.annotator = a.id
  LEFT JOIN handed_in ON handed_in.annotator = a.id
  LEFT JOIN judged ON judged.author = a.id
  WHERE (:self_id::uuid IS NULL OR a.id = :self_id) AND (:scope_vendor_id::uuid IS NULL OR a.vendor = :scope_vendor_id)
    AND (:ids::uuid[] IS NULL OR a.id = ANY (:ids))
    AND (:q::text IS NULL OR strpos(lower(a.display_name), lower(:q)) > 0 OR strpos(lower(a.external_id), lower(:q)) > 0)
    AND (:state::text IS NULL OR a.state = :state) AND (:vendor_id::uuid IS NULL OR a.vendor = :vendor_id)
    AND (:role::text IS NULL OR EXISTS (SELECT FROM annotator_role r WHERE r.annotator = a.id AND r.role = :role
         AND (r.project_id IS NULL OR :project_id::uuid IS NULL OR r.project_id = :project_id)))
    AND (:language::text IS NULL OR EXISTS (SELECT FROM annotator_language l
         WHERE l.annotator = a.id AND l.language = :language AND l.level >= :language_level::int))
    AND (NOT :with_credential::bool OR EXISTS (SELECT FROM credential c WHERE c.annotator = a.id
         AND (:credential_domain::text IS NULL OR c.domain = :credential_domain) AND (:credential_kind::text IS NULL OR c.kind = :credential_kind)
         AND (:credential_state::text IS NULL OR c.state = :credential_state)
         AND (:expires_within_days::int IS NULL OR (c.state = 'verified' AND c.expires_on BETWEEN current_date AND current_date + :expires_within_days::int))))
    AND (:exam_id::uuid IS NULL OR EXISTS (SELECT FROM exam_attempt t WHERE t.annotator = a.id AND t.exam = :exam_id AND t.passed))
    AND (:standing::text IS NULL OR (:standing <> 'none') = EXISTS (SELECT FROM standing s
         WHERE s.annotator = a.id AND s.state = 'active' AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp())
           AND (:standing IN ('any', 'none') OR s.action = :standing)))
    AND (:presence::text IS NULL OR EXISTS (SELECT FROM presence_now(:idle_minutes) now
         WHERE now.annotator = a.id AND (now.state = :presence OR (:presence = 'here' AND now.here))))
    AND (:free_at_least::int IS NULL OR a.capacity - coalesce(h.live, 0) >= :free_at_least)
    AND (:held_at_least::int IS NULL OR coalesce(h.live, 0) >= :held_at_least)
    AND (:throughput_at_least::int IS NULL OR coalesce(handed_in.pieces, 0) >= :throughput_at_least)
    AND (:acceptance_at_least::float8 IS NULL OR judged.accepted >= :acceptance_at_least)
    AND (:acceptance_at_most::float8 IS NULL OR judged.accepted <= :acceptance_at_most)
), keyed AS (
  SELECT id, name, value, CASE WHEN :falling::bool THEN -value ELSE value END AS key FROM found
)
SELECT k.id, k.name, k.value, (SELECT count(*) FROM found)::int AS total,
  CASE WHEN :with_version::bool THEN coalesce((SELECT version FROM profile_version v WHERE v.annotator = k.id), 0) END AS version
FROM keyed k
WHERE :after_id::uuid IS NULL
  OR (:after_key::float8 IS NOT NULL AND (k.key > :after_key OR k.key IS NULL))
  OR (k.key IS NOT DISTINCT FROM :after_key AND CASE WHEN :name_falling::bool
      THEN (k.name, k.id) < (:after_name::text, :after_id) ELSE (k.name, k.id) > (:after_name, :after_id) END)
ORDER BY k.key NULLS LAST, CASE WHEN :name_falling THEN k.name END DESC, CASE WHEN :name_falling THEN k.id END DESC, k.name, k.id
LIMIT :limit::int

-- name: roster_rows
-- What the roster shows of the people on one page.
SELECT a.id, a.external_id, a.display_name, a.vendor AS vendor_id, v.name AS vendor, a.state, a.state_reason, a.capacity, a.cap_per_day, a.created_at,
  ARRAY(SELECT DISTINCT role FROM annotator_role r WHERE r.annotator = a.id ORDER BY role) AS roles,
  ARRAY(SELECT role FROM annotator_role r WHERE r.annotator = a.id AND r.project_id IS NULL ORDER BY role) AS roles_everywhere,
  coalesce((SELECT jsonb_object_agg(language, level) FROM annotator_language l WHERE l.annotator = a.id), '{}') AS languages,
  coalesce((SELECT jsonb_agg(jsonb_build_object('domain', c.domain, 'kind', c.kind, 'title', c.title, 'state', c.state, 'expires_on', c.expires_on,
      'expired', c.expires_on IS NOT NULL AND c.expires_on < current_date) ORDER BY c.domain, c.id)
    FROM credential c WHERE c.annotator = a.id AND c.state IN ('verified', 'unverified')), '[]') AS credentials,
  coalesce((SELECT jsonb_agg(s.action ORDER BY s.started_at) FROM standing s
    WHERE s.annotator = a.id AND s.state = 'active' AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp())), '[]') AS standing,
  coalesce(h.live, 0)::int AS held, now.state AS presence, now.since AS presence_since,
  (SELECT count(*) FROM assignment w WHERE w.annotator = a.id AND w.state = 'submitted' AND w.ended_at >= clock_timestamp() - interval '7 days')::int AS handed_in,
  coalesce(judged.pieces, 0)::int AS judged, judged.accepted,
  (SELECT greatest(w.heartbeat_at, w.claimed_at, w.ended_at) FROM assignment w WHERE w.annotator = a.id ORDER BY w.claimed_at DESC LIMIT 1) AS last_active_at
FROM annotator a
LEFT JOIN vendor v ON v.id = a.vendor
LEFT JOIN holder h ON h.annotator = a.id
JOIN presence_now(:idle_minutes) now ON now.annotator = a.id
LEFT JOIN LATERAL (SELECT count(*) AS pieces, avg((b.state = 'accepted')::int)::float8 AS accepted FROM submission b
  WHERE b.author = a.id AND b.state IN ('accepted', 'rework', 'rejected') AND b.decided_at >= clock_timestamp() - interval '30 days') judged ON true
WHERE a.id = ANY (:ids::uuid[])

-- name: roster_yardstick
-- The tree of domains, what the crowd says of them, and a project's own rules for skill where one is named.
SELECT (SELECT jsonb_object_agg(code, parent_code) FROM domain) AS parents,
  coalesce((SELECT jsonb_object_agg(domain, jsonb_build_object('mean', mean, 'variance', variance)) FROM crowd_skill), '{}') AS crowd,
  (SELECT skill_half_life_days FROM project WHERE id = :project_id::uuid) AS half_life_days,
  (SELECT expert_level FROM project WHERE id = :project_id) AS expert_level

-- name: roster_speed
-- Mean active seconds and number of the annotations that were handed in during the last 30 days, by person.
SELECT annotator AS annotator_id, count(*)::int AS pieces, avg(active_seconds)::float8 AS seconds
FROM assignment
WHERE annotator = ANY (:ids::uuid[]) AND kind = 'annotation' AND state = 'submitted' AND ended_at >= clock_timestamp() - interval '30 days'
GROUP BY 1

-- name: consensus_question
-- A task whose answers are all in, unjudged, and to be agreed upon; no row while a place is open, somebody is to decide between them, or a reviewer has let one stand.
SELECT t.project AS project_id, t.domain, t.difficulty_mean, t.difficulty_variance, t.payload -> 'choices' AS choices,
       p.consensus_target AS target, p.overlap, p.most_answers, s.places, s.slot_id
FROM task t JOIN project p ON p.id = t.project
CROSS JOIN LATERAL (
  SELECT count(*)::int AS places, (array_agg(id ORDER BY no))[1] AS slot_id, bool_or(state IN ('free', 'live')) AS open
  FROM slot WHERE task = t.id AND stage = 0
) s
WHERE t.id = :task_id AND p.consensus_target IS NOT NULL AND NOT t.gold AND NOT s.open AND t.state NOT IN ('accepted', 'rejected', 'cancelled')
  AND NOT EXISTS (SELECT FROM slot a WHERE a.task = t.id AND a.stage = 6 AND a.state IN ('free', 'live'))
  AND NOT EXISTS (SELECT FROM submission b WHERE b.task = t.id AND b.state = 'accepted' AND EXISTS (SELECT FROM verdict v WHERE v.submission = b.id))

-- name: labels_of_task
-- Who answered what, of the answers that still count; by id, so that the record reads the same each time.
SELECT author AS author_id, payload ->> 'label' AS label FROM submission WHERE task = :task_id AND state IN ('pending', 'accepted') ORDER BY id

-- name: difficulty_model_in_use
-- The newest fit, unless it was no use: then priors are what was stated, until the next.
SELECT version, fitted_at, model::text AS model FROM (SELECT * FROM difficulty_model ORDER BY version DESC LIMIT 1) newest WHERE active

-- name: newest_difficulty_model
-- The newest fit, used or not.
SELECT version, fitted_at, active, model::text AS model FROM difficulty_model ORDER BY version DESC LIMIT 1

-- name: insert_difficulty_model
-- Under FIT_LOCK, so that versions have no gap.
INSERT INTO difficulty_model (version, fitted_at, tasks, active, model, error)
SELECT coalesce(max(version), 0) + 1, clock_timestamp(), :tasks, :active, :model, :error FROM difficulty_model
RETURNING version

-- name: closed_tasks
-- The newest closed tasks whose outcomes said something of their difficulty.
SELECT id, project, kind, domain, language, difficulty_level, prior_mean, prior_variance, difficulty_mean, difficulty_variance
FROM (SELECT * FROM task WHERE state IN ('accepted', 'rejected') AND NOT gold ORDER BY closed_at DESC LIMIT :limit) newest
WHERE difficulty_variance < prior_variance

-- name: count_closed_tasks
-- What closed_tasks finds.
SELECT count(*)::int FROM (SELECT prior_variance, difficulty_variance FROM task WHERE state IN ('accepted', 'rejected') AND NOT gold ORDER BY closed_at DESC LIMIT :limit) newest
WHERE difficulty_variance < prior_variance

-- name: payloads_of_tasks
-- A portion at a time.
SELECT id, payload::text AS payload FROM task WHERE id = ANY (:task_ids::uuid[])

-- name: difficulty_by_band
-- Of the newest closed tasks by the band that they were routed in: what was predicted and what came of it.
WITH newest AS MATERIALIZED (
  SELECT id, lane, prior_mean, prior_variance, difficulty_mean, difficulty_variance FROM task WHERE state IN ('accepted', 'rejected') AND NOT gold ORDER BY closed_at DESC LIMIT :limit
)
SELECT l.difficulty_band AS band, count(*)::int AS tasks, avg(n.prior_mean) AS predicted, avg(n.difficulty_mean) AS seen,
       sqrt(avg((n.difficulty_mean - n.prior_mean) ^ 2 / (n.prior_variance - n.difficulty_variance))) AS surprise,
       avg(look.passed::int)::float8 AS first_pass
FROM newest n JOIN lane l ON l.id = n.lane
LEFT JOIN LATERAL (SELECT v.outcome IN ('accept', 'fix') AS passed FROM submission b JOIN verdict v ON v.submission = b.id
                   WHERE b.task = n.id ORDER BY b.submitted_at, v.given_at LIMIT 1) look ON true
WHERE n.difficulty_variance < n.prior_variance
GROUP BY 1 ORDER BY 1

-- name: difficulty_of_task
-- Where it began and where it is.
SELECT prior_mean, prior_variance, prior_sources::text AS prior_sources, difficulty_mean, difficulty_variance FROM task WHERE id = :task_id

-- name: lock_slots_of_tasks
-- In the order of ids; before the tasks themselves, as every writer does.
SELECT FROM slot WHERE task = ANY (:task_ids::uuid[]) ORDER BY id FOR NO KEY UPDATE

-- name: lock_tasks
-- In the order of ids, in a statement of its own: what is read after it is what counts.
SELECT FROM task WHERE id = ANY (:task_ids::uuid[]) ORDER BY id FOR NO KEY UPDATE

-- name: tasks_to_change
-- Locked tasks with what a change may be about; `touched`: somebody holds it, or handed work in.
SELECT t.id, t.external_id, t.state, t.priority, t.due_at, t.expires_at, t.difficulty_level AS difficulty, t.prior_mean, t.requirements, t.version, t.project AS project_id, t.kind,
       t.domain, t.language, t.lane, p.state AS project_state, p.paused_seconds + coalesce(extract(epoch FROM clock_timestamp() - p.paused_at), 0)::bigint AS paused_seconds,
       EXISTS (SELECT FROM slot s WHERE s.task = t.id AND s.state IN ('live', 'done')) AS touched
FROM task t JOIN project p ON p.id = t.project
WHERE t.id = ANY (:task_ids::uuid[])

-- name: put_tasks
-- Values and lanes of many tasks at once. Whoever holds a place keeps it as it was claimed; the lane and the rank say what is asked when it is free again.
WITH wanted AS (
  SELECT * FROM unnest(:ids::uuid[], :priorities::int[], :dues::timestamptz[], :expiries::timestamptz[], :levels::int[], :means::float8[], :variances::float8[],
                       :requirements::jsonb[], :lanes::uuid[], :review_lanes::uuid[])
    AS w (id, priority, due_at, expires_at, level, mean, variance, requirements, lane, review_lane)
), moved AS (
  SELECT t.id, w.lane, w.review_lane, w.lane <> t.lane AS other_lane,
         task_rank(t.created_at, w.priority, w.due_at, p.sla_seconds) - task_rank(t.created_at, t.priority, t.due_at, p.sla_seconds) AS shift,
         least(t.created_at, w.due_at - make_interval(secs => p.sla_seconds)) - least(t.created_at, t.due_at - make_interval(secs => p.sla_seconds)) AS later
  FROM wanted w JOIN task t ON t.id = w.id JOIN project p ON p.id = t.project
), places AS (
  UPDATE slot SET rank = slot.rank + moved.shift, waits_since = CASE WHEN slot.stage = 0 THEN slot.waits_since + moved.later ELSE slot.waits_since END,
         lane = CASE WHEN NOT moved.other_lane THEN slot.lane WHEN slot.stage = 0 THEN moved.lane WHEN slot.stage = 1 THEN moved.review_lane ELSE slot.lane END
  FROM moved WHERE slot.task = moved.id AND slot.state <> 'cancelled' AND (moved.shift <> 0 OR moved.other_lane)
)
UPDATE task SET priority = w.priority, due_at = w.due_at, expires_at = w.expires_at, difficulty_level = w.level, difficulty_mean = coalesce(w.mean, task.difficulty_mean),
       difficulty_variance = coalesce(w.variance, task.difficulty_variance), requirements = w.requirements, lane = w.lane, version = task.version + 1
FROM wanted w WHERE task.id = w.id

-- name: close_idle_tasks
-- Tasks that are locked and that nobody touched, with their places.
WITH closed AS (
  UPDATE slot SET state = 'cancelled', reserved_for = NULL, kept_until = NULL WHERE task = ANY (:task_ids::uuid[]) AND state = 'free'
)
UPDATE task SET state = 'cancelled', closed_at = clock_timestamp(), version = version + 1 WHERE id = ANY (:task_ids)

-- name: reopen_cancelled_tasks
-- The way back: places that were cancelled with the task are free again, at their rank.
WITH opened AS (
  UPDATE slot SET state = 'free', freed_at = clock_timestamp() WHERE task = ANY (:task_ids::uuid[]) AND state = 'cancelled' AND stage = 0
)
UPDATE task SET state = 'open', closed_at = NULL, version = version + 1 WHERE id = ANY (:task_ids)

-- name: task_ids_found
-- Everything that the list of tasks would show by these filters.
SELECT t.id FROM task t JOIN lane l ON l.id = t.lane
WHERE NOT t.gold
{of_the_filter}
ORDER BY t.id DESC
LIMIT :limit

-- name: task_ids_by_words
-- The same with a piece of text.
SELECT t.id FROM task t JOIN lane l ON l.id = t.lane
{with_the_words}
WHERE NOT t.gold
{of_the_filter}
ORDER BY t.id DESC
LIMIT :limit

-- name: tasks_expired
-- Open tasks whose time is over by their project's clock, which stands still while it is paused; nobody holds them or has worked on them.
SELECT t.id FROM task t JOIN project p ON p.id = t.project
WHERE t.state = 'open' AND t.expires_at <= clock_timestamp() AND p.state = 'published'
  AND t.expires_at + make_interval(secs => p.paused_seconds) <= clock_timestamp()
  AND NOT EXISTS (SELECT FROM slot s WHERE s.task = t.id AND (s.state IN ('live', 'done') OR s.kept_until > clock_timestamp()))
ORDER BY t.expires_at
LIMIT :limit

-- name: record_task_changes
-- One line of the audit log for each task of a change, with the reason that its history shows.
INSERT INTO audit_entry (at, actor, action, subject_type, subject_id, before, after, reason)
SELECT clock_timestamp(), coalesce(nullif(current_setting('callboard.actor', true), ''), 'database'), 'task.changed', 'task', c.id::text, c.before, c.after, :reason::text
FROM unnest(:ids::uuid[], :befores::jsonb[], :afters::jsonb[]) AS c (id, before, after)

-- name: calendars
-- All by their names, or the one of this name.
SELECT id, name, zone, weekly, holidays, version FROM calendar WHERE :name::text IS NULL OR name = :name ORDER BY name

-- name: put_calendar
-- Claims judge by the version of the project: those that go by this calendar get the next one.
WITH put AS (
  INSERT INTO calendar (id, name, zone, weekly, holidays) VALUES (:id, :name, :zone, :weekly, :holidays)
  ON CONFLICT (name) DO UPDATE SET zone = excluded.zone, weekly = excluded.weekly, holidays = excluded.holidays, version = calendar.version + 1
  RETURNING id
)
UPDATE project SET version = version + 1 FROM put WHERE project.calendar = put.id

-- name: climbing_lanes
-- Lanes with free slots of published projects that have a ladder, in the form of lane_heads, with how many wait (as far as a step may ask).
SELECT l.id, l.project AS project_id, l.kind, l.stage, l.domain, l.language, l.difficulty_band, l.min_level, l.required_role, l.required_credential, l.task_kind, l.requirement::text AS requirement, l.prefer::text AS prefer,
       p.name AS project_name, p.language_level, p.review_other_vendor OR l.other_vendor AS review_other_vendor, l.other_vendor, p.sla_seconds, p.lease_seconds, p.deadline_seconds, p.currency,
       1 AS cost, false AS capped, p.skill_half_life_days, p.expert_level, p.stick_to_topic, p.stick_to_author, 0 AS step, l.step AS stands_on, p.ladder::text AS ladder, p.pauses::text AS pauses, extract(epoch FROM p.paused_at)::float8 AS paused_since,
       CASE WHEN p.calendar IS NOT NULL THEN (SELECT jsonb_build_object('zone', zone, 'weekly', weekly, 'holidays', holidays)::text FROM calendar c WHERE c.id = p.calendar) END AS calendar,
       extract(epoch FROM head.waits_since)::float8 AS waits_since, 3 AS priority, NULL::bigint AS fresh_rank,
       (SELECT count(*) FROM (SELECT FROM slot s WHERE s.lane = l.id AND s.state = 'free' AND (s.reserved_for IS NULL OR s.kept_until <= clock_timestamp())
                              LIMIT (SELECT coalesce(max((one ->> 'when_queue_over')::int), 0) + 1 FROM jsonb_array_elements(p.ladder) AS one)) AS counted)::int AS queue
FROM lane l
JOIN project p ON p.id = l.project AND p.state = 'published' AND p.ladder <> '[]'
CROSS JOIN LATERAL (
  SELECT s.waits_since FROM slot s WHERE s.lane = l.id AND s.state = 'free' AND (s.reserved_for IS NULL OR s.kept_until <= clock_timestamp()) ORDER BY s.rank, s.id LIMIT 1
) AS head

-- name: stand_on_steps
-- Only what differs is written; lanes in which nothing waits go back to the first step.
WITH wanted AS (SELECT * FROM unnest(:ids::uuid[], :steps::int[]) AS w (id, step))
UPDATE lane SET step = coalesce(w.step, 0)
FROM lane l LEFT JOIN wanted w ON w.id = l.id
WHERE lane.id = l.id AND l.step <> coalesce(w.step, 0)

-- name: people_here
-- Who could take work now or as soon as their hands are free.
SELECT annotator AS id FROM presence_now(:idle_minutes) WHERE here

-- name: ran_upkeep
-- Written when it is done, in its own transaction.
INSERT INTO upkeep (name, ran_at) VALUES (:name, clock_timestamp()) ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at

-- name: upkeep_ages
-- Seconds since each last ran to its end.
SELECT name, extract(epoch FROM clock_timestamp() - ran_at)::float8 AS seconds FROM upkeep ORDER BY name

-- name: note_relaxations
-- Beside the assignments, in their transaction.
INSERT INTO relaxation (assignment, task, step, relaxed, at)
SELECT r.assignment, r.task, r.step, r.relaxed, clock_timestamp()
FROM unnest(:assignments::uuid[], :tasks::uuid[], :steps::int[], :relaxed::jsonb[]) AS r (assignment, task, step, relaxed)

-- name: risk_of_projects
-- What was handed in lately, since when, how many of those who worked on it lately are here, and what is due first.
WITH present AS MATERIALIZED (SELECT annotator FROM presence_now(:idle_minutes) WHERE here)
SELECT p.id, p.name, p.sla_seconds, p.pauses::text AS pauses, extract(epoch FROM p.paused_at)::float8 AS paused_since,
       CASE WHEN p.calendar IS NOT NULL THEN (SELECT jsonb_build_object('zone', zone, 'weekly', weekly, 'holidays', holidays)::text FROM calendar c WHERE c.id = p.calendar) END AS calendar,
       lately.handed_in, lately.window_from, lately.mean_seconds, here.people_here,
       (SELECT extract(epoch FROM t.due_at)::float8 FROM task t WHERE t.project = p.id AND t.due_at IS NOT NULL AND t.state IN ('open', 'rework', 'in_progress') ORDER BY t.due_at LIMIT 1) AS earliest_due
FROM project p
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE a.state = 'submitted')::int AS handed_in, extract(epoch FROM min(a.claimed_at))::float8 AS window_from,
         coalesce(avg(extract(epoch FROM a.ended_at - a.claimed_at)) FILTER (WHERE a.state = 'submitted'), 0)::float8 AS mean_seconds
  FROM assignment a WHERE a.project = p.id AND a.kind = 'annotation' AND a.claimed_at > clock_timestamp() - make_interval(secs => :window)
) AS lately
CROSS JOIN LATERAL (
  SELECT count(*)::int AS people_here FROM present h
  WHERE EXISTS (SELECT FROM assignment a WHERE a.annotator = h.annotator AND a.project = p.id AND a.claimed_at > clock_timestamp() - make_interval(secs => :window))
) AS here
WHERE p.state IN ('published', 'paused') AND (:project_id::uuid IS NULL OR p.id = :project_id)

-- name: risk_of_lanes
-- What waits in each lane of annotations, from when to when, and what was handed in of it lately.
SELECT l.project AS project_id, l.domain, l.language, l.difficulty_band, l.step, queue.waiting, queue.first_rank, queue.last_rank,
       (SELECT count(*) FROM assignment a JOIN slot s ON s.id = a.slot
        WHERE queue.waiting > 0 AND s.lane = l.id AND a.kind = 'annotation' AND a.state = 'submitted' AND a.claimed_at > clock_timestamp() - make_interval(secs => :window))::int AS handed_in
FROM lane l JOIN project p ON p.id = l.project AND p.state IN ('published', 'paused')
CROSS JOIN LATERAL (
  SELECT count(*)::int AS waiting, min(s.rank) AS first_rank, max(s.rank) AS last_rank FROM slot s WHERE s.lane = l.id AND s.state = 'free' AND (s.reserved_for IS NULL OR s.kept_until <= clock_timestamp())
) AS queue
WHERE l.kind = 'annotation' AND (:project_id::uuid IS NULL OR l.project = :project_id)
ORDER BY l.domain, l.language, l.difficulty_band, l.id

-- name: presence_of
-- What people said last, and what it means now.
SELECT annotator AS annotator_id, said, state, since, last_seen, reason, room FROM presence_now(:idle_minutes) WHERE annotator = ANY (:ids::uuid[])

-- name: say_presence
-- A manager's word is no sign of life, except that it begins a time in which there may be one.
INSERT INTO presence (annotator, state, since, last_seen, reason) VALUES (:annotator_id, :state, clock_timestamp(), clock_timestamp(), :reason)
ON CONFLICT (annotator) DO UPDATE SET state = excluded.state, reason = excluded.reason,
  since = CASE WHEN presence.state = excluded.state THEN there_since(presence.state, presence.since, presence.last_seen, :idle_minutes) ELSE excluded.since END,
  last_seen = CASE WHEN :seen OR excluded.state = 'available' THEN excluded.last_seen ELSE presence.last_seen END

-- name: saw_person
-- Once a minute at most, so that reading a page costs no write. It unsays nothing.
UPDATE presence SET last_seen = clock_timestamp(), since = there_since(state, since, last_seen, :idle_minutes)
WHERE annotator = :annotator_id AND last_seen < clock_timestamp() - interval '1 minute'

-- name: vendor_of
-- Whose manager hears of a person.
SELECT vendor FROM annotator WHERE id = :annotator_id

-- name: claim_place
-- claim_slot for a slot that somebody named: waits for whoever has it locked, then looks again. Reserved only for its own author.
WITH taken AS (
  UPDATE slot SET state = 'live', annotator = :annotator_id, assignment_id = :assignment_id, epoch = slot.epoch + 1,
         reserved_for = CASE WHEN slot.kept_until IS NULL THEN slot.reserved_for END,
         carried_price_micros = CASE WHEN slot.kept_until IS NULL THEN slot.carried_price_micros END, kept_until = NULL,
         lease_until = clock_timestamp() + make_interval(secs => :lease_seconds),
         deadline = clock_timestamp() + make_interval(secs => :deadline_seconds)
  FROM project p
  WHERE slot.id = :slot_id AND slot.state = 'free' AND (slot.reserved_for IS NULL OR slot.reserved_for = :annotator_id OR slot.kept_until <= clock_timestamp())
    AND p.id = slot.project AND p.state = 'published'
    AND slot.author_id IS DISTINCT FROM :annotator_id
    AND NOT (slot.kind = 'review' AND (p.review_other_vendor OR (SELECT l.other_vendor FROM lane l WHERE l.id = slot.lane))
             AND slot.author_vendor_id IS NOT DISTINCT FROM :vendor_id::uuid)
    AND NOT coalesce(:annotator_id = ANY (slot.judges), false)
    AND NOT EXISTS (SELECT FROM slot o WHERE o.task = slot.task AND o.annotator = :annotator_id)
  RETURNING slot.id, slot.task, slot.project, slot.kind, slot.epoch, slot.lease_until, slot.deadline
{counted_and_held}

-- name: free_places
-- The places of a task that nobody holds, as explain numbers them.
SELECT id, stage, no, kind, CASE WHEN kept_until IS NULL OR kept_until > clock_timestamp() THEN reserved_for END AS reserved_for, kept_until, carried_price_micros FROM slot WHERE task = :task_id AND state = 'free' ORDER BY stage, no

-- name: holder_of_live
-- Who holds an assignment, and which place it is.
SELECT a.annotator AS annotator_id, a.task AS task_id, a.slot AS slot_id, a.state FROM assignment a WHERE a.id = :assignment_id

-- name: people_for_picking
-- Active people by name, whoever was heard of last first.
SELECT a.id, a.display_name, v.name AS vendor FROM annotator a LEFT JOIN vendor v ON v.id = a.vendor
LEFT JOIN presence p ON p.annotator = a.id
WHERE a.state = 'active' AND (:q::text = '' OR strpos(lower(a.display_name), lower(:q)) > 0 OR strpos(lower(a.external_id), lower(:q)) > 0)
ORDER BY p.last_seen DESC NULLS LAST, a.display_name, a.id
LIMIT :limit

-- name: place_of_assignment
-- Which place of its task somebody holds.
SELECT s.stage, s.no FROM slot s WHERE s.assignment_id = :assignment_id::uuid AND s.state = 'live'

-- name: queue_of
-- What somebody holds, in the order that they gave it; what came since is last.
SELECT a.id FROM assignment a WHERE a.annotator = :annotator_id AND a.state = 'live' ORDER BY a.position NULLS LAST, a.claimed_at, a.id

-- name: order_queue
-- The whole order at once, under the holder's lock.
UPDATE assignment SET position = o.n FROM unnest(:ids::uuid[]) WITH ORDINALITY AS o (id, n)
WHERE assignment.id = o.id AND assignment.annotator = :annotator_id AND assignment.state = 'live'

-- name: offers
-- Offers as they read now: an open one whose time is over has timed out, one whose place is gone is rescinded, whether or not that is written.
SELECT o.id, o.batch, o.task AS task_id, o.slot AS slot_id, o.project AS project_id, p.name AS project_name, o.annotator AS annotator_id,
       s.kind, t.kind AS task_kind, t.external_id, t.domain, t.language, t.difficulty_level, l.difficulty_band, t.payload, o.price_micros, o.currency, o.price_inputs,
       o.offered_at, o.expires_at, o.reason, o.not_before, o.assignment AS assignment_id,
       CASE WHEN o.state <> 'open' THEN o.state
            WHEN o.expires_at <= clock_timestamp() THEN 'timed_out'
            WHEN s.state <> 'free' OR p.state <> 'published' OR s.reserved_for <> o.annotator AND (s.kept_until IS NULL OR s.kept_until > clock_timestamp()) THEN 'rescinded'
            ELSE 'open' END AS state
FROM offer o JOIN slot s ON s.id = o.slot JOIN task t ON t.id = o.task JOIN project p ON p.id = o.project JOIN lane l ON l.id = s.lane
WHERE (:id::uuid IS NULL OR o.id = :id) AND (:task_id::uuid IS NULL OR o.task = :task_id)
  AND (:annotator_id::uuid IS NULL OR o.annotator = :annotator_id)
  AND (NOT :open_only OR (o.state = 'open' AND o.expires_at > clock_timestamp() AND s.state = 'free' AND p.state = 'published'
                          AND (s.reserved_for IS NULL OR s.reserved_for = o.annotator OR s.kept_until <= clock_timestamp())))
ORDER BY o.expires_at, o.id
LIMIT :limit

-- name: offered_before
-- Whether this task may not be offered to somebody now: an offer is open, or was declined and its time has not come. No time: never again.
SELECT EXISTS (SELECT FROM offer o WHERE o.task = :task_id AND o.annotator = :annotator_id
  AND (o.state = 'open' AND o.expires_at > clock_timestamp()
       OR o.state = 'declined' AND coalesce(o.not_before > clock_timestamp(), true)))

-- name: insert_offer
-- An offer holds nothing; offer_one_open keeps it single.
INSERT INTO offer (id, batch, slot, task, project, annotator, state, price_micros, currency, price_inputs, made_by, offered_at, expires_at)
SELECT :id, :batch, s.id, s.task, s.project, :annotator_id, 'open', :price_micros, :currency, :price_inputs, :made_by, clock_timestamp(),
       clock_timestamp() + make_interval(secs => :seconds)
FROM slot s WHERE s.id = :slot_id
ON CONFLICT (slot, annotator) WHERE state = 'open' DO NOTHING
RETURNING id, expires_at

-- name: close_offers
-- Open offers of a person, of a place, or one alone, or all that are over; locked in the order of ids, as everybody does.
WITH open AS MATERIALIZED (
  SELECT o.id FROM offer o JOIN slot s ON s.id = o.slot
  WHERE o.state = 'open' AND (:annotator_id::uuid IS NULL OR o.annotator = :annotator_id) AND (:slot_id::uuid IS NULL OR o.slot = :slot_id)
    AND (:id::uuid IS NULL OR o.id = :id) AND (NOT :over OR o.expires_at <= clock_timestamp() OR s.state <> 'free')
  ORDER BY o.id LIMIT 1000 FOR NO KEY UPDATE OF o
)
UPDATE offer SET state = CASE WHEN offer.id = :accepted_id::uuid THEN 'accepted' WHEN offer.expires_at <= clock_timestamp() THEN 'timed_out' ELSE :state::text END,
       assignment = CASE WHEN offer.id = :accepted_id::uuid THEN :assignment_id::uuid END,
       reason = :reason, not_before = :not_before::timestamptz, closed_at = clock_timestamp()
FROM open, annotator a WHERE offer.id = open.id AND offer.state = 'open' AND a.id = offer.annotator
RETURNING offer.id, offer.task AS task_id, offer.project AS project_id, offer.annotator AS annotator_id, a.vendor AS vendor_id, offer.state

-- name: places_to_offer
-- The first free places of projects that push, to which no offer is open.
SELECT s.id AS slot_id, s.task AS task_id FROM slot s JOIN project p ON p.id = s.project AND p.push AND p.state = 'published'
WHERE s.state = 'free' AND (s.reserved_for IS NULL OR s.kept_until <= clock_timestamp())
  AND NOT EXISTS (SELECT FROM offer o WHERE o.slot = s.id AND o.state = 'open' AND o.expires_at > clock_timestamp())
ORDER BY s.rank, s.id
LIMIT :limit

-- name: people_to_offer
-- Who is here with room, and has no offer open.
SELECT n.annotator AS id, n.room, h.worked_project, h.worked_domain, extract(epoch FROM clock_timestamp() - h.worked_at)::float8 / 60 AS worked_minutes
FROM presence_now(:idle_minutes) n LEFT JOIN holder h ON h.annotator = n.annotator
WHERE n.here AND n.room > 0
  AND NOT EXISTS (SELECT FROM offer o WHERE o.annotator = n.annotator AND o.state = 'open' AND o.expires_at > clock_timestamp())
ORDER BY n.last_seen DESC, n.annotator
LIMIT :limit

-- name: names_of_requirements
-- What roles and vendors are called here, and who of the named people is here.
SELECT ARRAY(SELECT code FROM role ORDER BY code) AS roles,
  coalesce((SELECT jsonb_object_agg(name, id) FROM vendor), '{}') AS vendors,
  ARRAY(SELECT id FROM annotator WHERE :people::uuid[] IS NULL OR id = ANY (:people)) AS people

-- name: change_requirements
-- The version is what If-Match compares.
UPDATE project SET requirements = :requirements, version = version + 1 WHERE id = :id

-- name: open_demands
-- What tasks that are not closed say they need, each spelling once.
SELECT DISTINCT t.lane AS lane_id, t.requirements::text AS requirements, l.project AS project_id, l.kind, l.stage, l.domain,
       l.language, l.difficulty_band, l.min_level, l.required_role, l.required_credential, l.task_kind,
       l.requirement::text AS requirement, l.prefer::text AS prefer, l.other_vendor
FROM task t JOIN lane l ON l.id = t.lane
WHERE t.project = :project_id AND t.state NOT IN ('accepted', 'rejected', 'cancelled')

-- name: move_slots
-- Places that are not done move to the lane of what their task asks now: the first of two statements, because slots are locked before tasks.
UPDATE slot SET lane = w.lane_id
FROM unnest(:old_lanes::uuid[], :requirements::text[], :lanes::uuid[]) AS w (old_lane, requirements, lane_id), task t
WHERE t.project = :project_id AND t.lane = w.old_lane AND t.requirements = w.requirements::jsonb
  AND t.state NOT IN ('accepted', 'rejected', 'cancelled')
  AND slot.task = t.id AND slot.stage = :stage::int AND slot.state IN ('free', 'live') AND slot.lane <> w.lane_id

-- name: move_tasks
-- Follows move_slots with the tasks themselves.
UPDATE task SET lane = w.lane_id, version = version + 1
FROM unnest(:old_lanes::uuid[], :requirements::text[], :lanes::uuid[]) AS w (old_lane, requirements, lane_id)
WHERE task.project = :project_id AND task.lane = w.old_lane AND task.requirements = w.requirements::jsonb
  AND task.state NOT IN ('accepted', 'rejected', 'cancelled') AND w.lane_id <> w.old_lane

-- name: who_is_there
-- Active people, or those of them who are named, with what they hold now, whether they handed this task back, and their number; the longest here first.
SELECT a.id, a.display_name, a.capacity, coalesce(h.live, 0)::int AS held,
       EXISTS (SELECT FROM declined d WHERE d.task = :task_id AND d.annotator = a.id AND d.slot IS NULL) AS declined,
       (SELECT d.slot FROM declined d WHERE d.task = :task_id AND d.annotator = a.id) AS part,
       EXISTS (SELECT FROM assignment x JOIN handover h ON h.from_assignment = x.id WHERE x.task = :task_id AND x.annotator = a.id) AS wrote,
       h.worked_project, h.worked_domain, extract(epoch FROM clock_timestamp() - h.worked_at)::float8 / 60 AS worked_minutes,
       (SELECT p.state FROM presence p WHERE p.annotator = a.id) AS said, count(*) OVER ()::int AS total
FROM annotator a LEFT JOIN holder h ON h.annotator = a.id
WHERE a.state = 'active' AND (:people::uuid[] IS NULL OR a.id = ANY (:people))
ORDER BY a.id
LIMIT :limit::int

-- name: load_of
-- What one person holds, and whether they handed a task back.
SELECT coalesce(h.live, 0)::int AS held,
       EXISTS (SELECT FROM declined d WHERE d.task = :task_id::uuid AND d.annotator = :annotator_id AND d.slot IS NULL) AS declined,
       (SELECT d.slot FROM declined d WHERE d.task = :task_id::uuid AND d.annotator = :annotator_id) AS part,
       EXISTS (SELECT FROM assignment x JOIN handover o ON o.from_assignment = x.id WHERE x.task = :task_id::uuid AND x.annotator = :annotator_id) AS wrote,
       h.worked_project, h.worked_domain, extract(epoch FROM clock_timestamp() - h.worked_at)::float8 / 60 AS worked_minutes,
       (SELECT p.state FROM presence p WHERE p.annotator = :annotator_id) AS said
FROM (SELECT 1) AS one LEFT JOIN holder h ON h.annotator = :annotator_id

-- name: situation
-- What claims are scored by, besides the lanes: the policy in force, and how old the stock is. Two index probes.
SELECT a.active_from AS activation, coalesce(a.version, 0) AS policy_version, s.taken_at, extract(epoch FROM clock_timestamp() - s.taken_at)::float8 AS age_seconds
FROM (SELECT 1) AS one
LEFT JOIN LATERAL (SELECT active_from, version FROM policy_activation ORDER BY id DESC LIMIT 1) AS a ON true
LEFT JOIN stock s ON s.id = 1

-- name: stock_figures
-- What was found when somebody last looked.
SELECT figures FROM stock WHERE id = 1

-- name: put_stock
-- One row; the newest look counts.
INSERT INTO stock (id, figures, taken_at) VALUES (1, :figures, clock_timestamp())
ON CONFLICT (id) DO UPDATE SET figures = excluded.figures, taken_at = excluded.taken_at

-- name: people_on_shift
-- Who is here, the last seen first; with the versions that judgements are remembered by.
SELECT n.annotator AS id, coalesce(v.version, 0) AS version
FROM presence_now(:idle_minutes) n LEFT JOIN profile_version v ON v.annotator = n.annotator
WHERE n.here
ORDER BY n.last_seen DESC, n.annotator
LIMIT :limit

-- name: world_version
-- Of what all profiles share: the tree of domains and the crowd.
SELECT coalesce((SELECT version FROM profile_version WHERE annotator = '00000000-0000-0000-0000-000000000000'), 0)

-- name: mean_work_seconds
-- Active time of the last tasks that were handed in; NULL where nothing was.
SELECT avg(active_seconds)::float8 FROM (SELECT active_seconds FROM assignment WHERE state = 'submitted' ORDER BY ended_at DESC LIMIT 200) AS last WHERE active_seconds > 0

-- name: waiting_in_all
-- Free places of published projects, counted no further in a lane than patience and overload ask for.
SELECT coalesce(sum(counted.n), 0)::int
FROM lane l JOIN project p ON p.id = l.project AND p.state = 'published'
CROSS JOIN LATERAL (SELECT count(*) AS n FROM (SELECT FROM slot s WHERE s.lane = l.id AND s.state = 'free' LIMIT :most) AS first_ones) AS counted

-- name: policies
-- Newest first; the version is the cursor.
SELECT version, weights, note, created_by, created_at FROM policy
WHERE (:version::int IS NULL OR version = :version) AND (:before::int IS NULL OR version < :before)
ORDER BY version DESC
LIMIT :limit

-- name: insert_policy
-- The next version; two at once collide on the key, and the second tries again.
INSERT INTO policy (version, weights, note, created_by, created_at)
SELECT coalesce(max(version), 0) + 1, :weights, :note, :created_by, clock_timestamp() FROM policy
RETURNING version

-- name: lock_policies
-- One change at a time; claims do not wait for it.
SELECT pg_advisory_xact_lock(hashtext('policy'))

-- name: activate_policy
-- From now on claims are scored by this version.
INSERT INTO policy_activation (id, version, reason, activated_by, active_from)
SELECT coalesce(max(id), 0) + 1, :version, :reason, :activated_by, clock_timestamp() FROM policy_activation

-- name: policy_activations
-- What was in force from when on, newest first.
SELECT version, reason, activated_by, active_from FROM policy_activation ORDER BY id DESC LIMIT :limit

-- name: last_choices
-- The candidates of the last claims, as they were weighed.
SELECT why FROM assignment WHERE why ? 'inputs' ORDER BY id DESC LIMIT :limit

-- name: free_lapsed_slot
-- free_slot after a lease that ran out: kept for its holder for the project's grace, at the price of the hold, where they are still of the house and
-- have not said that they are away. What was reserved for its author stays so; a deadline that passed ends the hold for good.
UPDATE slot SET state = 'free', annotator = NULL, assignment_id = NULL, lease_until = NULL, deadline = NULL, freed_at = clock_timestamp(),
       reserved_for = CASE WHEN was.kept_until IS NULL THEN slot.reserved_for ELSE was.annotator END, kept_until = was.kept_until,
       carried_price_micros = CASE WHEN was.kept_until IS NULL THEN slot.carried_price_micros ELSE was.price_micros END
FROM (
  SELECT s.id, s.annotator, a.price_micros,
         CASE WHEN s.reserved_for IS NULL AND p.lease_grace_minutes > 0 AND n.state = 'active' AND s.lease_until < s.deadline
                AND s.lease_until + make_interval(mins => p.lease_grace_minutes) > clock_timestamp()
                AND NOT EXISTS (SELECT FROM presence w WHERE w.annotator = s.annotator AND w.state <> 'available')
              THEN s.lease_until + make_interval(mins => p.lease_grace_minutes) END AS kept_until
  FROM slot s JOIN assignment a ON a.id = s.assignment_id JOIN project p ON p.id = s.project JOIN annotator n ON n.id = s.annotator
  WHERE s.id = :slot_id
) AS was
WHERE slot.id = was.id AND slot.state = 'live' AND slot.epoch = :epoch
RETURNING slot.kept_until

-- name: lose_kept
-- Nothing is kept for somebody who goes away: anybody may have it.
UPDATE slot SET reserved_for = NULL, carried_price_micros = NULL, kept_until = NULL
WHERE reserved_for = :annotator_id AND state = 'free' AND kept_until IS NOT NULL

-- name: kept_for
-- Tasks whose lease lapsed a moment ago, as long as they are kept for their holder.
SELECT s.id AS slot_id, s.kind, s.kept_until, s.carried_price_micros AS price_micros, p.currency, p.name AS project_name,
       t.id AS task_id, t.external_id, t.domain, t.language, t.difficulty_level, t.payload,
       (SELECT a.price_inputs FROM assignment a WHERE a.slot = s.id ORDER BY a.epoch DESC LIMIT 1) AS price_inputs
FROM slot s JOIN task t ON t.id = s.task JOIN project p ON p.id = s.project AND p.state = 'published'
WHERE s.reserved_for = :annotator_id AND s.state = 'free' AND s.kept_until > clock_timestamp()
ORDER BY s.kept_until

-- name: caps_of
-- What stands against each person's caps now: a row for each project that has some, by the day of its calendar's zone, and one without a project for
-- the person's own cap, by the day in UTC. Counters and live holds, never a history.
SELECT n.id AS annotator_id, p.id AS project_id, p.name AS project_name, p.cap_per_person_day AS day_cap, p.cap_per_person_live AS live_cap,
       d.zone, d.day, (d.day + 1)::timestamp AT TIME ZONE d.zone AS day_ends, coalesce(g.tasks, 0) AS given,
       CASE WHEN p.cap_per_person_live IS NULL THEN 0
            ELSE (SELECT count(*) FROM assignment a WHERE a.annotator = n.id AND a.state = 'live' AND a.project = p.id) END::int AS live
FROM unnest(:annotator_ids::uuid[]) AS n (id)
JOIN project p ON p.id = ANY (:project_ids::uuid[]) AND num_nonnulls(p.cap_per_person_day, p.cap_per_person_live) > 0
LEFT JOIN calendar c ON c.id = p.calendar
CROSS JOIN LATERAL (SELECT coalesce(c.zone, 'UTC') AS zone, (clock_timestamp() AT TIME ZONE coalesce(c.zone, 'UTC'))::date AS day) AS d
LEFT JOIN given g ON g.annotator = n.id AND g.project = p.id AND g.day = d.day
UNION ALL
SELECT a.id, NULL, NULL, a.cap_per_day, NULL, 'UTC', d.day, (d.day + 1)::timestamp AT TIME ZONE 'UTC', coalesce(g.tasks, 0), 0
FROM annotator a
CROSS JOIN LATERAL (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day) AS d
LEFT JOIN given g ON g.annotator = a.id AND g.project = '00000000-0000-0000-0000-000000000000' AND g.day = d.day
WHERE a.id = ANY (:annotator_ids) AND a.cap_per_day IS NOT NULL

-- name: lock_holders_of_day
-- Everybody who was given something in the last two days, in the order of ids: nobody whom a new cap concerns claims meanwhile.
SELECT h.annotator FROM holder h
WHERE EXISTS (SELECT FROM assignment a WHERE a.annotator = h.annotator AND a.claimed_at > clock_timestamp() - interval '2 days' AND a.project = :project_id)
ORDER BY h.annotator
FOR NO KEY UPDATE

-- name: count_project_day
-- A cap that is new counts what was given today before it; what came back to somebody was given once.
WITH today AS (
  SELECT (clock_timestamp() AT TIME ZONE z.zone)::date AS day, date_trunc('day', clock_timestamp() AT TIME ZONE z.zone) AT TIME ZONE z.zone AS since
  FROM (SELECT coalesce((SELECT c.zone FROM project p JOIN calendar c ON c.id = p.calendar WHERE p.id = :project_id), 'UTC') AS zone) AS z
), marked AS (
  UPDATE assignment SET project_day = today.day FROM today
  WHERE assignment.project = :project_id AND assignment.annotator = ANY (:annotator_ids::uuid[]) AND assignment.claimed_at >= today.since
    AND assignment.project_day IS NULL AND NOT assignment.why ?| ARRAY['reserved', 'grace', 'late']
  RETURNING assignment.annotator, assignment.project_day
)
INSERT INTO given (id, annotator, project, day, tasks)
SELECT gen_random_uuid(), annotator, :project_id, project_day, count(*) FROM marked GROUP BY annotator, project_day
ON CONFLICT (annotator, project, day) DO UPDATE SET tasks = given.tasks + excluded.tasks

-- name: count_site_day
-- The same for a person's own cap, over all projects, by the day in UTC.
WITH today AS (
  SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day, date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS since
), marked AS (
  UPDATE assignment SET site_day = today.day FROM today
  WHERE assignment.annotator = ANY (:annotator_ids::uuid[]) AND assignment.claimed_at >= today.since
    AND assignment.site_day IS NULL AND NOT assignment.why ?| ARRAY['reserved', 'grace', 'late']
  RETURNING assignment.annotator, assignment.site_day
)
INSERT INTO given (id, annotator, project, day, tasks)
SELECT gen_random_uuid(), annotator, '00000000-0000-0000-0000-000000000000'::uuid, site_day, count(*) FROM marked GROUP BY annotator, site_day
ON CONFLICT (annotator, project, day) DO UPDATE SET tasks = given.tasks + excluded.tasks

-- name: set_cap_per_day
-- Of one person, over all projects.
UPDATE annotator SET cap_per_day = :cap WHERE id = :annotator_id

-- name: change_project
-- The version is what If-Match compares, and what claims judge by.
UPDATE project SET calendar = :calendar_id, ladder = :ladder, task_expires_days = :task_expires_days, sla_seconds = :sla_seconds,
  lease_seconds = :lease_seconds, deadline_seconds = :deadline_seconds, language_level = :language_level, overlap = :overlap,
  consensus_target = :consensus_target, most_answers = :most_answers, review_other_vendor = :review_other_vendor,
  rework_limit = :rework_limit, answer_limit = :answer_limit, push = :push, lease_grace_minutes = :lease_grace_minutes,
  annotation_cost = :annotation_cost, review_cost = :review_cost, cap_per_person_day = :cap_per_person_day,
  cap_per_person_live = :cap_per_person_live, min_turns = :min_turns, max_turns = :max_turns, stick_to_topic = :stick_to_topic,
  stick_to_author = :stick_to_author, name = :name, description = :description, guidelines = :guidelines, required_role = :required_role,
  expert_level = :expert_level, skill_half_life_days = :skill_half_life_days, version = version + 1
WHERE id = :id

-- name: rank_by_sla
-- A due time puts a task one SLA before it: under another SLA its places move by the difference. Locked by id, as all that lock many.
WITH due AS MATERIALIZED (
  SELECT s.id, task_rank(t.created_at, t.priority, t.due_at, :now::int) - task_rank(t.created_at, t.priority, t.due_at, :before::int) AS shift,
         CASE WHEN s.stage = 0 THEN least(t.created_at, t.due_at - make_interval(secs => :now::int)) - least(t.created_at, t.due_at - make_interval(secs => :before::int))
              ELSE interval '0' END AS later
  FROM slot s JOIN task t ON t.id = s.task
  WHERE t.project = :project_id AND t.due_at IS NOT NULL AND t.state NOT IN ('accepted', 'rejected', 'cancelled') AND s.state <> 'cancelled'
  ORDER BY s.id FOR NO KEY UPDATE OF s
)
UPDATE slot SET rank = rank + due.shift, waits_since = waits_since + due.later FROM due WHERE slot.id = due.id AND due.shift <> 0

-- name: active_people
-- Who is asked whether they would fit; the longest here first, with how many there are.
SELECT id, count(*) OVER ()::int AS total FROM annotator WHERE state = 'active' ORDER BY id LIMIT :limit::int

-- name: waiting_by_lane
-- How many answers are waited for in each lane of a project.
SELECT lane, count(*)::int AS waiting FROM slot WHERE project = :project_id AND state = 'free' AND stage = 0 GROUP BY lane

-- name: consensus_behind
-- Projects that ask for a consensus and have answers or verdicts that their estimate has not seen, or none yet.
SELECT p.id FROM project p LEFT JOIN consensus_model m ON m.project = p.id
WHERE p.consensus_target IS NOT NULL AND p.state <> 'closed'
  AND (m.project IS NULL
       OR EXISTS (SELECT FROM submission s WHERE s.project = p.id AND s.submitted_at > m.read_at)
       OR EXISTS (SELECT FROM submission s WHERE s.project = p.id AND s.decided_at > m.read_at))

-- name: lock_consensus_fit
-- Two refits of one project would overwrite each other's version.
SELECT pg_advisory_xact_lock(hashtextextended('consensus:' || :project_id::text, 0))

-- name: consensus_to_fit
-- From when on changes are unseen, and the domains large enough to be told apart (as routing.consensus.LEAST_TASKS).
SELECT clock_timestamp() AS read_at, p.skill_half_life_days AS half_life_days,
       (SELECT count(*)::int FROM (SELECT FROM task t WHERE t.project = p.id GROUP BY t.domain HAVING count(*) >= 100) large) AS domains
FROM project p WHERE p.id = :project_id AND p.consensus_target IS NOT NULL

-- name: consensus_answers
-- The newest answers that count, with what a reviewer let stand of each: as it was, or as it was mended.
SELECT s.author, s.task, t.domain, s.payload ->> 'label' AS label, t.payload -> 'choices' AS choices, s.submitted_at,
       CASE WHEN s.state = 'accepted' AND EXISTS (SELECT FROM verdict v WHERE v.submission = s.id)
            THEN coalesce((SELECT v.corrected ->> 'label' FROM verdict v WHERE v.submission = s.id AND v.corrected IS NOT NULL ORDER BY v.stage DESC LIMIT 1), s.payload ->> 'label') END AS truth
FROM (SELECT * FROM submission WHERE project = :project_id ORDER BY submitted_at DESC LIMIT :limit) s JOIN task t ON t.id = s.task AND NOT t.gold
WHERE s.state IN ('pending', 'accepted', 'rejected') AND s.payload ->> 'label' IS NOT NULL

-- name: keep_consensus_model
-- The last estimate is overwritten when the new one is there, and not before.
INSERT INTO consensus_model (project, version, fitted_at, read_at, domains, temperature, evidence, people, found)
VALUES (:project_id, 1, clock_timestamp(), :read_at, :domains, :temperature, :evidence, :people, :found)
ON CONFLICT (project) DO UPDATE SET version = consensus_model.version + 1, fitted_at = excluded.fitted_at, read_at = excluded.read_at,
  domains = excluded.domains, temperature = excluded.temperature, evidence = excluded.evidence, people = excluded.people, found = excluded.found
RETURNING version

-- name: consensus_beliefs
-- What is stored of the crowd, and of these people out of it.
SELECT version, temperature, domains, evidence,
       coalesce((SELECT jsonb_object_agg(one, m.people -> one) FROM unnest(:people::text[]) one WHERE m.people ? one), '{}'::jsonb) AS people
FROM consensus_model m WHERE project = :project_id

-- name: consensus_model_of
-- For managers: without the people, who are counted.
SELECT version, fitted_at, domains, temperature, found, (SELECT count(*)::int FROM jsonb_object_keys(people)) AS people FROM consensus_model WHERE project = :project_id

-- name: consensus_lag
-- Seconds since the oldest answer or verdict that an estimate has not seen; of one project, or of the worst.
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - least(a.at, d.at))), 0)::float8
FROM project p LEFT JOIN consensus_model m ON m.project = p.id
CROSS JOIN LATERAL (SELECT min(s.submitted_at) AS at FROM submission s WHERE s.project = p.id AND s.submitted_at > coalesce(m.read_at, '-infinity')) a
CROSS JOIN LATERAL (SELECT min(s.decided_at) AS at FROM submission s WHERE s.project = p.id AND s.decided_at > coalesce(m.read_at, '-infinity')) d
WHERE p.consensus_target IS NOT NULL AND p.state <> 'closed' AND (:project_id::uuid IS NULL OR p.id = :project_id)

-- name: places_by_author
-- For a claim by somebody who judged authors of what waits for review, in projects that stick to authors: the places that they should get first
-- ('same'), the heads of lanes that somebody else should get (`avoid`), and of those lanes the first place that is not theirs to avoid.
WITH mine AS (
  SELECT s.id, s.lane, s.rank, s.waits_since, s.task, p.stick_to_author
  FROM slot s JOIN project p ON p.id = s.project AND p.state = 'published' AND p.stick_to_author IS NOT NULL
  WHERE s.judge_id = :annotator_id AND s.state = 'free' AND s.reserved_for IS NULL
    AND NOT EXISTS (SELECT FROM slot o WHERE o.task = s.task AND o.annotator = :annotator_id) AND NOT coalesce(:annotator_id = ANY (s.judges), false)
    AND NOT EXISTS (SELECT FROM declined d WHERE d.task = s.task AND d.annotator = :annotator_id AND d.slot IS DISTINCT FROM s.id)
  ORDER BY s.rank LIMIT 50
)
SELECT m.id, m.lane, m.stick_to_author <> 'same' AS avoid, extract(epoch FROM m.waits_since)::float8 AS waits_since, t.priority
FROM mine m JOIN task t ON t.id = m.task
UNION ALL
SELECT other.id, lane.lane, false, extract(epoch FROM other.waits_since)::float8, t.priority
FROM (SELECT DISTINCT lane FROM mine WHERE stick_to_author = 'different') AS lane
CROSS JOIN LATERAL (
  SELECT s.id, s.task, s.waits_since FROM slot s
  WHERE s.lane = lane.lane AND s.state = 'free' AND s.reserved_for IS NULL AND s.judge_id IS DISTINCT FROM :annotator_id AND s.author_id <> :annotator_id AND NOT coalesce(:annotator_id = ANY (s.judges), false)
    AND NOT EXISTS (SELECT FROM slot o WHERE o.task = s.task AND o.annotator = :annotator_id)
    AND NOT EXISTS (SELECT FROM declined d WHERE d.task = s.task AND d.annotator = :annotator_id AND d.slot IS DISTINCT FROM s.id)
  ORDER BY s.rank, s.id LIMIT 1
) AS other
JOIN task t ON t.id = other.task

-- name: claim_named
-- claim_slot for the one place that a project wants this person to have; passing by whoever else has it now.
WITH candidate AS MATERIALIZED (
  SELECT s.id FROM slot s WHERE s.id = :slot_id AND s.state = 'free' AND s.reserved_for IS NULL FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
  UPDATE slot SET state = 'live', annotator = :annotator_id, assignment_id = :assignment_id, epoch = slot.epoch + 1,
         lease_until = clock_timestamp() + make_interval(secs => :lease_seconds),
         deadline = clock_timestamp() + make_interval(secs => :deadline_seconds)
  FROM candidate, project p
  WHERE slot.id = candidate.id AND slot.state = 'free' AND slot.reserved_for IS NULL
    AND p.id = slot.project AND p.state = 'published'
    AND slot.author_id IS DISTINCT FROM :annotator_id
    AND NOT (slot.kind = 'review' AND (p.review_other_vendor OR (SELECT l.other_vendor FROM lane l WHERE l.id = slot.lane))
             AND slot.author_vendor_id IS NOT DISTINCT FROM :vendor_id::uuid)
    AND NOT coalesce(:annotator_id = ANY (slot.judges), false)
    AND NOT EXISTS (SELECT FROM slot o WHERE o.task = slot.task AND o.annotator = :annotator_id)
  RETURNING slot.id, slot.task, slot.project, slot.kind, slot.epoch, slot.lease_until, slot.deadline
{counted_and_held}

-- part: counted_and_held
-- What follows when one person took one place: the counters of their caps, and the assignment.
), counted AS (
  INSERT INTO given (id, annotator, project, day, tasks)
  SELECT gen_random_uuid(), :annotator_id, d.project, d.day, 1
  FROM taken CROSS JOIN LATERAL (VALUES (taken.project, :project_day::date), ('00000000-0000-0000-0000-000000000000'::uuid, :site_day::date)) AS d (project, day)
  WHERE d.day IS NOT NULL
  ON CONFLICT (annotator, project, day) DO UPDATE SET tasks = given.tasks + 1
)
INSERT INTO assignment (id, slot, task, project, annotator, vendor, kind, epoch, state, lease_until, deadline, price_micros, currency,
                        price_inputs, why, heartbeat_at, claimed_at, cost, project_day, site_day)
SELECT :assignment_id, id, task, project, :annotator_id, :vendor_id, kind, epoch, 'live', lease_until, deadline, :price_micros, :currency,
       :price_inputs, :why, clock_timestamp(), clock_timestamp(), :cost, :project_day, :site_day
FROM taken
RETURNING id, slot, epoch, task, project

-- name: worked
-- A sign of life that a write is: the interval since the last one is closed, cut where it is idleness. The lease stays as it is.
UPDATE assignment SET active_seconds = active_seconds + least(extract(epoch FROM clock_timestamp() - heartbeat_at), :idle_cut_seconds)::int,
       heartbeat_at = clock_timestamp()
WHERE id = :assignment_id AND state = 'live'
RETURNING active_seconds

-- name: form_in_force
-- The newest declaration of a project's kind, or the one that was the newest at a moment.
SELECT kind, version, declaration, created_at FROM task_form
WHERE project = :project_id AND kind = :kind AND (:at::timestamptz IS NULL OR created_at <= :at)
ORDER BY version DESC LIMIT 1

-- name: newest_forms
-- The newest declaration of each kind that the project has declared itself.
SELECT DISTINCT ON (kind) kind, version, declaration, created_at FROM task_form WHERE project = :project_id ORDER BY kind, version DESC

-- name: form_versions
-- Every version of one kind, newest first.
SELECT kind, version, declaration, created_at FROM task_form WHERE project = :project_id AND kind = :kind ORDER BY version DESC

-- name: lock_project_for_form
-- Versions of a project's declarations follow one another; none: no such project.
SELECT id FROM project WHERE id = :project_id FOR NO KEY UPDATE

-- name: add_form
-- The next version, by task_form_version_once; the time is read after the lock, so that it grows with the version.
INSERT INTO task_form (id, project, kind, version, declaration, created_at)
VALUES (:id, :project_id, :kind, :version, :declaration, clock_timestamp())

-- name: know_kind
-- A kind that a project declares is in the registry; what it is called there stays.
INSERT INTO task_kind (code, name_en, name_zh, own_skill) VALUES (:code, :name_en, :name_zh, false) ON CONFLICT (code) DO NOTHING

-- name: unfinished_of_kind
-- Tasks that a new declaration must be able to show, newest first.
SELECT external_id, payload FROM task
WHERE project = :project_id AND kind = :kind AND state NOT IN ('accepted', 'rejected', 'cancelled')
ORDER BY id DESC LIMIT :limit

-- name: work_for_form
-- What an assignment is about, and when its work was claimed: for a review that of the work, for late work that of its first hold.
SELECT t.project AS project_id, t.kind, t.payload, t.domain, t.difficulty_mean, t.difficulty_variance,
       coalesce(first.claimed_at, w.claimed_at) AS claimed_at
FROM assignment a JOIN task t ON t.id = a.task
JOIN assignment w ON w.id = coalesce((SELECT b.assignment FROM slot s JOIN submission b ON b.id = s.submission_id
                                      WHERE s.id = a.slot AND a.kind = 'review'), a.id)
LEFT JOIN assignment first ON first.id = (w.why ->> 'late')::uuid
WHERE a.id = :assignment_id

-- name: extend_deadline
-- A manager gives a live hold more time, in the slot that judges it and in the assignment that shows it.
WITH moved AS (
  UPDATE slot SET deadline = deadline + make_interval(mins => :minutes) WHERE id = :slot_id AND assignment_id = :assignment_id RETURNING deadline
)
UPDATE assignment SET deadline = moved.deadline FROM moved WHERE assignment.id = :assignment_id RETURNING assignment.deadline

-- name: holder_of_task
-- Who has or had this hold on that task.
SELECT annotator FROM assignment WHERE id = :assignment_id AND task = :task_id

-- name: answered_before
-- Whether this answer follows another of the same person that was sent back.
SELECT round > 1 FROM submission WHERE id = :submission_id

-- name: lock_project_for_plan
-- Versions of a project's plans of review follow one another; none: no such project.
SELECT expert_level FROM project WHERE id = :project_id FOR NO KEY UPDATE

-- name: plan_in_force
-- The version of the plan that was put in force last, with its stages; no row: one look at everything.
SELECT a.version, p.stages, p.adjudicator FROM (SELECT version FROM review_plan_activation WHERE project = :project_id ORDER BY active_from DESC, id DESC LIMIT 1) a
LEFT JOIN review_plan p ON p.project = :project_id AND p.version = a.version

-- name: plan_versions
-- Of one project, newest first, or one of them.
SELECT version, stages, adjudicator, note, created_by, created_at FROM review_plan
WHERE project = :project_id AND (:version::int IS NULL OR version = :version) AND (:before::int IS NULL OR version < :before)
ORDER BY version DESC LIMIT :limit

-- name: insert_plan
-- The next version, under lock_project_for_plan.
INSERT INTO review_plan (id, project, version, stages, adjudicator, note, created_by, created_at)
SELECT :id, :project_id, coalesce(max(version), 0) + 1, :stages, :adjudicator, :note, :created_by, clock_timestamp() FROM review_plan WHERE project = :project_id
RETURNING version

-- name: activate_plan
-- From the next hand-in on; what waits for review keeps the version that it was handed in under.
INSERT INTO review_plan_activation (id, project, version, reason, activated_by, active_from)
VALUES (:id, :project_id, :version, :reason, :activated_by, clock_timestamp())

-- name: plan_activations
-- What was in force from when on, newest first.
SELECT version, reason, activated_by, active_from FROM review_plan_activation WHERE project = :project_id ORDER BY active_from DESC, id DESC LIMIT :limit

-- name: work_for_stage
-- What was handed in, as a stage of the plan sees it: its lane's demand, its author, the version that it goes by, and the stage that sent it back last.
SELECT b.id AS submission_id, b.slot AS slot_id, b.task AS task_id, b.project AS project_id, b.author AS author_id, b.assignment AS assignment_id, b.round, b.state,
       a.vendor AS author_vendor_id, s.no, s.rank, p.expert_level, t.domain, l.difficulty_band AS band,
       (SELECT min(r.plan_version) FROM review_step r WHERE r.submission = b.id) AS plan_version,
       (SELECT v.stage FROM submission e JOIN verdict v ON v.submission = e.id
        WHERE e.slot = b.slot AND e.author = b.author AND e.id <> b.id AND e.state = 'rework' ORDER BY v.given_at DESC LIMIT 1) AS sent_back_by,
       (SELECT min(r.step) FROM relaxation r JOIN assignment h ON h.id = r.assignment
        WHERE r.task = b.task AND h.slot = b.slot AND h.annotator = b.author AND r.relaxed -> 'second_review' IS NOT NULL) AS relaxed_step,
       p.language_level, p.skill_half_life_days AS half_life_days,
       l.project AS lane_project, l.kind, l.stage, l.domain AS lane_domain, l.language, l.difficulty_band, l.min_level, l.required_role, l.required_credential, l.task_kind,
       l.requirement::text AS requirement, l.prefer::text AS prefer, false AS other_vendor
FROM submission b JOIN assignment a ON a.id = b.assignment JOIN slot s ON s.id = b.slot JOIN project p ON p.id = b.project JOIN task t ON t.id = b.task
JOIN lane l ON l.id = s.lane
WHERE b.id = :submission_id

-- name: record_step
-- What a stage decided; review_step_once makes it once per stage.
INSERT INTO review_step (id, submission, project, stage, plan_version, looked, chance, reason, author, domain, band, decided_at, due_at, overdue)
VALUES (:id, :submission_id, :project_id, :stage, :plan_version, :looked, :chance, :reason, :author_id, :domain, :band, clock_timestamp(),
        clock_timestamp() + make_interval(hours => :due_hours::int), :overdue)

-- name: place_review
-- One place per stage and answer (slot_place). In a later round the same place looks at the new submission: kept for a while for whoever sent it back
-- where the plan says so and they are there, else for anybody eligible. Whoever judged the answer at another stage is named in `judges`; who judged the
-- author last is looked up where the project asks.
INSERT INTO slot (id, task, project, lane, kind, stage, no, state, rank, answers_slot, submission_id, author_id, author_vendor_id, judge_id, judges, freed_at, waits_since)
SELECT :id, s.task, s.project, :lane_id, 'review', :stage::int, s.no, 'free', s.rank, s.id, :submission_id, :author_id, :author_vendor_id,
       CASE WHEN p.stick_to_author IS NOT NULL
            THEN (SELECT v.reviewer FROM submission b JOIN verdict v ON v.submission = b.id WHERE b.author = :author_id AND b.project = s.project
                  ORDER BY b.submitted_at DESC, v.stage LIMIT 1) END,
       (SELECT array_agg(DISTINCT v.reviewer) FROM submission b JOIN verdict v ON v.submission = b.id
        WHERE b.slot = s.id AND b.author = :author_id AND v.stage <> :stage::int),
       clock_timestamp(), clock_timestamp()
FROM slot s JOIN project p ON p.id = s.project WHERE s.id = :slot_id
ON CONFLICT (task, stage, no) DO UPDATE SET state = 'free', annotator = NULL, assignment_id = NULL, lane = excluded.lane, submission_id = excluded.submission_id,
  author_id = excluded.author_id, author_vendor_id = excluded.author_vendor_id, judge_id = excluded.judge_id, judges = excluded.judges,
  reserved_for = CASE WHEN :same_reviewer AND slot.author_id = excluded.author_id AND coalesce((SELECT w.state = 'available' FROM presence w WHERE w.annotator = slot.annotator), false)
                      THEN slot.annotator END,
  kept_until = CASE WHEN :same_reviewer AND slot.author_id = excluded.author_id AND coalesce((SELECT w.state = 'available' FROM presence w WHERE w.annotator = slot.annotator), false)
                    THEN clock_timestamp() + make_interval(secs => :kept_seconds) END,
  carried_price_micros = CASE WHEN :same_reviewer THEN (SELECT a.price_micros FROM assignment a WHERE a.slot = slot.id ORDER BY a.epoch DESC LIMIT 1) END,
  freed_at = clock_timestamp(), waits_since = clock_timestamp()
WHERE slot.state IN ('done', 'cancelled')
RETURNING id

-- name: overdue_reviews
-- Reviews that nobody has taken by their due time, and have not been acted upon; each is locked again before it is.
SELECT r.id, r.submission AS submission_id, r.stage, r.overdue FROM review_step r JOIN submission b ON b.id = r.submission AND b.state = 'pending'
WHERE r.looked AND r.due_at <= clock_timestamp() AND r.overdue_at IS NULL AND r.overdue <> 'wait'
ORDER BY r.due_at LIMIT :limit

-- name: lock_overdue_place
-- Passing by what somebody has just taken; it stays due until it is free again or judged.
SELECT s.id, s.task AS task_id, s.project AS project_id, s.rank FROM slot s
WHERE s.submission_id = :submission_id AND s.stage = :stage AND s.kind = 'review' AND s.state = 'free' FOR NO KEY UPDATE SKIP LOCKED

-- name: end_place
-- Nobody is to look at it any more.
UPDATE slot SET state = 'cancelled', reserved_for = NULL, kept_until = NULL, carried_price_micros = NULL WHERE id = :slot_id AND state = 'free'

-- name: put_first
-- Before everything else in its lane.
UPDATE slot SET rank = least(slot.rank, coalesce((SELECT min(o.rank) FROM slot o WHERE o.lane = slot.lane AND o.state = 'free'), slot.rank)) - 1,
  reserved_for = NULL, kept_until = NULL, carried_price_micros = NULL WHERE id = :slot_id AND state = 'free'

-- name: acted_on
-- Once for each step.
UPDATE review_step SET overdue_at = clock_timestamp() WHERE id = :id AND overdue_at IS NULL

-- name: lock_submission
-- As a verdict locks it.
SELECT state FROM submission WHERE id = :submission_id FOR NO KEY UPDATE

-- name: steps_of_task
-- What the plan decided about each hand-in of a task, in order.
SELECT r.submission AS submission_id, b.round, r.stage, r.plan_version, r.looked, r.chance, r.reason, r.decided_at, r.due_at, r.overdue, r.overdue_at
FROM review_step r JOIN submission b ON b.id = r.submission WHERE b.task = :task_id ORDER BY r.decided_at, r.stage

-- name: earlier_looks
-- Verdicts that were given on a submission before this stage, what counts of each, in their order.
SELECT v.id, v.stage, v.reviewer, v.corrected, coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome) AS outcome
FROM verdict v WHERE v.submission = :submission_id AND v.stage < :stage ORDER BY v.stage

-- name: stratum
-- How much of an author's newest work of one domain and difficulty a stage has seen, and looked at.
SELECT count(*)::int AS seen, count(*) FILTER (WHERE looked)::int AS looked
FROM (SELECT domain, band, looked FROM review_step WHERE project = :project_id AND stage = :stage AND author = :author_id ORDER BY decided_at DESC LIMIT :limit) r
WHERE domain = :domain AND band = :band

-- name: sampling_tallies
-- What a stage looked at, found and let pass, by author, domain and difficulty; `coming`: of the last 30 days. What was sent back is not drawn by lot,
-- and what time accepted was not looked at.
SELECT r.author, r.domain, r.band, count(*) FILTER (WHERE j.outcome IS NOT NULL)::int AS looks, count(*) FILTER (WHERE j.outcome <> 'accept')::int AS defects,
       count(*) FILTER (WHERE j.outcome IS NULL AND (NOT r.looked OR r.overdue_at IS NOT NULL))::int AS skipped,
       1 + count(*) FILTER (WHERE r.decided_at > clock_timestamp() - interval '30 days')::int AS coming
FROM review_step r
LEFT JOIN LATERAL (SELECT coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome) AS outcome
                   FROM verdict v WHERE v.submission = r.submission AND v.stage = r.stage) j ON true
WHERE r.project = :project_id AND r.stage = :stage AND r.reason ->> 'rule' NOT IN ('sent_back', 'second_review')
GROUP BY 1, 2, 3

-- name: sampling_found
-- What counts so far at a stage, the defects that were found by the chance of their look, and the smallest chance.
WITH judged AS MATERIALIZED (
  SELECT r.looked, r.overdue_at, round(r.chance * 100)::int AS percent,
         (SELECT coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome)
          FROM verdict v WHERE v.submission = r.submission AND v.stage = r.stage) AS outcome
  FROM review_step r WHERE r.project = :project_id AND r.stage = :stage AND r.reason ->> 'rule' NOT IN ('sent_back', 'second_review')
)
SELECT count(*)::int AS handed_in, count(*) FILTER (WHERE outcome IN ('accept', 'fix') OR outcome IS NULL AND (NOT looked OR overdue_at IS NOT NULL))::int AS passed,
       min(percent) AS least,
       (SELECT jsonb_agg(jsonb_build_object('percent', f.percent, 'n', f.n)) FROM (
          SELECT percent, count(*) AS n FROM judged d WHERE d.outcome <> 'accept' AND d.percent < 100 GROUP BY 1) f) AS found
FROM judged

-- name: keep_sampling
-- The last look is overwritten by the next.
INSERT INTO review_sampling (id, project, stage, found, computed_at) VALUES (:id, :project_id, :stage, :found, clock_timestamp())
ON CONFLICT (project, stage) DO UPDATE SET found = excluded.found, computed_at = excluded.computed_at

-- name: projects_that_sample
-- Whose plan in force has an adaptive stage.
SELECT p.id AS project_id, p.expert_level FROM project p
CROSS JOIN LATERAL (SELECT version FROM review_plan_activation a WHERE a.project = p.id ORDER BY active_from DESC, id DESC LIMIT 1) a
JOIN review_plan l ON l.project = p.id AND l.version = a.version
WHERE p.state <> 'closed' AND l.stages @> '[{"share": {"mode": "adaptive"}}]'

-- name: sampling_is_stale
-- Whether something was decided, judged or overturned at the stage since the last look.
SELECT coalesce((SELECT computed_at FROM review_sampling WHERE project = :project_id AND stage = :stage), '-infinity') <= greatest(
  (SELECT max(decided_at) FROM review_step WHERE project = :project_id AND stage = :stage),
  (SELECT max(b.decided_at) FROM submission b WHERE b.project = :project_id))

-- name: sampling_for
-- The chance of an author's next piece, and how many of theirs the stage has seen, no further than newcomers are told apart.
SELECT (SELECT count(*)::int FROM (SELECT FROM review_step r WHERE r.project = :project_id AND r.stage = :stage AND r.author = :author_id LIMIT :limit) o) AS own,
       (s.found -> 'chances' ->> :key)::float8 AS chance, (s.found -> 'outgoing' ->> 'estimate')::float8 AS estimate, (s.found -> 'outgoing' ->> 'upper')::float8 AS upper
FROM (SELECT 1) one LEFT JOIN review_sampling s ON s.project = :project_id AND s.stage = :stage

-- name: samplings
-- The last looks of a project's adaptive stages.
SELECT stage, found, computed_at FROM review_sampling WHERE project = :project_id

-- name: verdict_to_dispute
-- Whose work, what counts, whether it is too late; under lock_slot_of_verdict.
SELECT b.author AS author_id, b.task AS task_id, b.project AS project_id,
       coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome) AS outcome,
       v.given_at < clock_timestamp() - make_interval(days => :days::int) AS late, EXISTS (SELECT FROM dispute d WHERE d.verdict = v.id) AS disputed
FROM verdict v JOIN submission b ON b.id = v.submission WHERE v.id = :verdict_id

-- name: insert_dispute
-- dispute_once makes it one per verdict.
INSERT INTO dispute (id, verdict, project, author, reason, state, opened_at, due_at)
VALUES (:id, :verdict_id, :project_id, :author_id, :reason, 'open', clock_timestamp(), clock_timestamp() + make_interval(hours => :hours::int))

-- name: dispute_by_id
-- Which verdict it is about, before anything is locked.
SELECT verdict FROM dispute WHERE id = :dispute_id

-- name: lock_dispute
-- After the answer's slot, as every second look locks.
SELECT d.id, d.verdict, d.author, d.state, v.reviewer, t.domain FROM dispute d JOIN verdict v ON v.id = d.verdict JOIN submission b ON b.id = v.submission
JOIN task t ON t.id = b.task WHERE d.id = :dispute_id FOR NO KEY UPDATE OF d

-- name: close_dispute
-- By whoever the transaction is run for; a second look by any door closes what is open.
UPDATE dispute SET state = :state, decision = :decision, decided_at = clock_timestamp(),
  decided_by = coalesce(nullif(current_setting('callboard.actor', true), ''), 'database')
WHERE verdict = :verdict_id AND state = 'open'
RETURNING id

-- name: disputes
-- For whoever decides: open ones by their date, then the others, newest first; the reviewer is not shown.
SELECT d.id, d.verdict AS verdict_id, t.id AS task_id, p.id AS project_id, p.name AS project_name, coalesce(t.payload ->> 'title', t.external_id) AS title, t.domain,
       v.outcome, v.reasons, v.comment, d.reason, d.state, d.opened_at, d.due_at, d.state = 'open' AND d.due_at <= clock_timestamp() AS overdue, d.decided_at, d.decision
FROM dispute d JOIN verdict v ON v.id = d.verdict JOIN submission b ON b.id = v.submission JOIN task t ON t.id = b.task JOIN project p ON p.id = d.project
WHERE (:state::text IS NULL OR d.state = :state)
ORDER BY d.state <> 'open', CASE WHEN d.state = 'open' THEN d.due_at END, d.id DESC LIMIT :limit

-- name: verdicts_on
-- The newest verdicts on somebody's work, without the reviewer, and what became of their word against them.
SELECT v.id AS verdict_id, b.assignment AS assignment_id, coalesce(t.payload ->> 'title', t.external_id) AS title, p.name AS project_name, b.round, v.stage, v.outcome AS given,
       w.outcome, v.reasons, v.comment, v.given_at, v.given_at + make_interval(days => :days::int) AS until,
       d.id IS NULL AND w.outcome <> 'accept' AND v.given_at >= clock_timestamp() - make_interval(days => :days::int) AS disputable,
       d.id AS dispute_id, d.state AS dispute_state, d.due_at AS dispute_due_at, coalesce(d.decision, '') AS decision
FROM (SELECT id, task, assignment, round FROM submission WHERE author = :author_id ORDER BY submitted_at DESC LIMIT 100) b
JOIN verdict v ON v.submission = b.id JOIN task t ON t.id = b.task JOIN project p ON p.id = t.project
CROSS JOIN LATERAL (SELECT coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome) AS outcome) w
LEFT JOIN dispute d ON d.verdict = v.id
ORDER BY v.given_at DESC LIMIT :limit

-- name: overdue_disputes
-- Those past their date of which nobody has heard yet; told once.
UPDATE dispute SET overdue_at = clock_timestamp() WHERE state = 'open' AND due_at <= clock_timestamp() AND overdue_at IS NULL RETURNING id, verdict, project

-- name: open_hold_of
-- An open hold, or one that the second sample confirmed: until somebody lifts it.
SELECT id FROM review_hold WHERE subject = :subject AND state IN ('open', 'confirmed') LIMIT 1

-- name: rejections_of_reviewer
-- The last verdicts of a reviewer since their last hold, oldest first, and the rejection of this author's work that they are about to give (no id), with the chance that the author's work is turned down by anybody else: of the
-- author's last 90 days, shrunk to these authors' rate, as five verdicts.
WITH mine AS (
  (SELECT v.id, v.author_id, v.outcome IN ('rework', 'reject') AS rejected, v.given_at FROM verdict v
   WHERE v.reviewer = :reviewer_id AND v.given_at > coalesce((SELECT max(decided_at) FROM review_hold h WHERE h.annotator = :reviewer_id), '-infinity')
   ORDER BY v.given_at DESC LIMIT :limit)
  UNION ALL SELECT NULL, :author_id::uuid, true, clock_timestamp()
), known AS (
  SELECT a.author_id, count(*) AS n, count(*) FILTER (WHERE v.outcome IN ('rework', 'reject')) AS k
  FROM (SELECT DISTINCT author_id FROM mine) a JOIN submission b ON b.author = a.author_id AND b.submitted_at > clock_timestamp() - interval '90 days'
  JOIN verdict v ON v.submission = b.id AND v.reviewer <> :reviewer_id
  GROUP BY 1
), crowd AS (SELECT (coalesce(sum(k), 0) + 1.5) / (coalesce(sum(n), 0) + 10) AS rate FROM known)
SELECT m.id, m.rejected, ((coalesce(k.k, 0) + 5 * c.rate) / (coalesce(k.n, 0) + 5))::float8 AS expected
FROM mine m CROSS JOIN crowd c LEFT JOIN known k USING (author_id) ORDER BY m.given_at, m.id

-- name: open_hold
-- review_hold_one_open makes it one at a time.
INSERT INTO review_hold (id, kind, subject, annotator, state, figures, opened_at)
VALUES (:id, :kind, :subject, :annotator_id, 'open', :figures, clock_timestamp()) ON CONFLICT (kind, subject) WHERE state = 'open' DO NOTHING

-- name: sample_hold
-- Which rejections are looked at again.
INSERT INTO hold_sample (id, hold, verdict) SELECT id, :hold_id, verdict FROM unnest(:ids::uuid[], :verdict_ids::uuid[]) AS s (id, verdict)

-- name: holds_sampled
-- Open holds that this verdict is in the sample of: how many of it wait, and how many were overturned since.
SELECT h.id, count(*)::int AS sampled, count(*) FILTER (WHERE o.upheld IS NULL)::int AS waiting, count(*) FILTER (WHERE NOT o.upheld)::int AS overturned
FROM review_hold h JOIN hold_sample s ON s.hold = h.id
LEFT JOIN LATERAL (SELECT upheld FROM overturn o WHERE o.verdict = s.verdict AND (h.kind = 'reviewer' OR o.decided_at > h.opened_at) ORDER BY o.decided_at DESC LIMIT 1) o ON true
WHERE h.state = 'open' AND h.id IN (SELECT hold FROM hold_sample WHERE verdict = :verdict_id)
GROUP BY h.id

-- name: close_hold
-- By whoever the transaction is run for.
UPDATE review_hold SET state = :state, reason = :reason, decided_at = clock_timestamp(),
  decided_by = coalesce(nullif(current_setting('callboard.actor', true), ''), 'database')
WHERE id = :hold_id AND (state = 'open' OR state = 'confirmed' AND :state = 'lifted')

-- name: holds
-- What is in force first, then the others, newest first.
SELECT h.id, h.kind, h.annotator AS annotator_id, coalesce(n.display_name, h.subject) AS display_name, h.state, h.figures, h.opened_at, h.decided_at, h.reason,
       ARRAY(SELECT s.verdict FROM hold_sample s WHERE s.hold = h.id AND NOT EXISTS (SELECT FROM overturn o WHERE o.verdict = s.verdict
               AND (h.kind = 'reviewer' OR o.decided_at > h.opened_at))) AS waiting
FROM review_hold h LEFT JOIN annotator n ON n.id = h.annotator ORDER BY h.state = 'lifted', h.opened_at DESC LIMIT :limit

-- name: stage_of_look
-- Which of how many stages of its plan looks at a piece, with the stage's name; version 0 has one.
SELECT greatest(coalesce(jsonb_array_length(p.stages), 1), r.stage) AS of, coalesce(r.reason ->> 'stage', '') AS name
FROM review_step r LEFT JOIN review_plan p ON p.project = r.project AND p.version = r.plan_version
WHERE r.submission = :submission_id AND r.stage = :stage

-- name: rejections_by_overturn
-- What somebody decided about accepted work since their last hold, oldest first, and the rejection of this author's work that they are about to make (no id),
-- with the chance that the author's work is turned down by a reviewer: as in rejections_of_reviewer. What a press on a lot overturned its sample decided.
WITH mine AS (
  (SELECT o.verdict AS id, v.author_id, NOT o.upheld AND o.outcome = 'reject' AS rejected, o.decided_at FROM overturn o JOIN verdict v ON v.id = o.verdict
   WHERE o.decided_by = :subject AND (NOT o.upheld OR o.outcome IN ('accept', 'fix'))
     AND NOT EXISTS (SELECT FROM lot_member m JOIN lot l ON l.id = m.lot JOIN lot_look k ON k.member = m.id
                     WHERE m.submission = v.submission AND k.outcome = 'defect' AND o.decided_at BETWEEN l.decided_at AND l.rework_at AND o.reason = k.reason)
     AND o.decided_at > coalesce((SELECT max(decided_at) FROM review_hold h WHERE h.subject = :subject), '-infinity')
   ORDER BY o.decided_at DESC LIMIT :limit)
  UNION ALL SELECT NULL, :author_id::uuid, true, clock_timestamp()
), known AS (
  SELECT a.author_id, count(*) AS n, count(*) FILTER (WHERE v.outcome IN ('rework', 'reject')) AS k
  FROM (SELECT DISTINCT author_id FROM mine) a JOIN submission b ON b.author = a.author_id AND b.submitted_at > clock_timestamp() - interval '90 days'
  JOIN verdict v ON v.submission = b.id GROUP BY 1
), crowd AS (SELECT (coalesce(sum(k), 0) + 1.5) / (coalesce(sum(n), 0) + 10) AS rate FROM known)
SELECT m.id, m.rejected, ((coalesce(k.k, 0) + 5 * c.rate) / (coalesce(k.n, 0) + 5))::float8 AS expected
FROM mine m CROSS JOIN crowd c LEFT JOIN known k USING (author_id) ORDER BY m.decided_at, m.id

-- name: own_sample
-- Whether somebody is held, and this verdict is in the sample that others look at.
SELECT h.id FROM hold_sample s JOIN review_hold h ON h.id = s.hold WHERE s.verdict = :verdict_id AND h.state = 'open' AND h.subject = :subject LIMIT 1

-- name: pieces_for_lot
-- Accepted work that is in no other lot, by day of acceptance (UTC), domain and kind; one more than wanted tells that there is too much.
SELECT b.id, b.content_hash FROM submission b JOIN task t ON t.id = b.task
WHERE b.project = :project_id AND b.state = 'accepted' AND NOT t.gold
  AND (:from_day::date IS NULL OR b.decided_at >= :from_day::date::timestamp AT TIME ZONE 'UTC')
  AND (:to_day::date IS NULL OR b.decided_at < (:to_day::date + 1)::timestamp AT TIME ZONE 'UTC')
  AND (:domain::text IS NULL OR t.domain = :domain) AND (:kind::text IS NULL OR t.kind = :kind)
  AND NOT EXISTS (SELECT FROM lot_member m WHERE m.submission = b.id AND m.live)
LIMIT :limit

-- name: insert_lot
-- Made at the time of its transaction, in which alone its members can be written.
INSERT INTO lot (id, project, name, filter, level, aql, size, letter, sample, accept, digest, inspectors, state, reason, created_by, created_at, rework_reason)
VALUES (:id, :project_id, :name, :filter, :level, :aql, :size, :letter, :sample, :accept, :digest, :inspectors, 'open', '', :created_by, transaction_timestamp(), '')

-- name: insert_lot_members
-- Those of the sample with their place in it.
INSERT INTO lot_member (id, lot, submission, place, live)
SELECT id, :lot_id, submission, place, true FROM unnest(:ids::uuid[], :submissions::uuid[], :places::int[]) AS m (id, submission, place)

-- name: lots_of_project
-- Newest first, or the one that is named, with how far the looks are.
SELECT l.id, l.project AS project_id, l.name, l.filter, l.level, l.aql, l.size, l.letter, l.sample, l.accept, l.inspectors, encode(l.digest, 'hex') AS digest, l.state, l.reason,
       l.created_by, l.created_at, l.decided_at, l.rework_at, l.rework_reason, k.looked, k.defects, k.last_look_at
FROM lot l CROSS JOIN LATERAL (
  SELECT count(*)::int AS looked, count(*) FILTER (WHERE outcome = 'defect')::int AS defects, max(looked_at) AS last_look_at FROM lot_look WHERE lot = l.id) k
WHERE l.project = coalesce(:project_id, l.project) AND (:lot_id::uuid IS NULL OR l.id = :lot_id) AND (:before::uuid IS NULL OR l.id < :before)
ORDER BY l.id DESC LIMIT :limit

-- name: lock_lot
-- Looks at one lot wait for each other.
SELECT id, project, state, sample, accept, letter, size, rework_at FROM lot WHERE id = :lot_id FOR NO KEY UPDATE

-- name: sample_of_lot
-- In the order of the looks; whether the reader had a hand in a piece.
SELECT m.id, m.place, b.id AS submission_id, t.id AS task_id, coalesce(t.payload ->> 'title', t.external_id) AS title, t.domain, t.kind, b.state AS submission_state,
       k.outcome, coalesce(k.reason, '') AS reason, k.looked_at, :annotator_id::uuid IS NOT NULL AND had_a_hand_in(b.id, :annotator_id) AS own
FROM lot_member m JOIN submission b ON b.id = m.submission JOIN task t ON t.id = b.task LEFT JOIN lot_look k ON k.member = m.id
WHERE m.lot = :lot_id AND m.place IS NOT NULL ORDER BY m.place

-- name: piece_of_sample
-- One piece of a sample, for a look.
SELECT m.id, k.id AS look, :annotator_id::uuid IS NOT NULL AND had_a_hand_in(m.submission, :annotator_id) AS own
FROM lot_member m LEFT JOIN lot_look k ON k.member = m.id WHERE m.lot = :lot_id AND m.id = :member_id AND m.place IS NOT NULL

-- name: insert_lot_look
-- lot_look_check refuses who had a hand in it.
INSERT INTO lot_look (id, lot, member, outcome, reason, inspector, role, annotator, looked_at)
VALUES (:id, :lot_id, :member_id, :outcome, :reason, :inspector, :role, :annotator_id, clock_timestamp())

-- name: count_looks
-- What was found so far.
SELECT count(*)::int AS looked, count(*) FILTER (WHERE outcome = 'defect')::int AS defects FROM lot_look WHERE lot = :lot_id

-- name: decide_lot
-- The sample decides.
UPDATE lot SET state = :state, reason = :reason, decided_at = clock_timestamp() WHERE id = :lot_id AND state = 'open'

-- name: release_members
-- The pieces of a lot that was sent back may be in another one.
UPDATE lot_member SET live = false WHERE lot = :lot_id AND live

-- name: inspectors_of_lot
-- Who looked, by role: how many people, and how many looks.
SELECT role, count(DISTINCT inspector)::int AS people, count(*)::int AS looks FROM lot_look WHERE lot = :lot_id GROUP BY role ORDER BY role

-- name: defects_of_lot
-- Each defect that was found, with the newest verdict on its piece where somebody gave one.
SELECT k.reason, (SELECT v.id FROM verdict v WHERE v.submission = m.submission ORDER BY v.stage DESC LIMIT 1) AS verdict_id
FROM lot_look k JOIN lot_member m ON m.id = k.member WHERE k.lot = :lot_id AND k.outcome = 'defect' ORDER BY m.submission

-- name: lock_answers_of_defects
-- The places of all answers that are to be overturned, and the answers, before the first of them.
SELECT s.id FROM lot_look k JOIN lot_member m ON m.id = k.member JOIN submission b ON b.id = m.submission JOIN slot s ON s.id = b.slot
WHERE k.lot = :lot_id AND k.outcome = 'defect' ORDER BY s.id FOR NO KEY UPDATE OF s, b

-- name: lock_tasks_of_defects
-- And their tasks, in the order of everybody.
SELECT t.id FROM task t WHERE t.id IN (
  SELECT b.task FROM lot_look k JOIN lot_member m ON m.id = k.member JOIN submission b ON b.id = m.submission WHERE k.lot = :lot_id AND k.outcome = 'defect')
ORDER BY t.id FOR NO KEY UPDATE

-- name: send_lot_to_rework
-- Once, by a press.
UPDATE lot SET rework_at = clock_timestamp(), rework_by = :by, rework_reason = :reason WHERE id = :lot_id

-- name: lot_choices
-- The domains and kinds of a project's accepted work, and how many pieces are in no lot.
SELECT t.domain, t.kind, count(*)::int AS pieces FROM submission b JOIN task t ON t.id = b.task
WHERE b.project = :project_id AND b.state = 'accepted' AND NOT t.gold AND NOT EXISTS (SELECT FROM lot_member m WHERE m.submission = b.id AND m.live)
GROUP BY 1, 2 ORDER BY 3 DESC

-- name: last_calendar_change
-- How a calendar was before its newest change.
SELECT before FROM audit_entry WHERE subject_type = 'calendar' AND subject_id = :name AND action = 'calendar.put' ORDER BY seq DESC LIMIT 1

-- name: free_review_of
-- The place where this work waits for a reviewer. Whoever is taking it at this moment is passed by: the caller may hold accounts, which come after slots.
SELECT s.id FROM submission b JOIN slot s ON s.submission_id = b.id AND s.kind = 'review' AND s.state = 'free'
WHERE b.assignment = :assignment_id AND b.state = 'pending' LIMIT 1 FOR NO KEY UPDATE OF s SKIP LOCKED

-- name: gold_rule_of
-- How much gold a project mixes in; none: it never said.
SELECT enabled, feedback, newcomer_share, newcomer_tasks, share, version, changed_at FROM gold_rule WHERE project = :project_id

-- name: put_gold_rule
-- Over the version that was read.
INSERT INTO gold_rule (project, enabled, feedback, newcomer_share, newcomer_tasks, share, version, changed_at)
VALUES (:project_id, :enabled, :feedback, :newcomer_share, :newcomer_tasks, :share, 1, clock_timestamp())
ON CONFLICT (project) DO UPDATE SET enabled = excluded.enabled, feedback = excluded.feedback, newcomer_share = excluded.newcomer_share,
  newcomer_tasks = excluded.newcomer_tasks, share = excluded.share, version = gold_rule.version + 1, changed_at = clock_timestamp()

-- name: gold_rates
-- People who are given another share than the project's others.
SELECT r.annotator AS annotator_id, n.display_name AS name, r.share, r.reason, r.set_by, r.set_at
FROM gold_rate r JOIN annotator n ON n.id = r.annotator WHERE r.project = :project_id ORDER BY n.display_name, n.id

-- name: put_gold_rate
-- One person's share.
INSERT INTO gold_rate (id, project, annotator, share, reason, set_by, set_at)
VALUES (:id, :project_id, :annotator_id, :share, :reason, :by, clock_timestamp())
ON CONFLICT (project, annotator) DO UPDATE SET share = excluded.share, reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at

-- name: drop_gold_rate
-- Like everybody again.
DELETE FROM gold_rate WHERE project = :project_id AND annotator = :annotator_id

-- name: gold_chance
-- What the next task of somebody who has just handed in one may be: the project's rule, the person's own share, and how many they have done, counted no further than it matters.
SELECT r.newcomer_share, r.newcomer_tasks, r.share, o.share AS own_share,
       (SELECT count(*)::int FROM (SELECT FROM submission b WHERE b.author = :annotator_id AND b.project = :project_id LIMIT r.newcomer_tasks + 1) AS done) AS done
FROM gold_rule r LEFT JOIN gold_rate o ON o.project = r.project AND o.annotator = :annotator_id
WHERE r.project = :project_id AND r.enabled

-- name: gold_falls_due
-- The person's next task in the project is gold.
INSERT INTO gold_due (id, annotator, project, drawn_at) VALUES (:id, :annotator_id, :project_id, clock_timestamp()) ON CONFLICT (annotator, project) DO NOTHING

-- name: gold_due_of
-- The projects in which somebody's next task is to be gold.
SELECT project FROM gold_due WHERE annotator = :annotator_id

-- name: gold_is_served
-- What was due is done.
DELETE FROM gold_due WHERE annotator = :annotator_id AND project = :project_id

-- name: gold_twin
-- The work that this person would be given of a lane: what can be seen of it is what can be seen of the gold in its place.
SELECT t.id, t.external_id, t.kind, t.domain, t.language, t.difficulty_level, t.priority, t.due_at, t.requirements, t.created_at, t.expires_at, t.import_batch, t.lane, l.difficulty_band AS band,
       s.rank, s.freed_at, s.waits_since
FROM slot s JOIN task t ON t.id = s.task JOIN lane l ON l.id = s.lane
WHERE s.lane = :lane_id AND s.state = 'free' AND (s.reserved_for IS NULL OR s.kept_until <= clock_timestamp()) AND s.rank >= :from_rank AND NOT s.gold
  AND NOT EXISTS (SELECT FROM slot o WHERE o.task = s.task AND o.annotator = :annotator_id)
  AND NOT EXISTS (SELECT FROM declined d WHERE d.task = s.task AND d.annotator = :annotator_id)
ORDER BY s.rank, s.id LIMIT 1

-- name: gold_for
-- What this person has never seen and could stand in the place of that work, the least known first.
SELECT g.id, g.payload, g.difficulty_mean, g.difficulty_variance, (SELECT count(*)::int FROM gold_serving s WHERE s.gold = g.id) AS served
FROM gold g
WHERE g.project = :project_id AND g.kind = :kind AND g.domain = :domain AND g.language = :language AND g.band = :band AND g.state = 'active'
  AND NOT EXISTS (SELECT FROM gold_serving s WHERE s.gold = g.id AND s.annotator = :annotator_id)
  AND NOT EXISTS (SELECT FROM assignment a WHERE a.task = g.source_task AND a.annotator = :annotator_id)
ORDER BY served LIMIT 50

-- name: free_names
-- Which of these names no task of the project has.
SELECT name FROM unnest(:names::text[]) WITH ORDINALITY AS w (name, n)
WHERE NOT EXISTS (SELECT FROM task t WHERE t.project = :project_id AND t.external_id = w.name) ORDER BY n

-- name: copy_gold
-- The copy that one person is given, with all that can be seen of its twin, and the place in which it is done.
WITH made AS (
  INSERT INTO task (id, project, external_id, kind, domain, language, difficulty_level, difficulty_mean, difficulty_variance, priority, due_at, requirements, payload, state, lane,
                    import_batch, version, created_at, expires_at, gold)
  SELECT :id, t.project, :name, t.kind, t.domain, t.language, t.difficulty_level, g.difficulty_mean, g.difficulty_variance, t.priority, t.due_at, t.requirements, :payload, 'open', t.lane,
         t.import_batch, 1, t.created_at, t.expires_at, true
  FROM task t, gold g WHERE t.id = :twin_id AND g.id = :gold_id
  RETURNING id, project, lane
), placed AS (
  INSERT INTO slot (id, task, project, lane, kind, stage, no, state, rank, freed_at, waits_since, gold)
  SELECT :slot_id, id, project, lane, 'annotation', 0, 1, 'free', :rank, :freed_at, :waits_since, true FROM made
)
INSERT INTO gold_serving (id, gold, annotator, task, served_at) SELECT :serving_id, :gold_id, :annotator_id, id, clock_timestamp() FROM made

-- name: gold_of_task
-- Which gold a task is a copy of; none of work.
SELECT s.id, s.gold AS gold_id, s.annotator AS annotator_id, s.submission AS submission_id, s.share, s.met, s.expected IS NOT NULL AS learned, g.key, g.version, g.domain, g.kind, g.difficulty_mean, g.difficulty_variance, g.state,
       coalesce(r.feedback, false) AS feedback
FROM gold_serving s JOIN gold g ON g.id = s.gold LEFT JOIN gold_rule r ON r.project = g.project
WHERE s.task = :task_id

-- name: score_gold
-- What came of it; a correction writes the same once more.
UPDATE gold_serving SET submission = :submission_id, handed_in_at = coalesce(handed_in_at, clock_timestamp()), passes_at = coalesce(passes_at, :passes_at), share = :share, met = :met,
       seconds = :seconds, key_version = :version, shown = shown OR :shown
WHERE id = :serving_id

-- name: gold_learned
-- How likely it was that this person would meet it, by what was known of them then.
UPDATE gold_serving SET expected = :expected WHERE id = :serving_id

-- name: rescore_gold
-- What came of it by another key.
UPDATE gold_serving SET share = :share, met = :met, key_version = :version WHERE id = :serving_id

-- name: review_delays
-- How long the newest pieces of the project waited until they counted, in seconds.
SELECT extract(epoch FROM b.decided_at - b.submitted_at)::float8 AS seconds FROM submission b
WHERE b.project = :project_id AND b.state = 'accepted' AND b.decided_at > b.submitted_at + interval '1 second'
ORDER BY b.decided_at DESC LIMIT 50

-- name: gold_to_pass
-- What was handed in as gold and is to count by now; locked when its turn comes.
SELECT s.id, s.submission AS submission_id, s.task AS task_id FROM gold_serving s WHERE s.passes_at <= clock_timestamp() ORDER BY s.task LIMIT :limit

-- name: gold_passed
-- It counts from now on.
UPDATE gold_serving SET passes_at = NULL WHERE id = :serving_id AND passes_at IS NOT NULL

-- name: gold_result
-- What somebody may hear of a gold that they answered, where the project wants that.
SELECT s.gold AS gold_id, s.share, s.met, g.key, s.key_version <> 1 AND s.key_version > v.first AS corrected, g.state, b.payload, g.project AS project_id, g.kind,
       (SELECT jsonb_build_object('state', c.state, 'reason', c.reason, 'decision', c.decision, 'due_at', c.due_at, 'own', c.annotator IS NOT DISTINCT FROM s.annotator)::text
        FROM gold_contest c WHERE c.gold = g.id AND c.opened_at >= s.handed_in_at ORDER BY (c.annotator IS NOT DISTINCT FROM s.annotator) DESC, c.opened_at DESC LIMIT 1) AS contest
FROM gold_serving s JOIN gold g ON g.id = s.gold JOIN submission b ON b.id = s.submission
CROSS JOIN LATERAL (SELECT coalesce(max(w.version), 1) AS first FROM gold_version w WHERE w.gold = g.id AND w.written_at <= s.handed_in_at) v
WHERE b.assignment = :assignment_id AND s.annotator = :annotator_id AND s.shown

-- name: insert_gold
-- A name of the project stands for one gold.
INSERT INTO gold (id, project, name, kind, domain, language, band, difficulty_mean, difficulty_variance, payload, key, version, state, origin, source_task, note, created_by, created_at)
VALUES (:id, :project_id, :name, :kind, :domain, :language, :band, :mean, :variance, :payload, :key, 1, 'active', :origin, :source_task, :note, :by, clock_timestamp())
ON CONFLICT (project, name) DO NOTHING
RETURNING id

-- name: insert_gold_version
-- The key that counts from now on.
INSERT INTO gold_version (id, gold, version, key, reason, written_by, written_at) VALUES (:id, :gold_id, :version, :key, :reason, :by, clock_timestamp())

-- name: gold_versions
-- Every key, newest first.
SELECT version, key, reason, written_by, written_at FROM gold_version WHERE gold = :gold_id ORDER BY version DESC

-- name: gold_ids_of_names
-- What the caller's names mean in the bank.
SELECT id, name FROM gold WHERE project = :project_id AND name = ANY (:names::text[])

-- name: lock_gold
-- Whoever changes a gold, or scores by it, waits here for the other who does.
SELECT g.id, g.project AS project_id, g.name, g.kind, g.domain, g.key, g.version, g.state, g.payload, g.note, g.created_by FROM gold g
WHERE g.id = :gold_id AND (:project_id::uuid IS NULL OR g.project = :project_id) FOR NO KEY UPDATE

-- name: change_gold_key
-- The next version.
UPDATE gold SET key = :key, version = version + 1 WHERE id = :gold_id

-- name: change_gold_state
-- The trigger knows which changes there are.
UPDATE gold SET state = :state WHERE id = :gold_id AND state <> :state::text

-- name: change_gold_note
-- Words beside it.
UPDATE gold SET note = :note WHERE id = :gold_id

-- name: gold_answers
-- Everything that was answered to a gold, with the evidence that counts, by person: the order in which they are locked.
SELECT s.id, s.annotator AS annotator_id, s.share, s.met, s.submission AS submission_id, b.payload, g.project AS project_id,
       (SELECT e.id FROM evidence e WHERE e.annotator = s.annotator AND e.kind = 'gold' AND e.source_type = 'answer' AND e.source_id = b.id AND e.retracts IS NULL
          AND NOT EXISTS (SELECT FROM evidence x WHERE x.retracts = e.id) ORDER BY e.revision DESC LIMIT 1) AS evidence_id
FROM gold_serving s JOIN submission b ON b.id = s.submission JOIN gold g ON g.id = s.gold
WHERE s.gold = :gold_id ORDER BY s.annotator

-- name: gold_evidence_difficulty
-- What an outcome is held against: the expectation that it met.
SELECT count(*) FILTER (WHERE s.expected >= :able)::int AS able, count(*) FILTER (WHERE s.expected >= :able AND s.met)::int AS able_met
FROM gold_serving s WHERE s.gold = :gold_id AND s.submission IS NOT NULL
  AND NOT EXISTS (SELECT FROM gold_contest c WHERE c.gold = s.gold AND c.decided_at >= s.handed_in_at)

-- name: gold_bank
-- The bank with what came of each: met, the able against the others (point-biserial), met far faster than others work, doubts, and people who can meet it no more.
WITH usual AS MATERIALIZED (
  SELECT kind, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds FROM (
    SELECT t.kind, a.active_seconds AS seconds FROM assignment a JOIN task t ON t.id = a.task
    WHERE a.project = :project_id AND a.kind = 'annotation' AND a.state = 'submitted' AND a.active_seconds > 0 AND NOT t.gold ORDER BY a.ended_at DESC LIMIT 500) AS newest
  GROUP BY kind
), seen AS MATERIALIZED (
  SELECT s.gold, count(*)::int AS served, count(s.submission)::int AS answered, count(*) FILTER (WHERE s.met)::int AS met,
         corr(s.met::int, s.expected)::float8 AS discrimination, count(*) FILTER (WHERE s.met AND s.seconds < :fast * u.seconds)::int AS fast, max(s.served_at) AS last_served_at
  FROM gold_serving s JOIN gold g ON g.id = s.gold LEFT JOIN usual u ON u.kind = g.kind
  WHERE g.project = :project_id AND (:gold_id::uuid IS NULL OR g.id = :gold_id) GROUP BY s.gold
), found AS (
  SELECT g.id, g.project AS project_id, g.name, g.kind, g.domain, g.language, g.band, g.payload, g.key, g.version, g.state, g.origin, g.source_task AS source_task_id, g.note, g.created_by, g.created_at,
         coalesce(s.served, 0) AS served, coalesce(s.answered, 0) AS answered, coalesce(s.met, 0) AS met, CASE WHEN s.answered > 0 THEN s.met::float8 / s.answered END AS met_share,
         CASE WHEN s.answered >= :least_answers THEN s.discrimination END AS discrimination, coalesce(s.fast, 0) AS fast, s.last_served_at,
         (SELECT count(*)::int FROM gold_contest c WHERE c.gold = g.id) AS contests
  FROM gold g LEFT JOIN seen s ON s.gold = g.id
  WHERE g.project = :project_id AND (:gold_id::uuid IS NULL OR g.id = :gold_id) AND (:state::text IS NULL OR g.state = :state) AND (:kind::text IS NULL OR g.kind = :kind)
    AND (:domain::text IS NULL OR g.domain = :domain) AND (:search::text IS NULL OR strpos(lower(g.name), lower(:search)) > 0 OR strpos(lower(g.note), lower(:search)) > 0)
), sorted AS (
  SELECT *, CASE :sort::text WHEN 'served' THEN -served::float8 WHEN 'met' THEN coalesce(met_share, 2) WHEN 'discrimination' THEN coalesce(discrimination, 2)
                             WHEN 'fast' THEN -fast::float8 WHEN 'contests' THEN -contests::float8 ELSE 0 END AS place FROM found
)
SELECT * FROM sorted ORDER BY place, id DESC OFFSET :skip LIMIT :limit

-- name: gold_totals
-- The bank as a whole; `exhausted`: people at work in the project of the last 30 days for whom no gold is left.
SELECT count(*)::int AS all, count(*) FILTER (WHERE state = 'active')::int AS active, count(*) FILTER (WHERE state = 'contested')::int AS contested, count(*) FILTER (WHERE state = 'retired')::int AS retired,
       (SELECT count(s.submission)::int FROM gold_serving s JOIN gold o ON o.id = s.gold WHERE o.project = :project_id) AS answered,
       (SELECT count(*) FILTER (WHERE s.met)::int FROM gold_serving s JOIN gold o ON o.id = s.gold WHERE o.project = :project_id) AS met,
       (SELECT count(*)::int FROM (SELECT DISTINCT author FROM submission WHERE project = :project_id AND submitted_at > clock_timestamp() - interval '30 days') w
        WHERE EXISTS (SELECT FROM gold_serving s JOIN gold o ON o.id = s.gold WHERE o.project = :project_id AND s.annotator = w.author)
          AND NOT EXISTS (SELECT FROM gold o WHERE o.project = :project_id AND o.state = 'active'
                          AND NOT EXISTS (SELECT FROM gold_serving s WHERE s.gold = o.id AND s.annotator = w.author))) AS exhausted
FROM gold WHERE project = :project_id

-- name: gold_choices
-- What the bank can be narrowed to.
SELECT DISTINCT kind, domain FROM gold WHERE project = :project_id ORDER BY 1, 2

-- name: gold_people
-- Who answered a gold, newest first.
SELECT s.annotator AS annotator_id, n.display_name AS name, s.handed_in_at, s.share, s.met, s.expected, s.seconds, s.key_version FROM gold_serving s JOIN annotator n ON n.id = s.annotator
WHERE s.gold = :gold_id AND s.submission IS NOT NULL ORDER BY s.handed_in_at DESC LIMIT :limit

-- name: task_for_gold
-- Accepted work that may become gold, with the newest answer that counts, as it was mended.
SELECT t.id, t.project AS project_id, t.external_id, t.kind, t.domain, t.language, l.difficulty_band AS band, t.difficulty_mean, t.difficulty_variance, t.payload, t.state, t.gold,
       EXISTS (SELECT FROM verdict v JOIN submission b ON b.id = v.submission WHERE b.task = t.id) AS reviewed,
       (SELECT coalesce((SELECT v.corrected FROM verdict v WHERE v.submission = b.id AND v.corrected IS NOT NULL ORDER BY v.stage DESC LIMIT 1), b.payload)
        FROM submission b WHERE b.task = t.id AND b.state = 'accepted' ORDER BY b.submitted_at DESC LIMIT 1) AS answer
FROM task t JOIN lane l ON l.id = t.lane WHERE t.id = :task_id AND t.project = :project_id

-- name: insert_gold_contest
-- One open at a time.
INSERT INTO gold_contest (id, gold, annotator, opened_by, automatic, reason, state, opened_at, due_at)
VALUES (:id, :gold_id, :annotator_id, :by, :automatic, :reason, 'open', clock_timestamp(), clock_timestamp() + make_interval(hours => :hours))

-- name: gold_contests
-- Open ones by their date, then the others, newest first.
SELECT c.id, c.gold AS gold_id, g.name, g.project AS project_id, p.name AS project_name, c.annotator AS annotator_id, n.display_name AS annotator, c.opened_by, c.automatic, c.reason, c.state, c.opened_at, c.due_at,
       c.state = 'open' AND c.due_at < clock_timestamp() AS overdue, c.decided_by, c.decided_at, c.decision
FROM gold_contest c JOIN gold g ON g.id = c.gold JOIN project p ON p.id = g.project LEFT JOIN annotator n ON n.id = c.annotator
WHERE (:project_id::uuid IS NULL OR g.project = :project_id) AND (:gold_id::uuid IS NULL OR g.id = :gold_id) AND (:state::text IS NULL OR c.state = :state)
ORDER BY c.state <> 'open', CASE WHEN c.state = 'open' THEN c.due_at END, c.opened_at DESC LIMIT :limit

-- name: gold_contest_by_id
-- Before its gold is locked.
SELECT gold FROM gold_contest WHERE id = :contest_id

-- name: lock_gold_contest
-- A doubt is decided once.
SELECT id, annotator, opened_by, state, reason FROM gold_contest WHERE id = :contest_id FOR NO KEY UPDATE

-- name: decide_gold_contest
-- Upheld, or corrected.
UPDATE gold_contest SET state = :state, decided_by = :by, decided_at = clock_timestamp(), decision = :decision WHERE id = :contest_id AND state = 'open'

-- name: overdue_gold_contests
-- Managers hear once of each.
UPDATE gold_contest c SET told_at = clock_timestamp() FROM gold g
WHERE g.id = c.gold AND c.state = 'open' AND c.told_at IS NULL AND c.due_at < clock_timestamp() RETURNING c.id, c.gold, g.project

-- name: make_room_for_names
-- Work that comes in under a name that a copy of gold stands under: the copy takes another one.
UPDATE task SET external_id = left(external_id, 180) || '-' || left(md5(id::text), 8) WHERE project = :project_id AND gold AND external_id = ANY (:names::text[])

-- name: answers_to_agree
-- The newest answer at each place of a project's tasks, where people answered independently; what was sent back is answered anew.
SELECT s.task AS unit, t.kind, t.domain, s.payload, CASE WHEN t.payload ? 'candidates' THEN t.payload ELSE '{}'::jsonb END AS task_payload
FROM (SELECT * FROM submission WHERE project = :project_id ORDER BY submitted_at DESC LIMIT :limit) s JOIN task t ON t.id = s.task
WHERE s.state IN ('pending', 'accepted', 'rejected')
ORDER BY s.id

-- name: reviews_to_agree
-- What two people said of the same work, of whom the second did not know what the first had said.
SELECT k.submission AS unit, t.kind, t.domain, said.outcome, said.scores
FROM measured_look k JOIN submission b ON b.id = k.submission JOIN task t ON t.id = b.task JOIN verdict v ON v.id = k.verdict
CROSS JOIN LATERAL (VALUES (v.outcome, v.scores), (k.outcome, k.scores)) AS said (outcome, scores)
WHERE k.project = :project_id AND k.kind = 'double' AND k.given_at IS NOT NULL
ORDER BY k.id DESC LIMIT :limit

-- name: answers_of_task
-- The answers to a task that still count, by id, so that they keep their letters; with the task's form.
SELECT b.id, b.project AS project_id, b.author AS author_id, t.kind, b.payload, t.payload AS task_payload, b.state, b.submitted_at
FROM submission b JOIN task t ON t.id = b.task WHERE b.task = :task_id AND b.state IN ('pending', 'accepted') ORDER BY b.id

-- name: verdicts_to_double
-- Verdicts of stages on a task's answers beside which nobody looked yet, with how often somebody is to, by the plan that the work goes by.
SELECT v.id, (l.stages -> v.stage - 1 ->> 'double_share')::float8 AS share
FROM submission b JOIN verdict v ON v.submission = b.id JOIN review_step r ON r.submission = b.id AND r.stage = v.stage
JOIN review_plan l ON l.project = r.project AND l.version = r.plan_version
WHERE b.task = :task_id AND (l.stages -> v.stage - 1 ->> 'double_share')::float8 > 0 AND NOT EXISTS (SELECT FROM measured_look k WHERE k.verdict = v.id)
ORDER BY v.id

-- name: sets_in_use
-- Sets of known verdicts that a project gives out.
SELECT id, share FROM calibration_set WHERE project = :project_id AND state = 'active' ORDER BY id

-- name: item_to_place
-- Of a set the piece that was looked at least often, and that nobody has before them; tasks that somebody is busy with are passed by.
SELECT i.id, i.verdict FROM calibration_item i JOIN submission b ON b.id = i.submission JOIN task t ON t.id = b.task
WHERE i.set = :set_id AND t.state IN ('accepted', 'rejected')
  AND NOT EXISTS (SELECT FROM measured_look k JOIN slot s ON s.id = k.slot WHERE k.submission = i.submission AND s.state IN ('free', 'live'))
  AND EXISTS (SELECT FROM submission w JOIN verdict r ON r.submission = w.id
              WHERE w.project = b.project AND r.given_at > clock_timestamp() - interval '30 days' AND r.reviewer NOT IN (SELECT had_a_part_in(b.task)))
ORDER BY (SELECT count(*) FROM measured_look k WHERE k.item = i.id), i.id LIMIT 1
FOR NO KEY UPDATE OF t SKIP LOCKED

-- name: place_measured
-- A place in the lane of the look that it is held against, where nothing else of the task is open, for people who had no part in it, and of whom
-- there is one; as if it had come in now.
WITH placed AS (
  INSERT INTO slot (id, task, project, lane, kind, stage, no, state, rank, answers_slot, submission_id, author_id, author_vendor_id, judges, freed_at, waits_since)
  SELECT :slot_id, b.task, b.project, s.lane, 'review', 7, (SELECT coalesce(max(n.no), 0) + 1 FROM slot n WHERE n.task = b.task AND n.stage = 7), 'free',
         (extract(epoch FROM clock_timestamp()) * 1000)::bigint, b.slot, b.id, b.author, a.vendor, ARRAY(SELECT had_a_part_in(b.task)), clock_timestamp(), clock_timestamp()
  FROM verdict v JOIN submission b ON b.id = v.submission JOIN assignment a ON a.id = b.assignment
  JOIN assignment r ON r.id = v.assignment JOIN slot s ON s.id = r.slot
  WHERE v.id = :verdict_id AND v.stage <= 5
    AND NOT EXISTS (SELECT FROM slot o WHERE o.task = b.task AND o.stage <= 6 AND o.state IN ('free', 'live'))
    AND EXISTS (SELECT FROM submission w JOIN verdict o ON o.submission = w.id
                WHERE w.project = b.project AND o.given_at > clock_timestamp() - interval '30 days' AND o.reviewer NOT IN (SELECT had_a_part_in(b.task)))
  RETURNING id, project, submission_id
)
INSERT INTO measured_look (id, kind, project, submission, verdict, item, slot, scores, reasons, comment, placed_at)
SELECT :id, :kind, project, submission_id, :verdict_id, :item_id, id, '{}', '[]', '', clock_timestamp() FROM placed

-- name: measured_look_at
-- What is measured at this place: who looked first, and what that look, or the set, says.
SELECT k.id, k.kind, v.reviewer AS first, coalesce(i.outcome, v.outcome) AS other
FROM measured_look k JOIN verdict v ON v.id = k.verdict LEFT JOIN calibration_item i ON i.id = k.item WHERE k.slot = :slot_id

-- name: give_measured
-- Once; measured_look_frozen holds it from then on.
UPDATE measured_look SET assignment = :assignment_id, reviewer = :reviewer_id, outcome = :outcome, scores = :scores, reasons = :reasons, comment = :comment,
       corrected = :corrected, likeness = :likeness, given_at = clock_timestamp() WHERE id = :id

-- name: first_answer
-- Of the answers that count, by id: for its place's lane and vendor.
SELECT id FROM submission WHERE task = :task_id AND state IN ('pending', 'accepted') ORDER BY id LIMIT 1

-- name: open_looks
-- Places for looks at single answers of a task that wait or are held.
SELECT count(*)::int FROM slot WHERE task = :task_id AND kind = 'review' AND stage BETWEEN 1 AND 5 AND state IN ('free', 'live')

-- name: withdraw_looks
-- All of them or none: not where one is held, or taken at this moment (its place is locked).
WITH free AS MATERIALIZED (
  SELECT id FROM slot WHERE task = :task_id AND kind = 'review' AND stage BETWEEN 1 AND 5 AND state = 'free' ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE slot SET state = 'cancelled', reserved_for = NULL, kept_until = NULL, carried_price_micros = NULL
FROM free WHERE slot.id = free.id AND (SELECT count(*) FROM free) = :count

-- name: place_adjudication
-- A place for somebody who had no part in the task; where vendors are kept apart, for nobody of any of theirs.
INSERT INTO slot (id, task, project, lane, kind, stage, no, state, rank, answers_slot, submission_id, author_id, author_vendor_id, judges, freed_at, waits_since)
SELECT :id, b.task, b.project, :lane_id, 'review', 6, (SELECT coalesce(max(n.no), 0) + 1 FROM slot n WHERE n.task = b.task AND n.stage = 6), 'free', s.rank,
       b.slot, b.id, b.author, a.vendor,
       ARRAY(SELECT had_a_part_in(b.task)
             UNION SELECT n.id FROM annotator n JOIN project p ON p.id = b.project
             WHERE (p.review_other_vendor OR :other_vendor::boolean)
               AND EXISTS (SELECT FROM submission o JOIN assignment w ON w.id = o.assignment WHERE o.task = b.task AND w.vendor IS NOT DISTINCT FROM n.vendor)),
       clock_timestamp(), clock_timestamp()
FROM submission b JOIN slot s ON s.id = b.slot JOIN assignment a ON a.id = b.assignment WHERE b.id = :submission_id

-- name: lock_answers
-- The answers that are decided between, in the order of their ids, before their task.
SELECT id FROM submission WHERE task = :task_id AND state IN ('pending', 'accepted') ORDER BY id FOR NO KEY UPDATE

-- name: insert_adjudication
-- adjudication_check_apart judges.
INSERT INTO adjudication (id, task, project, assignment, adjudicator, label, reason, answers, decided_at)
VALUES (:id, :task_id, :project_id, :assignment_id, :adjudicator_id, :label, :reason, :answers, clock_timestamp())

-- name: record_adjudicated
-- The step beyond the plan's stages, so that each verdict has one.
INSERT INTO review_step (id, submission, project, stage, plan_version, looked, chance, reason, author, domain, band, decided_at, overdue)
SELECT :id, b.id, b.project, :stage, coalesce((SELECT min(r.plan_version) FROM review_step r WHERE r.submission = b.id), 0), true, 1, '{"rule": "adjudication", "stage": ""}',
       :author_id, :domain, l.difficulty_band, clock_timestamp(), 'wait'
FROM submission b JOIN slot s ON s.id = b.slot JOIN lane l ON l.id = s.lane WHERE b.id = :submission_id

-- name: adjudication_of_task
-- The newest decision between a task's answers.
SELECT j.id, j.label, j.reason, j.answers, j.adjudicator AS adjudicator_id, n.display_name, j.decided_at
FROM adjudication j JOIN annotator n ON n.id = j.adjudicator WHERE j.task = :task_id ORDER BY j.decided_at DESC LIMIT 1

-- name: verdicts_for_set
-- Those of the named verdicts that were given by a stage of review on decided work of a project, with what counts of each.
SELECT v.id, v.submission, coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome) AS outcome
FROM verdict v JOIN submission b ON b.id = v.submission
WHERE v.id = ANY (:ids::uuid[]) AND b.project = :project_id AND b.state <> 'pending' AND v.stage <= 5

-- name: insert_set
-- It is given out at once.
INSERT INTO calibration_set (id, project, name, note, share, state, created_by, created_at)
VALUES (:id, :project_id, :name, :note, :share, 'active', :created_by, clock_timestamp())

-- name: insert_items
-- With the set, once.
INSERT INTO calibration_item (id, set, submission, verdict, outcome)
SELECT id, :set_id, submission, verdict, outcome FROM unnest(:ids::uuid[], :submissions::uuid[], :verdicts::uuid[], :outcomes::text[]) AS i (id, submission, verdict, outcome)

-- name: retire_set
-- Once; there is no way back.
UPDATE calibration_set SET state = 'retired', retired_at = clock_timestamp() WHERE id = :set_id AND state = 'active'

-- name: withdraw_items
-- Places that nobody has taken; what somebody takes at this moment is theirs.
WITH free AS MATERIALIZED (
  SELECT s.id FROM measured_look k JOIN calibration_item i ON i.id = k.item JOIN slot s ON s.id = k.slot
  WHERE i.set = :set_id AND s.state = 'free' ORDER BY s.id FOR NO KEY UPDATE OF s SKIP LOCKED
)
UPDATE slot SET state = 'cancelled', reserved_for = NULL, kept_until = NULL FROM free WHERE slot.id = free.id

-- name: sets_of_project
-- Of a project, newest first, or the one that is named, with what was said at its pieces.
SELECT c.id, c.project AS project_id, c.name, c.note, c.share, c.state, c.created_by, c.created_at, c.retired_at,
       (SELECT count(*)::int FROM calibration_item i WHERE i.set = c.id) AS items, k.looks, k.right, k.people
FROM calibration_set c CROSS JOIN LATERAL (
  SELECT count(l.given_at)::int AS looks, count(*) FILTER (WHERE l.likeness = 1)::int AS right, count(DISTINCT l.reviewer)::int AS people
  FROM calibration_item i JOIN measured_look l ON l.item = i.id WHERE i.set = c.id) k
WHERE (:project_id::uuid IS NULL OR c.project = :project_id) AND (:set_id::uuid IS NULL OR c.id = :set_id)
ORDER BY c.id DESC

-- name: calibration_candidates
-- First verdicts on decided work that is in no set and was looked at more than once: at a later stage, by a second look, or by a double.
SELECT v.id AS verdict_id, t.id AS task_id, coalesce(t.payload ->> 'title', t.external_id) AS title, t.domain,
       coalesce(o.outcome, v.outcome) AS outcome, more.looks AS looked_at, v.given_at
FROM submission b JOIN verdict v ON v.submission = b.id AND v.stage <= 5 JOIN task t ON t.id = b.task
LEFT JOIN LATERAL (SELECT outcome FROM overturn WHERE verdict = v.id ORDER BY decided_at DESC LIMIT 1) o ON true
CROSS JOIN LATERAL (
  SELECT ((SELECT count(*) FROM verdict w WHERE w.submission = b.id AND w.id <> v.id) + (SELECT count(*) FROM overturn w WHERE w.verdict = v.id)
    + (SELECT count(*) FROM measured_look w WHERE w.submission = b.id AND w.given_at IS NOT NULL))::int AS looks) more
WHERE b.project = :project_id AND b.state IN ('accepted', 'rejected', 'rework') AND more.looks > 0
  AND NOT EXISTS (SELECT FROM verdict w WHERE w.submission = b.id AND w.stage < v.stage)
  AND NOT EXISTS (SELECT FROM calibration_item i WHERE i.submission = b.id)
ORDER BY more.looks DESC, v.given_at DESC LIMIT :limit

-- name: verdicts_to_measure
-- The newest verdicts of stages of review, with what counts from each look on (as in verdicts_of_task), and whether somebody looked again.
WITH newest AS (
  SELECT v.id, v.submission, v.stage, v.reviewer, v.author_id AS author, v.outcome, v.given_at, v.assignment FROM verdict v
  JOIN submission b ON b.id = v.submission JOIN task t ON t.id = b.task
  WHERE v.stage <= 5 AND (:project_id::uuid IS NULL OR b.project = :project_id) AND (:domain::text IS NULL OR t.domain = :domain)
  ORDER BY v.given_at DESC LIMIT :limit
)
SELECT n.reviewer, n.author, n.outcome, n.given_at, a.active_seconds AS seconds,
       EXISTS (SELECT FROM overturn o WHERE o.verdict = n.id) OR EXISTS (SELECT FROM verdict w WHERE w.submission = n.submission AND w.stage > n.stage) AS checked,
       (SELECT (ARRAY['accept', 'fix', 'rework', 'reject'])[max(array_position(ARRAY['accept', 'fix', 'rework', 'reject'], coalesce(
          (SELECT o.outcome FROM overturn o WHERE o.verdict = w.id ORDER BY o.decided_at DESC LIMIT 1), w.outcome)::text))]
        FROM verdict w WHERE w.submission = n.submission AND w.stage >= n.stage) AS counts
FROM newest n JOIN assignment a ON a.id = n.assignment

-- name: looks_to_measure
-- The newest looks that decided nothing, with who looked first.
SELECT k.kind, k.reviewer, v.reviewer AS first, v.author_id AS author, k.outcome, k.likeness
FROM measured_look k JOIN verdict v ON v.id = k.verdict JOIN submission b ON b.id = k.submission JOIN task t ON t.id = b.task
WHERE k.given_at IS NOT NULL AND (:project_id::uuid IS NULL OR k.project = :project_id) AND (:domain::text IS NULL OR t.domain = :domain)
ORDER BY k.given_at DESC LIMIT :limit

-- name: reviewers_named
-- Of these people those who may be shown.
SELECT id, display_name, state FROM annotator WHERE id = ANY (:ids::uuid[]) AND (:vendor_id::uuid IS NULL OR vendor = :vendor_id) ORDER BY id

-- name: question_of_task
-- What the answers to a task are read by.
SELECT t.project AS project_id, t.domain, t.difficulty_mean, t.difficulty_variance, t.payload -> 'choices' AS choices FROM task t WHERE t.id = :task_id

-- name: name_insiders
-- Places for people from outside that wait: whoever had a part in the task since they were opened is named there. What somebody takes now is passed by.
WITH wanting AS MATERIALIZED (
  SELECT s.id, s.task FROM slot s WHERE s.stage > 5 AND s.state = 'free' AND EXISTS (SELECT FROM had_a_part_in(s.task) AS p (one) WHERE p.one <> ALL (s.judges))
  ORDER BY s.id FOR NO KEY UPDATE OF s SKIP LOCKED
)
UPDATE slot SET judges = ARRAY(SELECT unnest(slot.judges) UNION SELECT had_a_part_in(slot.task)) FROM wanting WHERE slot.id = wanting.id

-- name: withdraw_stale
-- Looks that only measure and that nobody took for so long.
WITH stale AS MATERIALIZED (
  SELECT id FROM slot WHERE stage = 7 AND state = 'free' AND waits_since < clock_timestamp() - make_interval(days => :days::int) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE slot SET state = 'cancelled', reserved_for = NULL, kept_until = NULL FROM stale WHERE slot.id = stale.id

-- name: shown_state
-- Of a task that somebody looks at to be measured: the state that it has for them; no row for others.
SELECT CASE k.outcome WHEN 'rework' THEN 'rework' WHEN 'reject' THEN 'open' WHEN 'accept' THEN 'accepted' WHEN 'fix' THEN 'accepted' ELSE 'in_review' END AS state
FROM slot s JOIN measured_look k ON k.slot = s.id WHERE s.task = :task_id AND s.stage = 7 AND s.annotator = :annotator_id

-- name: lock_rejections
-- One subject's rejections, and the hold on them, follow one another; after the task, before accounts.
SELECT pg_advisory_xact_lock(hashtextextended('rejections:' || :subject::text, 0))

-- name: quality_since
-- From when on days may have changed since the last look: a little before it, so that what was committed late is there, too; none: there was no look.
SELECT ran_at - interval '5 minutes' FROM upkeep WHERE name = :name

-- name: quality_changed
-- Days of a project (UTC) of which something was handed in, judged, decided or overturned since then. The time is no column here: by its value the
-- planner sees how little that is.
INSERT INTO quality_due (project, day)
SELECT DISTINCT c.project, (c.submitted_at AT TIME ZONE 'UTC')::date FROM (
  SELECT b.project, b.submitted_at FROM submission b WHERE b.submitted_at > :since::timestamptz
  UNION ALL SELECT b.project, b.submitted_at FROM project p JOIN submission b ON b.project = p.id AND b.decided_at > :since::timestamptz
  UNION ALL SELECT b.project, b.submitted_at FROM verdict v JOIN submission b ON b.id = v.submission WHERE v.given_at > :since::timestamptz
  UNION ALL SELECT b.project, b.submitted_at FROM overturn o JOIN verdict v ON v.id = o.verdict JOIN submission b ON b.id = v.submission WHERE o.decided_at > :since::timestamptz
  UNION ALL SELECT b.project, b.submitted_at FROM measured_look k JOIN submission b ON b.id = k.submission WHERE k.given_at > :since::timestamptz
) c
ON CONFLICT (project, day) DO NOTHING

-- name: quality_next
-- The newest days that are due; whoever takes one alone folds it.
SELECT id, project, day FROM quality_due ORDER BY day DESC, project LIMIT :limit FOR UPDATE SKIP LOCKED

-- name: quality_taken
-- What changes from now on is due again.
DELETE FROM quality_due WHERE id = :id

-- name: forget_quality_day
-- Before it is folded anew.
DELETE FROM quality_day WHERE project = :project_id AND day = :day

-- name: forget_quality_items
-- With the day that they belong to.
DELETE FROM quality_item WHERE project = :project_id AND day = :day

-- name: fold_quality_day
-- The pieces that were handed in on one day: stage 0 with the worst that counts of all looks, and each stage with what it decided and found.
-- Looks that only measure find nothing here; they cost money and time at the stage of the verdict beside which they stand.
WITH piece AS MATERIALIZED (
  SELECT b.id, b.author, a.vendor, t.domain, t.kind, b.round, b.state, a.price_micros FROM submission b JOIN assignment a ON a.id = b.assignment JOIN task t ON t.id = b.task
  WHERE b.project = :project_id AND b.submitted_at >= :day::date::timestamp AT TIME ZONE 'UTC' AND b.submitted_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
    AND b.state NOT IN ('surplus', 'cancelled') AND NOT t.gold
), look AS MATERIALIZED (
  SELECT v.submission, v.stage, w.price_micros, w.active_seconds, o.outcome IS DISTINCT FROM v.outcome AND o.outcome IS NOT NULL AS overturned,
         array_position(ARRAY['accept', 'fix', 'rework', 'reject'], coalesce(o.outcome, v.outcome)::text) AS worst
  FROM piece p JOIN verdict v ON v.submission = p.id JOIN assignment w ON w.id = v.assignment
  LEFT JOIN LATERAL (SELECT outcome FROM overturn WHERE verdict = v.id ORDER BY decided_at DESC LIMIT 1) o ON true
), step AS MATERIALIZED (
  SELECT r.submission, r.stage, r.looked FROM piece p JOIN review_step r ON r.submission = p.id
), unit AS (
  SELECT submission, s.stage, bool_or(looked) AS looked, max(worst) AS worst, count(worst) AS looks, count(*) FILTER (WHERE overturned) AS overturned,
         coalesce(sum(price_micros), 0) AS micros, coalesce(sum(active_seconds), 0) AS seconds
  FROM (SELECT submission, stage, true AS looked, worst, overturned, price_micros, active_seconds FROM look
        UNION ALL SELECT submission, stage, looked, NULL, false, NULL, NULL FROM step
        UNION ALL SELECT p.id, v.stage, true, NULL, false, w.price_micros, w.active_seconds
        FROM piece p JOIN measured_look k ON k.submission = p.id AND k.given_at IS NOT NULL JOIN verdict v ON v.id = k.verdict JOIN assignment w ON w.id = k.assignment) o
  CROSS JOIN LATERAL (VALUES (0::smallint), (o.stage)) AS s (stage) GROUP BY submission, s.stage
  UNION ALL SELECT p.id, 0::smallint, false, NULL, 0, 0, 0, 0 FROM piece p
  WHERE NOT EXISTS (SELECT FROM look WHERE submission = p.id) AND NOT EXISTS (SELECT FROM step WHERE submission = p.id)
)
INSERT INTO quality_day (project, day, author, vendor, domain, kind, stage, pieces, looked, judged, first_judged, first_pass, accepted, fixed, reworked, rejected,
  counted, unseen, rounds, looks, overturned, review_micros, review_seconds, work_micros)
SELECT :project_id, :day, p.author, p.vendor, p.domain, p.kind, u.stage, count(*), count(*) FILTER (WHERE u.looked), count(u.worst),
       count(u.worst) FILTER (WHERE p.round = 1), count(*) FILTER (WHERE p.round = 1 AND u.worst = 1), count(*) FILTER (WHERE u.worst = 1),
       count(*) FILTER (WHERE u.worst = 2), count(*) FILTER (WHERE u.worst = 3), count(*) FILTER (WHERE u.worst = 4),
       count(*) FILTER (WHERE p.state = 'accepted'), count(*) FILTER (WHERE p.state = 'accepted' AND u.worst IS NULL),
       coalesce(sum(p.round) FILTER (WHERE p.state = 'accepted'), 0), sum(u.looks), sum(u.overturned), sum(u.micros), sum(u.seconds),
       coalesce(sum(p.price_micros) FILTER (WHERE p.state = 'accepted'), 0)
FROM unit u JOIN piece p ON p.id = u.submission GROUP BY p.author, p.vendor, p.domain, p.kind, u.stage

-- name: fold_quality_items
-- Which rules the verdicts that count name, of the same pieces; one that was overturned names nothing.
WITH named AS (
  SELECT b.id, b.author, a.vendor, t.domain, t.kind, v.stage, r.one ->> 'item' AS item
  FROM submission b JOIN assignment a ON a.id = b.assignment JOIN task t ON t.id = b.task JOIN verdict v ON v.submission = b.id AND v.outcome IN ('rework', 'reject')
  LEFT JOIN LATERAL (SELECT outcome FROM overturn WHERE verdict = v.id ORDER BY decided_at DESC LIMIT 1) o ON true
  CROSS JOIN LATERAL jsonb_array_elements(v.reasons) AS r (one)
  WHERE b.project = :project_id AND b.submitted_at >= :day::date::timestamp AT TIME ZONE 'UTC' AND b.submitted_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
    AND b.state NOT IN ('surplus', 'cancelled') AND NOT t.gold AND coalesce(o.outcome, v.outcome) IN ('rework', 'reject')
)
INSERT INTO quality_item (project, day, author, vendor, domain, kind, stage, item, pieces)
SELECT :project_id, :day, n.author, n.vendor, n.domain, n.kind, s.stage, left(n.item, 80), count(DISTINCT n.id) FROM named n
CROSS JOIN LATERAL (VALUES (0::smallint), (n.stage)) AS s (stage) WHERE n.item IS NOT NULL GROUP BY n.author, n.vendor, n.domain, n.kind, s.stage, left(n.item, 80)

-- name: quality_by
-- Sums of the folded days by currency and by what is asked for: nothing (`all`), week, domain, author, kind, vendor, project or stage.
SELECT CASE :by::text WHEN 'week' THEN date_trunc('week', q.day)::date::text WHEN 'domain' THEN q.domain WHEN 'person' THEN q.author::text WHEN 'kind' THEN q.kind
       WHEN 'vendor' THEN q.vendor::text WHEN 'project' THEN q.project::text WHEN 'stage' THEN q.stage::text ELSE '' END AS key, p.currency,
       CASE :by::text WHEN 'person' THEN max(n.display_name) WHEN 'vendor' THEN max(w.name) WHEN 'project' THEN max(p.name) END AS name,
       sum(q.pieces)::bigint AS pieces, sum(q.looked)::bigint AS looked, sum(q.judged)::bigint AS judged, sum(q.first_judged)::bigint AS first_judged,
       sum(q.first_pass)::bigint AS first_pass, sum(q.accepted)::bigint AS accepted, sum(q.fixed)::bigint AS fixed, sum(q.reworked)::bigint AS reworked,
       sum(q.rejected)::bigint AS rejected, sum(q.counted)::bigint AS counted, sum(q.unseen)::bigint AS unseen, sum(q.rounds)::bigint AS rounds,
       sum(q.looks)::bigint AS looks, sum(q.overturned)::bigint AS overturned, sum(q.review_micros)::bigint AS review_micros,
       sum(q.review_seconds)::bigint AS review_seconds, sum(q.work_micros)::bigint AS work_micros
FROM quality_day q JOIN project p ON p.id = q.project
LEFT JOIN annotator n ON :by::text = 'person' AND n.id = q.author LEFT JOIN vendor w ON :by::text = 'vendor' AND w.id = q.vendor
WHERE (:project_id::uuid IS NULL OR q.project = :project_id) AND q.day BETWEEN :from_day AND :to_day
  AND (:domain::text IS NULL OR q.domain = :domain) AND (:kind::text IS NULL OR q.kind = :kind) AND (:annotator_id::uuid IS NULL OR q.author = :annotator_id)
  AND (:vendor_id::uuid IS NULL OR q.vendor = :vendor_id) AND (:by::text = 'stage' AND q.stage > 0 OR :by::text <> 'stage' AND q.stage = coalesce(:stage::int, 0))
GROUP BY 1, 2 ORDER BY pieces DESC, 1 LIMIT :limit

-- name: quality_by_item
-- Pieces by the rule that a verdict names, of the same days.
SELECT q.item AS key, sum(q.pieces)::bigint AS pieces FROM quality_item q
WHERE (:project_id::uuid IS NULL OR q.project = :project_id) AND q.day BETWEEN :from_day AND :to_day
  AND (:domain::text IS NULL OR q.domain = :domain) AND (:kind::text IS NULL OR q.kind = :kind) AND (:annotator_id::uuid IS NULL OR q.author = :annotator_id)
  AND (:vendor_id::uuid IS NULL OR q.vendor = :vendor_id) AND q.stage = coalesce(:stage::int, 0)
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit

-- name: quality_tallies
-- By author and domain what was found and what went out unseen, for the estimate of what is in it.
SELECT q.author, q.domain, sum(q.judged)::bigint AS judged, sum(q.judged - q.accepted)::bigint AS defects, sum(q.unseen)::bigint AS unseen, sum(q.counted)::bigint AS counted
FROM quality_day q
WHERE (:project_id::uuid IS NULL OR q.project = :project_id) AND q.day BETWEEN :from_day AND :to_day
  AND (:domain::text IS NULL OR q.domain = :domain) AND (:kind::text IS NULL OR q.kind = :kind) AND (:annotator_id::uuid IS NULL OR q.author = :annotator_id)
  AND (:vendor_id::uuid IS NULL OR q.vendor = :vendor_id) AND q.stage = 0
GROUP BY 1, 2

-- name: quality_choices
-- What there is to choose from, whatever the other filters say.
SELECT array_agg(DISTINCT q.domain) AS domains, array_agg(DISTINCT q.kind) AS kinds, max(q.stage) AS stages,
       (SELECT jsonb_agg(jsonb_build_object('value', w.id, 'label', w.name) ORDER BY w.name) FROM vendor w
        WHERE w.id IN (SELECT o.vendor FROM quality_day o WHERE (:project_id::uuid IS NULL OR o.project = :project_id) AND o.day BETWEEN :from_day AND :to_day)) AS vendors
FROM quality_day q WHERE (:project_id::uuid IS NULL OR q.project = :project_id) AND q.day BETWEEN :from_day AND :to_day AND (:vendor_id::uuid IS NULL OR q.vendor = :vendor_id)

-- name: quality_open
-- What waits for a decision now: reviews past their time, disputes with the soonest date, holds in force, lots by state.
WITH waiting AS MATERIALIZED (
  SELECT s.submission_id, s.stage FROM slot s WHERE s.kind = 'review' AND s.state IN ('free', 'live') AND (:project_id::uuid IS NULL OR s.project = :project_id)
    AND (:vendor_id::uuid IS NULL OR :vendor_id = (SELECT a.vendor FROM submission b JOIN assignment a ON a.id = b.assignment WHERE b.id = s.submission_id))
)
SELECT (SELECT count(*) FROM waiting w WHERE EXISTS (
          SELECT FROM review_step r WHERE r.submission = w.submission_id AND r.stage = w.stage AND r.due_at <= clock_timestamp()))::int AS overdue_reviews,
       (SELECT count(*) FROM waiting)::int AS waiting_reviews,
       d.open AS disputes_open, d.overdue AS disputes_overdue, d.next AS dispute_due_at, d.upheld AS disputes_upheld, d.overturned AS disputes_overturned,
       CASE WHEN :vendor_id::uuid IS NULL THEN (SELECT count(*) FROM review_hold h WHERE h.state IN ('open', 'confirmed')
         AND (:project_id::uuid IS NULL OR :project_id = ANY (ARRAY(SELECT (SELECT b.project FROM verdict v JOIN submission b ON b.id = v.submission WHERE v.id = m.verdict)
                                                                    FROM hold_sample m WHERE m.hold = h.id)))) ELSE 0 END::int AS holds,
       l.open AS lots_open, l.accepted AS lots_accepted, l.sent_back AS lots_sent_back
FROM (SELECT count(*) FILTER (WHERE d.state = 'open')::int AS open, count(*) FILTER (WHERE d.state = 'open' AND d.due_at <= clock_timestamp())::int AS overdue,
             min(d.due_at) FILTER (WHERE d.state = 'open') AS next,
             count(*) FILTER (WHERE d.state = 'upheld' AND d.decided_at >= :from_day::date)::int AS upheld,
             count(*) FILTER (WHERE d.state = 'overturned' AND d.decided_at >= :from_day::date)::int AS overturned
      FROM dispute d WHERE (d.state = 'open' OR d.decided_at >= :from_day::date) AND (:project_id::uuid IS NULL OR d.project = :project_id)
        AND (:vendor_id::uuid IS NULL OR :vendor_id = (SELECT a.vendor FROM verdict v JOIN submission b ON b.id = v.submission JOIN assignment a ON a.id = b.assignment
                                                       WHERE v.id = d.verdict))) d,
     (SELECT count(*) FILTER (WHERE state = 'open')::int AS open, count(*) FILTER (WHERE state = 'accepted')::int AS accepted,
             count(*) FILTER (WHERE state = 'sent_back')::int AS sent_back
      FROM lot WHERE :vendor_id::uuid IS NULL AND (:project_id::uuid IS NULL OR project = :project_id) AND (state = 'open' OR decided_at >= :from_day::date)) l

-- name: quality_works
-- The pieces behind a figure, newest first: what was handed in within some days, with the worst that counts of the looks at it, or at one stage of them.
SELECT b.id, b.task AS task_id, b.project AS project_id, p.name AS project_name, coalesce(t.payload ->> 'title', t.external_id) AS title, t.domain, t.kind, b.round, b.state,
       b.author AS annotator_id, n.display_name, b.submitted_at, f.outcome, f.items
FROM submission b JOIN assignment a ON a.id = b.assignment JOIN task t ON t.id = b.task JOIN project p ON p.id = b.project JOIN annotator n ON n.id = b.author
CROSS JOIN LATERAL (
  SELECT (ARRAY['accept', 'fix', 'rework', 'reject'])[max(array_position(ARRAY['accept', 'fix', 'rework', 'reject'], c.outcome::text))] AS outcome,
         coalesce(jsonb_agg(c.reasons) FILTER (WHERE c.outcome IN ('rework', 'reject')), '[]') AS items
  FROM (SELECT v.reasons, coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome) AS outcome
        FROM verdict v WHERE v.submission = b.id AND (:stage::int IS NULL OR v.stage = :stage)) c) f
WHERE (:project_id::uuid IS NULL OR b.project = :project_id) AND b.submitted_at >= :from_day::date::timestamp AT TIME ZONE 'UTC'
  AND b.submitted_at < (:to_day::date + 1)::timestamp AT TIME ZONE 'UTC' AND b.state NOT IN ('surplus', 'cancelled') AND NOT t.gold
  AND (:before_at::timestamptz IS NULL OR (b.submitted_at, b.id) < (:before_at, :before_id::uuid))
  AND (:domain::text IS NULL OR t.domain = :domain) AND (:kind::text IS NULL OR t.kind = :kind) AND (:annotator_id::uuid IS NULL OR b.author = :annotator_id)
  AND (:vendor_id::uuid IS NULL OR a.vendor = :vendor_id)
  AND (:stage::int IS NULL OR f.outcome IS NOT NULL OR EXISTS (SELECT FROM review_step r WHERE r.submission = b.id AND r.stage = :stage))
  AND CASE :what::text WHEN '' THEN true WHEN 'judged' THEN f.outcome IS NOT NULL WHEN 'defect' THEN f.outcome <> 'accept' WHEN 'first_pass' THEN f.outcome = 'accept' AND b.round = 1
      WHEN 'again' THEN b.round > 1 WHEN 'counted' THEN b.state = 'accepted' WHEN 'unseen' THEN b.state = 'accepted' AND f.outcome IS NULL
      WHEN 'looked' THEN f.outcome IS NOT NULL OR EXISTS (SELECT FROM review_step r WHERE r.submission = b.id AND r.looked AND (:stage::int IS NULL OR r.stage = :stage))
      WHEN 'overdue' THEN EXISTS (SELECT FROM slot s JOIN review_step r ON r.submission = b.id AND r.stage = s.stage
                                  WHERE s.kind = 'review' AND s.state IN ('free', 'live') AND s.project = b.project AND s.submission_id = b.id AND r.due_at <= clock_timestamp())
      WHEN 'overturned' THEN EXISTS (SELECT FROM verdict v JOIN overturn o ON o.verdict = v.id WHERE v.submission = b.id AND NOT o.upheld)
      ELSE f.outcome = :what END
  AND (:item::text IS NULL OR EXISTS (SELECT FROM verdict v WHERE v.submission = b.id AND v.outcome IN ('rework', 'reject')
                                      AND v.reasons @> jsonb_build_array(jsonb_build_object('item', :item::text)))
       AND jsonb_path_exists(f.items, '$[*][*].item ? (@ == $item)', jsonb_build_object('item', :item::text)))
ORDER BY b.submitted_at DESC, b.id DESC LIMIT :limit

-- name: rubrics_of_verdicts
-- By which version of its project's rubric the work of a verdict was rated; none: it names no version.
SELECT v.id, b.project, CASE WHEN jsonb_typeof(b.payload #> '{rubric,version}') = 'number' THEN b.payload #> '{rubric,version}' END AS version
FROM verdict v JOIN submission b ON b.id = v.submission WHERE v.id = ANY (:ids::uuid[])

-- name: open_lots
-- Lots that somebody beside managers may look at, the oldest first, with how far the looks are.
SELECT l.id, l.project AS project_id, p.name AS project_name, p.expert_level, l.name, l.filter, l.sample, l.inspectors,
       (SELECT count(*)::int FROM lot_look k WHERE k.lot = l.id) AS looked
FROM lot l JOIN project p ON p.id = l.project
WHERE l.state = 'open' AND l.inspectors NOT IN ('{}', '""') AND (:lot_id::uuid IS NULL OR l.id = :lot_id) ORDER BY l.id LIMIT :limit

-- name: piece_to_inspect
-- The first piece of a lot's sample that waits and that this person neither made nor reviewed; what was handed in, as the reviewer left it.
SELECT m.id, m.place, t.id AS task_id, coalesce(t.payload ->> 'title', t.external_id) AS title, t.domain, t.kind, t.language, t.project AS project_id,
       b.assignment AS assignment_id, coalesce(v.corrected, b.payload) AS payload, t.payload AS task
FROM lot_member m JOIN submission b ON b.id = m.submission JOIN task t ON t.id = b.task
LEFT JOIN LATERAL (SELECT w.corrected FROM verdict w WHERE w.submission = b.id AND w.outcome = 'fix' ORDER BY w.stage DESC LIMIT 1) v ON true
WHERE m.lot = :lot_id AND m.place IS NOT NULL AND NOT EXISTS (SELECT FROM lot_look k WHERE k.member = m.id) AND NOT had_a_hand_in(m.submission, :annotator_id)
ORDER BY m.place LIMIT 1

-- name: pieces_to_replay
-- The last works of a project, newest first, with the worst that counts of the looks at each, and what the looks cost.
SELECT b.author, t.domain, l.difficulty_band AS band, b.round, b.submitted_at, l.id AS lane_id, f.outcome, f.looks, f.micros
FROM submission b JOIN task t ON t.id = b.task JOIN slot s ON s.id = b.slot JOIN lane l ON l.id = s.lane
CROSS JOIN LATERAL (
  SELECT (ARRAY['accept', 'fix', 'rework', 'reject'])[max(array_position(ARRAY['accept', 'fix', 'rework', 'reject'], coalesce(
           (SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome)::text))] AS outcome,
         count(*)::int AS looks, coalesce(sum(a.price_micros), 0)::bigint AS micros
  FROM verdict v JOIN assignment a ON a.id = v.assignment WHERE v.submission = b.id) f
WHERE b.project = :project_id AND b.state NOT IN ('surplus', 'cancelled') AND NOT t.gold ORDER BY b.submitted_at DESC LIMIT :limit

-- name: pieces_before
-- How much each of these authors handed in before, no further than newcomers are told apart.
SELECT a.author, (SELECT count(*)::int FROM (SELECT FROM submission b WHERE b.author = a.author AND b.project = :project_id AND b.submitted_at < :before LIMIT 500) o) AS pieces
FROM unnest(:authors::uuid[]) AS a (author)

-- name: lane_to_replay
-- What works of a lane ask for, as a plan reads it.
SELECT l.project AS project_id, l.kind, l.stage, l.domain, l.language, l.difficulty_band, l.min_level, l.required_role, l.required_credential, l.task_kind,
       l.requirement::text AS requirement, l.prefer::text AS prefer, l.other_vendor
FROM lane l WHERE l.id = :lane_id

-- name: round_before
-- What the same author handed in here last, before this.
SELECT e.payload FROM submission b JOIN submission e ON e.slot = b.slot AND e.author = b.author AND e.round < b.round
WHERE b.id = :submission_id ORDER BY e.round DESC LIMIT 1

-- name: same_feedback
-- Works of the same author and project, among their newest 200, of which a verdict that counts named one of these rules; before and after the author read it.
SELECT r.one ->> 'item' AS item, r.one ->> 'text' AS text, v.given_at, e.payload AS before, n.payload AS after, n.state AS then_state
FROM submission b
CROSS JOIN LATERAL (SELECT o.id, o.slot, o.author, o.round, o.payload, o.task, o.project FROM submission o WHERE o.author = b.author ORDER BY o.submitted_at DESC LIMIT 200) e
JOIN verdict v ON v.submission = e.id AND v.outcome IN ('rework', 'reject')
CROSS JOIN LATERAL (SELECT x.one FROM jsonb_array_elements(v.reasons) AS x (one) WHERE x.one ->> 'item' = ANY (:items::text[]) LIMIT 1) r
LEFT JOIN submission n ON n.slot = e.slot AND n.author = e.author AND n.round = e.round + 1
WHERE b.id = :submission_id AND e.project = b.project AND e.task <> b.task
  AND coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome) IN ('rework', 'reject')
ORDER BY v.given_at DESC LIMIT :limit

-- name: risk_of_own
-- What tells of a piece's risk: its label, other answers to its task, its difficulty, and what a stage found in its author's newest work, in its domain and in all.
SELECT b.payload ->> 'label' AS label, t.difficulty_mean, t.difficulty_variance,
       (SELECT count(*)::int FROM submission o WHERE o.task = b.task AND o.id <> b.id AND o.state IN ('pending', 'accepted')) AS others,
       (SELECT count(*)::int FROM (SELECT FROM review_step r WHERE r.project = :project_id AND r.stage = :stage AND r.author = :author_id LIMIT :newcomers) n) AS pieces,
       own.*
FROM submission b JOIN task t ON t.id = :task_id
CROSS JOIN LATERAL (
  SELECT count(*)::int AS looks, count(*) FILTER (WHERE j.outcome <> 'accept')::int AS defects,
         count(*) FILTER (WHERE r.domain = :domain)::int AS looks_here, count(*) FILTER (WHERE r.domain = :domain AND j.outcome <> 'accept')::int AS defects_here,
         avg(k.difficulty_mean) AS usual_difficulty
  FROM (SELECT submission, stage, domain, reason FROM review_step WHERE project = :project_id AND stage = :stage AND author = :author_id ORDER BY decided_at DESC LIMIT :memory) r
  JOIN submission w ON w.id = r.submission JOIN task k ON k.id = w.task
  CROSS JOIN LATERAL (SELECT coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome) AS outcome
                      FROM verdict v WHERE v.submission = r.submission AND v.stage = r.stage) j
  WHERE r.reason ->> 'rule' NOT IN ('sent_back', 'second_review')) own
WHERE b.id = :submission_id

-- name: risk_window
-- The newest decisions of a stage that looks by risk.
SELECT (reason ->> 'risk')::float8 AS risk, chance, (reason ->> 'newcomer')::bool AS newcomer
FROM review_step WHERE project = :project_id AND stage = :stage AND reason ->> 'rule' = 'risk' ORDER BY decided_at DESC LIMIT :limit

-- name: risk_found
-- What a stage that looks by risk decided, what counts of it, and the defects that were found by the chance of their look.
WITH judged AS MATERIALIZED (
  SELECT r.looked, r.overdue_at, r.chance,
         (SELECT coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC LIMIT 1), v.outcome)
          FROM verdict v WHERE v.submission = r.submission AND v.stage = r.stage) AS outcome
  FROM review_step r WHERE r.project = :project_id AND r.stage = :stage AND r.reason ->> 'rule' = 'risk'
)
SELECT count(*)::int AS handed_in, count(*) FILTER (WHERE looked)::int AS looked, count(*) FILTER (WHERE outcome <> 'accept')::int AS defects,
       count(*) FILTER (WHERE outcome IN ('accept', 'fix') OR outcome IS NULL AND (NOT looked OR overdue_at IS NOT NULL))::int AS passed,
       (SELECT jsonb_agg(jsonb_build_object('chance', f.chance, 'n', f.n)) FROM (
          SELECT chance, count(*) AS n FROM judged d WHERE d.outcome <> 'accept' GROUP BY 1) f) AS found
FROM judged

-- part: proofs
ARRAY(SELECT DISTINCT c.domain FROM credential c WHERE c.annotator = k.id AND c.state = 'verified'
    AND (c.expires_on IS NULL OR c.expires_on >= current_date)) AS credentials,
  coalesce((SELECT jsonb_object_agg(domain, level) FROM (SELECT e.domain, max(e.cut_level) AS level
    FROM exam_attempt t JOIN exam e ON e.id = t.exam WHERE t.annotator = k.id AND t.passed AND NOT e.training GROUP BY e.domain) passed), '{}') AS exams

-- name: roster_known
-- What the belief about some people is made from; by id alone, as a page asks for it.
SELECT k.id, k.display_name AS name, NULL::float8 AS value,
  coalesce((SELECT jsonb_object_agg(s.domain || CASE s.task_kind WHEN '' THEN '' ELSE '/' || s.task_kind END, jsonb_build_object('local', jsonb_build_object(
      'precision', own_precision, 'shift', own_shift,
      'anchor', CASE WHEN anchor_mean IS NOT NULL THEN jsonb_build_object('mean', anchor_mean, 'variance', anchor_variance) END,
      'edge', CASE WHEN edge_mean IS NOT NULL THEN jsonb_build_object('mean', edge_mean, 'variance', edge_variance) END),
    'idle_days', greatest(0, floor(extract(epoch FROM clock_timestamp()) / 3600) - floor(extract(epoch FROM updated_at) / 3600)) / 24.0))
    FROM skill s WHERE s.annotator = k.id), '{}')::text AS known,
{proofs}
FROM annotator k
WHERE k.id = ANY (:ids::uuid[])

-- name: roster_proofs
-- What proves that some people are experts, where their skill is high enough.
SELECT k.id, k.display_name AS name, NULL::float8 AS value, '{}' AS known,
{proofs}
FROM annotator k
WHERE k.id = ANY (:ids::uuid[])

-- name: roster_learned
-- What the beliefs about some people are made from, as columns of one row; `places` count the ids from 0.
SELECT coalesce(array_agg(i.place - 1), '{}') AS places,
  coalesce(array_agg(s.domain || CASE s.task_kind WHEN '' THEN '' ELSE '/' || s.task_kind END), '{}') AS nodes,
  coalesce(array_agg(greatest(0, floor(extract(epoch FROM clock_timestamp())::float8 / 3600) - floor(extract(epoch FROM s.updated_at)::float8 / 3600))), '{}') AS idle_hours,
  coalesce(array_agg(s.own_precision), '{}') AS precisions, coalesce(array_agg(s.own_shift), '{}') AS shifts,
  coalesce(array_agg(s.anchor_mean), '{}') AS anchor_means, coalesce(array_agg(s.anchor_variance), '{}') AS anchor_variances,
  coalesce(array_agg(s.edge_mean), '{}') AS edge_means, coalesce(array_agg(s.edge_variance), '{}') AS edge_variances
FROM unnest(:ids::uuid[]) WITH ORDINALITY AS i (id, place) JOIN skill s ON s.annotator = i.id
