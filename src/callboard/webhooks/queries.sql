-- name: insert_webhook
-- Begins behind everything that can be read by now.
INSERT INTO webhook (id, name, url, types, vendor, secret_sealed, position_xid, position_seq, made_by)
VALUES (:id, :name, :url, :types, :vendor_id, :secret, :xid::bigint, :seq::bigint, current_setting('callboard.actor', true))

-- name: count_webhooks
-- Locked against a second one that is made at once, so that the bound holds.
SELECT count(*)::int FROM (SELECT pg_advisory_xact_lock(7276655031)) AS alone, webhook

-- name: webhooks
-- Newest first; `vendor_id` limits to one vendor's.
SELECT w.id, name, url, types, vendor AS vendor_id, state, position_xid, position_seq, failures, last_status, last_fault,
  last_tried_at, delivered_at, CASE WHEN state = 'active' AND failures > 0 THEN next_try_at END AS next_try_at,
  CASE WHEN old_secret_until > clock_timestamp() THEN old_secret_until END AS old_secret_until, created_at
FROM webhook w
WHERE (:vendor_id::uuid IS NULL OR vendor = :vendor_id) AND (:id::uuid IS NULL OR w.id = :id)
ORDER BY created_at DESC, w.id DESC

-- name: change_webhook_state
-- Whatever was wrong is forgotten: it is tried at once, with all its tries before it.
UPDATE webhook SET state = :state, failures = 0, next_try_at = clock_timestamp()
WHERE id = :id AND (:vendor_id::uuid IS NULL OR vendor = :vendor_id) AND state = ANY (:from_states::text[])
RETURNING id

-- name: replay_webhook
-- What is under way loses its right to move the position; a dead one lives again, a paused one stays paused.
UPDATE webhook SET position_xid = :xid::bigint, position_seq = :seq::bigint, revision = revision + 1, failures = 0,
  next_try_at = clock_timestamp(), state = CASE state WHEN 'dead' THEN 'active' ELSE state END
WHERE id = :id AND (:vendor_id::uuid IS NULL OR vendor = :vendor_id)
RETURNING id

-- name: delete_webhook
-- With its tries; the audit log keeps that it was there.
DELETE FROM webhook WHERE id = :id AND (:vendor_id::uuid IS NULL OR vendor = :vendor_id) RETURNING name

-- name: webhook_secret
-- Sealed, for a ping.
SELECT url, secret_sealed, CASE WHEN old_secret_until > clock_timestamp() THEN old_secret_sealed END AS old_secret_sealed FROM webhook WHERE id = :id AND (:vendor_id::uuid IS NULL OR vendor = :vendor_id)

-- name: webhook_tries
-- Newest first, a page behind the given one.
SELECT id, event_id, event_type, event_xid, event_seq, n, status, fault, took_ms, at
FROM webhook_try WHERE webhook = :webhook_id AND id < :before::bigint
ORDER BY id DESC LIMIT :limit

-- name: due_webhooks
-- Those that nobody serves and that have something to hear of; who was served longest ago comes first.
SELECT id FROM webhook w
WHERE state = 'active' AND next_try_at <= clock_timestamp() AND leased_until <= clock_timestamp()
  AND EXISTS (
    SELECT FROM event WHERE (event.xid, event.seq) > (w.position_xid::text::xid8, w.position_seq)
      AND event.xid < pg_snapshot_xmin(pg_current_snapshot()))
ORDER BY last_tried_at NULLS FIRST, id
LIMIT :limit

-- name: lease_webhook
-- Only one sends to a webhook at a time, else its order is lost; a lease that ran out was a process that died.
UPDATE webhook SET lease_id = :lease_id, leased_until = clock_timestamp() + make_interval(secs => :seconds)
WHERE id = :id AND state = 'active' AND next_try_at <= clock_timestamp() AND leased_until <= clock_timestamp()
RETURNING id, url, types, vendor AS vendor_id, secret_sealed, CASE WHEN old_secret_until > clock_timestamp() THEN old_secret_sealed END AS old_secret_sealed, position_xid, position_seq, revision, failures

-- name: advance_webhook
-- The position behind an event that was taken, or that does not concern it; returns a row only to who may go on.
WITH moved AS (
  UPDATE webhook SET position_xid = :xid::bigint, position_seq = :seq::bigint, leased_until = clock_timestamp() + make_interval(secs => :seconds),
    failures = CASE WHEN :taken::boolean THEN 0 ELSE failures END,
    last_status = CASE WHEN :taken THEN :status::smallint ELSE last_status END, last_fault = CASE WHEN :taken THEN NULL ELSE last_fault END,
    last_tried_at = clock_timestamp(), delivered_at = CASE WHEN :taken THEN clock_timestamp() ELSE delivered_at END
  WHERE id = :id AND lease_id = :lease_id AND revision = :revision
  RETURNING state
)
SELECT state FROM moved WHERE state = 'active'

-- name: fail_webhook
-- After so many tries in a row it is dead until somebody wakes it; nothing is passed over.
UPDATE webhook SET failures = failures + 1, last_status = :status::smallint, last_fault = :fault, last_tried_at = clock_timestamp(),
  next_try_at = clock_timestamp() + make_interval(secs => :wait_seconds),
  state = CASE WHEN state = 'active' AND failures + 1 >= :most THEN 'dead' ELSE state END
WHERE id = :id AND lease_id = :lease_id AND revision = :revision
RETURNING state, failures, name, vendor AS vendor_id

-- name: note_try
-- What a request came to; nothing for a webhook that was deleted meanwhile.
INSERT INTO webhook_try (webhook, event_id, event_type, event_xid, event_seq, n, status, fault, took_ms)
SELECT id, :event_id, :event_type, :xid::bigint, :seq::bigint, :n::smallint, :status::smallint, :fault::text, :took_ms::int FROM webhook WHERE id = :id

-- name: release_webhook
-- Whoever comes next need not wait for the lease to run out.
UPDATE webhook SET lease_id = NULL, leased_until = '2000-01-01+00' WHERE id = :id AND lease_id = :lease_id

-- name: tidy_webhooks
-- Tries past their days.
DELETE FROM webhook_try WHERE at < clock_timestamp() - make_interval(days => :days)


-- name: forget_old_secrets
-- Those that sign nothing any more.
UPDATE webhook SET old_secret_sealed = NULL, old_secret_until = NULL WHERE old_secret_until <= clock_timestamp()

-- name: change_webhook
-- What is under way to the old address loses its right to move the position, and its event is sent to the new one; whatever was wrong is forgotten.
UPDATE webhook SET name = :name, url = :url, types = :types, revision = revision + 1, failures = 0, next_try_at = clock_timestamp()
WHERE id = :id AND (:vendor_id::uuid IS NULL OR vendor = :vendor_id)
RETURNING id

-- name: rotate_webhook_secret
-- The secret of now signs on for so long beside the new one; without an overlap what is under way with it does not count either.
UPDATE webhook SET secret_sealed = :secret, revision = revision + (:hours::int = 0)::int,
  old_secret_sealed = CASE WHEN :hours > 0 THEN secret_sealed END,
  old_secret_until = CASE WHEN :hours > 0 THEN clock_timestamp() + make_interval(hours => :hours) END
WHERE id = :id AND (:vendor_id::uuid IS NULL OR vendor = :vendor_id)
RETURNING id
