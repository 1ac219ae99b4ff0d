-- name: known_people
-- People whom lines of a file may mean, by external id or by name, as far as a file can say something about them.
SELECT a.id, a.external_id, a.display_name, a.vendor AS vendor_id, v.name AS vendor, a.capacity,
  ARRAY(SELECT role FROM annotator_role r WHERE r.annotator = a.id AND r.project_id IS NULL ORDER BY role) AS roles,
  coalesce((SELECT jsonb_object_agg(language, level) FROM annotator_language l WHERE l.annotator = a.id), '{}') AS languages,
  coalesce((SELECT jsonb_object_agg(domain, belief_mean) FROM (SELECT DISTINCT ON (e.domain) e.domain, e.belief_mean FROM evidence e
    WHERE e.annotator = a.id AND e.kind = 'assessment' AND e.source_type = 'assessment' AND e.retracts IS NULL
      AND NOT EXISTS (SELECT FROM evidence r WHERE r.retracts = e.id) ORDER BY e.domain, e.observed_at DESC) last), '{}') AS stated,
  coalesce((SELECT jsonb_agg(jsonb_build_array(c.domain, c.kind, c.title)) FROM credential c WHERE c.annotator = a.id), '[]') AS credentials
FROM annotator a LEFT JOIN vendor v ON v.id = a.vendor
WHERE a.external_id = ANY (:external_ids::text[]) OR a.display_name = ANY (:names::text[])

-- name: change_person
-- What a file says about somebody who is known; the rest stays.
UPDATE annotator SET display_name = :display_name, vendor = :vendor_id, capacity = :capacity WHERE id = :id

-- name: lock_import
-- One import of people at a time: two files with the same person must not both find nobody.
SELECT pg_advisory_xact_lock(7276655019)
