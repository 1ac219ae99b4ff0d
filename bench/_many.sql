-- N accepted dialogues straight into the tables, of five turns each, one choice of two candidates, one verdict.
-- Without the holds behind them, so rules and triggers stand still meanwhile: the site is thrown away. :project, :number.
SET session_replication_role = replica;
CREATE FUNCTION pg_temp.key(what text, n int) RETURNS uuid LANGUAGE sql IMMUTABLE AS
  $$SELECT (lpad(to_hex(n), 8, '0') || substr(md5(what || n), 9))::uuid$$;
CREATE FUNCTION pg_temp.said(what text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$SELECT what || ' ' || n || ': ' || repeat('some words that people say, 也有几句中文, ', 2 + n % 3)$$;
INSERT INTO task (id, project, external_id, kind, domain, language, difficulty_mean, difficulty_variance, requirements, payload, state, lane)
SELECT pg_temp.key('task', n), one.project, 'many-' || n, 'dialogue', one.domain, one.language, 0, 1, '{}', '{"title": "Many"}', 'accepted', one.lane
FROM (SELECT * FROM task WHERE project = ':project' LIMIT 1) AS one, generate_series(1, :number) AS n;
INSERT INTO conversation (id, task, annotator, topic, head_id)
SELECT pg_temp.key('talk', n), pg_temp.key('task', n), pg_temp.key('person', n % 50), 'Many', pg_temp.key('turn4', n) FROM generate_series(1, :number) AS n;
INSERT INTO choice (id, conversation, message, wanted, position, state, chosen_id, author, decided_at)
SELECT pg_temp.key('choice', n), pg_temp.key('talk', n), pg_temp.key('turn1', n), 2, 0, 'chosen', pg_temp.key('turn2', n), pg_temp.key('person', n % 50), now()
FROM generate_series(1, :number) AS n;
INSERT INTO turn (id, conversation, parent, no, position, role, text, model, author, choice_id, slot)
SELECT pg_temp.key('turn' || t.name, n), pg_temp.key('talk', n), CASE WHEN t.above <> '' THEN pg_temp.key('turn' || t.above, n) END, t.no, t.position, t.role,
       pg_temp.said(t.role || t.name, n), CASE WHEN t.role = 'assistant' THEN 'bench-1' END, CASE WHEN t.role = 'user' THEN pg_temp.key('person', n % 50) END,
       CASE WHEN t.slot > 0 THEN pg_temp.key('choice', n) END, nullif(t.slot, 0)
FROM generate_series(1, :number) AS n,
     (VALUES ('1', '', 1, 1, 'user', 0), ('2', '1', 2, 1, 'assistant', 1), ('2b', '1', 2, 2, 'assistant', 2), ('3', '2', 3, 1, 'user', 0), ('4', '3', 4, 1, 'assistant', 0))
       AS t (name, above, no, position, role, slot);
INSERT INTO submission (id, assignment, slot, task, project, author, state, payload, content_hash, decided_at)
SELECT pg_temp.key('work', n), pg_temp.key('hold', n), pg_temp.key('slot', n), pg_temp.key('task', n), ':project', pg_temp.key('person', n % 50), 'accepted',
       jsonb_build_object('topic', 'Many', 'turns', (
         SELECT jsonb_agg(jsonb_build_object('no', t.no, 'role', t.role, 'text', pg_temp.said(t.role || t.no, n), 'model', t.model, 'rating', NULL, 'comment', '') ORDER BY t.no)
         FROM (VALUES (1, 'user', NULL), (2, 'assistant', 'bench-1'), (3, 'user', NULL), (4, 'assistant', 'bench-1')) AS t (no, role, model))),
       '\x00', now()
FROM generate_series(1, :number) AS n;
INSERT INTO verdict (id, submission, stage, assignment, reviewer, author_id, outcome, scores, reasons)
SELECT pg_temp.key('verdict', n), pg_temp.key('work', n), 1, pg_temp.key('look', n), pg_temp.key('judge', n % 7), pg_temp.key('person', n % 50), 'accept', '{"overall": 4}', '[]'
FROM generate_series(1, :number) AS n;
ANALYZE;
