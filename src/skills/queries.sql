-- name: profile
-- Everything that eligibility and score look at, in one round trip.
SELECT a.id, a.display_name, a.vendor AS vendor_id, a.state, a.state_reason, a.capacity,
  ARRAY(SELECT role FROM annotator_role r WHERE r.annotator = a.id AND r.project_id IS NULL) AS roles,
  coalesce((SELECT jsonb_object_agg(project_id, roles) FROM (SELECT project_id, jsonb_agg(role) AS roles FROM annotator_role r
    WHERE r.annotator = a.id AND r.project_id IS NOT NULL GROUP BY project_id) granted), '{}') AS project_roles,
  coalesce((SELECT jsonb_object_agg(domain, level) FROM (SELECT e.domain, max(e.cut_level) AS level FROM exam_attempt t JOIN exam e ON e.id = t.exam
    WHERE t.annotator = a.id AND t.passed AND NOT e.training GROUP BY e.domain) passed), '{}') AS exams,
  coalesce((SELECT jsonb_agg(jsonb_build_object('id', s.id, 'domain', s.domain, 'action', s.action, 'reason_en', s.reason_en, 'reason_zh', s.reason_zh,
    'ends_at', s.ends_at) ORDER BY s.started_at) FROM standing s
    WHERE s.annotator = a.id AND s.state = 'active' AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp())), '[]') AS restrictions,
  coalesce((SELECT jsonb_object_agg(language, level) FROM annotator_language l WHERE l.annotator = a.id), '{}') AS languages,
  coalesce((SELECT jsonb_object_agg(domain, jsonb_build_object('local', jsonb_build_object('precision', own_precision, 'shift', own_shift,
      'anchor', CASE WHEN anchor_mean IS NOT NULL THEN jsonb_build_object('mean', anchor_mean, 'variance', anchor_variance) END,
      'edge', CASE WHEN edge_mean IS NOT NULL THEN jsonb_build_object('mean', edge_mean, 'variance', edge_variance) END),
    'idle_days', greatest(0, floor(extract(epoch FROM clock_timestamp()) / 3600) - floor(extract(epoch FROM updated_at) / 3600)) / 24.0))
    FROM skill s WHERE s.annotator = a.id), '{}') AS known,
  (SELECT jsonb_object_agg(code, parent_code) FROM domain) AS parents,
  coalesce((SELECT jsonb_object_agg(domain, jsonb_build_object('mean', mean, 'variance', variance)) FROM crowd_skill), '{}') AS crowd,
  ARRAY(SELECT DISTINCT domain FROM credential c WHERE c.annotator = a.id AND c.state = 'verified' AND (c.expires_on IS NULL OR c.expires_on >= current_date)) AS credentials
FROM annotator a
WHERE a.id = :annotator_id

-- name: insert_annotator
-- external_id is the caller's own name for the person: the same one twice is one person.
INSERT INTO annotator (id, external_id, display_name, vendor, capacity)
VALUES (:id, :external_id, :display_name, :vendor_id, :capacity)
ON CONFLICT (external_id) DO NOTHING
RETURNING id

-- name: put_roles
-- The set that holds everywhere, as given: what is missing goes, what is new comes; roles of single projects stay.
WITH gone AS (DELETE FROM annotator_role WHERE annotator = :annotator_id AND project_id IS NULL AND role <> ALL (:roles::text[]))
INSERT INTO annotator_role (id, annotator, role)
SELECT gen_random_uuid(), :annotator_id, role FROM unnest(:roles::text[]) AS role
ON CONFLICT (annotator, role, project_id) DO NOTHING

-- name: put_languages
-- The set as given.
WITH gone AS (DELETE FROM annotator_language WHERE annotator = :annotator_id AND language <> ALL (:languages::text[]))
INSERT INTO annotator_language (id, annotator, language, level)
SELECT gen_random_uuid(), :annotator_id, language, level FROM unnest(:languages::text[], :levels::int[]) AS given (language, level)
ON CONFLICT (annotator, language) DO UPDATE SET level = excluded.level

-- name: lock_person
-- Evidence about one person is taken in one by one, in every domain: what is learned in one speaks for the others.
SELECT pg_advisory_xact_lock(hashtextextended('skill:' || :annotator_id::uuid::text, 0))

-- name: person_skills
-- Everything that is known of one person; under lock_person.
SELECT domain, mean, variance, evidence_count, updated_at, own_precision, own_shift, anchor_mean, anchor_variance, edge_mean, edge_variance
FROM skill WHERE annotator = :annotator_id

-- name: crowd_of
-- What the crowd says about a domain in which somebody has not been seen.
SELECT mean, variance FROM crowd_skill WHERE domain = :domain

-- name: credential_cohort
-- The others with a verified credential of the same kind in the same domain, as they turned out to be.
SELECT count(*) AS people, avg(s.mean) AS mean, avg(s.variance) + var_pop(s.mean) AS variance
FROM skill s
WHERE s.domain = :domain AND s.annotator <> :annotator_id AND s.evidence_count > 0
  AND EXISTS (SELECT FROM credential c JOIN credential own ON own.annotator = :annotator_id AND own.domain = c.domain AND own.kind = c.kind
              WHERE c.annotator = s.annotator AND c.domain = :domain AND c.state = 'verified' AND own.state = 'verified'
                AND (c.expires_on IS NULL OR c.expires_on >= current_date) AND (own.expires_on IS NULL OR own.expires_on >= current_date))

-- name: exam_cohort
-- The others whose share of right exam items in the domain was the same, and who were seen at work since.
WITH result AS (
  SELECT e.annotator, avg(e.outcome) AS share
  FROM evidence e
  WHERE e.domain = :domain AND e.kind = 'exam_item' AND e.outcome IS NOT NULL AND e.retracts IS NULL
    AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id)
  GROUP BY e.annotator
)
SELECT count(*) AS people, avg(s.mean) AS mean, avg(s.variance) + var_pop(s.mean) AS variance
FROM result own
JOIN result other ON other.annotator <> own.annotator AND abs(other.share - own.share) <= :same::float8
JOIN skill s ON s.annotator = other.annotator AND s.domain = :domain
WHERE own.annotator = :annotator_id
  AND EXISTS (SELECT FROM evidence w WHERE w.annotator = s.annotator AND w.domain = :domain AND w.kind IN ('review_verdict', 'gold', 'agreement'))

-- name: insert_evidence
-- Once per person, domain, kind, source and revision: a replay adds nothing. Without a time it stands after all earlier rows.
INSERT INTO evidence (id, annotator, domain, kind, outcome, difficulty_mean, difficulty_variance, belief_mean, belief_variance,
                      weight, source_type, source_id, revision, observed_at)
VALUES (:id, :annotator_id, :domain, :kind, :outcome, :difficulty_mean, :difficulty_variance, :belief_mean, :belief_variance,
        :weight, :source_type, :source_id, :revision,
        coalesce(:observed_at::timestamptz, greatest(clock_timestamp(),
          (SELECT max(s.updated_at) + interval '1 microsecond' FROM skill s WHERE s.annotator = :annotator_id))))
ON CONFLICT (annotator, domain, kind, source_id, revision) DO NOTHING
RETURNING observed_at

-- name: evidence_by_id
-- One row, to be retracted; under lock_person.
SELECT annotator AS annotator_id, domain, kind, source_type, source_id, revision, retracts, outcome, difficulty_mean, difficulty_variance,
  belief_mean, belief_variance, weight, observed_at
FROM evidence WHERE id = :evidence_id

-- name: insert_retraction
-- A row that names another, which counts no more; a second retraction of the same row adds nothing.
INSERT INTO evidence (id, annotator, domain, kind, weight, source_type, source_id, retracts, reason, observed_at)
SELECT :id, annotator, domain, kind, 0, :source_type, id, id, :reason, clock_timestamp()
FROM evidence WHERE id = :evidence_id
ON CONFLICT DO NOTHING

-- name: store_skill
-- The belief after the evidence; in the same transaction as the evidence, and under lock_person.
INSERT INTO skill (id, annotator, domain, mean, variance, evidence_count, updated_at, own_precision, own_shift, anchor_mean, anchor_variance,
                   edge_mean, edge_variance)
VALUES (gen_random_uuid(), :annotator_id, :domain, :mean, :variance, :evidence_count, :updated_at, :own_precision, :own_shift, :anchor_mean,
        :anchor_variance, :edge_mean, :edge_variance)
ON CONFLICT (annotator, domain, task_kind) DO UPDATE SET mean = excluded.mean, variance = excluded.variance, evidence_count = excluded.evidence_count,
  updated_at = excluded.updated_at, own_precision = excluded.own_precision, own_shift = excluded.own_shift, anchor_mean = excluded.anchor_mean,
  anchor_variance = excluded.anchor_variance, edge_mean = excluded.edge_mean, edge_variance = excluded.edge_variance

-- name: forget_skills
-- Beliefs for which no evidence is left after a retraction.
DELETE FROM skill WHERE annotator = :annotator_id AND domain <> ALL (:domains::text[])

-- name: evidence_of_person
-- One person's evidence that counts, in the order of its observation.
SELECT e.domain, e.source_type, e.outcome, e.difficulty_mean, e.difficulty_variance, e.belief_mean, e.belief_variance, e.weight, e.observed_at
FROM evidence e
WHERE e.annotator = :annotator_id AND e.retracts IS NULL AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id)
ORDER BY e.observed_at, e.id

-- name: evidence_in_order
-- All evidence that counts, person by person: insert_evidence makes the order of observation the order of the beliefs.
SELECT e.annotator AS annotator_id, e.domain, e.source_type, e.outcome, e.difficulty_mean, e.difficulty_variance, e.belief_mean,
  e.belief_variance, e.weight, e.observed_at
FROM evidence e
WHERE e.retracts IS NULL AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id)
ORDER BY e.annotator, e.observed_at, e.id

-- name: skill_rows
-- What is believed now, to be compared with the fold of the evidence.
SELECT annotator AS annotator_id, domain, mean, variance, evidence_count, updated_at, own_precision, own_shift, anchor_mean, anchor_variance,
  edge_mean, edge_variance
FROM skill ORDER BY annotator, domain

-- name: crowd_sample
-- What is known of those whom something was learned about last; enough of them for an estimate.
SELECT s.annotator AS annotator_id, s.domain, s.own_precision, s.own_shift, s.anchor_mean, s.anchor_variance, s.edge_mean, s.edge_variance,
  s.updated_at
FROM skill s
JOIN (SELECT annotator FROM skill GROUP BY annotator ORDER BY max(updated_at) DESC LIMIT :limit) newest USING (annotator)
ORDER BY s.annotator, s.domain

-- name: put_crowd
-- The newest estimate of the crowd, in the place of the last.
INSERT INTO crowd_skill (domain, mean, variance, people, estimated_at)
VALUES (:domain, :mean, :variance, :people, clock_timestamp())
ON CONFLICT (domain) DO UPDATE SET mean = excluded.mean, variance = excluded.variance, people = excluded.people, estimated_at = excluded.estimated_at

-- name: roster
-- People in the order of their names; the cursor is (name, id).
SELECT a.id, a.external_id, a.display_name, a.vendor AS vendor_id, v.name AS vendor, a.state, a.state_reason, a.capacity, a.created_at,
  ARRAY(SELECT DISTINCT role FROM annotator_role r WHERE r.annotator = a.id ORDER BY role) AS roles,
  coalesce((SELECT jsonb_object_agg(language, level) FROM annotator_language l WHERE l.annotator = a.id), '{}') AS languages
FROM annotator a LEFT JOIN vendor v ON v.id = a.vendor
WHERE (:vendor_id::uuid IS NULL OR a.vendor = :vendor_id)
  AND (:annotator_id::uuid IS NULL OR a.id = :annotator_id)
  AND (a.display_name, a.id) > (:after_name::text, :after_id::uuid)
ORDER BY a.display_name, a.id
LIMIT :limit

-- name: skills_of
-- One person's beliefs with their evidence counts and credentials.
SELECT d.code AS domain, s.mean, s.variance, coalesce(s.evidence_count, 0) AS evidence_count, s.updated_at,
  EXISTS (SELECT FROM credential c WHERE c.annotator = :annotator_id AND c.domain = d.code AND c.state = 'verified'
          AND (c.expires_on IS NULL OR c.expires_on >= current_date)) AS credential
FROM domain d LEFT JOIN skill s ON s.domain = d.code AND s.annotator = :annotator_id
ORDER BY d.position

-- name: insert_credential
-- Unverified unless somebody says so.
INSERT INTO credential (id, annotator, domain, kind, title, issuer, state, verified_at, expires_on)
VALUES (:id, :annotator_id, :domain, :kind, :title, :issuer, CASE WHEN :verified THEN 'verified' ELSE 'unverified' END,
        CASE WHEN :verified THEN clock_timestamp() END, :expires_on)

-- name: insert_exam
-- Open at once; the checks of the table hold its rules.
INSERT INTO exam (id, name, description, domain, language, mode, cut_level, min_items, max_items, stop_rule, time_limit_seconds,
                  attempts_allowed, cooldown_seconds, pay_micros, pay_currency, training)
VALUES (:id, :name, :description, :domain, :language, :mode, :cut_level, :min_items, :max_items, :stop_rule, :time_limit_seconds,
        :attempts_allowed, :cooldown_seconds, :pay_micros, :pay_currency, :training)

-- name: exams
-- Exams with what they mean for one person (or for nobody in particular); the person's languages first, the cursor is (name, id).
SELECT e.id, e.name, e.description, e.domain, e.language, e.mode, e.cut_level, e.min_items, e.max_items, e.stop_rule,
  e.time_limit_seconds, e.attempts_allowed, e.cooldown_seconds, e.pay_micros, e.pay_currency, e.training, e.state,
  (SELECT count(*) FROM exam_item i WHERE i.domain = e.domain AND i.language = e.language AND i.training = e.training AND NOT i.retired) AS items,
  coalesce(mine.used, 0) AS attempts_used, coalesce(mine.passed, false) AS passed, mine.running_id,
  CASE WHEN mine.last_end + e.cooldown_seconds * interval '1 second' > clock_timestamp()
       THEN mine.last_end + e.cooldown_seconds * interval '1 second' END AS opens_again_at,
  EXISTS (SELECT FROM annotator_language l WHERE l.annotator = :annotator_id::uuid AND l.language = e.language) AS speaks
FROM exam e
LEFT JOIN LATERAL (
  SELECT count(*) AS used, bool_or(t.passed) AS passed, max(t.ended_at) AS last_end, (max(t.id::text) FILTER (WHERE t.state = 'running'))::uuid AS running_id
  FROM exam_attempt t WHERE t.exam = e.id AND t.annotator = :annotator_id::uuid
) mine ON true
WHERE (:exam_id::uuid IS NULL OR e.id = :exam_id) AND (:everything::bool OR e.state = 'open')
  AND (e.name, e.id) > (:after_name::text, :after_id::uuid)
ORDER BY e.name, e.id
LIMIT :limit

-- name: insert_exam_items
-- Many at once; a question that the bank has under its key stays as it is.
INSERT INTO exam_item (id, domain, language, training, key, text, options, answer, explanation, difficulty, discrimination)
SELECT gen_random_uuid(), :domain, :language, :training, i.key, i.text, i.options, i.answer, i.explanation, i.difficulty, i.discrimination
FROM jsonb_to_recordset(:items::jsonb) AS i (key text, text text, options jsonb, answer int, explanation text, difficulty float8, discrimination float8)
ON CONFLICT (domain, language, training, key) DO NOTHING

-- name: exam_bank
-- What can still be asked in an attempt, and whether the person met it in an earlier one.
SELECT i.id, i.difficulty, i.discrimination,
  EXISTS (SELECT FROM exam_answer a JOIN exam_attempt t ON t.id = a.attempt WHERE a.item = i.id AND t.annotator = :annotator_id) AS seen
FROM exam_item i
WHERE i.domain = :domain AND i.language = :language AND i.training = :training AND NOT i.retired
  AND NOT EXISTS (SELECT FROM exam_answer a WHERE a.attempt = :attempt_id AND a.item = i.id)
ORDER BY i.id

-- name: lock_examinee
-- Starts of one person come one after another: the counts of attempts and the cool-down are read under this lock.
SELECT state, state_reason, vendor AS vendor_id FROM annotator WHERE id = :annotator_id FOR NO KEY UPDATE

-- name: insert_attempt
-- The time runs by the database's clock from here.
INSERT INTO exam_attempt (id, exam, annotator, number, state, seed, plan, started_at, ends_at, mean, variance, pay_micros, pay_currency)
SELECT :id, e.id, :annotator_id, :number, 'running', :seed, :plan, now.at, now.at + e.time_limit_seconds * interval '1 second', :mean, :variance, e.pay_micros, e.pay_currency
FROM exam e, (SELECT clock_timestamp() AS at) now WHERE e.id = :exam_id

-- name: lock_attempt
-- One step of an attempt at a time; whether its time is over is the database's word.
SELECT t.id, t.exam AS exam_id, t.annotator AS annotator_id, t.number, t.state, t.seed, t.plan, t.started_at, t.ends_at, t.ended_at,
  t.mean, t.variance, t.log_ratio, t.passed, t.reason, t.pay_micros, t.pay_currency, t.ends_at <= clock_timestamp() AS lapsed,
  e.name, e.domain, e.language, e.mode, e.cut_level, e.min_items, e.max_items, e.stop_rule, e.training,
  (SELECT count(*) FROM exam_answer a WHERE a.attempt = t.id AND a.choice IS NOT NULL) AS answered, n.vendor AS vendor_id
FROM exam_attempt t JOIN exam e ON e.id = t.exam JOIN annotator n ON n.id = t.annotator
WHERE t.id = :attempt_id AND t.exam = :exam_id AND t.annotator = :annotator_id
FOR UPDATE OF t

-- name: attempt_owner
-- Whose attempt it is: for programs that act on behalf, and for managers who look.
SELECT annotator FROM exam_attempt WHERE id = :attempt_id AND exam = :exam_id

-- name: put_question
-- The next question of an attempt, with its difficulty as the bank has it now.
INSERT INTO exam_answer (id, attempt, item, position, difficulty, discrimination, shown_at)
SELECT :id, :attempt_id, i.id, :position, i.difficulty, i.discrimination, clock_timestamp() FROM exam_item i WHERE i.id = :item_id

-- name: expose_item
-- Counts a showing; what too many people have seen leaves the bank.
UPDATE exam_item SET exposure_count = exposure_count + 1,
  retired = retired OR exposure_count + 1 >= :exposure_limit,
  retired_reason = CASE WHEN NOT retired AND exposure_count + 1 >= :exposure_limit THEN 'shown too often' ELSE retired_reason END
WHERE id = :item_id AND NOT training
RETURNING retired AND exposure_count = :exposure_limit AS just_retired

-- name: questions_of_attempt
-- Every question of an attempt in order, with its key: for the server alone.
SELECT a.id, a.item AS item_id, a.position, a.difficulty, a.discrimination, a.choice, a.correct,
  i.text, i.options, i.answer, i.explanation
FROM exam_answer a JOIN exam_item i ON i.id = a.item
WHERE a.attempt = :attempt_id ORDER BY a.position

-- name: give_answer
-- Once: an answer that is there already is not touched.
UPDATE exam_answer SET choice = :choice, correct = :correct, answered_at = clock_timestamp() WHERE id = :id AND choice IS NULL

-- name: move_attempt
-- The standing after an answer, of a running attempt.
UPDATE exam_attempt SET mean = :mean, variance = :variance, log_ratio = :log_ratio WHERE id = :attempt_id AND state = 'running'

-- name: end_attempt
-- The result, once; a question that was left open stays unanswered.
UPDATE exam_attempt SET state = 'finished', passed = :passed, reason = :reason, ended_at = least(clock_timestamp(), ends_at)
WHERE id = :attempt_id AND state = 'running'

-- name: lapsed_attempts
-- Running attempts whose time is over, oldest first; each is locked before it is ended.
SELECT id AS attempt_id, exam AS exam_id, annotator AS annotator_id FROM exam_attempt
WHERE state = 'running' AND ends_at <= clock_timestamp() ORDER BY ends_at LIMIT :limit

-- name: bulk_lock
-- The people of a bulk change, locked by id; those beyond the reader's reach are not among them.
SELECT a.id, a.display_name AS name, a.state, a.state_reason, a.capacity,
  EXISTS (SELECT FROM annotator_role r WHERE r.annotator = a.id AND r.role = :role::text AND r.project_id IS NOT DISTINCT FROM :project_id::uuid) AS has_role
FROM annotator a
WHERE a.id = ANY (:ids::uuid[]) AND (:vendor_id::uuid IS NULL OR a.vendor = :vendor_id)
ORDER BY a.id FOR NO KEY UPDATE

-- name: bulk_state
-- One person's state with its reason.
UPDATE annotator SET state = :state, state_reason = :reason WHERE id = :id

-- name: bulk_capacity
-- How much one person may hold; what is held beyond it stays held.
UPDATE annotator SET capacity = :capacity WHERE id = :id

-- name: bulk_grant
-- A role, everywhere where no project is named.
INSERT INTO annotator_role (id, annotator, role, project_id, granted_by)
VALUES (gen_random_uuid(), :id, :role, :project_id, current_setting('callboard.actor', true))
ON CONFLICT (annotator, role, project_id) DO NOTHING

-- name: bulk_revoke
-- The role as it was granted: everywhere, or in that project.
DELETE FROM annotator_role WHERE annotator = :id AND role = :role AND project_id IS NOT DISTINCT FROM :project_id::uuid

-- name: bulk_of
-- What a bulk change did, as its author wrote it down, while it is recent enough to be taken back.
SELECT after FROM audit_entry
WHERE subject_type = 'bulk' AND subject_id = :bulk_id AND action = 'annotators.bulk' AND actor = :actor
  AND at >= clock_timestamp() - make_interval(secs => :seconds)

-- name: bulk_was_undone
-- Whether it was taken back already.
SELECT EXISTS (SELECT FROM audit_entry WHERE subject_type = 'bulk' AND subject_id = :bulk_id AND action = 'annotators.bulk_undone')
