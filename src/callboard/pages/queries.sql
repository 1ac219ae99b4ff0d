-- name: day_of_annotator
-- What somebody handed in today and how long they worked on it; days are UTC, as in the ledger.
SELECT count(*) FILTER (WHERE state = 'submitted')::int AS done, coalesce(sum(active_seconds), 0)::int AS active_seconds
FROM assignment
WHERE annotator = :annotator_id AND coalesce(ended_at, claimed_at) >= date_trunc('day', clock_timestamp())

-- name: hold_of_published
-- The shortest hold among projects that give out work: what may be promised before a claim.
SELECT min(lease_seconds)::int AS lease_seconds, min(deadline_seconds)::int AS deadline_seconds FROM project WHERE state = 'published'

-- name: recent_events
-- The newest lines of the feed with the names that people know. Walks the primary key from its end.
SELECT e.seq, e.type, e.occurred_at, e.data, e.vendor_id, n.display_name AS person, t.id AS task_id, t.external_id, t.domain, t.language,
       t.difficulty_level, t.payload->>'title' AS title, p.name AS project_name
FROM (
  SELECT * FROM event
  WHERE type = ANY (:types::text[]) AND (:project_id::uuid IS NULL OR project_id = :project_id) AND (:vendor_id::uuid IS NULL OR vendor_id = :vendor_id)
  ORDER BY seq DESC LIMIT :limit
) AS e
LEFT JOIN annotator n ON n.id::text = e.data->>'annotator_id'
LEFT JOIN task t ON t.id = e.subject_id
LEFT JOIN project p ON p.id = e.project_id
ORDER BY e.seq DESC

-- name: task_titles
-- What people call the tasks of a list.
SELECT id, external_id, payload->>'title' AS title, difficulty_level FROM task WHERE id = ANY (:ids::uuid[])

-- name: accepted_per_project
-- For the mean cost of an accepted task.
SELECT project AS project_id, count(*)::int AS accepted FROM task WHERE state = 'accepted' AND NOT gold AND project = ANY (:project_ids::uuid[]) GROUP BY project

-- name: languages_of_tasks
-- For a filter: lanes are few, tasks are many.
SELECT DISTINCT language FROM lane ORDER BY language

-- name: names_of_annotators
-- People by id, for histories.
SELECT id, display_name FROM annotator WHERE id = ANY (:ids::uuid[])

-- name: attempts_of_task
-- How often it was taken for work.
SELECT count(*)::int FROM assignment WHERE task = :task_id AND kind = 'annotation'

-- name: live_of_task
-- Who has it in hand at this moment.
SELECT a.id, a.kind, n.display_name AS annotator, v.name AS vendor, a.claimed_at, s.lease_until, a.active_seconds, a.price_micros, a.currency,
       (SELECT count(*) FROM submission b WHERE b.slot = a.slot AND b.state = 'rework')::int AS rework_rounds
FROM assignment a JOIN slot s ON s.id = a.slot JOIN annotator n ON n.id = a.annotator LEFT JOIN vendor v ON v.id = a.vendor
WHERE a.task = :task_id AND a.state = 'live'
ORDER BY a.claimed_at LIMIT 1

-- name: work_of_task
-- What was handed in last, as the reviewer left it: a fix stands in the verdict.
SELECT coalesce(v.corrected, b.payload) AS payload
FROM submission b LEFT JOIN LATERAL (SELECT w.corrected FROM verdict w WHERE w.submission = b.id AND w.outcome = 'fix' ORDER BY w.stage DESC LIMIT 1) v ON true
WHERE b.task = :task_id AND b.state <> 'surplus'
ORDER BY b.submitted_at DESC LIMIT 1

-- name: names_of_people
-- Who the accounts are that took a second look.
SELECT id, display_name FROM person WHERE id = ANY (:ids::uuid[])

-- name: roster_choices
-- What the filters of the roster offer.
SELECT ARRAY(SELECT code FROM domain WHERE NOT archived ORDER BY position, code) AS domains,
  ARRAY(SELECT code FROM role WHERE NOT archived ORDER BY position, code) AS roles,
  ARRAY(SELECT DISTINCT language FROM annotator_language ORDER BY 1) AS languages,
  coalesce((SELECT jsonb_agg(jsonb_build_array(id, name) ORDER BY name) FROM vendor), '[]') AS vendors,
  coalesce((SELECT jsonb_agg(jsonb_build_array(id, name) ORDER BY name) FROM exam WHERE NOT training), '[]') AS exams

-- name: cost_of_people
-- What accepted annotations of the last 30 days cost, by person and currency.
SELECT held.annotator_id, held.currency, count(*)::int AS pieces, sum(held.amount_micros)::bigint AS micros
FROM transfer held JOIN transfer paid ON paid.pending = held.id AND paid.kind = 'post' JOIN assignment w ON w.id = held.assignment_id
WHERE held.kind = 'pending' AND held.annotator_id = ANY (:ids::uuid[]) AND w.kind = 'annotation' AND paid.created_at >= clock_timestamp() - interval '30 days'
GROUP BY 1, 2 ORDER BY 1, 2

-- name: grant_choices
-- Which roles and languages a manager is offered for one person.
SELECT ARRAY(SELECT code FROM role WHERE NOT archived ORDER BY position, code) AS roles,
  ARRAY(SELECT DISTINCT language FROM annotator_language ORDER BY 1) AS languages

-- name: people_named
-- By a part of the name, or exactly by id.
SELECT id, display_name FROM annotator
WHERE id = :id::uuid OR (:id::uuid IS NULL AND strpos(lower(display_name), lower(:q::text)) > 0)
ORDER BY lower(display_name) <> lower(:q::text), display_name, id
LIMIT :limit

-- name: count_present
-- Active people by presence, without those who are offline.
SELECT n.state, count(*)::int AS people FROM presence_now(:idle_minutes) n JOIN annotator a ON a.id = n.annotator AND a.state = 'active'
WHERE n.state <> 'offline' AND (:vendor_id::uuid IS NULL OR n.vendor = :vendor_id)
GROUP BY n.state

-- name: list_present
-- Who they are: those who could take work first, then by how long they have been in their state.
SELECT n.annotator AS id, a.display_name AS name, v.name AS vendor, n.state, n.since, a.capacity - least(n.room, a.capacity) AS held, a.capacity::int AS capacity
FROM presence_now(:idle_minutes) n JOIN annotator a ON a.id = n.annotator AND a.state = 'active' LEFT JOIN vendor v ON v.id = n.vendor
WHERE n.state <> 'offline' AND (:vendor_id::uuid IS NULL OR n.vendor = :vendor_id) AND (:state::text IS NULL OR n.state = :state)
ORDER BY array_position(ARRAY['available', 'busy', 'break', 'draining'], n.state), n.since, a.display_name, a.id
LIMIT :limit

-- name: waits_of_projects
-- What is not done yet in each of some projects, out of the index of unfinished places.
SELECT project, count(*) FILTER (WHERE state = 'free' AND stage = 0)::int AS waiting, count(*) FILTER (WHERE state = 'live' AND stage = 0)::int AS in_work,
       count(*) FILTER (WHERE state = 'free' AND stage > 0)::int AS review_waiting, count(*) FILTER (WHERE state = 'live' AND stage > 0)::int AS in_review
FROM slot WHERE project = ANY (:ids::uuid[]) AND state IN ('free', 'live') GROUP BY project

-- name: history_of_project
-- What was decided about it, newest first, with the name of whoever did; a reason stands beside the state that it explains.
SELECT e.at, e.action, e.before, e.after, e.reason, coalesce(p.display_name, t.name) AS who
FROM audit_entry e
LEFT JOIN person p ON e.actor = 'person:' || p.id::text
LEFT JOIN api_token t ON e.actor = 'token:' || t.id::text
WHERE e.subject_type = 'project' AND e.subject_id = :id ORDER BY e.seq DESC LIMIT :limit

-- name: last_change_of_project
-- The newest change of its rules, with how they were before.
SELECT action, before FROM audit_entry
WHERE subject_type = 'project' AND subject_id = :id AND action = ANY (:actions::text[]) ORDER BY seq DESC LIMIT 1

-- name: people_to_name
-- Names for a field that suggests them; the longest here first.
SELECT display_name FROM annotator WHERE state = 'active' ORDER BY id LIMIT :limit::int

-- name: clock_of_project
-- What its clock goes by, as lanes read it.
SELECT CASE WHEN p.calendar IS NOT NULL THEN (SELECT jsonb_build_object('zone', zone, 'weekly', weekly, 'holidays', holidays)::text FROM calendar c WHERE c.id = p.calendar) END AS calendar,
       p.pauses::text AS pauses, extract(epoch FROM p.paused_at)::float8 AS paused_since
FROM project p WHERE p.id = :id

-- name: projects_by_calendar
-- Whose clocks go by it, by name.
SELECT p.id, p.name FROM project p JOIN calendar c ON c.id = p.calendar WHERE c.name = :name ORDER BY p.name

-- name: unfinished_by_kind
-- How many tasks of each kind a project still has to finish.
SELECT kind, count(*)::int AS tasks FROM task WHERE project = :project_id AND state NOT IN ('accepted', 'rejected', 'cancelled') GROUP BY kind

-- name: lanes_of_project
-- The languages and domains that a project has, or had, work in.
SELECT DISTINCT language, domain FROM lane WHERE project = :project_id AND kind = 'annotation' ORDER BY language, domain

-- name: names_of_actors
-- Who made a snapshot: a person, or a program by its token's name.
SELECT 'person:' || id::text AS actor, display_name AS name FROM person WHERE 'person:' || id::text = ANY (:actors::text[])
UNION ALL
SELECT 'token:' || id::text, name FROM api_token WHERE 'token:' || id::text = ANY (:actors::text[])

-- name: newest_change_of_project
-- The transaction that changed its settings last.
SELECT xid::text FROM audit_entry
WHERE subject_type = 'project' AND subject_id = :id AND action = ANY (:actions::text[]) ORDER BY seq DESC LIMIT 1

-- name: parts_of_change
-- What was changed together, the last part first.
SELECT action, before FROM audit_entry
WHERE subject_type = 'project' AND subject_id = :id AND action = ANY (:actions::text[]) AND xid = :change::text::xid8
ORDER BY seq DESC

-- name: lock_project_to_undo
-- Two who take back the same change do it one after the other.
SELECT id FROM project WHERE id = :project_id FOR NO KEY UPDATE

-- name: answers_of_task
-- What was handed in, the newest first, each as its reviewer left it.
SELECT b.id, b.assignment AS assignment_id, b.state, b.round, b.submitted_at, n.display_name AS who, b.payload, v.corrected
FROM submission b JOIN annotator n ON n.id = b.author
LEFT JOIN verdict v ON v.submission = b.id AND v.outcome = 'fix' AND v.corrected IS NOT NULL
WHERE b.task = :task_id
ORDER BY b.submitted_at DESC, v.stage DESC
LIMIT :limit

-- name: put_down_lately
-- Dialogues that this person began within two weeks and holds no more without having handed them in; the newest hold of each task.
SELECT a.id AS assignment_id, a.state, a.ended_at, coalesce(task.payload ->> 'title', '') AS title, task.external_id
FROM assignment a JOIN task ON task.id = a.task
WHERE a.annotator = :annotator_id AND a.claimed_at > clock_timestamp() - interval '14 days' AND a.kind = 'annotation'
  AND a.state IN ('released', 'declined', 'expired') AND a.ended_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM assignment later WHERE later.task = a.task AND later.annotator = a.annotator AND later.claimed_at > a.claimed_at)
  AND (EXISTS (SELECT FROM conversation c WHERE c.task = a.task AND c.annotator = a.annotator)
       OR EXISTS (SELECT FROM handover h WHERE h.from_assignment = a.id))
ORDER BY a.claimed_at DESC LIMIT 5

-- name: projects_that_pay
-- For the choice of a budget: all that are not closed.
SELECT id, name, currency FROM project WHERE state <> 'closed' ORDER BY name

-- name: named_person
-- For a form that begins with somebody.
SELECT display_name FROM annotator WHERE id = :id

-- name: people_by_name
-- Each name with how many it finds, and one of them: an external id first, or else a display name.
SELECT wanted.name, found.id, coalesce(found.found, 0)::int AS found
FROM unnest(:names::text[]) AS wanted (name)
LEFT JOIN LATERAL (
  SELECT (array_agg(a.id))[1] AS id, count(*) AS found FROM annotator a
  WHERE CASE WHEN EXISTS (SELECT FROM annotator e WHERE e.external_id = wanted.name) THEN a.external_id = wanted.name ELSE a.display_name = wanted.name END
) AS found ON true

-- name: labels_of_people
-- Names of those whose decisions a batch names.
SELECT 'person:' || person.id AS label, coalesce(nullif(person.display_name, ''), person.email) AS name FROM person
WHERE 'person:' || person.id = ANY (:labels::text[])

-- name: projects_of_earner
-- In which somebody has earned something, by name.
SELECT p.id, p.name FROM project p
WHERE p.id IN (SELECT t.project_id FROM transfer t WHERE t.annotator_id = :annotator_id AND t.kind IN ('pending', 'share', 'deduct'))
ORDER BY p.name, p.id LIMIT 200

-- name: projects_with_cost
-- For the filter of costs: all that ever had a budget, also closed ones.
SELECT id, name FROM project WHERE EXISTS (SELECT FROM account WHERE account.kind = 'project_budget' AND account.owner_id = project.id) ORDER BY name
