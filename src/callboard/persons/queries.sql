-- name: evidence_of
-- One person's evidence, newest first, with what it came from and whether it was retracted; the cursor is (time, id). Starting points are left out.
SELECT e.id, e.observed_at, e.kind, e.domain, d.name_en AS domain_en, d.name_zh AS domain_zh, e.outcome, e.difficulty_mean, e.belief_mean, e.weight,
  e.source_type, e.source_id, e.revision, r.reason AS retracted_reason, r.observed_at AS retracted_at,
  t.id AS task_id, t.external_id, t.payload->>'title' AS title, v.outcome AS verdict,
  CASE WHEN e.kind = 'review_given' THEN v.assignment ELSE b.assignment END AS assignment_id,
  x.id AS exam_id, x.name AS exam_name, y.id AS attempt_id
FROM evidence e
JOIN domain d ON d.code = e.domain
LEFT JOIN evidence r ON r.retracts = e.id
LEFT JOIN submission b ON e.source_type = 'submission' AND b.id = e.source_id
LEFT JOIN task t ON t.id = b.task
LEFT JOIN LATERAL (SELECT w.outcome, w.assignment FROM verdict w WHERE w.submission = b.id AND (e.kind <> 'review_given' OR w.reviewer = e.annotator)
                   ORDER BY w.stage DESC LIMIT 1) v ON true
LEFT JOIN exam_answer a ON e.source_type = 'exam_answer' AND a.id = e.source_id
LEFT JOIN exam_attempt y ON y.id = a.attempt
LEFT JOIN exam x ON x.id = y.exam
WHERE e.annotator = :annotator_id AND e.retracts IS NULL AND e.source_type NOT IN ('prior', 'transfer')
  AND (:domain::text IS NULL OR e.domain = :domain) AND (:kind::text IS NULL OR e.kind = :kind)
  AND (:silent::bool OR e.kind <> 'gold' OR NOT EXISTS (SELECT FROM gold_serving g WHERE g.submission = e.source_id AND NOT g.shown))
  AND (:counted::bool IS NULL OR :counted = (r.id IS NULL AND e.weight > 0))
  AND (:before_at::timestamptz IS NULL OR (e.observed_at, e.id) < (:before_at, :before_id::uuid))
ORDER BY e.observed_at DESC, e.id DESC
LIMIT :limit

-- name: domains_and_kinds
-- In which domains, and of which kinds, there is evidence about somebody: for filters.
SELECT DISTINCT e.domain, e.kind, d.name_en, d.name_zh, d.position FROM evidence e JOIN domain d ON d.code = e.domain
WHERE e.annotator = :annotator_id AND e.retracts IS NULL AND e.source_type NOT IN ('prior', 'transfer')
  AND (:silent::bool OR e.kind <> 'gold' OR NOT EXISTS (SELECT FROM gold_serving g WHERE g.submission = e.source_id AND NOT g.shown))
ORDER BY d.position, e.domain

-- name: credentials_in
-- Credentials in a domain or one above it: what proves expertise, or would.
SELECT id, domain, title, state, expires_on, state = 'verified' AND (expires_on IS NULL OR expires_on >= current_date) AS counts
FROM credential WHERE annotator = :annotator_id AND domain = ANY (:domains::text[]) ORDER BY created_at DESC

-- name: what_ends
-- What somebody has or waits for that ends by itself within the given days: credentials, cool-downs of exams, restrictions; the next first.
SELECT what, title, domain, ends_at FROM (
  SELECT 'credential' AS what, c.title, c.domain, (c.expires_on + 1)::timestamp AT TIME ZONE 'UTC' AS ends_at
  FROM credential c WHERE c.annotator = :annotator_id AND c.state = 'verified' AND c.expires_on >= current_date
  UNION ALL
  SELECT 'exam', e.name, e.domain, max(t.ended_at) + e.cooldown_seconds * interval '1 second'
  FROM exam_attempt t JOIN exam e ON e.id = t.exam
  WHERE t.annotator = :annotator_id AND e.state = 'open' AND NOT e.training AND t.state = 'finished'
  GROUP BY e.id HAVING NOT bool_or(t.passed) AND count(*) < e.attempts_allowed
  UNION ALL
  SELECT 'standing', s.action, s.domain, s.ends_at FROM standing s WHERE s.annotator = :annotator_id AND s.state = 'active'
) ends
WHERE ends_at > clock_timestamp() AND ends_at < clock_timestamp() + :days * interval '1 day'
ORDER BY ends_at, title LIMIT 20

-- name: roles_of
-- Roles with their names; those of one project name it.
SELECT r.role AS code, k.name_en, k.name_zh, p.name AS project_name
FROM annotator_role r JOIN role k ON k.code = r.role LEFT JOIN project p ON p.id = r.project_id
WHERE r.annotator = :annotator_id ORDER BY p.name NULLS FIRST, k.position, r.role

-- name: languages_of
-- Languages with the name of their level, the best first.
SELECT l.language, l.level, v.name_en, v.name_zh FROM annotator_language l LEFT JOIN level v ON v.scale = 'language' AND v.level = l.level
WHERE l.annotator = :annotator_id ORDER BY l.level DESC, l.language

-- name: figures_of
-- How much somebody hands in, and how much of it was taken as good; of verdicts on their work, within the last days.
SELECT
  (SELECT count(*) FROM assignment a WHERE a.annotator = :annotator_id AND a.state = 'live')::int AS held,
  (SELECT count(*) FROM assignment a WHERE a.annotator = :annotator_id AND a.state = 'submitted' AND a.ended_at > clock_timestamp() - interval '7 days')::int AS done_7,
  (SELECT count(*) FROM assignment a WHERE a.annotator = :annotator_id AND a.state = 'submitted' AND a.ended_at > clock_timestamp() - interval '30 days')::int AS done_30,
  coalesce(judged.every, 0)::int AS judged_30, coalesce(judged.good, 0)::int AS accepted_30
FROM (SELECT count(*) AS every, count(*) FILTER (WHERE v.outcome IN ('accept', 'fix')) AS good
      FROM submission b JOIN verdict v ON v.submission = b.id
      WHERE b.author = :annotator_id AND b.submitted_at > clock_timestamp() - interval '90 days' AND v.given_at > clock_timestamp() - interval '30 days') judged

-- name: feedback_on
-- The newest verdicts on somebody's work, with the reviewer's words and without the reviewer.
SELECT v.outcome, v.reasons, v.comment, v.given_at, b.assignment AS assignment_id, t.id AS task_id, t.external_id, t.payload->>'title' AS title, t.domain, t.language,
  t.difficulty_level, p.name AS project_name
FROM (SELECT id, task, assignment FROM submission WHERE author = :annotator_id ORDER BY submitted_at DESC LIMIT 50) b
JOIN verdict v ON v.submission = b.id JOIN task t ON t.id = b.task JOIN project p ON p.id = t.project
ORDER BY v.given_at DESC LIMIT :limit
