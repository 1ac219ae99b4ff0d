-- name: publish_event
-- The feed's row; committed with what it tells of, or not at all.
INSERT INTO event (id, type, project_id, subject_id, vendor_id, data)
VALUES (:id, :type, :project_id, :subject_id, :vendor_id, :data)

-- name: events_after
-- In the order (xid, seq), up to the oldest running transaction: whatever is returned, nothing can appear before it later.
-- The order names the table: `xid` alone would be the number that is returned, and no index has that.
SELECT seq, xid::text::bigint AS xid, id, type, project_id, subject_id, vendor_id, data, occurred_at
FROM event
WHERE (xid, seq) > (:xid::text::xid8, :seq::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY event.xid, event.seq
LIMIT :limit

-- name: events_after_in_project
-- The same feed for a reader who may see only some projects.
SELECT seq, xid::text::bigint AS xid, id, type, project_id, subject_id, vendor_id, data, occurred_at
FROM event
WHERE (xid, seq) > (:xid::text::xid8, :seq::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
  AND project_id = ANY (:project_ids::uuid[])
ORDER BY event.xid, event.seq
LIMIT :limit

-- name: newest_event_position
-- Where a live listener starts: everything before it has been shown by the page itself.
SELECT coalesce(pg_snapshot_xmin(pg_current_snapshot()), '0')::text::bigint - 1 AS xid, 9223372036854775807 AS seq

-- name: enqueue_job
-- A second job of the same key is not added while the first one waits (partial unique index job_key_waiting).
INSERT INTO job (id, name, key, payload, due_at)
VALUES (:id, :name, :key, :payload, coalesce(:due_at::timestamptz, clock_timestamp()))
ON CONFLICT (key) WHERE done_at IS NULL AND failed_at IS NULL DO NOTHING

-- name: take_due_jobs
-- Marks what it returns, so that another relay does not nudge the same job again at once; a lost nudge is repeated.
WITH due AS MATERIALIZED (
  SELECT id FROM job
  WHERE done_at IS NULL AND failed_at IS NULL AND due_at <= clock_timestamp() AND nudged_until <= clock_timestamp()
  ORDER BY due_at, id
  LIMIT :limit
  FOR UPDATE SKIP LOCKED
)
UPDATE job SET nudged_until = clock_timestamp() + make_interval(secs => :lease_seconds)
FROM due WHERE job.id = due.id
RETURNING job.id

-- name: lock_job
-- Whoever holds this row runs the job; a second worker finds nothing and goes away.
SELECT id, name, payload, attempts FROM job
WHERE id = :id AND done_at IS NULL AND failed_at IS NULL
FOR UPDATE SKIP LOCKED

-- name: finish_job
-- In the transaction of the job's effects: both or neither.
UPDATE job SET done_at = clock_timestamp(), attempts = attempts + 1, last_error = NULL WHERE id = :id

-- name: postpone_job
-- After a failure: doubling waits, and after the last try it is left for a person.
UPDATE job SET
  attempts = attempts + 1,
  last_error = :error,
  due_at = clock_timestamp() + make_interval(secs => least(3600, power(2, attempts))),
  nudged_until = '2000-01-01+00',
  failed_at = CASE WHEN attempts + 1 >= :most_attempts THEN clock_timestamp() END
WHERE id = :id AND done_at IS NULL

-- name: begin_idempotent
-- Waits for a request of the same key that is still under way; returns a row only to the first.
INSERT INTO idempotency_key (actor, key, request_hash) VALUES (:actor, :key, :request_hash)
ON CONFLICT (actor, key) DO NOTHING
RETURNING id

-- name: stored_reply
-- What the first request of this key was answered.
SELECT request_hash, status, body FROM idempotency_key WHERE actor = :actor AND key = :key

-- name: store_reply
-- In the transaction of the effect.
UPDATE idempotency_key SET status = :status, body = :body WHERE actor = :actor AND key = :key

-- name: record_audit
-- The actor is the transaction's, as the triggers see it too.
INSERT INTO audit_entry (actor, action, subject_type, subject_id, before, after, reason)
VALUES (current_setting('callboard.actor', true), :action, :subject_type, :subject_id, :before, :after, :reason)

-- name: audit_rows_between
-- The rows of a link from before links listed them, to compute its hash again.
SELECT seq, xid::text::bigint AS xid,
  concat_ws(E'\x1f', seq, xid, (extract(epoch FROM at) * 1000000)::bigint, actor, action, subject_type, subject_id,
            coalesce(before::text, '-'), coalesce(after::text, '-'), coalesce(reason, '-')) AS line,
  digest IS DISTINCT FROM audit_digest(audit_entry) AS wrong
FROM audit_entry
WHERE (xid, seq) > (:from_xid::text::xid8, :from_seq::bigint) AND (xid, seq) <= (:to_xid::text::xid8, :to_seq::bigint)
ORDER BY audit_entry.xid, audit_entry.seq

-- name: last_seal
-- The end of the chain; locked, so that two sealers cannot fork it.
SELECT n, to_xid, to_seq, hash FROM audit_seal ORDER BY n DESC LIMIT 1 FOR UPDATE

-- name: add_seal
-- The next link, over rows in an order that never gains one in its past (see events_after); the number is the primary key, so the chain cannot fork.
WITH fresh AS MATERIALIZED (
  SELECT seq, xid, audit_digest(audit_entry) AS digest FROM audit_entry
  WHERE (xid, seq) > (:xid::text::xid8, :seq::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY audit_entry.xid, audit_entry.seq
  LIMIT :limit
), gathered AS (
  SELECT string_agg(int8send(seq) || digest, ''::bytea ORDER BY xid, seq) AS leaves, count(*)::int AS rows,
    (array_agg(xid::text::bigint ORDER BY xid DESC, seq DESC))[1] AS to_xid, (array_agg(seq ORDER BY xid DESC, seq DESC))[1] AS to_seq
  FROM fresh
)
INSERT INTO audit_seal (n, from_xid, from_seq, to_xid, to_seq, rows, leaves, previous_hash, hash)
SELECT :n, :xid::text::bigint, :seq::bigint, to_xid, to_seq, rows, leaves, :previous::bytea, sha256(:previous::bytea || leaves) FROM gathered WHERE rows > 0
RETURNING rows

-- name: seals
-- The chain from its beginning, each link with the hash that its content gives; none where it lists no rows.
-- Its bounds are no part of what is hashed: they must be those of the rows that it lists, else it has no right hash.
SELECT n, from_xid, from_seq, to_xid, to_seq, rows, previous_hash, hash,
  CASE WHEN octet_length(leaves) <> 40 * rows OR substr(leaves, octet_length(leaves) - 39, 8) <> int8send(to_seq)
      OR EXISTS (SELECT FROM audit_entry AS last WHERE last.seq = to_seq AND last.xid <> to_xid::text::xid8 AND last.digest = audit_digest(last)) THEN ''::bytea
    ELSE sha256(previous_hash || leaves) END AS content_hash
FROM audit_seal ORDER BY n

-- name: seal_differences
-- What one link lists against the rows that are there, each hashed anew: by itself, and as the trigger noted it.
WITH link AS (
  SELECT * FROM audit_seal WHERE n = :n
), leaf AS (
  SELECT ('x' || encode(substr(link.leaves, 40 * i + 1, 8), 'hex'))::bit(64)::bigint AS seq, substr(link.leaves, 40 * i + 9, 32) AS digest
  FROM link, generate_series(0, octet_length(link.leaves) / 40 - 1) AS i
), present AS (
  SELECT seq, audit_digest(audit_entry) AS digest, digest AS noted FROM audit_entry
  WHERE (xid, seq) > ((SELECT from_xid::text::xid8 FROM link), (SELECT from_seq FROM link))
    AND (xid, seq) <= ((SELECT to_xid::text::xid8 FROM link), (SELECT to_seq FROM link))
)
SELECT coalesce(leaf.seq, present.seq) AS seq,
  CASE WHEN present.seq IS NULL THEN 'removed' WHEN leaf.seq IS NULL OR present.noted IS NULL THEN 'added' ELSE 'changed' END AS what
FROM leaf FULL JOIN present ON present.seq = leaf.seq
WHERE leaf.digest IS DISTINCT FROM present.digest OR present.noted IS DISTINCT FROM present.digest
ORDER BY 1
LIMIT :limit

-- name: seal_tail
-- Rows behind the last link: how many, and those whose own digest is missing or wrong.
WITH tail AS (
  SELECT seq, digest IS NULL AS bare, digest IS DISTINCT FROM audit_digest(audit_entry) AS wrong FROM audit_entry WHERE (xid, seq) > (:xid::text::xid8, :seq::bigint)
)
SELECT (SELECT count(*)::int FROM tail) AS rows, found.seq, CASE WHEN found.bare THEN 'added' ELSE 'changed' END AS what
FROM (SELECT 1) AS one LEFT JOIN (SELECT seq, bare FROM tail WHERE wrong ORDER BY seq LIMIT :limit) AS found ON true

-- name: fire_once
-- True for the first clock that fires this job in this slot.
INSERT INTO scheduler_firing (job, slot) VALUES (:job, :slot)
ON CONFLICT (job, slot) DO NOTHING
RETURNING id

-- name: tidy_kernel
-- What nobody asks for any more: finished jobs, old firings, replies past their week.
WITH jobs AS (DELETE FROM job WHERE done_at < clock_timestamp() - interval '1 hour'),
     firings AS (DELETE FROM scheduler_firing WHERE fired_at < clock_timestamp() - interval '1 day')
DELETE FROM idempotency_key WHERE created_at < clock_timestamp() - make_interval(days => :idempotency_days)

-- name: begin_idempotent_many
-- begin_idempotent for requests that are served together; returns those that come for the first time.
INSERT INTO idempotency_key (actor, key, request_hash)
SELECT * FROM unnest(:actors::text[], :keys::text[], :request_hashes::bytea[])
ON CONFLICT (actor, key) DO NOTHING
RETURNING actor, key

-- name: store_replies
-- store_reply for many, in the transaction of their effects.
UPDATE idempotency_key k SET status = :status, body = r.body
FROM unnest(:actors::text[], :keys::text[], :bodies::bytea[]) AS r (actor, key, body)
WHERE k.actor = r.actor AND k.key = r.key

-- name: forget_idempotent
-- Of keys that this transaction began, and under which nothing was done.
DELETE FROM idempotency_key k USING unnest(:actors::text[], :keys::text[]) AS r (actor, key)
WHERE k.actor = r.actor AND k.key = r.key AND k.status IS NULL

-- name: bulk_to_undo
-- What a change of many things did, as its author wrote it down, while it is recent enough to be taken back and was not.
SELECT done.after FROM audit_entry done
WHERE done.subject_type = 'bulk' AND done.subject_id = :bulk_id AND done.action = :things::text || '.bulk' AND done.actor = :actor
  AND done.at >= clock_timestamp() - make_interval(secs => :seconds)
  AND NOT EXISTS (SELECT FROM audit_entry undone WHERE undone.subject_type = 'bulk' AND undone.subject_id = :bulk_id AND undone.action = :things || '.bulk_undone')
