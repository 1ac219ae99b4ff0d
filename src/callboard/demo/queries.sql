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

-- name: demo_people
-- Everybody whom the demo made, in one order.
SELECT id, external_id FROM annotator WHERE external_id LIKE 'demo:%' ORDER BY external_id

-- name: demo_past_adjustments
-- Lines of months that are over: posted as they are written, with the time at which they were earned.
INSERT INTO adjustment (id, kind, project, annotator, amount_micros, currency, reason, inputs, author, needs_approval, state, acts_at, decided_at, created_at)
SELECT w.id, 'adjustment', :project_id, w.annotator_id, w.amount, :currency, :reason, '{"kind": "adjustment"}', :author, false, 'posted', w.at, w.at, w.at
FROM unnest(:ids::uuid[], :annotator_ids::uuid[], :amounts::bigint[], :moments::timestamptz[]) AS w (id, annotator_id, amount, at)

-- name: demo_past_holds
-- Each set aside first, as everything that is paid.
INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id, annotator_id, adjustment_id, inputs, created_at)
SELECT gen_random_uuid(), 'pending', 'adjust:' || w.id, budget.id, earnings.id, w.amount, :currency, :project_id, w.annotator_id, w.id, '{"kind": "adjustment"}', w.at
FROM unnest(:ids::uuid[], :annotator_ids::uuid[], :amounts::bigint[], :moments::timestamptz[]) AS w (id, annotator_id, amount, at)
JOIN account budget ON budget.kind = 'project_budget' AND budget.owner_id = :project_id AND budget.currency = :currency
JOIN account earnings ON earnings.kind = 'annotator_earnings' AND earnings.owner_id = w.annotator_id AND earnings.currency = :currency
JOIN adjustment a ON a.id = w.id AND a.author = :author
ORDER BY w.at

-- name: demo_past_posts
-- And posted at once.
INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, pending, project_id, annotator_id, adjustment_id, inputs, reason, created_at)
SELECT gen_random_uuid(), 'post', 'post:' || held.business_key, held.debit_account, held.credit_account, held.amount_micros, held.currency, held.id, held.project_id,
  held.annotator_id, held.adjustment_id, '{}', a.reason, held.created_at
FROM adjustment a JOIN transfer held ON held.adjustment_id = a.id AND held.kind = 'pending' WHERE a.author = :author ORDER BY held.seq

-- name: demo_past_sums
-- The accounts' sums, as the postings above would have moved them.
UPDATE account SET debits_posted = debits_posted + leg.debit, credits_posted = credits_posted + leg.credit
FROM (
  SELECT account_id, sum(debit)::bigint AS debit, sum(credit)::bigint AS credit FROM (
    SELECT t.debit_account AS account_id, t.amount_micros AS debit, 0 AS credit FROM transfer t JOIN adjustment a ON a.id = t.adjustment_id AND a.author = :author WHERE t.kind = 'post'
    UNION ALL
    SELECT t.credit_account, 0, t.amount_micros FROM transfer t JOIN adjustment a ON a.id = t.adjustment_id AND a.author = :author WHERE t.kind = 'post'
  ) AS legs GROUP BY account_id
) AS leg
WHERE account.id = leg.account_id

-- name: demo_months
-- Those of the demo's own past, the oldest first.
SELECT p.id, p.state FROM pay_period p
WHERE EXISTS (SELECT FROM adjustment a WHERE a.author = :author AND a.created_at >= p.starts_at AND a.created_at < p.ends_at) ORDER BY p.starts_at

-- name: demo_manager
-- The visitor's manager, who approved what was paid before they came.
SELECT id FROM person WHERE roles ? 'manager' ORDER BY id LIMIT 1

-- name: demo_line_that_came_back
-- The third person's newest payment.
SELECT l.id FROM payout_line l JOIN annotator a ON a.id = l.annotator JOIN statement s ON s.id = l.statement
WHERE l.batch = :batch_id ORDER BY a.external_id = (SELECT external_id FROM annotator WHERE external_id LIKE 'demo:%' ORDER BY external_id OFFSET 2 LIMIT 1) DESC, s.no DESC LIMIT 1

-- name: demo_newest_line
-- What somebody was paid last, as a line of their earnings.
SELECT seq FROM transfer WHERE annotator_id = :annotator_id AND kind = 'pending' ORDER BY created_at DESC, seq DESC LIMIT 1

-- name: demo_nobody_is_here
-- Whose past was told a moment ago does not work now: claims would keep tasks back for them.
DELETE FROM presence
