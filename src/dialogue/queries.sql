-- name: ground_of_task
-- What a dialogue stands on: the task's own words and the project's limits.
SELECT task.id AS task_id, task.project AS project_id, task.kind, task.domain, task.language, task.difficulty_level AS difficulty, task.payload,
       project.min_turns, project.max_turns
FROM task JOIN project ON project.id = task.project
WHERE task.id = :task_id

-- name: own_assignment
-- Whose assignment it is, live or not: what someone wrote stays readable to them.
SELECT task AS task_id, kind, state FROM assignment WHERE id = :assignment_id AND annotator = :annotator_id

-- name: conversation_of_person
-- At most one row, by conversation_one_per_person.
SELECT id, task AS task_id, annotator AS annotator_id, topic, version, rubric AS rubric_id, listed_topic AS topic_id, created_at
FROM conversation
WHERE task = :task_id AND annotator = :annotator_id

-- name: lock_conversation
-- Writers of one dialogue go one after the other, whatever brought them here.
SELECT id, task AS task_id, annotator AS annotator_id, topic, version, rubric AS rubric_id, listed_topic AS topic_id, created_at
FROM conversation
WHERE task = :task_id AND annotator = :annotator_id
FOR UPDATE

-- name: active_path
-- From the root to the head, as the dialogue reads now; at most the imported turns and twice the limit of exchanges.
WITH RECURSIVE path AS (
  SELECT turn.id, turn.parent FROM turn JOIN conversation ON conversation.head_id = turn.id WHERE conversation.id = :conversation_id
  UNION ALL
  SELECT turn.id, turn.parent FROM turn JOIN path ON turn.id = path.parent
)
SELECT turn.id, turn.no, turn.parent, turn.position, turn.role, turn.text, turn.text_version, turn.original_text, turn.language, turn.model, turn.choice_id, turn.slot, turn.rank, turn.rating, turn.comment, turn.created_at, turn.changed_at
FROM turn JOIN path ON path.id = turn.id
ORDER BY turn.no

-- name: add_conversation
-- A second one for the same person and task fails on conversation_one_per_person.
INSERT INTO conversation (id, task, annotator, topic, rubric, quota, listed_topic, source)
VALUES (:id, :task_id, :annotator_id, :topic, :rubric_id, :quota_id, :topic_id, :source::jsonb)

-- name: add_turns
-- One statement for any number of turns, each below the one before; a candidate takes the place of its slot and tells no moment but that of its choice.
INSERT INTO turn (id, conversation, parent, no, position, role, text, model, bot, language, author, assignment, parameters, choice_id, slot, comment, created_at, changed_at)
SELECT added.id, :conversation_id, added.parent, added.no,
       coalesce(choice.position + added.slot, 1 + greatest(
         (SELECT max(position) FROM turn WHERE parent = added.parent), (SELECT max(position + wanted) FROM choice WHERE message = added.parent), 0)),
       added.role, added.text, added.model, added.bot, added.language, added.author, added.assignment, added.parameters::jsonb, added.choice_id, added.slot,
       '', clock_timestamp(), coalesce(choice.created_at, clock_timestamp())
FROM unnest(:ids::uuid[], :parents::uuid[], :nos::smallint[], :roles::text[], :texts::text[], :models::text[], :bots::uuid[], :languages::text[], :authors::uuid[],
            :assignments::uuid[], :parameters::text[], :choices::uuid[], :slots::smallint[])
  AS added (id, parent, no, role, text, model, bot, language, author, assignment, parameters, choice_id, slot)
LEFT JOIN choice ON choice.id = added.choice_id
ORDER BY added.no
RETURNING id, no, parent, position, role, text, text_version, original_text, language, model, choice_id, slot, rank, rating, comment, created_at, changed_at

-- name: lock_turn
-- Found only in that dialogue; locked, because what is written depends on what stands there.
SELECT id, no, parent, position, role, text, text_version, original_text, language, model, choice_id, slot, rank, rating, comment, created_at, changed_at
FROM turn
WHERE id = :turn_id AND conversation = :conversation_id
FOR UPDATE

-- name: own_characters
-- Length of what was written on the active path, originals of edited replies included, imported turns not.
WITH RECURSIVE path AS (
  SELECT turn.* FROM turn JOIN conversation ON conversation.head_id = turn.id WHERE conversation.id = :conversation_id
  UNION ALL
  SELECT turn.* FROM turn JOIN path ON turn.id = path.parent
)
SELECT coalesce(sum(char_length(text) + coalesce(char_length(original_text), 0)), 0)::bigint
FROM path
WHERE model IS DISTINCT FROM 'import'

-- name: change_turn
-- Rating, comment and text at once: the caller holds the row's lock and passes on what stays.
UPDATE turn
SET text = :text, text_version = :text_version, original_text = :original_text, rating = :rating, comment = :comment,
    changed_at = clock_timestamp()
WHERE id = :turn_id
RETURNING id, no, parent, position, role, text, text_version, original_text, language, model, choice_id, slot, rank, rating, comment, created_at, changed_at

-- name: lock_project_of_bot
-- Two people who set up the bot of one project go one after the other.
SELECT id FROM project WHERE id = :project_id FOR NO KEY UPDATE

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

-- name: conversation_by_id
-- For reading again what was just changed.
SELECT id, task AS task_id, annotator AS annotator_id, topic, version, rubric AS rubric_id, listed_topic AS topic_id, created_at
FROM conversation
WHERE id = :conversation_id

-- name: move_head
-- The path may only end at a turn of the dialogue, by conversation_head_inside, and only over preferred candidates, by conversation_path.
UPDATE conversation SET head_id = :turn_id WHERE id = :conversation_id AND head_id IS DISTINCT FROM :turn_id

-- name: count_turns
-- Over all branches.
SELECT count(*) FROM turn WHERE conversation = :conversation_id

-- name: turns_of_tree
-- Every turn of a dialogue, parents before children, siblings in their order.
SELECT id, no, parent, position, role, text, text_version, original_text, language, model, choice_id, slot, rank, rating, comment, created_at, changed_at
FROM turn
WHERE conversation = :conversation_id
ORDER BY no, parent, position

-- name: path_to
-- From a turn up to the root, which is what the path would be if the dialogue went on there.
WITH RECURSIVE path AS (
  SELECT id, parent FROM turn WHERE id = :turn_id AND conversation = :conversation_id
  UNION ALL
  SELECT turn.id, turn.parent FROM turn JOIN path ON turn.id = path.parent
)
SELECT turn.id, turn.no, turn.parent, turn.position, turn.role, turn.text, turn.text_version, turn.original_text, turn.language, turn.model, turn.choice_id, turn.slot, turn.rank, turn.rating, turn.comment, turn.created_at, turn.changed_at
FROM turn JOIN path ON path.id = turn.id
ORDER BY turn.no

-- name: replies_to
-- Every reply that a message ever had outside a choice, oldest first.
SELECT id, no, parent, position, role, text, text_version, original_text, language, model, choice_id, slot, rank, rating, comment, created_at, changed_at
FROM turn
WHERE parent = :message_id AND choice_id IS NULL AND role = 'assistant'
ORDER BY position

-- name: add_edit
-- One version of a text; the first edit of a turn adds the text that it had before as well.
INSERT INTO turn_edit (id, turn, version, text, author, assignment, at)
SELECT :first_id::uuid, id, 1, text, author, assignment, created_at FROM turn WHERE id = :turn_id AND text_version = 1
UNION ALL
SELECT :id::uuid, id, text_version + 1, :text::text, :annotator_id::uuid, :assignment_id::uuid, clock_timestamp() FROM turn WHERE id = :turn_id

-- name: versions_of_turn
-- Every text that a turn of this dialogue ever had, oldest first; none: it was never edited.
SELECT turn_edit.version, turn_edit.text, turn_edit.author AS author_id, turn_edit.at
FROM turn_edit JOIN turn ON turn.id = turn_edit.turn
WHERE turn_edit.turn = :turn_id AND turn.conversation = :conversation_id
ORDER BY turn_edit.version

-- name: rules_of_project
-- None: the project asks for nothing beyond the plain form.
SELECT candidates, decision, ties, all_bad, branches, topics, handover, version FROM dialogue_rules WHERE project = :project_id

-- name: put_rules
-- The version is what If-Match compares.
INSERT INTO dialogue_rules (project, candidates, decision, ties, all_bad, branches, topics, handover)
VALUES (:project_id, :candidates, :decision, :ties, :all_bad, :branches, :topics, :handover)
ON CONFLICT (project) DO UPDATE
SET candidates = excluded.candidates, decision = excluded.decision, ties = excluded.ties, all_bad = excluded.all_bad,
    branches = excluded.branches, topics = excluded.topics, handover = excluded.handover, version = dialogue_rules.version + 1, changed_at = clock_timestamp()

-- name: choices_of_messages
-- Rounds of candidates by message and round.
SELECT id, message AS message_id, round, wanted, state, chosen_id, reason
FROM choice
WHERE message = ANY (:message_ids::uuid[])
ORDER BY message, round

-- name: choices_of_conversation
-- Every choice of a dialogue, on its path or not.
SELECT id, message AS message_id, round, wanted, state, chosen_id, reason
FROM choice
WHERE conversation = :conversation_id
ORDER BY message, round

-- name: candidates_of_choices
-- By slot: the order in which they are shown.
SELECT id, no, parent, position, role, text, text_version, original_text, language, model, choice_id, slot, rank, rating, comment, created_at, changed_at
FROM turn
WHERE choice_id = ANY (:choice_ids::uuid[])
ORDER BY choice_id, slot

-- name: lock_choice
-- In that dialogue only; whoever decides goes after the other.
SELECT id, message AS message_id, round, wanted, state, chosen_id, reason
FROM choice
WHERE id = :choice_id AND conversation = :conversation_id
FOR UPDATE

-- name: add_choice
-- The next round for a message; two writers of one round meet in choice_round.
INSERT INTO choice (id, conversation, message, round, wanted, position)
VALUES (:id, :conversation_id, :message_id, :round, :wanted,
        greatest((SELECT max(position) FROM turn WHERE parent = :message_id), (SELECT max(position + wanted) FROM choice WHERE message = :message_id), 0))

-- name: decide_choice
-- Ranks are written beside, in the same transaction; both are checked together at its end.
UPDATE choice
SET state = :state::text, chosen_id = :chosen_id, reason = :reason, author = :annotator_id, assignment = :assignment_id,
    decided_at = CASE WHEN :state::text = 'open' THEN NULL ELSE clock_timestamp() END
WHERE id = :choice_id

-- name: rank_candidates
-- Candidates that are not named lose their rank.
UPDATE turn SET rank = given.rank
FROM turn AS candidate LEFT JOIN unnest(:turn_ids::uuid[], :ranks::smallint[]) AS given (id, rank) ON given.id = candidate.id
WHERE candidate.choice_id = :choice_id AND turn.id = candidate.id AND turn.rank IS DISTINCT FROM given.rank

-- name: is_preferred
-- Whether the choice that a candidate belongs to was decided for it.
SELECT EXISTS (SELECT FROM choice WHERE chosen_id = :turn_id)

-- name: quotas_of_project
-- Places are taken by what is held and by what was handed in and not turned down.
SELECT q.id, q.domain, q.language, q.difficulty, q.wanted, q.own_words,
       (SELECT count(*) FROM conversation c
        WHERE c.quota = q.id AND (EXISTS (SELECT FROM assignment a WHERE a.task = c.task AND a.annotator = c.annotator AND a.kind = 'annotation' AND a.state = 'live')
          OR EXISTS (SELECT FROM submission b WHERE b.task = c.task AND b.author = c.annotator AND b.state IN ('pending', 'accepted', 'rework'))))::int AS taken
FROM topic_quota q
WHERE q.project = :project_id AND NOT q.archived
ORDER BY q.position, q.id

-- name: quotas_of_task
-- Those that a task may serve: its domain or one below it, its language, its difficulty where both say one.
WITH RECURSIVE below AS (
  SELECT code FROM domain WHERE code = :domain
  UNION
  SELECT domain.code FROM domain JOIN below ON domain.parent_code = below.code
)
SELECT q.id, q.domain, q.language, q.difficulty, q.wanted, q.own_words,
       (SELECT count(*) FROM conversation c
        WHERE c.quota = q.id AND (EXISTS (SELECT FROM assignment a WHERE a.task = c.task AND a.annotator = c.annotator AND a.kind = 'annotation' AND a.state = 'live')
          OR EXISTS (SELECT FROM submission b WHERE b.task = c.task AND b.author = c.annotator AND b.state IN ('pending', 'accepted', 'rework'))))::int AS taken
FROM topic_quota q JOIN below ON below.code = q.domain
WHERE q.project = :project_id AND NOT q.archived AND q.language = :language
  AND (q.difficulty IS NULL OR :difficulty::smallint IS NULL OR q.difficulty = :difficulty)
ORDER BY q.position, q.id

-- name: topics_of_quotas
-- In the manager's order, each with the dialogues that are about it.
SELECT t.id, t.quota AS quota_id, t.text, t.brief, t.seed, t.most,
       (SELECT count(*) FROM conversation c
        WHERE c.listed_topic = t.id AND (EXISTS (SELECT FROM assignment a WHERE a.task = c.task AND a.annotator = c.annotator AND a.kind = 'annotation' AND a.state = 'live')
          OR EXISTS (SELECT FROM submission b WHERE b.task = c.task AND b.author = c.annotator AND b.state IN ('pending', 'accepted', 'rework'))))::int AS taken
FROM topic t
WHERE t.quota = ANY (:quota_ids::uuid[]) AND NOT t.archived
ORDER BY t.quota, t.position, t.id

-- name: lock_quota
-- Whoever opens a dialogue of one quota waits for the others, so that no two take its last place.
SELECT id FROM topic_quota
WHERE project = :project_id AND NOT archived
  AND id = coalesce((SELECT quota FROM topic WHERE id = :topic_id::uuid AND NOT archived), :quota_id::uuid)
FOR UPDATE

-- name: archive_quotas
-- Before the new list is written: what it names comes back, the dialogues of the rest stay what they are.
WITH gone AS (UPDATE topic_quota SET archived = true WHERE project = :project_id AND NOT archived RETURNING id)
UPDATE topic SET archived = true FROM gone WHERE topic.quota = gone.id

-- name: put_quota
-- One row for each domain, difficulty and language, by topic_quota_once.
INSERT INTO topic_quota (id, project, domain, difficulty, language, wanted, own_words, position)
VALUES (:id, :project_id, :domain, :difficulty, :language, :wanted, :own_words, :position)
ON CONFLICT (project, domain, difficulty, language) DO UPDATE
SET wanted = excluded.wanted, own_words = excluded.own_words, position = excluded.position, archived = false
RETURNING id

-- name: put_topics
-- A topic is known by its text within its quota.
INSERT INTO topic (id, quota, text, brief, seed, most, position)
SELECT new.id, :quota_id, new.text, new.brief, new.seed::jsonb, new.most, new.place
FROM unnest(:ids::uuid[], :texts::text[], :briefs::text[], :seeds::text[], :mosts::int[]) WITH ORDINALITY AS new (id, text, brief, seed, most, place)
ON CONFLICT (quota, text) DO UPDATE
SET brief = excluded.brief, seed = excluded.seed, most = excluded.most, position = excluded.position, archived = false

-- name: newest_rubric
-- None: the replies of the project are rated from 1 to 5.
SELECT id, version, dimensions, span_labels, created_at FROM rubric WHERE project = :project_id ORDER BY version DESC LIMIT 1

-- name: rubrics_of_project
-- Every version, newest first.
SELECT id, version, dimensions, span_labels, created_at FROM rubric WHERE project = :project_id ORDER BY version DESC

-- name: rubric_by_id
-- A dialogue keeps the version that it was opened with.
SELECT id, version, dimensions, span_labels, created_at FROM rubric WHERE id = :rubric_id

-- name: add_rubric
-- The next version, by rubric_version_once.
INSERT INTO rubric (id, project, version, dimensions, span_labels)
VALUES (:id, :project_id, :version, :dimensions, :span_labels)

-- name: scores_of_conversation
-- What was rated by the rubric, of turns and of the whole dialogue.
SELECT turn AS turn_id, dimension, value, comment, changed_at
FROM turn_score
WHERE conversation = :conversation_id
ORDER BY turn NULLS FIRST, dimension

-- name: put_scores
-- One value for each turn and dimension, by turn_score_once; the same again changes nothing.
INSERT INTO turn_score (id, conversation, turn, dimension, value, comment, author, assignment)
SELECT new.id, :conversation_id, new.turn, new.dimension, new.value, new.comment, :annotator_id, :assignment_id
FROM unnest(:ids::uuid[], :turns::uuid[], :dimensions::text[], :values::smallint[], :comments::text[]) AS new (id, turn, dimension, value, comment)
ON CONFLICT (conversation, turn, dimension) DO UPDATE
SET value = excluded.value, comment = excluded.comment, author = excluded.author, assignment = excluded.assignment, changed_at = clock_timestamp()
WHERE (turn_score.value, turn_score.comment) IS DISTINCT FROM (excluded.value, excluded.comment)

-- name: drop_scores
-- A score that is taken back is gone: nothing was handed in with it.
DELETE FROM turn_score
USING unnest(:turns::uuid[], :dimensions::text[]) AS gone (turn, dimension)
WHERE turn_score.conversation = :conversation_id AND turn_score.turn IS NOT DISTINCT FROM gone.turn AND turn_score.dimension = gone.dimension

-- name: spans_of_conversation
-- Passages that stand marked, in reading order.
SELECT s.id, s.turn AS turn_id, s.text_version, s.from_char, s.to_char, s.label, s.reason
FROM turn_span s JOIN turn ON turn.id = s.turn
WHERE turn.conversation = :conversation_id AND s.removed_at IS NULL
ORDER BY turn.no, turn.position, s.from_char, s.id

-- name: add_span
-- The same passage with the same label is marked once.
INSERT INTO turn_span (id, turn, text_version, from_char, to_char, label, reason, author, assignment)
VALUES (:id, :turn_id, :text_version, :from_char, :to_char, :label, :reason, :annotator_id, :assignment_id)

-- name: remove_span
-- Kept for the record, shown no more. Only in that dialogue; the number says whether it was there.
UPDATE turn_span SET removed_at = coalesce(turn_span.removed_at, clock_timestamp())
FROM turn
WHERE turn.id = turn_span.turn AND turn.conversation = :conversation_id AND turn_span.id = :span_id

-- name: count_preferred
-- How many of these candidates the choices were decided for.
SELECT count(*) FROM choice WHERE chosen_id = ANY (:turn_ids::uuid[])

-- name: text_of_version
-- One earlier text of a turn; none: there is no such version.
SELECT text FROM turn_edit WHERE turn = :turn_id AND version = :version

-- name: has_planted
-- At most one dialogue comes with a task, by conversation_of_task_alone.
SELECT EXISTS (SELECT FROM conversation WHERE task = :task_id AND annotator IS NULL)

-- name: plant_turns
-- A whole tree at once, parents before children.
INSERT INTO turn (id, conversation, parent, no, position, role, text, model, language, rank, labels, source, comment, created_at, changed_at)
SELECT new.id, :conversation_id, new.parent, new.no, new.position, new.role, new.text, :model::text, new.language, new.rank, new.labels::jsonb, new.source::jsonb,
       '', clock_timestamp(), clock_timestamp()
FROM unnest(:ids::uuid[], :parents::uuid[], :nos::smallint[], :positions::smallint[], :roles::text[], :texts::text[], :languages::text[], :ranks::smallint[],
            :labels::text[], :sources::text[]) WITH ORDINALITY AS new (id, parent, no, position, role, text, language, rank, labels, source, place)
ORDER BY new.place

-- name: planted_of_task
-- The dialogue that came with a task.
SELECT id, topic, head_id, source FROM conversation WHERE task = :task_id AND annotator IS NULL

-- name: planted_turns
-- Every turn of a tree with what an import knew of it, parents before children, siblings in their order.
SELECT id, parent, no, position, role, text, language, rank, labels, source FROM turn WHERE conversation = :conversation_id ORDER BY no, parent, position

-- name: credits_of_conversation
-- Who did what under which hold, over all branches: messages and replies by hand, edits, decisions, scores.
SELECT done.author AS author_id, done.assignment AS assignment_id, count(*) FILTER (WHERE done.what = 'turn')::int AS turns,
       coalesce(sum(done.characters) FILTER (WHERE done.what = 'turn'), 0)::int AS characters, count(*) FILTER (WHERE done.what = 'edit')::int AS edits,
       count(*) FILTER (WHERE done.what = 'choice')::int AS choices, count(*) FILTER (WHERE done.what = 'score')::int AS scores
FROM (
  SELECT author, assignment, 'turn' AS what, char_length(text) AS characters FROM turn WHERE conversation = :conversation_id
  UNION ALL
  SELECT e.author, e.assignment, 'edit', 0 FROM turn_edit e JOIN turn t ON t.id = e.turn WHERE t.conversation = :conversation_id AND e.version > 1
  UNION ALL
  SELECT author, assignment, 'choice', 0 FROM choice WHERE conversation = :conversation_id
  UNION ALL
  SELECT author, assignment, 'score', 0 FROM turn_score WHERE conversation = :conversation_id
) AS done
WHERE done.author IS NOT NULL
GROUP BY done.author, done.assignment
ORDER BY min(done.assignment::text)

-- name: was_handed_on
-- Whether what was begun under this hold has gone on in other hands since.
SELECT EXISTS (SELECT FROM handover h JOIN assignment a ON a.id = h.from_assignment JOIN assignment mine ON mine.id = :assignment_id
               WHERE a.task = mine.task AND a.annotator = mine.annotator)

-- name: writers_of_conversation
-- Those who held a dialogue that changed hands, in the order in which they had it first; no row: it never did.
SELECT a.annotator AS annotator_id, min(a.claimed_at) AS since
FROM handover h JOIN assignment a ON a.id IN (h.from_assignment, h.to_assignment)
WHERE h.conversation = :conversation_id
GROUP BY a.annotator
ORDER BY since, a.annotator

-- name: hands_on_path
-- Whose doing each turn of the active path is, as far as a person's: its author; else of a reply whoever edited, preferred or scored it last.
WITH RECURSIVE path AS (
  SELECT t.id, t.parent, t.no, t.author, t.role FROM turn t JOIN conversation c ON c.head_id = t.id WHERE c.id = :conversation_id
  UNION ALL
  SELECT t.id, t.parent, t.no, t.author, t.role FROM turn t JOIN path ON t.id = path.parent
)
SELECT path.id AS turn_id, coalesce(path.author,
         (SELECT e.author FROM turn_edit e WHERE e.turn = path.id AND e.author IS NOT NULL ORDER BY e.version DESC LIMIT 1),
         (SELECT k.author FROM choice k WHERE k.chosen_id = path.id),
         (SELECT s.author FROM turn_score s WHERE s.turn = path.id ORDER BY s.changed_at DESC, s.id LIMIT 1)) AS annotator_id
FROM path
ORDER BY path.no

-- name: hands_of_work
-- Turns by person of a dialogue that changed hands and was handed in here, as far as they stand in what was handed in. A reply that nobody edited, preferred
-- or scored belongs to whoever it answers. No row: it was one person's, or another frontend's.
WITH RECURSIVE work AS (
  SELECT c.id, c.head_id, b.payload FROM submission b JOIN conversation c ON c.task = b.task AND c.annotator = b.author
  WHERE b.assignment = :assignment_id AND EXISTS (SELECT FROM handover h WHERE h.conversation = c.id)
), path AS (
  SELECT t.id, t.parent, t.no, t.author, t.text, t.model FROM turn t JOIN work ON work.head_id = t.id
  UNION ALL
  SELECT t.id, t.parent, t.no, t.author, t.text, t.model FROM turn t JOIN path ON t.id = path.parent
), done AS (
  SELECT path.no, coalesce(path.author,
         (SELECT e.author FROM turn_edit e WHERE e.turn = path.id AND e.author IS NOT NULL ORDER BY e.version DESC LIMIT 1),
         (SELECT k.author FROM choice k WHERE k.chosen_id = path.id),
         (SELECT s.author FROM turn_score s WHERE s.turn = path.id ORDER BY s.changed_at DESC, s.id LIMIT 1),
         (SELECT p.author FROM turn p WHERE p.id = path.parent)) AS author
  FROM path CROSS JOIN work
  WHERE path.model IS DISTINCT FROM 'import'
    AND EXISTS (SELECT FROM jsonb_array_elements(CASE jsonb_typeof(work.payload -> 'turns') WHEN 'array' THEN work.payload -> 'turns' ELSE '[]' END) AS sent
                WHERE sent ->> 'no' = path.no::text AND sent ->> 'text' = path.text)
)
SELECT author AS annotator_id, count(*)::int AS turns FROM done WHERE author IS NOT NULL GROUP BY author ORDER BY min(no)

-- name: handovers_of_task
-- Every time that a dialogue about a task changed hands, oldest first.
SELECT h.at, h.way, before.annotator AS from_id, after.annotator AS to_id
FROM handover h JOIN assignment before ON before.id = h.from_assignment JOIN assignment after ON after.id = h.to_assignment
WHERE after.task = :task_id
ORDER BY h.at, h.id

-- name: note_turn_time
-- What this hold's active time has that no turn of it counts yet; the wait is from the turn before to this one's writing.
INSERT INTO turn_time (id, turn, assignment, active_seconds, waited_seconds, pastes, pasted_characters, changed_characters, changed_at)
SELECT :id, t.id, :assignment_id,
       greatest(:total_seconds - coalesce((SELECT sum(active_seconds) FROM turn_time WHERE assignment = :assignment_id), 0), 0),
       CASE WHEN t.author IS NOT NULL THEN extract(epoch FROM t.created_at - p.created_at)::float8 END,
       :pastes, :pasted_characters, :changed_characters, clock_timestamp()
FROM turn t LEFT JOIN turn p ON p.id = t.parent
WHERE t.id = :turn_id
ON CONFLICT (turn, assignment) DO UPDATE
SET active_seconds = turn_time.active_seconds + excluded.active_seconds, pastes = turn_time.pastes + excluded.pastes,
    pasted_characters = turn_time.pasted_characters + excluded.pasted_characters,
    changed_characters = coalesce(excluded.changed_characters, turn_time.changed_characters), changed_at = excluded.changed_at

-- name: turn_times
-- What was measured, of one hold or of a task; shares are of the text as it stands.
SELECT m.turn AS turn_id, t.no, t.role, m.assignment AS assignment_id, a.annotator AS annotator_id, m.active_seconds, m.waited_seconds,
       char_length(t.text) AS characters, m.pastes, m.pasted_characters,
       CASE WHEN (t.author IS NOT NULL OR t.text_version > 1) AND t.text <> '' THEN least(m.pasted_characters::float8 / char_length(t.text), 1) END AS pasted_share,
       m.changed_characters, m.changed_at AS measured_at
FROM turn_time m JOIN turn t ON t.id = m.turn JOIN assignment a ON a.id = m.assignment
WHERE (:assignment_id::uuid IS NULL OR m.assignment = :assignment_id) AND (:task_id::uuid IS NULL OR a.task = :task_id)
ORDER BY a.claimed_at, a.id, t.no, t.position

-- part: work_wanted
FROM submission
JOIN task ON task.id = submission.task
LEFT JOIN conversation AS talk ON talk.task = submission.task AND talk.annotator = submission.author
WHERE (task.kind = 'dialogue' OR talk.id IS NOT NULL) AND NOT task.gold
  AND :what::text <> 'imported'
  AND (:project_id::uuid IS NULL OR submission.project = :project_id)
  AND submission.state = ANY (:states::text[])
  AND (:since::timestamptz IS NULL OR submission.submitted_at >= :since)
  AND (:until::timestamptz IS NULL OR submission.submitted_at < :until)
  AND (cardinality(:languages::text[]) = 0 OR task.language = ANY (:languages) OR split_part(task.language, '-', 1) = ANY (:languages))
  AND (cardinality(:domains::text[]) = 0 OR task.domain::text = ANY (:domains))
  AND (cardinality(:verdicts::text[]) = 0 OR (
    SELECT coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = v.id ORDER BY o.decided_at DESC, o.id DESC LIMIT 1), v.outcome)
    FROM verdict v WHERE v.submission = submission.id ORDER BY v.stage DESC LIMIT 1) = ANY (:verdicts))
  AND (:dimension::text = '' OR :at_least::double precision <= coalesce(
    (SELECT (v.scores ->> :dimension)::double precision FROM verdict v
     WHERE v.submission = submission.id AND jsonb_typeof(v.scores -> :dimension) = 'number' ORDER BY v.stage DESC LIMIT 1),
    (SELECT avg(s.value) FROM turn_score s WHERE s.conversation = talk.id AND s.dimension = :dimension),
    (SELECT avg(t.rating) FROM turn t WHERE :dimension = 'rating' AND t.conversation = talk.id)))

-- part: trees_wanted
FROM conversation
JOIN task ON task.id = conversation.task
WHERE conversation.annotator IS NULL
  AND :what::text <> 'work'
  AND cardinality(:verdicts::text[]) = 0
  AND (:project_id::uuid IS NULL OR task.project = :project_id)
  AND (:since::timestamptz IS NULL OR conversation.created_at >= :since)
  AND (:until::timestamptz IS NULL OR conversation.created_at < :until)
  AND (cardinality(:languages::text[]) = 0 OR task.language = ANY (:languages) OR split_part(task.language, '-', 1) = ANY (:languages))
  AND (cardinality(:domains::text[]) = 0 OR task.domain::text = ANY (:domains))
  AND (:dimension::text = '' OR :at_least::double precision <= coalesce(
    (SELECT avg(s.value) FROM turn_score s WHERE s.conversation = conversation.id AND s.dimension = :dimension),
    (SELECT avg((t.labels -> :dimension ->> 'value')::double precision) FROM turn t
     WHERE t.conversation = conversation.id AND jsonb_typeof(t.labels -> :dimension -> 'value') = 'number')))

-- name: count_works_wanted
-- How many handed-in dialogues a filter finds.
SELECT count(*)
{work_wanted}

-- name: count_trees_wanted
-- How many dialogues that came with a task a filter finds.
SELECT count(*)
{trees_wanted}

-- name: works_wanted
-- One page of them in the order of the ids, which is that of handing in.
SELECT submission.id
{work_wanted}
  AND submission.id > :after
ORDER BY submission.id
LIMIT :limit

-- name: trees_wanted
-- One page of them in the order in which they came.
SELECT conversation.id
{trees_wanted}
  AND conversation.id > :after
ORDER BY conversation.id
LIMIT :limit

-- name: works_to_export
-- What was handed in, with its task and the verdicts up to a moment (none: all); the tree it was made in is that of its task and author.
SELECT submission.id, submission.state, submission.round, submission.payload, submission.author AS author_id,
       submission.submitted_at, submission.decided_at, talk.id AS conversation_id,
       task.id AS task_id, task.external_id, task.kind, task.domain, task.language, task.difficulty_level, task.priority,
       task.state AS task_state, task.payload AS task_payload, project.id AS project_id, project.name AS project_name,
       coalesce(given.verdicts, '[]') AS verdicts
FROM submission
JOIN task ON task.id = submission.task
JOIN project ON project.id = submission.project
LEFT JOIN conversation AS talk ON talk.task = submission.task AND talk.annotator = submission.author
LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object(
    'stage', verdict.stage, 'reviewer_id', verdict.reviewer, 'outcome', verdict.outcome, 'scores', verdict.scores,
    'reasons', verdict.reasons, 'comment', verdict.comment, 'corrected', verdict.corrected, 'given_at', verdict.given_at,
    'counts_as', coalesce((SELECT o.outcome FROM overturn o WHERE o.verdict = verdict.id AND (:moment::timestamptz IS NULL OR o.decided_at <= :moment) ORDER BY o.decided_at DESC, o.id DESC LIMIT 1), verdict.outcome)
  ) ORDER BY verdict.stage) AS verdicts
  FROM verdict WHERE verdict.submission = submission.id AND (:moment::timestamptz IS NULL OR verdict.given_at <= :moment)
) AS given ON true
WHERE submission.id = ANY (:ids::uuid[])

-- name: trees_to_export
-- What came with a task, with that task.
SELECT conversation.id AS conversation_id, conversation.source, conversation.created_at,
       task.id AS task_id, task.external_id, task.kind, task.domain, task.language, task.difficulty_level, task.priority,
       task.state AS task_state, task.payload AS task_payload, project.id AS project_id, project.name AS project_name
FROM conversation
JOIN task ON task.id = conversation.task
JOIN project ON project.id = task.project
WHERE conversation.id = ANY (:ids::uuid[])

-- name: talks_to_export
-- The dialogues themselves, each with the rubric that it was rated by.
SELECT conversation.id, conversation.topic, conversation.head_id, conversation.created_at, rubric.version AS rubric_version, rubric.dimensions
FROM conversation LEFT JOIN rubric ON rubric.id = conversation.rubric
WHERE conversation.id = ANY (:ids::uuid[])

-- name: turns_to_export
-- Every turn on every branch, with the round of its choice.
SELECT turn.conversation, turn.id, turn.parent, turn.no, turn.position, turn.role, turn.text, turn.text_version, turn.original_text, turn.language,
       turn.model, turn.parameters, choice.round, turn.slot, turn.rank, turn.rating, turn.comment, turn.labels, turn.source,
       turn.author AS author_id, turn.assignment AS assignment_id, turn.created_at, turn.changed_at
FROM turn LEFT JOIN choice ON choice.id = turn.choice_id
WHERE turn.conversation = ANY (:ids::uuid[])
ORDER BY turn.conversation, turn.no, turn.position

-- name: edits_to_export
-- Every text that an edited turn ever had.
SELECT turn.conversation, turn_edit.turn AS turn_id, turn_edit.version, turn_edit.text, turn_edit.source, turn_edit.author AS author_id,
       turn_edit.assignment AS assignment_id, turn_edit.at
FROM turn_edit JOIN turn ON turn.id = turn_edit.turn
WHERE turn.conversation = ANY (:ids::uuid[])
ORDER BY turn_edit.turn, turn_edit.version

-- name: choices_to_export
-- Every round of candidates.
SELECT conversation, message AS message_id, round, wanted, position, state, chosen_id, reason, source, author AS author_id,
       assignment AS assignment_id, created_at, decided_at
FROM choice
WHERE conversation = ANY (:ids::uuid[])

-- name: scores_to_export
-- By turn and for the whole dialogue.
SELECT conversation, turn AS turn_id, dimension, value, comment, source, author AS author_id, assignment AS assignment_id, changed_at
FROM turn_score
WHERE conversation = ANY (:ids::uuid[])

-- name: spans_to_export
-- Passages that stand marked, in the order in which they were.
SELECT turn.conversation, s.turn AS turn_id, s.text_version, s.from_char, s.to_char, s.label, s.reason, s.source, s.author AS author_id,
       s.assignment AS assignment_id, s.created_at
FROM turn_span s JOIN turn ON turn.id = s.turn
WHERE turn.conversation = ANY (:ids::uuid[]) AND s.removed_at IS NULL
ORDER BY s.created_at, s.id

-- name: revive_turns
-- One level of a tree that is read in again; the level above it is there.
INSERT INTO turn (id, conversation, parent, no, position, role, text, text_version, original_text, language, model, choice_id, slot, rank, rating, comment,
                  labels, source, created_at, changed_at)
SELECT new.id, :conversation_id, new.parent, :no::smallint, new.position, new.role, new.text, new.text_version, new.original_text, new.language, :model::text,
       new.choice_id, new.slot, new.rank, new.rating, new.comment, new.labels::jsonb, new.source::jsonb, new.created_at, new.changed_at
FROM unnest(:ids::uuid[], :parents::uuid[], :positions::smallint[], :roles::text[], :texts::text[], :versions::smallint[], :originals::text[], :languages::text[],
            :choices::uuid[], :slots::smallint[], :ranks::smallint[], :ratings::smallint[], :comments::text[], :labels::text[], :sources::text[],
            :created::timestamptz[], :changed::timestamptz[])
  AS new (id, parent, position, role, text, text_version, original_text, language, choice_id, slot, rank, rating, comment, labels, source, created_at, changed_at)

-- name: revive_choices
-- Open at first: their candidates stand on the next level.
INSERT INTO choice (id, conversation, message, round, wanted, position, source, created_at)
SELECT new.id, :conversation_id, new.message, new.round, new.wanted, new.position, new.source::jsonb, new.created_at
FROM unnest(:ids::uuid[], :messages::uuid[], :rounds::smallint[], :wanted::smallint[], :positions::smallint[], :sources::text[], :created::timestamptz[])
  AS new (id, message, round, wanted, position, source, created_at)

-- name: revive_decisions
-- What was decided, once the candidates are there.
UPDATE choice SET state = new.state, chosen_id = new.chosen_id, reason = new.reason, decided_at = new.decided_at
FROM unnest(:ids::uuid[], :states::text[], :chosen::uuid[], :reasons::text[], :decided::timestamptz[]) AS new (id, state, chosen_id, reason, decided_at)
WHERE choice.id = new.id

-- name: revive_edits
-- Every version of the edited texts.
INSERT INTO turn_edit (id, turn, version, text, source, at)
SELECT new.id, new.turn, new.version, new.text, new.source::jsonb, new.at
FROM unnest(:ids::uuid[], :turns::uuid[], :versions::smallint[], :texts::text[], :sources::text[], :at::timestamptz[]) AS new (id, turn, version, text, source, at)

-- name: revive_scores
-- As they were given.
INSERT INTO turn_score (id, conversation, turn, dimension, value, comment, source, changed_at)
SELECT new.id, :conversation_id, new.turn, new.dimension, new.value, new.comment, new.source::jsonb, new.changed_at
FROM unnest(:ids::uuid[], :turns::uuid[], :dimensions::text[], :values::smallint[], :comments::text[], :sources::text[], :changed::timestamptz[])
  AS new (id, turn, dimension, value, comment, source, changed_at)

-- name: revive_spans
-- As they were marked.
INSERT INTO turn_span (id, turn, text_version, from_char, to_char, label, reason, source, created_at)
SELECT new.id, new.turn, new.text_version, new.from_char, new.to_char, new.label, new.reason, new.source::jsonb, new.created_at
FROM unnest(:ids::uuid[], :turns::uuid[], :versions::smallint[], :begins::int[], :ends::int[], :labels::text[], :reasons::text[], :sources::text[], :created::timestamptz[])
  AS new (id, turn, text_version, from_char, to_char, label, reason, source, created_at)

-- name: tasks_with_planted
-- Of these tasks, those that have a dialogue already.
SELECT task FROM conversation WHERE task = ANY (:task_ids::uuid[]) AND annotator IS NULL

-- name: add_export
-- What was found and at which moment, in one statement and so in one look: the position names the transactions whose work was seen.
INSERT INTO export (id, project, format, filters, identities, reason, position, works, trees, dialogues, made_by, created_at)
SELECT :id, :project_id, :format, :filters::jsonb, :identities, :reason, pg_current_snapshot()::text, work.ids, tree.ids,
       (octet_length(work.ids) + octet_length(tree.ids)) / 16, :made_by, clock_timestamp()
FROM (
SELECT coalesce(string_agg(uuid_send(submission.id), ''::bytea ORDER BY submission.id), ''::bytea) AS ids
{work_wanted}
) AS work, (
SELECT coalesce(string_agg(uuid_send(conversation.id), ''::bytea ORDER BY conversation.id), ''::bytea) AS ids
{trees_wanted}
) AS tree

-- part: export_seen
SELECT export.id, export.project AS project_id, export.format, export.filters, export.identities, export.reason, export.state, export.position, export.dialogues,
       coalesce((export.rebuild ->> 'done')::int, export.done) AS done, export.lines, export.size, export.left_out, encode(export.sha256, 'hex') AS sha256,
       export.failure, export.made_by, export.created_at, export.ready_at, export.built_at, export.removed_at

-- name: exports_of_project
-- The newest first.
{export_seen}
FROM export
WHERE export.project = :project_id AND (:before::uuid IS NULL OR export.id < :before)
ORDER BY export.id DESC
LIMIT :limit

-- name: export_of_id
-- One snapshot, of whatever project; the caller looks whose it is.
{export_seen}
FROM export
WHERE export.id = :id

-- name: lock_export
-- One worker makes a snapshot, slice by slice, for the first time or again; the next ids of both kinds.
SELECT export.project AS project_id, export.format, export.identities, export.dialogues, export.state, export.created_at, export.sha256, at.done,
       coalesce((export.rebuild ->> 'lines')::bigint, export.lines) AS lines, coalesce((export.rebuild ->> 'size')::bigint, export.size) AS size,
       coalesce(export.rebuild -> 'left_out', export.left_out) AS left_out, export.rebuild ->> 'build' AS build,
       (SELECT count(*) FROM export_part WHERE export_part.export = export.id)::int AS parts,
       substring(export.works FROM 1 + 16 * at.done FOR 16 * :limit::int) AS works,
       substring(export.trees FROM 1 + 16 * greatest(0, at.done - octet_length(export.works) / 16) FOR 16 * :limit::int) AS trees
FROM export, LATERAL (SELECT coalesce((export.rebuild ->> 'done')::int, export.done) AS done) AS at
WHERE export.id = :id AND export.state IN ('making', 'rebuilding')
FOR UPDATE OF export

-- name: add_export_part
-- The next piece; a second one of the same number fails on export_part_once.
INSERT INTO export_part (id, export, no, size, data) VALUES (:id, :export_id, :no, :size, :data)

-- name: advance_export
-- How far the file is written, and what was left out of it.
UPDATE export SET done = :done, lines = :lines, size = :size, left_out = :left_out::jsonb WHERE id = :id

-- name: advance_rebuild
-- How far a file is built again; what stands of the first one stays beside it.
UPDATE export SET rebuild = :progress::jsonb WHERE id = :id

-- name: finish_export
-- From here on it stays as it is; which dialogues it was made of is in its file.
UPDATE export SET state = 'ready', sha256 = :sha256, ready_at = clock_timestamp(), built_at = clock_timestamp() WHERE id = :id

-- name: finish_rebuild
-- The file is there again, with the bytes that it had.
UPDATE export SET state = 'ready', rebuild = NULL, failure = NULL, built_at = clock_timestamp(), removed_at = NULL WHERE id = :id

-- name: fail_export
-- Why it could not be made; one that was there once is gone as before.
UPDATE export
SET state = CASE state WHEN 'rebuilding' THEN 'removed' ELSE 'failed' END, rebuild = NULL, failure = :failure WHERE id = :id

-- name: lock_snapshot
-- Whoever changes whether a file is made or there.
SELECT state FROM export WHERE id = :id AND project = :project_id FOR UPDATE

-- name: cancel_export
-- Nobody makes it any further; one that was there once is gone as before.
UPDATE export SET state = CASE state WHEN 'rebuilding' THEN 'removed' ELSE 'cancelled' END, rebuild = NULL WHERE id = :id

-- name: begin_rebuild
-- From the beginning, from the same ids.
UPDATE export SET state = 'rebuilding', failure = NULL, 
  rebuild = jsonb_build_object('done', 0, 'lines', 0, 'size', 0, 'left_out', '{}'::jsonb, 'build', :build::text)
WHERE id = :id

-- name: exports_to_remove
-- Files whose time is over, the oldest first; no days: none.
SELECT id, project AS project_id, size FROM export
WHERE state = 'ready' AND :days::int > 0 AND built_at < clock_timestamp() - make_interval(days => :days)
ORDER BY built_at LIMIT :limit
FOR UPDATE SKIP LOCKED

-- name: remove_exports
-- What they were made of and what came of it stays.
UPDATE export SET state = 'removed', built_at = NULL, removed_at = clock_timestamp() WHERE id = ANY (:ids::uuid[])

-- name: remove_export_parts
-- Of one file that is gone.
DELETE FROM export_part WHERE export = :id

-- name: exports_with_remains
-- Pieces of what was cancelled or failed, the first time or again.
SELECT id FROM export
WHERE state IN ('failed', 'cancelled', 'removed') AND EXISTS (SELECT FROM export_part WHERE export_part.export = export.id)
LIMIT :limit
FOR UPDATE SKIP LOCKED

-- name: size_of_export
-- Bytes of the whole file.
SELECT size FROM export WHERE id = :id

-- name: export_part
-- One piece; none: that was the last.
SELECT data, size FROM export_part WHERE export = :export_id AND no = :no

-- name: rubric_at
-- One version of a project's rubric.
SELECT id, version, dimensions, span_labels, created_at FROM rubric WHERE project = :project_id AND version = :version

-- name: left_behind
-- The way to the last turn that a dialogue had when this person's part of it went on in other hands, each text as it stood then. What came later, ratings
-- too, is somebody else's.
WITH RECURSIVE passed AS (
  SELECT h.conversation, h.at
  FROM handover h JOIN assignment a ON a.id = h.from_assignment JOIN assignment mine ON mine.task = a.task AND mine.annotator = a.annotator
  WHERE mine.id = :assignment_id AND mine.annotator = :annotator_id
  ORDER BY h.at DESC LIMIT 1
), path AS (
  (SELECT t.id, t.parent
   FROM turn t JOIN passed ON passed.conversation = t.conversation LEFT JOIN choice k ON k.id = t.choice_id
   WHERE t.created_at <= passed.at AND (t.choice_id IS NULL OR (k.chosen_id = t.id AND k.decided_at <= passed.at))
   ORDER BY coalesce(k.decided_at, t.created_at) DESC, t.no DESC LIMIT 1)
  UNION ALL
  SELECT t.id, t.parent FROM turn t JOIN path ON t.id = path.parent
)
SELECT t.id, t.conversation AS conversation_id, t.no, t.parent, t.role, t.language, t.model, t.choice_id, t.slot, t.author,
       coalesce(stood.text, t.text) AS text, coalesce(stood.version, 1) AS text_version,
       CASE WHEN stood.version > 1 AND t.model IS DISTINCT FROM 'annotator' THEN nullif(bot.text, stood.text) END AS original_text,
       coalesce(k.created_at, t.created_at) AS at
FROM path JOIN turn t ON t.id = path.id CROSS JOIN passed LEFT JOIN choice k ON k.id = t.choice_id
LEFT JOIN LATERAL (SELECT e.text, e.version FROM turn_edit e WHERE e.turn = t.id AND e.at <= passed.at ORDER BY e.version DESC LIMIT 1) AS stood ON true
LEFT JOIN turn_edit bot ON bot.turn = t.id AND bot.version = 1
ORDER BY t.no
