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

-- name: lock_project_of_bot
-- Two people who set up the bot of one project go one after the other.
SELECT id FROM project WHERE id = :project_id FOR NO KEY UPDATE

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

-- name: lock_turn_of_calls
-- Two requests for replies to one message go one after the other; the message itself may still be referred to.
SELECT id FROM turn WHERE id = :turn_id FOR NO KEY UPDATE

-- name: newest_calls
-- The last call of each place of a message; at most as many as replies may be asked for at once.
SELECT DISTINCT ON (place) id, turn AS turn_id, place, attempt, bot AS bot_id, model, params, state, code, text, started_at,
       first_at, ended_at, extract(epoch FROM clock_timestamp() - seen_at)::double precision AS silent_seconds
FROM bot_call
WHERE turn = :turn_id
ORDER BY place, attempt DESC

-- name: call_of_id
-- One call as it stands, for a process that does not fetch it itself.
SELECT id, turn AS turn_id, place, attempt, bot AS bot_id, model, params, state, code, text, started_at, first_at, ended_at,
       extract(epoch FROM clock_timestamp() - seen_at)::double precision AS silent_seconds
FROM bot_call
WHERE id = :id

-- name: begin_call
-- A second one under way at the same place fails on bot_call_one_running.
INSERT INTO bot_call (id, turn, place, attempt, bot, model, params, state, code, text, started_at, seen_at, first_at, ended_at)
VALUES (:id, :turn_id, :place, :attempt, :bot_id, :model, :params::jsonb, 'running', NULL, '', clock_timestamp(), clock_timestamp(),
        NULL, NULL)
RETURNING id, turn AS turn_id, place, attempt, bot AS bot_id, model, params, state, code, text, started_at, first_at, ended_at,
          0::double precision AS silent_seconds

-- name: report_call
-- A sign of life, and what has come so far; the first text is the first token.
UPDATE bot_call
SET seen_at = clock_timestamp(), text = :text::text,
    first_at = CASE WHEN :text::text = '' THEN first_at ELSE coalesce(first_at, clock_timestamp()) END
WHERE id = :id AND state = 'running'

-- name: end_call
-- A call that another process took for dead may still arrive or fail; whatever has ended otherwise stays.
UPDATE bot_call
SET state = :state::varchar, text = :text::text, code = :code, seen_at = clock_timestamp(), ended_at = clock_timestamp(),
    first_at = CASE WHEN :text::text = '' THEN first_at ELSE coalesce(first_at, clock_timestamp()) END
WHERE id = :id AND (state = 'running' OR (state = 'cut' AND :state::varchar IN ('arrived', 'failed')))

-- name: cut_call
-- Its process is gone: what had come of it stays as a part.
UPDATE bot_call SET state = 'cut', code = 'bot_restarted', ended_at = clock_timestamp() WHERE id = :id AND state = 'running'

-- name: bots_of_project
-- All of a project's bots, oldest first; at most bots_limit.
SELECT id, project AS project_id, name, kind, base_url, model, api_key_encrypted, system_prompt, temperature, top_p, max_tokens,
       connect_seconds, first_token_seconds, between_tokens_seconds, total_seconds, retries, candidates, enabled, version
FROM bot
WHERE project = :project_id
ORDER BY created_at, id

-- name: add_bot
-- A second one of the same name in a project fails on bot_name_in_project.
INSERT INTO bot (id, project, name, kind, base_url, model, api_key_encrypted, system_prompt, temperature, top_p, max_tokens,
                 connect_seconds, first_token_seconds, between_tokens_seconds, total_seconds, retries, candidates, enabled)
VALUES (:id, :project_id, :name, :kind, :base_url, :model, :api_key_encrypted, :system_prompt, :temperature, :top_p, :max_tokens,
        :connect_seconds, :first_token_seconds, :between_tokens_seconds, :total_seconds, :retries, :candidates, :enabled)

-- name: change_bot
-- Under the project's lock; every change is a version of its own.
UPDATE bot
SET name = :name, kind = :kind, base_url = :base_url, model = :model, api_key_encrypted = :api_key_encrypted,
    system_prompt = :system_prompt, temperature = :temperature, top_p = :top_p, max_tokens = :max_tokens,
    connect_seconds = :connect_seconds, first_token_seconds = :first_token_seconds,
    between_tokens_seconds = :between_tokens_seconds, total_seconds = :total_seconds, retries = :retries,
    candidates = :candidates, enabled = :enabled, version = version + 1, changed_at = clock_timestamp()
WHERE id = :id

-- name: bot_facts
-- How the bots of a project did lately: calls, how many came, and the median wait for the first token.
SELECT bot.id, count(call.id) AS calls, count(call.id) FILTER (WHERE call.state IN ('failed', 'cut')) AS failed,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM call.first_at - call.started_at))
         FILTER (WHERE call.state = 'arrived') AS first_token_seconds,
       (array_agg(call.code ORDER BY call.started_at DESC) FILTER (WHERE call.code IS NOT NULL))[1] AS last_code,
       max(call.ended_at) FILTER (WHERE call.code IS NOT NULL) AS last_failed_at
FROM bot LEFT JOIN LATERAL (
  SELECT * FROM bot_call WHERE bot_call.bot = bot.id AND started_at > clock_timestamp() - interval '1 day'
  ORDER BY started_at DESC LIMIT 1000
) AS call ON true
WHERE bot.project = :project_id
GROUP BY bot.id
