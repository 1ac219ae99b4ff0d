-- name: demo_state
-- Whether the demo was put in here, and whether anything else was: one look, so that a later start loses no time.
SELECT EXISTS (SELECT FROM annotator WHERE external_id = :marker) AS seeded,
       EXISTS (SELECT FROM annotator) OR EXISTS (SELECT FROM project) OR EXISTS (SELECT FROM person WHERE email <> :admin_email) AS in_use

-- name: lock_seeding
-- Two starts at once put the demo in once: the second waits here, for as long as that takes, and then finds it.
SELECT set_config('lock_timeout', '60s', true), pg_advisory_xact_lock(7276655003)

-- name: known_annotators
-- Which of the demo's people are here by now.
SELECT external_id FROM annotator WHERE external_id = ANY (:external_ids::text[])

-- name: needs_of_project
-- What the tasks of a project ask of a workforce, as its lanes say it.
SELECT DISTINCT domain, language, min_level, required_role, required_credential FROM lane WHERE project = :project_id

-- name: unfinished_tasks
-- How many tasks of a project are neither accepted nor closed otherwise.
SELECT count(*) FROM task WHERE project = :project_id AND NOT gold AND state NOT IN ('accepted', 'rejected', 'cancelled')
