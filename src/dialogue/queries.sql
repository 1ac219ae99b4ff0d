-- name: ground_of_task
-- What a dialogue stands on: the task's own words and the project's limits.
SELECT task.id AS task_id, task.project AS project_id, task.kind, task.domain, task.language, task.payload,
       project.min_turns, project.max_turns
FROM task JOIN project ON project.id = task.project
WHERE task.id = :task_id

-- name: own_assignment
-- Whose assignment it is, live or not: what someone wrote stays readable to them.
SELECT task AS task_id, kind FROM assignment WHERE id = :assignment_id AND annotator = :annotator_id

-- name: conversation_of_person
-- At most one row, by conversation_one_per_person.
SELECT id, task AS task_id, annotator AS annotator_id, topic, created_at
FROM conversation
WHERE task = :task_id AND annotator = :annotator_id

-- name: lock_conversation
-- Writers of one dialogue go one after the other, whatever brought them here.
SELECT id, task AS task_id, annotator AS annotator_id, topic, created_at
FROM conversation
WHERE task = :task_id AND annotator = :annotator_id
FOR UPDATE

-- name: turns_of_conversation
-- The whole dialogue in its order; at most the imported turns and twice the limit of exchanges.
SELECT id, no, role, text, original_text, model, rating, comment, created_at, changed_at
FROM turn
WHERE conversation = :conversation_id
ORDER BY no

-- name: add_conversation
-- A second one for the same person and task fails on conversation_one_per_person.
INSERT INTO conversation (id, task, annotator, topic) VALUES (:id, :task_id, :annotator_id, :topic)

-- name: add_turns
-- One statement for any number of turns; two writers of the same place meet in turn_place.
INSERT INTO turn (id, conversation, parent, no, role, text, model, comment, created_at, changed_at)
SELECT added.id, :conversation_id, added.parent, added.no, added.role, added.text, added.model, '', clock_timestamp(), clock_timestamp()
FROM unnest(:ids::uuid[], :parents::uuid[], :nos::smallint[], :roles::text[], :texts::text[], :models::text[])
  AS added (id, parent, no, role, text, model)
RETURNING id, no, role, text, original_text, model, rating, comment, created_at, changed_at

-- name: lock_turn_of_person
-- Found only in the person's own dialogue about this task; locked, because what is written depends on what stands there.
SELECT turn.id, turn.no, turn.role, turn.text, turn.original_text, turn.model, turn.rating, turn.comment,
       turn.created_at, turn.changed_at
FROM turn JOIN conversation ON conversation.id = turn.conversation
WHERE turn.id = :turn_id AND conversation.task = :task_id AND conversation.annotator = :annotator_id
FOR UPDATE OF turn

-- name: own_characters
-- Length of what was written in this dialogue, originals of edited replies included, imported turns not.
SELECT coalesce(sum(char_length(text) + coalesce(char_length(original_text), 0)), 0)::bigint
FROM turn
WHERE conversation = (SELECT conversation FROM turn WHERE id = :turn_id) AND model IS DISTINCT FROM 'import'

-- name: change_turn
-- Rating, comment and text at once: the caller holds the row's lock and passes on what stays.
UPDATE turn
SET text = :text, original_text = :original_text, rating = :rating, comment = :comment, changed_at = clock_timestamp()
WHERE id = :turn_id
RETURNING id, no, role, text, original_text, model, rating, comment, created_at, changed_at

-- name: bot_of_project
-- None: the built-in offline bot answers.
SELECT project AS project_id, kind, base_url, model, api_key_encrypted, system_prompt, temperature, max_tokens
FROM bot
WHERE project = :project_id

-- name: lock_project_of_bot
-- Two people who set up the bot of one project go one after the other.
SELECT id FROM project WHERE id = :project_id FOR NO KEY UPDATE

-- name: put_bot
-- One bot per project, by bot_one_per_project.
INSERT INTO bot (id, project, kind, base_url, model, api_key_encrypted, system_prompt, temperature, max_tokens)
VALUES (:id, :project_id, :kind, :base_url, :model, :api_key_encrypted, :system_prompt, :temperature, :max_tokens)
ON CONFLICT (project) DO UPDATE
SET kind = excluded.kind, base_url = excluded.base_url, model = excluded.model,
    api_key_encrypted = excluded.api_key_encrypted, system_prompt = excluded.system_prompt,
    temperature = excluded.temperature, max_tokens = excluded.max_tokens

-- name: dialogues_to_export
-- One page in the order of the ids, which is that of handing in; the verdicts of each stand beside it, oldest first.
SELECT submission.id, submission.state, submission.round, submission.payload, submission.author AS author_id,
       submission.submitted_at, submission.decided_at,
       task.id AS task_id, task.external_id, task.domain, task.language, task.difficulty_level, task.state AS task_state,
       task.payload AS task_payload, project.id AS project_id, project.name AS project_name,
       coalesce(given.verdicts, '[]') AS verdicts
FROM submission
JOIN task ON task.id = submission.task
JOIN project ON project.id = submission.project
LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object(
    'stage', verdict.stage, 'reviewer_id', verdict.reviewer, 'outcome', verdict.outcome, 'scores', verdict.scores,
    'reasons', verdict.reasons, 'comment', verdict.comment, 'corrected', verdict.corrected, 'given_at', verdict.given_at
  ) ORDER BY verdict.stage) AS verdicts
  FROM verdict WHERE verdict.submission = submission.id
) AS given ON true
WHERE submission.id > :after AND task.kind = 'dialogue'
  AND (:project_id::uuid IS NULL OR submission.project = :project_id)
  AND (NOT :accepted_only::boolean OR submission.state = 'accepted')
ORDER BY submission.id
LIMIT :limit
