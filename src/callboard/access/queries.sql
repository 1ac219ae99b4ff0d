-- name: session_actor
-- The person behind a cookie while the session lives, judged by the database's clock.
SELECT p.id, p.email, p.display_name, p.roles, p.annotator AS annotator_id, p.vendor AS vendor_id, p.locale, p.theme,
  p.must_change_password, s.csrf_token, s.seen_at < clock_timestamp() - interval '1 minute' AS stale
FROM session s JOIN person p ON p.id = s.person
WHERE s.secret_hash = :secret_hash AND s.ended_at IS NULL AND p.active
  AND s.expires_at > clock_timestamp()
  AND s.seen_at > clock_timestamp() - make_interval(mins => :idle_minutes)

-- name: touch_session
-- Once a minute at most: a page that polls must not write with every request.
UPDATE session SET seen_at = clock_timestamp()
WHERE secret_hash = :secret_hash AND ended_at IS NULL AND seen_at < clock_timestamp() - interval '1 minute'

-- name: begin_session
-- The secret itself is in the cookie alone.
INSERT INTO session (secret_hash, person, csrf_token, expires_at)
VALUES (:secret_hash, :person_id, :csrf_token, clock_timestamp() + make_interval(hours => :absolute_hours))

-- name: end_session
-- Signed out, or replaced by a new sign-in.
UPDATE session SET ended_at = clock_timestamp() WHERE secret_hash = :secret_hash AND ended_at IS NULL

-- name: end_sessions_of_person
-- All of somebody's sessions, but the one to keep if there is one.
UPDATE session SET ended_at = clock_timestamp()
WHERE person = :person_id AND ended_at IS NULL AND secret_hash IS DISTINCT FROM :keep::bytea

-- name: tidy_access
-- Sessions that ended long ago, and failures that no window counts any more.
WITH sessions AS (DELETE FROM session WHERE coalesce(ended_at, expires_at) < clock_timestamp() - interval '30 days')
DELETE FROM login_failure WHERE at < clock_timestamp() - interval '1 day'

-- name: token_actor
-- The program behind a token and the account that it belongs to; expired, revoked or orphaned ones give no row.
SELECT t.id, t.name, t.secret_hash, t.scopes, t.annotator AS annotator_id, p.id AS person_id, p.roles, p.vendor AS vendor_id,
  coalesce(t.last_used_at < clock_timestamp() - interval '1 minute', true) AS stale
FROM api_token t LEFT JOIN person p ON p.id = t.person
WHERE t.id = :id AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp() AND (p.id IS NULL OR p.active)

-- name: touch_token
-- Once a minute at most.
UPDATE api_token SET last_used_at = clock_timestamp()
WHERE id = :id AND coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)

-- name: insert_token
-- Only the hash of the secret; it is random and long, so a fast hash is right.
INSERT INTO api_token (id, name, secret_hash, scopes, person, annotator, expires_at)
VALUES (:id, :name, :secret_hash, :scopes, :person_id, :annotator_id, clock_timestamp() + make_interval(days => :days))
RETURNING id, name, scopes, annotator AS annotator_id, created_at, expires_at, last_used_at, revoked_at

-- name: tokens
-- Newest first; with a person only that person's.
SELECT id, name, scopes, annotator AS annotator_id, created_at, expires_at, last_used_at, revoked_at
FROM api_token
WHERE (:person_id::uuid IS NULL OR person = :person_id) AND (created_at, id) < (:before::timestamptz, :before_id::uuid)
ORDER BY created_at DESC, id DESC
LIMIT :limit

-- name: revoke_token
-- A second revocation keeps the time of the first.
UPDATE api_token SET revoked_at = coalesce(revoked_at, clock_timestamp())
WHERE id = :id AND (:person_id::uuid IS NULL OR person = :person_id)
RETURNING id

-- name: person_by_email
-- Addresses are stored in lower case.
SELECT id, password_hash, active FROM person WHERE email = :email

-- name: person_by_id
-- What a password change needs.
SELECT id, email, password_hash FROM person WHERE id = :id

-- name: insert_person
-- One account per address and per annotator (partial unique indexes).
INSERT INTO person (id, email, display_name, password_hash, roles, annotator, vendor, locale, must_change_password)
VALUES (:id, :email, :display_name, :password_hash, :roles, :annotator_id, :vendor_id, :locale, :must_change_password)
ON CONFLICT (email) DO NOTHING
RETURNING id

-- name: people
-- Accounts by name; with a vendor only that vendor's.
SELECT id, email, display_name, roles, annotator AS annotator_id, vendor AS vendor_id, locale, active, created_at
FROM person
WHERE (:vendor_id::uuid IS NULL OR vendor = :vendor_id)
  AND (:id::uuid IS NULL OR id = :id)
  AND (display_name, id) > (:after_name::text, :after_id::uuid)
ORDER BY display_name, id
LIMIT :limit

-- name: lock_person
-- Changes of one account wait for each other.
SELECT id, roles, active, vendor AS vendor_id FROM person
WHERE id = :id AND (:vendor_id::uuid IS NULL OR vendor = :vendor_id)
FOR UPDATE

-- name: update_person
-- What an administrator decides about an account.
UPDATE person SET roles = :roles, active = :active WHERE id = :id

-- name: other_active_admins
-- Locked, so that two administrators cannot remove each other at the same moment.
SELECT id FROM person WHERE active AND roles ? 'admin' AND id <> :id ORDER BY id FOR UPDATE

-- name: set_password
-- With the sign-in that follows, all older sessions have ended.
UPDATE person SET password_hash = :password_hash, must_change_password = false WHERE id = :id

-- name: refresh_hash
-- The same password with today's costs.
UPDATE person SET password_hash = :password_hash WHERE id = :id

-- name: set_preferences
-- How somebody likes to see the pages.
UPDATE person SET locale = coalesce(:locale, locale), theme = coalesce(:theme, theme) WHERE id = :id

-- name: count_admins
-- Whether this is the first start.
SELECT count(*) FROM person WHERE roles ? 'admin'

-- name: begin_attempt
-- Written before the password is looked at, so that a hundred guesses at once count as a hundred.
INSERT INTO login_failure (email, address) VALUES (:email, :address) RETURNING id

-- name: failures
-- Of one account, and of one address: how many within the window, and how long ago the last one was.
SELECT
  (SELECT count(*) FROM login_failure WHERE email = :email AND at > clock_timestamp() - w.span) AS of_account,
  (SELECT extract(epoch FROM clock_timestamp() - max(at))::float8 FROM login_failure WHERE email = :email) AS account_age,
  (SELECT count(*) FROM login_failure WHERE address = :address AND at > clock_timestamp() - w.span) AS of_address,
  (SELECT extract(epoch FROM clock_timestamp() - max(at))::float8 FROM login_failure WHERE address = :address) AS address_age
FROM (SELECT make_interval(mins => :window_minutes) AS span) w

-- name: forget_failures
-- After a right password: the account starts anew.
DELETE FROM login_failure WHERE email = :email

-- name: sees_annotator
-- Everybody's manager, the vendor's manager, or oneself.
SELECT EXISTS (
  SELECT FROM annotator
  WHERE id = :annotator_id AND (:everybody OR vendor = :vendor_id::uuid OR id = :self_id::uuid)
)

-- name: sees_task
-- Annotators and vendors: only tasks that they, or their people, hold or held.
SELECT EXISTS (
  SELECT FROM task t
  WHERE t.id = :task_id
    AND (:everybody OR EXISTS (
      SELECT FROM assignment a WHERE a.task = t.id AND (a.vendor = :vendor_id::uuid OR a.annotator = :self_id::uuid)))
)

-- name: holder_of
-- Whose assignment it is, if one may see that person.
SELECT a.annotator FROM assignment a
WHERE a.id = :assignment_id AND (:everybody OR a.vendor = :vendor_id::uuid OR a.annotator = :self_id::uuid)

-- name: another_manager
-- Whether somebody else answers for everybody: who imposed something does not judge the appeal against it then.
SELECT EXISTS (SELECT FROM person WHERE active AND vendor IS NULL AND id IS DISTINCT FROM :person_id::uuid AND roles ?| ARRAY['manager', 'admin'])
