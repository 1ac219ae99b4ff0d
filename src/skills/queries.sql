-- name: profile
-- Everything that eligibility and score look at, in one round trip.
SELECT a.id, a.display_name, a.vendor AS vendor_id, a.state, a.state_reason, a.capacity,
  ARRAY(SELECT role FROM annotator_role r WHERE r.annotator = a.id) AS roles,
  coalesce((SELECT jsonb_object_agg(language, level) FROM annotator_language l WHERE l.annotator = a.id), '{}') AS languages,
  coalesce((SELECT jsonb_object_agg(domain, jsonb_build_object('mean', mean, 'variance', variance)) FROM skill s WHERE s.annotator = a.id), '{}') AS skills,
  ARRAY(SELECT DISTINCT domain FROM credential c WHERE c.annotator = a.id AND c.verified AND (c.expires_on IS NULL OR c.expires_on >= current_date)) AS credentials
FROM annotator a
WHERE a.id = :annotator_id

-- name: insert_annotator
-- external_id is the caller's own name for the person: the same one twice is one person.
INSERT INTO annotator (id, external_id, display_name, vendor, capacity)
VALUES (:id, :external_id, :display_name, :vendor_id, :capacity)
ON CONFLICT (external_id) DO NOTHING
RETURNING id

-- name: put_roles
-- The set as given: what is missing goes, what is new comes.
WITH gone AS (DELETE FROM annotator_role WHERE annotator = :annotator_id AND role <> ALL (:roles::text[]))
INSERT INTO annotator_role (id, annotator, role)
SELECT gen_random_uuid(), :annotator_id, role FROM unnest(:roles::text[]) AS role
ON CONFLICT (annotator, role) DO NOTHING

-- name: put_languages
-- The set as given.
WITH gone AS (DELETE FROM annotator_language WHERE annotator = :annotator_id AND language <> ALL (:languages::text[]))
INSERT INTO annotator_language (id, annotator, language, level)
SELECT gen_random_uuid(), :annotator_id, language, level FROM unnest(:languages::text[], :levels::int[]) AS given (language, level)
ON CONFLICT (annotator, language) DO UPDATE SET level = excluded.level

-- name: lock_skill
-- Evidence about one person and domain is taken in one by one.
SELECT mean, variance, evidence_count FROM skill WHERE annotator = :annotator_id AND domain = :domain FOR UPDATE

-- name: begin_skill
-- Creates the belief where there is none and locks it; a racing creator's row is kept.
INSERT INTO skill (id, annotator, domain, mean, variance, evidence_count)
VALUES (gen_random_uuid(), :annotator_id, :domain, :mean, :variance, 0)
ON CONFLICT (annotator, domain) DO UPDATE SET mean = skill.mean
RETURNING mean, variance, evidence_count

-- name: general_skill
-- The starting point for a domain in which nothing is known.
SELECT mean, variance FROM skill WHERE annotator = :annotator_id AND domain = 'general'

-- name: insert_evidence
-- Once per person, domain, kind and source: a replay adds nothing.
INSERT INTO evidence (id, annotator, domain, kind, outcome, difficulty_mean, difficulty_variance, belief_mean, belief_variance,
                      weight, source_type, source_id, observed_at)
VALUES (:id, :annotator_id, :domain, :kind, :outcome, :difficulty_mean, :difficulty_variance, :belief_mean, :belief_variance,
        :weight, :source_type, :source_id, clock_timestamp())
ON CONFLICT (annotator, domain, kind, source_id) DO NOTHING
RETURNING id

-- name: store_skill
-- The belief after the evidence; in the same transaction as the evidence.
UPDATE skill SET mean = :mean, variance = :variance, evidence_count = evidence_count + 1, updated_at = clock_timestamp()
WHERE annotator = :annotator_id AND domain = :domain

-- name: evidence_in_order
-- The order in which the beliefs were made: the row lock of lock_skill makes it the order of observation.
SELECT annotator AS annotator_id, domain, kind, outcome, difficulty_mean, difficulty_variance, belief_mean, belief_variance, weight
FROM evidence
ORDER BY annotator, domain, observed_at, id

-- name: skill_rows
-- What is believed now, to be compared with the fold of the evidence.
SELECT annotator AS annotator_id, domain, mean, variance FROM skill ORDER BY annotator, domain

-- name: roster
-- People in the order of their names; the cursor is (name, id).
SELECT a.id, a.external_id, a.display_name, a.vendor AS vendor_id, v.name AS vendor, a.state, a.state_reason, a.capacity, a.created_at,
  ARRAY(SELECT role FROM annotator_role r WHERE r.annotator = a.id ORDER BY role) AS roles,
  coalesce((SELECT jsonb_object_agg(language, level) FROM annotator_language l WHERE l.annotator = a.id), '{}') AS languages
FROM annotator a LEFT JOIN vendor v ON v.id = a.vendor
WHERE (:vendor_id::uuid IS NULL OR a.vendor = :vendor_id)
  AND (:annotator_id::uuid IS NULL OR a.id = :annotator_id)
  AND (a.display_name, a.id) > (:after_name::text, :after_id::uuid)
ORDER BY a.display_name, a.id
LIMIT :limit

-- name: skills_of
-- One person's beliefs with their evidence counts and credentials.
SELECT d.code AS domain, s.mean, s.variance, coalesce(s.evidence_count, 0) AS evidence_count, s.updated_at,
  EXISTS (SELECT FROM credential c WHERE c.annotator = :annotator_id AND c.domain = d.code AND c.verified
          AND (c.expires_on IS NULL OR c.expires_on >= current_date)) AS credential
FROM domain d LEFT JOIN skill s ON s.domain = d.code AND s.annotator = :annotator_id
ORDER BY d.position

-- name: insert_credential
-- Unverified unless somebody says so.
INSERT INTO credential (id, annotator, domain, kind, title, issuer, verified, verified_at, expires_on)
VALUES (:id, :annotator_id, :domain, :kind, :title, :issuer, :verified, CASE WHEN :verified THEN clock_timestamp() END, :expires_on)
