-- name: profile
-- Everything that eligibility and score look at, in one round trip; what all share comes with the first of the people.
SELECT a.id, a.display_name, a.vendor AS vendor_id, a.state, a.state_reason, a.capacity, a.currency,
  ARRAY(SELECT role FROM annotator_role r WHERE r.annotator = a.id AND r.project_id IS NULL) AS roles,
  coalesce((SELECT jsonb_object_agg(project_id, roles) FROM (SELECT project_id, jsonb_agg(role) AS roles FROM annotator_role r
    WHERE r.annotator = a.id AND r.project_id IS NOT NULL GROUP BY project_id) granted), '{}') AS project_roles,
  coalesce((SELECT jsonb_object_agg(domain, level) FROM (SELECT e.domain, max(e.cut_level) AS level FROM exam_attempt t JOIN exam e ON e.id = t.exam
    WHERE t.annotator = a.id AND t.passed AND NOT e.training GROUP BY e.domain) passed), '{}') AS exams,
  coalesce((SELECT jsonb_agg(jsonb_build_object('id', s.id, 'domain', s.domain, 'action', s.action, 'reason_en', s.reason_en, 'reason_zh', s.reason_zh,
    'ends_at', s.ends_at) ORDER BY s.started_at) FROM standing s
    WHERE s.annotator = a.id AND s.state = 'active' AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp())), '[]') AS restrictions,
  coalesce((SELECT jsonb_object_agg(language, level) FROM annotator_language l WHERE l.annotator = a.id), '{}') AS languages,
  coalesce((SELECT jsonb_object_agg(domain || CASE task_kind WHEN '' THEN '' ELSE '/' || task_kind END, jsonb_build_object('local', jsonb_build_object('precision', own_precision, 'shift', own_shift,
      'anchor', CASE WHEN anchor_mean IS NOT NULL THEN jsonb_build_object('mean', anchor_mean, 'variance', anchor_variance) END,
      'edge', CASE WHEN edge_mean IS NOT NULL THEN jsonb_build_object('mean', edge_mean, 'variance', edge_variance) END),
    'idle_days', greatest(0, floor(extract(epoch FROM clock_timestamp()) / 3600) - floor(extract(epoch FROM updated_at) / 3600)) / 24.0))
    FROM skill s WHERE s.annotator = a.id), '{}') AS known,
  CASE WHEN a.id = (:annotator_ids::uuid[])[1] THEN (SELECT jsonb_object_agg(code, parent_code) FROM domain) END AS parents,
  CASE WHEN a.id = (:annotator_ids)[1] THEN ARRAY(SELECT code FROM task_kind WHERE own_skill ORDER BY code) END AS own_kinds,
  CASE WHEN a.id = (:annotator_ids)[1] THEN coalesce((SELECT jsonb_object_agg(domain, jsonb_build_object('mean', mean, 'variance', variance)) FROM crowd_skill), '{}') END AS crowd,
  ARRAY(SELECT DISTINCT domain FROM credential c WHERE c.annotator = a.id AND c.state = 'verified' AND (c.expires_on IS NULL OR c.expires_on >= current_date)) AS credentials,
  ARRAY(SELECT DISTINCT domain || '/' || kind FROM credential c WHERE c.annotator = a.id AND c.state = 'verified' AND (c.expires_on IS NULL OR c.expires_on >= current_date)) AS credential_kinds
FROM annotator a
WHERE a.id = ANY (:annotator_ids)

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
-- Evidence about one person is taken in one by one, in every domain: what is learned in one speaks for the others. The tree stays as it is meanwhile.
SELECT pg_advisory_xact_lock_shared(hashtextextended('domain-tree', 0)), pg_advisory_xact_lock(hashtextextended('skill:' || :annotator_id::uuid::text, 0))

-- name: person_skills
-- Everything that is known of one person; under lock_person.
SELECT domain, task_kind, mean, variance, evidence_count, updated_at, own_precision, own_shift, anchor_mean, anchor_variance, edge_mean, edge_variance
FROM skill WHERE annotator = :annotator_id

-- name: crowd_of
-- What the crowd says about a domain in which somebody has not been seen.
SELECT mean, variance FROM crowd_skill WHERE domain = :domain

-- name: credential_cohort
-- The others with a verified credential of the same kind in the same domain, as they turned out to be.
SELECT count(*) AS people, avg(s.mean) AS mean, avg(s.variance) + var_pop(s.mean) AS variance
FROM skill s
WHERE s.domain = :domain AND s.task_kind = '' AND s.annotator <> :annotator_id AND s.evidence_count > 0
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
JOIN skill s ON s.annotator = other.annotator AND s.domain = :domain AND s.task_kind = ''
WHERE own.annotator = :annotator_id
  AND EXISTS (SELECT FROM evidence w WHERE w.annotator = s.annotator AND w.domain = :domain AND w.kind IN ('review_verdict', 'gold', 'agreement')
              AND w.retracts IS NULL AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = w.id))

-- name: insert_evidence
-- Once per person, domain, kind, source and revision: a replay adds nothing. Without a time it stands after all earlier rows.
INSERT INTO evidence (id, annotator, domain, task_kind, kind, outcome, difficulty_mean, difficulty_variance, belief_mean, belief_variance,
                      weight, source_type, source_id, revision, observed_at)
VALUES (:id, :annotator_id, :domain, :task_kind, :kind, :outcome, :difficulty_mean, :difficulty_variance, :belief_mean, :belief_variance,
        :weight, :source_type, :source_id, :revision,
        coalesce(:observed_at::timestamptz, greatest(clock_timestamp(),
          (SELECT max(s.updated_at) + interval '1 microsecond' FROM skill s WHERE s.annotator = :annotator_id))))
ON CONFLICT (annotator, domain, kind, source_id, revision) DO NOTHING
RETURNING observed_at

-- name: evidence_by_id
-- One row, to be retracted; under lock_person.
SELECT annotator AS annotator_id, domain, task_kind, kind, source_type, source_id, revision, retracts, outcome, difficulty_mean, difficulty_variance,
  belief_mean, belief_variance, weight, observed_at
FROM evidence WHERE id = :evidence_id

-- name: insert_retraction
-- A row that names another, which counts no more; a second retraction of the same row adds nothing.
INSERT INTO evidence (id, annotator, domain, task_kind, kind, weight, source_type, source_id, retracts, reason, observed_at)
SELECT :id, annotator, domain, task_kind, kind, 0, :source_type, id, id, :reason, clock_timestamp()
FROM evidence WHERE id = :evidence_id
ON CONFLICT DO NOTHING

-- name: store_skill
-- The belief after the evidence; in the same transaction as the evidence, and under lock_person.
INSERT INTO skill (id, annotator, domain, task_kind, mean, variance, evidence_count, updated_at, own_precision, own_shift, anchor_mean, anchor_variance,
                   edge_mean, edge_variance)
VALUES (gen_random_uuid(), :annotator_id, :domain, :task_kind, :mean, :variance, :evidence_count, :updated_at, :own_precision, :own_shift, :anchor_mean,
        :anchor_variance, :edge_mean, :edge_variance)
ON CONFLICT (annotator, domain, task_kind) DO UPDATE SET mean = excluded.mean, variance = excluded.variance, evidence_count = excluded.evidence_count,
  updated_at = excluded.updated_at, own_precision = excluded.own_precision, own_shift = excluded.own_shift, anchor_mean = excluded.anchor_mean,
  anchor_variance = excluded.anchor_variance, edge_mean = excluded.edge_mean, edge_variance = excluded.edge_variance

-- name: forget_skills
-- Beliefs for which no evidence is left after a retraction.
DELETE FROM skill WHERE annotator = :annotator_id AND domain || CASE task_kind WHEN '' THEN '' ELSE '/' || task_kind END <> ALL (:nodes::text[])

-- name: evidence_of_person
-- One person's evidence that counts, in the order of its observation; a correction stands at the place of the first word.
SELECT e.id, e.domain, e.task_kind, e.source_type, e.outcome, e.difficulty_mean, e.difficulty_variance, e.belief_mean, e.belief_variance, e.weight, e.observed_at
FROM evidence e
WHERE e.annotator = :annotator_id AND e.retracts IS NULL AND NOT EXISTS (SELECT FROM evidence r WHERE r.annotator = e.annotator AND r.retracts = e.id)
ORDER BY e.observed_at, CASE e.revision WHEN 0 THEN e.id ELSE (SELECT f.id FROM evidence f
  WHERE (f.annotator, f.domain, f.kind, f.source_id, f.revision) = (e.annotator, e.domain, e.kind, e.source_id, 0)) END

-- name: evidence_in_order
-- All evidence that counts, person by person: insert_evidence makes the order of observation the order of the beliefs.
SELECT e.annotator AS annotator_id, e.domain, e.task_kind, e.source_type, e.outcome, e.difficulty_mean, e.difficulty_variance, e.belief_mean,
  e.belief_variance, e.weight, e.observed_at
FROM evidence e
WHERE e.retracts IS NULL AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id)
ORDER BY e.annotator, e.observed_at, CASE e.revision WHEN 0 THEN e.id ELSE (SELECT f.id FROM evidence f
  WHERE (f.annotator, f.domain, f.kind, f.source_id, f.revision) = (e.annotator, e.domain, e.kind, e.source_id, 0)) END

-- name: skill_rows
-- What is believed now, to be compared with the fold of the evidence.
SELECT annotator AS annotator_id, domain, task_kind, mean, variance, evidence_count, updated_at, own_precision, own_shift, anchor_mean, anchor_variance,
  edge_mean, edge_variance
FROM skill ORDER BY annotator, domain, task_kind

-- name: crowd_sample
-- What is known of those whom something was learned about last; enough of them for an estimate.
SELECT s.annotator AS annotator_id, s.domain, s.task_kind, s.own_precision, s.own_shift, s.anchor_mean, s.anchor_variance, s.edge_mean, s.edge_variance,
  s.updated_at
FROM skill s
JOIN (SELECT annotator FROM skill GROUP BY annotator ORDER BY max(updated_at) DESC LIMIT :limit) newest USING (annotator)
ORDER BY s.annotator, s.domain, s.task_kind

-- name: put_crowd
-- The newest estimate of the crowd, in the place of the last.
INSERT INTO crowd_skill (domain, mean, variance, people, estimated_at)
VALUES (:domain, :mean, :variance, :people, clock_timestamp())
ON CONFLICT (domain) DO UPDATE SET mean = excluded.mean, variance = excluded.variance, people = excluded.people, estimated_at = excluded.estimated_at

-- name: roster
-- People in the order of their names; the cursor is (name, id).
SELECT a.id, a.external_id, a.display_name, a.vendor AS vendor_id, v.name AS vendor, a.state, a.state_reason, a.capacity, a.cap_per_day, a.created_at,
  ARRAY(SELECT DISTINCT role FROM annotator_role r WHERE r.annotator = a.id ORDER BY role) AS roles,
  coalesce((SELECT jsonb_object_agg(language, level) FROM annotator_language l WHERE l.annotator = a.id), '{}') AS languages
FROM annotator a LEFT JOIN vendor v ON v.id = a.vendor
WHERE (:vendor_id::uuid IS NULL OR a.vendor = :vendor_id)
  AND (:annotator_id::uuid IS NULL OR a.id = :annotator_id)
  AND (a.display_name, a.id) > (:after_name::text, :after_id::uuid)
ORDER BY a.display_name, a.id
LIMIT :limit

-- name: skills_of
-- One person's beliefs with their evidence counts, and what domains and levels are called: every domain, and below it the kinds of work that were seen.
SELECT d.code AS domain, d.parent_code, d.name_en, d.name_zh, coalesce(s.task_kind, '') AS task_kind, s.mean, s.variance,
  coalesce(s.evidence_count, 0) AS evidence_count, s.updated_at,
  (SELECT jsonb_agg(jsonb_build_object('en', l.name_en, 'zh', l.name_zh) ORDER BY l.level) FROM level l WHERE l.scale = 'skill') AS level_names,
  EXISTS (SELECT FROM credential c WHERE c.annotator = :annotator_id AND c.domain = d.code AND c.state = 'verified'
          AND (c.expires_on IS NULL OR c.expires_on >= current_date)) AS credential
FROM domain d
CROSS JOIN LATERAL (SELECT '' AS kind UNION SELECT k.task_kind FROM skill k WHERE k.domain = d.code AND k.annotator = :annotator_id) seen
LEFT JOIN skill s ON s.domain = d.code AND s.annotator = :annotator_id AND s.task_kind = seen.kind
ORDER BY d.position, d.code, seen.kind

-- name: insert_exam
-- Open at once; the checks of the table hold its rules.
INSERT INTO exam (id, name, description, domain, language, mode, cut_level, min_items, max_items, stop_rule, time_limit_seconds,
                  attempts_allowed, cooldown_seconds, pay_micros, pay_currency, pay_project_id, training)
VALUES (:id, :name, :description, :domain, :language, :mode, :cut_level, :min_items, :max_items, :stop_rule, :time_limit_seconds,
        :attempts_allowed, :cooldown_seconds, :pay_micros, :pay_currency, :pay_project_id, :training)

-- name: exams
-- Exams with what they mean for one person (or for nobody in particular), closed while their domain is archived; the cursor is (name, id).
SELECT e.id, e.name, e.description, e.domain, e.language, e.mode, e.cut_level, e.min_items, e.max_items, e.stop_rule,
  e.time_limit_seconds, e.attempts_allowed, e.cooldown_seconds, e.pay_micros, e.pay_currency,
  e.pay_project_id, e.training, CASE WHEN d.archived THEN 'closed' ELSE e.state END AS state,
  (SELECT count(*) FROM exam_item i WHERE i.domain = e.domain AND i.language = e.language AND i.training = e.training AND NOT i.retired) AS items,
  coalesce(mine.used, 0) AS attempts_used, coalesce(mine.passed, false) AS passed, mine.running_id,
  CASE WHEN mine.last_end + e.cooldown_seconds * interval '1 second' > clock_timestamp()
       THEN mine.last_end + e.cooldown_seconds * interval '1 second' END AS opens_again_at,
  EXISTS (SELECT FROM annotator_language l WHERE l.annotator = :annotator_id::uuid AND l.language = e.language) AS speaks
FROM exam e JOIN domain d ON d.code = e.domain
LEFT JOIN LATERAL (
  SELECT count(*) AS used, bool_or(t.passed) AS passed, max(t.ended_at) AS last_end, (max(t.id::text) FILTER (WHERE t.state = 'running'))::uuid AS running_id
  FROM exam_attempt t WHERE t.exam = e.id AND t.annotator = :annotator_id::uuid
) mine ON true
WHERE (:exam_id::uuid IS NULL OR e.id = :exam_id) AND (:everything::bool OR e.state = 'open' AND NOT d.archived)
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
-- What can still be asked in an attempt, and whether the person met it in an earlier one. An attempt that runs may use up
-- what retired under it for being shown too often (:running): it is not cut short for that.
SELECT i.id, i.difficulty, i.discrimination,
  EXISTS (SELECT FROM exam_answer a JOIN exam_attempt t ON t.id = a.attempt WHERE a.item = i.id AND t.annotator = :annotator_id) AS seen
FROM exam_item i
WHERE i.domain = :domain AND i.language = :language AND i.training = :training
  AND (NOT i.retired OR :running::bool AND i.retired_reason = 'shown too often')
  AND NOT EXISTS (SELECT FROM exam_answer a WHERE a.attempt = :attempt_id AND a.item = i.id)
ORDER BY i.id

-- name: lock_examinee
-- Starts of one person come one after another: the counts of attempts and the cool-down are read under this lock.
SELECT state, state_reason, vendor AS vendor_id FROM annotator WHERE id = :annotator_id FOR NO KEY UPDATE

-- name: insert_attempt
-- The time runs by the database's clock from here.
INSERT INTO exam_attempt (id, exam, annotator, number, state, seed, plan, started_at, ends_at, mean, variance,
                          pay_micros, pay_currency, pay_project_id)
SELECT :id, e.id, :annotator_id, :number, 'running', :seed, :plan, now.at, now.at + e.time_limit_seconds * interval '1 second', :mean, :variance,
  e.pay_micros, e.pay_currency, e.pay_project_id
FROM exam e, (SELECT clock_timestamp() AS at) now WHERE e.id = :exam_id

-- name: lock_attempt
-- One step of an attempt at a time. What the step needs is read after this, in a statement of its own: one that waited
-- here would still count the answers as they were when it began to wait.
SELECT id FROM exam_attempt WHERE id = :attempt_id AND exam = :exam_id AND annotator = :annotator_id FOR NO KEY UPDATE

-- name: attempt
-- An attempt with its exam, under its lock; whether its time is over is the database's word.
SELECT t.id, t.exam AS exam_id, t.annotator AS annotator_id, t.number, t.state, t.seed, t.plan, t.started_at, t.ends_at, t.ended_at,
  t.mean, t.variance, t.log_ratio, t.passed, t.reason, t.pay_micros, t.pay_currency, t.pay_project_id,
  t.ends_at <= clock_timestamp() AS lapsed,
  e.name, e.domain, e.language, e.mode, e.cut_level, e.min_items, e.max_items, e.stop_rule, e.training,
  (SELECT count(*) FROM exam_answer a WHERE a.attempt = t.id AND a.choice IS NOT NULL) AS answered, n.vendor AS vendor_id
FROM exam_attempt t JOIN exam e ON e.id = t.exam JOIN annotator n ON n.id = t.annotator
WHERE t.id = :attempt_id

-- name: attempt_owner
-- Whose attempt it is: for programs that act on behalf, and for managers who look.
SELECT annotator FROM exam_attempt WHERE id = :attempt_id AND exam = :exam_id

-- name: put_question
-- The next question of an attempt, with its difficulty as the bank has it now. The lock lets an edit of the question come
-- before or after, not between.
INSERT INTO exam_answer (id, attempt, item, position, difficulty, discrimination, shown_at)
SELECT :id, :attempt_id, i.id, :position, i.difficulty, i.discrimination, clock_timestamp()
FROM exam_item i WHERE i.id = :item_id FOR NO KEY UPDATE OF i

-- name: expose_item
-- Counts a showing; what too many people have seen leaves the bank. Says whether it left it now: a question that was
-- retired before is not retired again. The row is locked by put_question.
UPDATE exam_item i SET exposure_count = i.exposure_count + 1,
  retired = i.retired OR i.exposure_count + 1 >= :exposure_limit,
  retired_reason = CASE WHEN NOT i.retired AND i.exposure_count + 1 >= :exposure_limit THEN 'shown too often' ELSE i.retired_reason END
FROM (SELECT id, retired FROM exam_item WHERE id = :item_id) before
WHERE i.id = before.id AND NOT i.training
RETURNING i.retired AND NOT before.retired AS just_retired

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
-- Running attempts whose time is over, locked: all of them before any money moves. In the order of the budgets that pay;
-- those that somebody is at work on are left to them.
SELECT id AS attempt_id, exam AS exam_id, annotator AS annotator_id FROM (
  SELECT id, exam, annotator, pay_project_id FROM exam_attempt
  WHERE state = 'running' AND ends_at <= clock_timestamp() ORDER BY ends_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
) lapsed ORDER BY pay_project_id, annotator, id

-- name: seen_beyond_exams
-- Whether anything but exams and starting points was seen of somebody in a domain: work, votes, or a manager's word.
SELECT EXISTS (SELECT FROM evidence e WHERE e.annotator = :annotator_id AND e.domain = :domain AND e.kind <> 'exam_item'
  AND e.source_type NOT IN ('prior', 'transfer') AND e.retracts IS NULL AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id))

-- name: hold_keys_of_attempt
-- Whoever corrects a key waits until the evidence that rests on it is there to be corrected.
SELECT FROM exam_item WHERE id IN (SELECT item FROM exam_answer WHERE attempt = :attempt_id) ORDER BY id FOR SHARE

-- name: lock_item_key
-- One question with its key, for whoever corrects it.
SELECT id, domain, language, training, options, answer FROM exam_item WHERE id = :item_id FOR NO KEY UPDATE

-- name: correct_key
-- What was asked stays; what counts as right changes.
UPDATE exam_item SET answer = :answer, version = version + 1 WHERE id = :item_id

-- name: evidence_of_item
-- Every answer to a question that became evidence that counts, with what was chosen.
SELECT e.id AS evidence_id, e.annotator AS annotator_id, e.outcome, a.choice
FROM exam_answer a JOIN exam_attempt t ON t.id = a.attempt
JOIN evidence e ON e.annotator = t.annotator AND e.domain = :domain AND e.kind = 'exam_item' AND e.source_id = a.id AND e.source_type = 'exam_answer'
WHERE a.item = :item_id AND a.choice IS NOT NULL AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id)
ORDER BY e.annotator, e.observed_at, e.id

-- name: exam_starts
-- Starting points that came from one person's exam results in a domain.
SELECT e.id FROM evidence e
WHERE e.annotator = :annotator_id AND e.domain = :domain AND e.kind = 'exam_item' AND e.source_type = 'prior' AND e.retracts IS NULL
  AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id)
ORDER BY e.observed_at, e.id

-- name: decided_attempts_with_item
-- Finished attempts that their answers decided, and in which this question was answered.
SELECT t.id, t.exam AS exam_id, t.annotator AS annotator_id, t.passed, e.cut_level, e.min_items, e.max_items, e.stop_rule, e.mode
FROM exam_attempt t JOIN exam e ON e.id = t.exam
WHERE t.state = 'finished' AND t.reason IN ('decided', 'last_item') AND NOT e.training
  AND EXISTS (SELECT FROM exam_answer a WHERE a.attempt = t.id AND a.item = :item_id AND a.choice IS NOT NULL)
ORDER BY t.ended_at, t.id

-- name: known_domains
-- The named ones, held against being archived until this transaction ends: what is begun in them now is begun in time.
SELECT code, archived FROM domain WHERE code = ANY (:codes::text[]) ORDER BY code FOR KEY SHARE

-- name: domains
-- All of them; the tree is drawn from their parents.
SELECT code, parent_code AS parent, name_en, name_zh, description_en, description_zh, position, archived, version
FROM domain ORDER BY position, code

-- name: lock_tree
-- Alone with the tree: evidence reads it under the same lock, shared, so nobody learns by a tree that is being changed.
SELECT pg_advisory_xact_lock(hashtextextended('domain-tree', 0))

-- name: lock_domain
-- One domain, to be changed; its children and tasks may come meanwhile.
SELECT code FROM domain WHERE code = :code FOR NO KEY UPDATE

-- name: lock_domain_whole
-- One domain, to be archived: whoever is about to begin something in it is waited for, or waits.
SELECT code FROM domain WHERE code = :code FOR UPDATE

-- name: insert_domain
-- At the end of its siblings.
INSERT INTO domain (code, parent_code, name_en, name_zh, description_en, description_zh, position)
SELECT :code, :parent, :name_en, :name_zh, :description_en, :description_zh,
  coalesce((SELECT max(position) + 1 FROM domain WHERE parent_code IS NOT DISTINCT FROM :parent::varchar), 0)
ON CONFLICT (code) DO NOTHING RETURNING code

-- name: describe_domain
-- Names and descriptions; the parent is another statement, because its trigger locks the tree.
UPDATE domain SET name_en = :name_en, name_zh = :name_zh, description_en = :description_en, description_zh = :description_zh, version = version + 1
WHERE code = :code

-- name: move_domain
-- Below another parent; the trigger refuses loops. How it hung on the old parent is forgotten until the crowd is asked again.
WITH forgotten AS (DELETE FROM crowd_skill WHERE domain = :code)
UPDATE domain SET parent_code = :parent WHERE code = :code

-- name: order_domains
-- The places of siblings, as given.
UPDATE domain d SET position = given.place
FROM unnest(:codes::text[]) WITH ORDINALITY AS given (code, place)
WHERE d.code = given.code AND d.position <> given.place

-- name: archive_domain
-- It takes nothing new from now on; or it does again.
UPDATE domain SET archived = :archived, version = version + 1 WHERE code = :code

-- name: people_known_in
-- A batch of those about whom something is known in these domains, by id: evidence, which beliefs rest on, and credentials and exams, which standing does.
SELECT annotator FROM (
  SELECT annotator FROM evidence WHERE domain = ANY (:domains::text[]) AND annotator > :after
  UNION SELECT annotator FROM credential WHERE domain = ANY (:domains::text[]) AND annotator > :after
  UNION SELECT t.annotator FROM exam_attempt t JOIN exam e ON e.id = t.exam WHERE e.domain = ANY (:domains::text[]) AND t.annotator > :after
) known ORDER BY annotator LIMIT :limit

-- name: count_known_in
-- How many a refold has to see.
SELECT count(*) FROM (
  SELECT annotator FROM evidence WHERE domain = ANY (:domains::text[])
  UNION SELECT annotator FROM credential WHERE domain = ANY (:domains::text[])
  UNION SELECT t.annotator FROM exam_attempt t JOIN exam e ON e.id = t.exam WHERE e.domain = ANY (:domains::text[])
) known

-- name: refolds_waiting
-- Moved domains whose people are not all folded anew yet, with how far that is.
SELECT payload ->> 'domain' AS domain, (payload ->> 'done')::int AS done, (payload ->> 'total')::int AS total
FROM job WHERE name = 'skills.refold' AND done_at IS NULL AND failed_at IS NULL ORDER BY created_at

-- name: levels
-- What 1 to 5 mean on both scales.
SELECT scale, level, name_en, name_zh, description_en, description_zh, version FROM level ORDER BY scale DESC, level

-- name: describe_level
-- Only as it was read, where a version is given.
UPDATE level SET name_en = :name_en, name_zh = :name_zh, description_en = :description_en, description_zh = :description_zh, version = version + 1
WHERE scale = :scale AND level = :level AND version = coalesce(:version::int, version)

-- name: roles
-- With how many people hold each, anywhere.
SELECT r.code, r.name_en, r.name_zh, r.description_en, r.description_zh, r.position, r.archived, r.version,
  (SELECT count(DISTINCT annotator) FROM annotator_role h WHERE h.role = r.code) AS holders
FROM role r ORDER BY r.archived, r.position, r.code

-- name: insert_role
-- After the others.
INSERT INTO role (code, name_en, name_zh, description_en, description_zh, position)
SELECT :code, :name_en, :name_zh, :description_en, :description_zh, coalesce((SELECT max(position) + 1 FROM role WHERE position < 99), 0)
ON CONFLICT (code) DO NOTHING RETURNING code

-- name: describe_role
-- Only as it was read, where a version is given.
UPDATE role SET name_en = :name_en, name_zh = :name_zh, description_en = :description_en, description_zh = :description_zh, version = version + 1
WHERE code = :code AND version = coalesce(:version::int, version)

-- name: archive_role
-- Or back again; whoever holds it keeps it.
UPDATE role SET archived = :archived, version = version + 1 WHERE code = :code AND version = coalesce(:version::int, version)

-- name: task_kinds
-- All kinds of work with their switch.
SELECT code, name_en, name_zh, own_skill, version FROM task_kind ORDER BY code

-- name: change_task_kind
-- Only as it was read, where a version is given.
UPDATE task_kind SET name_en = :name_en, name_zh = :name_zh, own_skill = :own_skill, version = version + 1
WHERE code = :code AND version = coalesce(:version::int, version)

-- name: lock_annotator
-- Their grants are changed by one at a time.
SELECT id FROM annotator WHERE id = :annotator_id FOR NO KEY UPDATE

-- name: roles_of
-- What somebody holds: everywhere (no project), and in single projects.
SELECT role, project_id, granted_by, granted_at FROM annotator_role WHERE annotator = :annotator_id ORDER BY project_id NULLS FIRST, role

-- name: put_grants
-- The whole set as given, project by project: what is missing goes, what is new comes with who gave it.
WITH given AS (SELECT role, project_id FROM unnest(:roles::text[], :project_ids::uuid[]) AS g (role, project_id)),
gone AS (DELETE FROM annotator_role h WHERE h.annotator = :annotator_id
  AND NOT EXISTS (SELECT FROM given g WHERE g.role = h.role AND g.project_id IS NOT DISTINCT FROM h.project_id))
INSERT INTO annotator_role (id, annotator, role, project_id, granted_by)
SELECT gen_random_uuid(), :annotator_id, role, project_id, current_setting('callboard.actor', true) FROM given
ON CONFLICT (annotator, role, project_id) DO NOTHING

-- name: languages_of
-- With their levels.
SELECT language, level FROM annotator_language WHERE annotator = :annotator_id ORDER BY level DESC, language

-- name: credentials
-- Of one person or of all whom somebody may see; by the date at which they run out, or in the order in which they came.
SELECT c.id, c.annotator AS annotator_id, a.display_name, a.vendor AS vendor_id, c.domain, c.kind, c.title, c.issuer, c.isced_level, c.isced_field,
  c.document_ref, c.note, c.issued_on, c.expires_on, c.state, c.state_reason, c.decided_by, c.verified_at, c.version, c.created_at,
  c.expires_on - current_date AS days_left,
  c.state = 'verified' AND (c.expires_on IS NULL OR c.expires_on >= current_date) AS counts
FROM credential c JOIN annotator a ON a.id = c.annotator
WHERE (:id::uuid IS NULL OR c.id = :id) AND (:annotator_id::uuid IS NULL OR c.annotator = :annotator_id)
  AND (:vendor_id::uuid IS NULL OR a.vendor = :vendor_id) AND (:state::text IS NULL OR c.state = :state)
  AND (:within_days::int IS NULL OR (c.state = 'verified' AND c.expires_on BETWEEN current_date AND current_date + :within_days))
  AND (NOT :expired::bool OR (c.state = 'verified' AND c.expires_on < current_date))
  AND (CASE WHEN :within_days::int IS NULL THEN date '2000-01-01' ELSE c.expires_on END, c.id) > (:after_day::date, :after_id::uuid)
ORDER BY CASE WHEN :within_days::int IS NULL THEN date '2000-01-01' ELSE c.expires_on END, c.id
LIMIT :limit

-- name: lock_credential
-- One decision at a time.
SELECT annotator AS annotator_id, domain, kind, state, version FROM credential WHERE id = :id FOR NO KEY UPDATE

-- name: insert_credential
-- Unverified unless somebody says so.
INSERT INTO credential (id, annotator, domain, kind, title, issuer, isced_level, isced_field, document_ref, note, issued_on, expires_on,
                        state, verified_at, decided_by)
VALUES (:id, :annotator_id, :domain, :kind, :title, :issuer, :isced_level, :isced_field, :document_ref, :note, :issued_on, :expires_on,
        CASE WHEN :verified THEN 'verified' ELSE 'unverified' END, CASE WHEN :verified THEN clock_timestamp() END,
        CASE WHEN :verified THEN current_setting('callboard.actor', true) END)

-- name: change_credential
-- What it says now has not been verified; with another expiry its reminders start anew.
UPDATE credential SET domain = :domain, kind = :kind, title = :title, issuer = :issuer, isced_level = :isced_level, isced_field = :isced_field,
  document_ref = :document_ref, note = :note, issued_on = :issued_on,
  reminded_days = CASE WHEN expires_on IS NOT DISTINCT FROM :expires_on::date THEN reminded_days END, expires_on = :expires_on,
  state = 'unverified', state_reason = NULL, decided_by = NULL, verified_at = NULL, version = version + 1
WHERE id = :id

-- name: decide_credential
-- Verified, refused or revoked: by whom, when and why.
UPDATE credential SET state = :state::text, state_reason = :reason, decided_by = current_setting('callboard.actor', true), version = version + 1,
  verified_at = CASE WHEN :state::text = 'verified' THEN clock_timestamp() ELSE verified_at END
WHERE id = :id

-- name: remind_of_expiries
-- The smallest reminder that is due and was not given yet (-1: it has run out), written down as it is told; a batch.
WITH due AS (
  SELECT c.id, CASE WHEN c.expires_on < current_date THEN -1
    ELSE (SELECT min(days) FROM unnest(:days::int[]) AS days WHERE days >= c.expires_on - current_date) END AS reminder
  FROM credential c
  WHERE c.state = 'verified' AND c.expires_on <= current_date + (SELECT coalesce(max(days), 0) FROM unnest(:days::int[]) AS days)
    AND coalesce(c.reminded_days, 32767) > CASE WHEN c.expires_on < current_date THEN -1
      ELSE (SELECT min(days) FROM unnest(:days::int[]) AS days WHERE days >= c.expires_on - current_date) END
  ORDER BY c.expires_on, c.id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE credential c SET reminded_days = due.reminder
FROM due JOIN credential old ON old.id = due.id JOIN annotator a ON a.id = old.annotator
WHERE c.id = due.id
RETURNING c.id, c.annotator AS annotator_id, a.vendor AS vendor_id, c.domain, c.kind, c.title, c.expires_on, due.reminder AS days,
  c.expires_on - current_date AS days_left

-- name: proofs_of
-- What proves somebody's standing in a domain, by when it ends: verified, unexpired credentials and passed exams with their level.
SELECT 'credential' AS kind, c.domain, c.id, c.title, 5 AS level, c.expires_on
FROM credential c WHERE c.annotator = :annotator_id AND c.state = 'verified' AND (c.expires_on IS NULL OR c.expires_on >= current_date)
UNION ALL
SELECT 'exam', e.domain, e.id, e.name, e.cut_level, NULL
FROM exam_attempt t JOIN exam e ON e.id = t.exam
WHERE t.annotator = :annotator_id AND t.passed AND NOT e.training
ORDER BY 1, 6 DESC NULLS FIRST, 5 DESC, 3

-- name: lapsed_credentials_of
-- What would prove it, were it verified or not expired.
SELECT domain, state, expires_on < current_date AS expired FROM credential
WHERE annotator = :annotator_id AND (state = 'unverified' OR (state = 'verified' AND expires_on < current_date))

-- name: standing_evidence
-- One person's evidence that counts, with what rules ask of it, in the order of its observation.
SELECT e.id, e.kind, e.domain, e.task_kind, e.source_type, e.outcome, e.difficulty_mean, e.difficulty_variance, e.belief_mean, e.belief_variance, e.weight,
  e.observed_at
FROM evidence e
WHERE e.annotator = :annotator_id AND e.retracts IS NULL AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id)
ORDER BY e.observed_at, e.id

-- name: standing_credentials
-- One person's verified credentials, from when until when each of them holds.
SELECT id, domain, verified_at AS since, ((expires_on + 1)::timestamp AT TIME ZONE 'UTC') AS until
FROM credential WHERE annotator = :annotator_id AND state = 'verified' ORDER BY verified_at, id

-- name: standing_exams
-- One person's exams that were taken to their end, in the order of their ends.
SELECT t.id, e.domain, t.passed, t.ended_at AS at
FROM exam_attempt t JOIN exam e ON e.id = t.exam
WHERE t.annotator = :annotator_id AND t.state = 'finished' AND NOT e.training ORDER BY t.ended_at, t.id

-- name: standing_rows
-- Everything that was ever imposed on one person, oldest first; under lock_person.
SELECT s.id, s.rule AS rule_id, s.rule_version, s.domain, s.action, s.measured, s.state, s.started_at, s.ends_at, s.ended_at, s.appeal_state
FROM standing s WHERE s.annotator = :annotator_id ORDER BY s.started_at, s.id

-- name: person_in_standing
-- Whose standing it is.
SELECT id, vendor AS vendor_id, state FROM annotator WHERE id = :annotator_id

-- name: insert_standing
-- Twice the same at once is once: standing_one_active.
INSERT INTO standing (id, annotator, rule, rule_version, domain, action, reason_en, reason_zh, measured, evidence_id, imposed_by, started_at, ends_at)
VALUES (:id, :annotator_id, :rule_id, :rule_version, :domain, :action, :reason_en, :reason_zh, :measured, :evidence_id, :imposed_by,
        coalesce(:started_at::timestamptz, clock_timestamp()), :ends_at)
ON CONFLICT (annotator, rule, domain) WHERE state = 'active' AND rule IS NOT NULL DO NOTHING
RETURNING started_at

-- name: end_standing
-- Once, whatever the end; an appeal that was open when it was taken back or lifted is granted by that.
UPDATE standing SET state = :state::text, ended_at = coalesce(:ended_at::timestamptz, clock_timestamp()), end_reason = :end_reason::text, ended_by = :ended_by::text,
  appeal_state = CASE WHEN appeal_state = 'open' AND :state::text <> 'ended' THEN 'granted' ELSE appeal_state END,
  appeal_answer = CASE WHEN appeal_state = 'open' AND :state::text <> 'ended' THEN :end_reason::text ELSE appeal_answer END,
  appeal_decided_by = CASE WHEN appeal_state = 'open' AND :state::text <> 'ended' THEN :ended_by::text ELSE appeal_decided_by END,
  appeal_decided_at = CASE WHEN appeal_state = 'open' AND :state::text <> 'ended' THEN clock_timestamp() ELSE appeal_decided_at END
WHERE id = :id AND state = 'active'
RETURNING coalesce(appeal_state = 'granted', false) AS granted

-- name: lapsed_standings
-- In the books still in force, and over by the clock.
SELECT id, annotator AS annotator_id, ends_at FROM standing WHERE state = 'active' AND ends_at <= clock_timestamp()
ORDER BY ends_at LIMIT :limit FOR UPDATE SKIP LOCKED

-- name: standing_rules
-- Rules by name, with how many people each of them holds now.
SELECT r.id, r.name, r.condition, r.action, r.domain, r.reason_en, r.reason_zh, r.lasts_days, r.state = 'on' AS on, r.version, r.changed_at,
  (SELECT count(*) FROM standing s WHERE s.rule = r.id AND s.state = 'active' AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp())) AS active
FROM standing_rule r
WHERE (:rule_id::uuid IS NULL OR r.id = :rule_id) AND (NOT :on_only::bool OR r.state = 'on')
ORDER BY r.name

-- name: insert_standing_rule
-- Switched off: what it would do is looked at first.
INSERT INTO standing_rule (id, name, condition, action, domain, reason_en, reason_zh, lasts_days, state)
VALUES (:id, :name, :condition, :action, :domain, :reason_en, :reason_zh, :lasts_days, 'off')
ON CONFLICT (name) DO NOTHING RETURNING id

-- name: update_standing_rule
-- The next version; it judges from now on.
UPDATE standing_rule SET name = :name, condition = :condition, action = :action, domain = :domain, reason_en = :reason_en, reason_zh = :reason_zh,
  lasts_days = :lasts_days, version = version + 1, changed_at = clock_timestamp()
WHERE id = :rule_id AND (:version::int IS NULL OR version = :version)
  AND NOT EXISTS (SELECT FROM standing_rule other WHERE other.name = :name AND other.id <> :rule_id)
RETURNING id

-- name: switch_standing_rule
-- Switched on it is a new version, that judges from now on; nothing where it stands like that already.
UPDATE standing_rule SET state = :state::text, version = version + (:state::text = 'on')::int, changed_at = clock_timestamp()
WHERE id = :rule_id AND state <> :state::text RETURNING id

-- name: active_of_rule
-- What a rule holds in force, by person.
SELECT id, annotator AS annotator_id FROM standing WHERE rule = :rule_id AND state = 'active' ORDER BY annotator, id

-- name: people_to_judge
-- Whoever a rule could have something to say about, those seen last first.
SELECT a.id, a.display_name FROM annotator a
LEFT JOIN LATERAL (SELECT max(s.updated_at) AS at FROM skill s WHERE s.annotator = a.id) seen ON true
WHERE a.state <> 'left' AND (seen.at IS NOT NULL OR EXISTS (SELECT FROM credential c WHERE c.annotator = a.id)
  OR EXISTS (SELECT FROM exam_attempt t WHERE t.annotator = a.id))
ORDER BY seen.at DESC NULLS LAST, a.id LIMIT :limit

-- name: standings
-- What was imposed on whom, newest first, or open appeals in the order of their due dates; the cursor is the id.
SELECT s.id, s.annotator AS annotator_id, a.display_name AS annotator, a.vendor AS vendor_id, s.rule AS rule_id, r.name AS rule_name, s.rule_version,
  s.domain, s.action, s.reason_en, s.reason_zh, s.measured, s.imposed_by, state.now AS state, s.started_at, s.ends_at,
  CASE WHEN s.state = 'active' AND state.now = 'ended' THEN s.ends_at ELSE s.ended_at END AS ended_at, s.end_reason,
  s.appeal_text, s.appealed_at, s.appeal_state, s.appeal_answer, s.appeal_decided_at,
  s.appealed_at + make_interval(days => :appeal_days::int) AS appeal_due_at,
  coalesce(s.appeal_state = 'open' AND s.appealed_at + make_interval(days => :appeal_days::int) < clock_timestamp(), false) AS appeal_overdue
FROM standing s
JOIN annotator a ON a.id = s.annotator
LEFT JOIN standing_rule r ON r.id = s.rule
CROSS JOIN LATERAL (SELECT CASE WHEN s.state = 'active' AND s.ends_at <= clock_timestamp() THEN 'ended' ELSE s.state END AS now) state
WHERE (:vendor_id::uuid IS NULL OR a.vendor = :vendor_id) AND (:annotator_id::uuid IS NULL OR s.annotator = :annotator_id)
  AND (:standing_id::uuid IS NULL OR s.id = :standing_id) AND (:rule_id::uuid IS NULL OR s.rule = :rule_id)
  AND (:state::text IS NULL OR state.now = :state) AND (:action::text IS NULL OR s.action = :action)
  AND (:domain::text IS NULL OR s.domain = :domain) AND (:appeal::text IS NULL OR s.appeal_state = :appeal)
  AND (:before::uuid IS NULL OR s.id < :before)
ORDER BY CASE WHEN :appeal::text = 'open' AND :by_due::bool THEN s.appealed_at END, s.id DESC
LIMIT :limit

-- name: standing_evidence_shown
-- The pieces that a measure names, as the person may see them.
SELECT e.id, e.kind, e.domain, e.outcome, e.observed_at,
  EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id) AS retracted
FROM evidence e WHERE e.annotator = :annotator_id AND e.id = ANY (:ids::uuid[]) ORDER BY e.observed_at DESC

-- name: open_appeal
-- One per standing, while it is in force.
UPDATE standing SET appeal_text = :text, appealed_at = clock_timestamp(), appeal_state = 'open'
WHERE id = :id AND state = 'active' AND appeal_state IS NULL AND (ends_at IS NULL OR ends_at > clock_timestamp()) RETURNING id

-- name: refuse_appeal
-- The standing goes on; why is said.
UPDATE standing SET appeal_state = 'refused', appeal_answer = :answer, appeal_decided_by = :decided_by, appeal_decided_at = clock_timestamp()
WHERE id = :id AND appeal_state = 'open' RETURNING id

-- name: standings_to_check
-- Whoever a rule holds something in force on, and no judgement of whom is waiting.
SELECT DISTINCT s.annotator AS annotator_id FROM standing s
WHERE s.state = 'active' AND s.rule IS NOT NULL
  AND NOT EXISTS (SELECT FROM job j WHERE j.key = 'standing:' || s.annotator::text AND j.done_at IS NULL AND j.failed_at IS NULL)

-- name: evidence_trail
-- One person's evidence that counts, with its rows' ids, in the order of its observation.
SELECT e.id, e.kind, e.domain, e.task_kind, e.source_type, e.outcome, e.difficulty_mean, e.difficulty_variance, e.belief_mean, e.belief_variance,
  e.weight, e.observed_at
FROM evidence e
WHERE e.annotator = :annotator_id AND e.retracts IS NULL AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id)
ORDER BY e.observed_at, e.id

-- name: exam_items
-- The bank of an exam with what its questions went through: for managers alone. Right and asked count ended attempts too.
SELECT i.id, i.key, i.text, i.options, i.answer, i.explanation, i.difficulty, i.discrimination, i.authored_difficulty,
  i.authored_discrimination, i.exposure_count, said.shown, said.answered, said.correct, i.calibrated_answers, i.calibrated_at,
  i.retired, i.retired_reason, i.version, i.created_at
FROM exam e
JOIN exam_item i ON i.domain = e.domain AND i.language = e.language AND i.training = e.training
CROSS JOIN LATERAL (
  SELECT count(*) AS shown, count(a.choice) AS answered, count(*) FILTER (WHERE a.correct) AS correct
  FROM exam_answer a WHERE a.item = i.id
) said
WHERE e.id = :exam_id AND (:item_id::uuid IS NULL OR i.id = :item_id) AND (:retired::bool IS NULL OR i.retired = :retired)
  AND (:after_id::uuid IS NULL OR i.id > :after_id)
ORDER BY i.id
LIMIT :limit

-- name: lock_exam_item
-- Against put_question: a question is changed before it is shown to anybody, or not at all.
SELECT i.id, i.version, i.retired, i.exposure_count, i.training
FROM exam e JOIN exam_item i ON i.domain = e.domain AND i.language = e.language AND i.training = e.training
WHERE e.id = :exam_id AND i.id = :item_id
FOR UPDATE OF i

-- name: change_exam_item
-- Under its lock, and only while nobody has seen it.
UPDATE exam_item SET text = :text, options = :options, answer = :answer, explanation = :explanation, difficulty = :difficulty,
  discrimination = :discrimination, key = coalesce(:key, key), version = version + 1
WHERE id = :item_id AND NOT EXISTS (SELECT FROM exam_answer a WHERE a.item = :item_id)
RETURNING id

-- name: retire_exam_item
-- Or takes it back into the bank, where no reason is left.
UPDATE exam_item SET retired = :reason::text IS NOT NULL, retired_reason = :reason, version = version + 1 WHERE id = :item_id

-- name: exam_figures
-- How exams went, over everybody.
SELECT t.exam AS exam_id, count(*) AS attempts, count(*) FILTER (WHERE t.state = 'running') AS running,
  count(*) FILTER (WHERE t.state = 'finished') AS finished, count(*) FILTER (WHERE t.passed) AS passed,
  (avg(said.answered) FILTER (WHERE t.state = 'finished'))::float8 AS mean_items,
  (avg(extract(epoch FROM t.ended_at - t.started_at)))::float8 AS mean_seconds
FROM exam_attempt t
CROSS JOIN LATERAL (SELECT count(a.choice) AS answered FROM exam_answer a WHERE a.attempt = t.id) said
WHERE t.exam = ANY (:exam_ids::uuid[])
GROUP BY t.exam

-- name: exam_attempts
-- Who sat in an exam, newest first; ids rise with time.
SELECT t.id, t.annotator AS annotator_id, n.display_name AS annotator_name, t.number, t.state, t.passed, t.reason, t.started_at,
  t.ended_at, said.answered, said.correct AS right_answers, t.pay_micros, t.pay_currency
FROM exam_attempt t
JOIN annotator n ON n.id = t.annotator
CROSS JOIN LATERAL (
  SELECT count(a.choice) AS answered, count(*) FILTER (WHERE a.correct) AS correct FROM exam_answer a WHERE a.attempt = t.id
) said
WHERE t.exam = :exam_id AND (:before::uuid IS NULL OR t.id < :before)
ORDER BY t.id DESC
LIMIT :limit

-- name: banks_to_calibrate
-- Banks with a question that has enough answers, and a quarter more of them than the last time.
SELECT DISTINCT i.domain, i.language
FROM exam_item i
CROSS JOIN LATERAL (SELECT count(a.choice) AS answered FROM exam_answer a WHERE a.item = i.id) said
WHERE NOT i.training AND NOT i.retired AND said.answered >= greatest(:least::int, i.calibrated_answers * 1.25)
ORDER BY 1, 2

-- name: answers_of_bank
-- What people said, newest first, with the figures that the authors gave.
SELECT t.annotator AS annotator_id, a.item AS item_id, a.correct,
  coalesce(i.authored_difficulty, i.difficulty) AS difficulty,
  coalesce(i.authored_discrimination, i.discrimination) AS discrimination
FROM exam_answer a JOIN exam_item i ON i.id = a.item JOIN exam_attempt t ON t.id = a.attempt
WHERE i.domain = :domain AND i.language = :language AND NOT i.training AND t.state = 'finished' AND a.choice IS NOT NULL
ORDER BY a.answered_at DESC
LIMIT :limit

-- name: lock_bank
-- In the order of ids; a question that is being shown waits for the new figures or has the old ones.
SELECT id, difficulty, discrimination, calibrated_answers FROM exam_item
WHERE domain = :domain AND language = :language AND NOT training AND NOT retired AND id = ANY (:ids::uuid[])
ORDER BY id FOR NO KEY UPDATE

-- name: put_calibration
-- New figures; the author's are kept beside them.
UPDATE exam_item SET authored_difficulty = coalesce(authored_difficulty, difficulty),
  authored_discrimination = coalesce(authored_discrimination, discrimination), difficulty = :difficulty,
  discrimination = :discrimination, calibrated_answers = :answers, calibrated_at = clock_timestamp(), version = version + 1
WHERE id = :item_id

-- name: check_exam_answers_are_evidence
-- Each given answer of an ended attempt is evidence once; training is none.
SELECT a.id AS exam_answer_id, t.id AS exam_attempt_id, count(v.id) AS pieces
FROM exam_answer a
JOIN exam_attempt t ON t.id = a.attempt
JOIN exam e ON e.id = t.exam
LEFT JOIN evidence v ON v.source_type = 'exam_answer' AND v.source_id = a.id AND v.retracts IS NULL
WHERE a.choice IS NOT NULL AND t.state = 'finished'
GROUP BY a.id, t.id, e.training
HAVING CASE WHEN e.training THEN count(v.id) > 0 ELSE count(v.id) = 0 END

-- name: check_exams_end_in_time
-- The chore ends what was left within a minute; ten are an alarm.
SELECT id AS exam_attempt_id, ends_at FROM exam_attempt
WHERE state = 'running' AND ends_at < clock_timestamp() - interval '10 minutes'

-- name: check_showings_are_counted
-- How often a question was shown decides when it retires; practice shows without counting.
SELECT i.id AS exam_item_id, i.exposure_count, count(a.id) AS shown
FROM exam_item i LEFT JOIN exam_answer a ON a.item = i.id
WHERE NOT i.training
GROUP BY i.id
HAVING i.exposure_count <> count(a.id)

-- name: check_passes_rest_on_enough_answers
-- A pass proves a level: of its own exam's least number of answers, in time.
SELECT t.id AS exam_attempt_id, count(a.choice) AS answered, e.min_items, t.reason
FROM exam_attempt t JOIN exam e ON e.id = t.exam LEFT JOIN exam_answer a ON a.attempt = t.id
WHERE t.passed
GROUP BY t.id, e.id
HAVING count(a.choice) < e.min_items OR t.reason NOT IN ('decided', 'last_item') OR max(a.answered_at) > t.ends_at

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

-- name: settled_by_key
-- Whether evidence from a known answer stands about this work; under lock_person, or of work that is locked.
SELECT EXISTS (SELECT FROM evidence e WHERE e.annotator = :annotator_id AND e.kind = 'gold' AND e.source_type = 'answer' AND e.source_id = :source_id
  AND e.retracts IS NULL AND NOT EXISTS (SELECT FROM evidence x WHERE x.retracts = e.id))

-- name: verdicts_behind_key
-- Verdicts on this work that stand without weight.
SELECT e.id, e.outcome FROM evidence e
WHERE e.annotator = :annotator_id AND e.kind = 'review_verdict' AND e.source_type = 'submission' AND e.source_id = :source_id AND e.weight = 0
  AND e.retracts IS NULL AND NOT EXISTS (SELECT FROM evidence x WHERE x.retracts = e.id)
