-- name: lock_project
-- Currency of the project; the lock makes rate cards and fundings of one project take turns, and stops no claim.
SELECT currency FROM project WHERE id = :project_id FOR NO KEY UPDATE

-- name: current_rate_cards
-- The card in force of each project: of those whose date has come, the latest date, and of one date the latest version.
SELECT DISTINCT ON (project) id
FROM rate_card
WHERE project = ANY (:project_ids::uuid[]) AND effective_from <= clock_timestamp()
ORDER BY project, effective_from DESC, version DESC

-- name: rate_cards_by_id
-- What these cards say, for good: a card is never edited.
SELECT id, project, version, effective_from, currency, annotation_micros, review_micros,
  difficulty_factors, expert_factor, class_factors, language_factors, minimum_micros, turn_micros, most_turns, hour_micros, most_minutes, bill_annotation_micros, bill_review_micros, fee_percent, fee_micros
FROM rate_card
WHERE id = ANY (:card_ids::uuid[])

-- name: rate_cards_of_project
-- Every version, newest first: what was promised when.
SELECT id, project, version, effective_from, currency, annotation_micros, review_micros, difficulty_factors, expert_factor, class_factors, language_factors, minimum_micros, turn_micros, most_turns, hour_micros, most_minutes, bill_annotation_micros, bill_review_micros, fee_percent, fee_micros
FROM rate_card
WHERE project = :project_id
ORDER BY version DESC

-- name: add_rate_card
-- The next version, under lock_project. A date up to a minute ago is a slow clock and means now; an older one inserts nothing.
INSERT INTO rate_card (id, project, version, effective_from, currency, annotation_micros, review_micros,
  difficulty_factors, expert_factor, class_factors, language_factors, minimum_micros, turn_micros, most_turns, hour_micros, most_minutes, bill_annotation_micros, bill_review_micros, fee_percent, fee_micros, created_at)
SELECT :id, :project_id, 1 + (SELECT coalesce(max(version), 0) FROM rate_card WHERE project = :project_id),
  greatest(:effective_from::timestamptz, clock_timestamp()), :currency, :annotation_micros, :review_micros,
  :difficulty_factors, :expert_factor, :class_factors, :language_factors, :minimum_micros, :turn_micros, :most_turns, :hour_micros, :most_minutes, :bill_annotation_micros, :bill_review_micros, :fee_percent, :fee_micros, clock_timestamp()
WHERE coalesce(:effective_from::timestamptz >= clock_timestamp() - interval '1 minute', true)
RETURNING id, project, version, effective_from, currency, annotation_micros, review_micros, difficulty_factors, expert_factor, class_factors, language_factors, minimum_micros, turn_micros, most_turns, hour_micros, most_minutes, bill_annotation_micros, bill_review_micros, fee_percent, fee_micros

-- name: open_account
-- On demand; whoever comes second finds the first one's account (unique constraint account_once).
INSERT INTO account (id, kind, owner_id, currency) VALUES (:id, :kind, :owner_id, :currency)
ON CONFLICT (kind, owner_id, currency) DO NOTHING

-- name: fund
-- Money from outside into a project's budget. Order of locks as in hold: the budget first.
WITH budget AS (
  UPDATE account SET credits_posted = credits_posted + :amount_micros::bigint
  WHERE kind = 'project_budget' AND owner_id = :project_id AND currency = :currency
  RETURNING id
), funding AS (
  UPDATE account SET debits_posted = debits_posted + :amount_micros::bigint
  FROM budget
  WHERE kind = 'funding' AND owner_id = :funding_owner AND currency = :currency
  RETURNING account.id
)
INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id, inputs,
  reason, created_at)
SELECT :id, 'direct', :business_key, funding.id, budget.id, :amount_micros, :currency, :project_id, '{}', :reason,
  clock_timestamp()
FROM budget CROSS JOIN funding

-- name: hold
-- Sets money aside if the budget covers it, else returns no row. The UPDATE is the judge: it waits for the row and then
-- looks at the newest sums, so claims that arrive together cannot spend the same money (a sum read before could).
-- Order of locks, here and in resolve_hold: the project's budget first, the person's earnings after it. One transaction
-- may move money several times (a verdict pays author and reviewer); whoever has the budget needs to wait for nobody
-- who wants it, so two of them cannot wait for each other in a circle. Sorting each statement's two ids would not do.
WITH budget AS (
  UPDATE account SET debits_pending = debits_pending + :amount_micros::bigint
  WHERE kind = 'project_budget' AND owner_id = :project_id AND currency = :currency
    AND debits_posted + debits_pending + :amount_micros::bigint <= credits_posted
    AND EXISTS (SELECT FROM account AS earnings WHERE earnings.kind = :payee
                AND earnings.owner_id = :annotator_id AND earnings.currency = :currency)
    AND NOT EXISTS (SELECT FROM transfer WHERE transfer.business_key = :key)
  RETURNING id
), earnings AS (
  UPDATE account SET credits_pending = credits_pending + :amount_micros::bigint
  FROM budget
  WHERE account.kind = :payee AND account.owner_id = :annotator_id AND account.currency = :currency
  RETURNING account.id
)
INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id,
  annotator_id, assignment_id, task_id, exam_attempt_id, adjustment_id, for_period, rate_card, inputs, created_at)
SELECT :id, 'pending', :key, budget.id, earnings.id, :amount_micros, :currency, :project_id,
  :annotator_id, :assignment_id, :task_id, :exam_attempt_id, :adjustment_id, :for_period, :rate_card_id, :inputs, clock_timestamp()
FROM budget CROSS JOIN earnings
RETURNING seq

-- name: why_no_hold
-- After hold returned nothing: is it there already, is there an account to hold for, what is left of the budget?
SELECT
  (SELECT to_jsonb(ARRAY[amount_micros::text, currency, annotator_id::text, project_id::text]) FROM transfer
   WHERE business_key = :key) AS held,
  EXISTS (SELECT FROM account WHERE kind = :payee AND owner_id = :annotator_id AND currency = :currency)
    AS has_account,
  coalesce((SELECT credits_posted - debits_posted - debits_pending FROM account
   WHERE kind = 'project_budget' AND owner_id = :project_id AND currency = :currency), 0) AS left_micros

-- name: resolve_hold
-- Posts or voids the pending transfer of a key at the amount that it holds, once: a second resolution, also one that began before the
-- first was visible, inserts nothing (transfer_resolved_once), and then no account moves. The budget is locked before anything
-- is written, see hold. Whoever posts a metered price gets no row here, and asks post_metered: a fixed one pays nothing for it.
-- A row for each account; where one of them exchanges, the terms are in the hold (exchange_of_hold).
WITH resolved AS (
  INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, pending, project_id,
    annotator_id, assignment_id, task_id, exam_attempt_id, adjustment_id, for_period, rate_card, inputs, reason, created_at)
  SELECT :id, :kind::text, :key, debit_account, credit_account, amount_micros, held.currency, held.id, project_id,
    annotator_id, assignment_id, task_id, exam_attempt_id, adjustment_id, for_period, rate_card, '{}', :reason, clock_timestamp()
  FROM transfer AS held JOIN account AS budget ON budget.id = debit_account
  -- The kind as an expression: beside the bare column a planner without statistics reads a partial index of all holds.
  WHERE business_key = :held_key AND held.kind || '' = 'pending' AND (:kind::text = 'void' OR inputs -> 'metered' IS NULL)
  FOR NO KEY UPDATE OF budget
  ON CONFLICT (pending) WHERE pending IS NOT NULL DO NOTHING
  RETURNING id, debit_account, credit_account, amount_micros, currency, pending, project_id, annotator_id, assignment_id, task_id, rate_card
)
UPDATE account SET
  debits_pending = debits_pending - CASE account.id WHEN debit_account THEN amount_micros ELSE 0 END,
  credits_pending = credits_pending - CASE account.id WHEN credit_account THEN amount_micros ELSE 0 END,
  debits_posted = debits_posted + CASE WHEN account.id = debit_account AND :kind::text = 'post' THEN amount_micros ELSE 0 END,
  credits_posted = credits_posted + CASE WHEN account.id = credit_account AND :kind::text = 'post' THEN amount_micros ELSE 0 END
FROM resolved
WHERE account.id = ANY (ARRAY[debit_account, credit_account])
RETURNING account.kind AS account_kind, resolved.id, amount_micros, resolved.currency, pending, project_id, annotator_id, assignment_id, task_id, rate_card

-- name: exchange_of_hold
-- The terms on which a held amount becomes the person's, where they are paid in another currency.
SELECT inputs -> 'exchange' FROM transfer WHERE id = :held_id

-- name: post_metered
-- As resolve_hold, for a price that goes by what was measured: never more than was held, and the rest of the hold goes back to the budget.
WITH held AS MATERIALIZED (
  SELECT held.id, debit_account, credit_account, amount_micros, held.currency, project_id, annotator_id, assignment_id, task_id,
    exam_attempt_id, adjustment_id, for_period, rate_card, inputs
  FROM transfer AS held JOIN account AS budget ON budget.id = debit_account
  WHERE business_key = :held_key AND held.kind || '' = 'pending' AND inputs -> 'metered' IS NOT NULL
  FOR NO KEY UPDATE OF budget
), measured AS MATERIALIZED (
  SELECT assignment.active_seconds AS seconds, turns_of((SELECT s.payload FROM submission s WHERE s.assignment = assignment.id ORDER BY s.round DESC, s.id DESC LIMIT 1)) AS turns
  FROM held JOIN assignment ON assignment.id = held.assignment_id
), resolved AS (
  INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, pending, project_id,
    annotator_id, assignment_id, task_id, exam_attempt_id, adjustment_id, for_period, rate_card, inputs, reason, created_at)
  SELECT :id, 'post', :key, debit_account, credit_account, least(amount_micros, metered_micros(held.inputs, measured.turns, measured.seconds)), currency, held.id, project_id,
    annotator_id, assignment_id, task_id, exam_attempt_id, adjustment_id, for_period, rate_card,
    jsonb_build_object('turns', measured.turns, 'active_seconds', measured.seconds), :reason, clock_timestamp()
  FROM held CROSS JOIN measured
  ON CONFLICT (pending) WHERE pending IS NOT NULL DO NOTHING
  RETURNING id, debit_account, credit_account, amount_micros, inputs
), leg AS MATERIALIZED (  -- by itself: an UPDATE that waited looks at its row again, and there a join of two of these would be another one
  SELECT resolved.debit_account AS account_id, resolved.amount_micros AS debit, 0 AS credit, held.amount_micros AS held_debit, 0 AS held_credit
  FROM resolved CROSS JOIN held
  UNION ALL
  SELECT resolved.credit_account, 0, resolved.amount_micros, 0, held.amount_micros FROM resolved CROSS JOIN held
), moved AS (
  UPDATE account SET debits_pending = debits_pending - leg.held_debit, credits_pending = credits_pending - leg.held_credit,
    debits_posted = debits_posted + leg.debit, credits_posted = credits_posted + leg.credit
  FROM leg
  WHERE account.id = leg.account_id
)
SELECT resolved.id, resolved.amount_micros, currency, project_id, annotator_id, assignment_id, task_id, held.id AS pending, rate_card,
  held.inputs -> 'exchange' AS exchange, resolved.inputs AS measured
FROM resolved CROSS JOIN held

-- name: resolution_of
-- After resolve_hold returned nothing: what was decided before, if there was anything to decide.
SELECT resolution.id, resolution.kind, resolution.amount_micros, resolution.currency, resolution.project_id,
  resolution.annotator_id, resolution.assignment_id, resolution.task_id, resolution.business_key, resolution.pending, resolution.rate_card,
  resolution.inputs AS measured, held.inputs -> 'exchange' AS exchange
FROM transfer AS held
JOIN transfer AS resolution ON resolution.pending = held.id
WHERE held.business_key = :held_key AND held.kind = 'pending'

-- name: transfer_by_key
-- One movement with the names of its two accounts.
SELECT transfer.seq, transfer.id, transfer.kind, transfer.business_key, transfer.amount_micros, transfer.currency,
  transfer.pending, transfer.project_id, transfer.annotator_id, transfer.assignment_id, transfer.task_id, transfer.exam_attempt_id,
  transfer.rate_card, transfer.inputs, transfer.reason, transfer.created_at,
  debit.kind AS debit_kind, debit.owner_id AS debit_owner, credit.kind AS credit_kind, credit.owner_id AS credit_owner
FROM transfer
JOIN account AS debit ON debit.id = transfer.debit_account
JOIN account AS credit ON credit.id = transfer.credit_account
WHERE transfer.business_key = :business_key

-- name: transfers
-- The journal, newest first, from a place on; every filter may be left out.
SELECT transfer.seq, transfer.id, transfer.kind, transfer.business_key, transfer.amount_micros, transfer.currency,
  transfer.pending, transfer.project_id, transfer.annotator_id, transfer.assignment_id, transfer.task_id, transfer.exam_attempt_id,
  transfer.rate_card, transfer.inputs, transfer.reason, transfer.created_at,
  debit.kind AS debit_kind, debit.owner_id AS debit_owner, credit.kind AS credit_kind, credit.owner_id AS credit_owner
FROM transfer
JOIN account AS debit ON debit.id = transfer.debit_account
JOIN account AS credit ON credit.id = transfer.credit_account
WHERE (:before::bigint IS NULL OR transfer.seq < :before::bigint)
  AND (:project_id::uuid IS NULL OR transfer.project_id = :project_id::uuid)
  AND (:annotator_id::uuid IS NULL OR transfer.annotator_id = :annotator_id::uuid OR transfer.kind = 'share' AND debit.owner_id = :annotator_id::uuid)
  AND (:task_id::uuid IS NULL OR transfer.task_id = :task_id::uuid)
  AND (:assignment_id::uuid IS NULL OR transfer.assignment_id = :assignment_id::uuid)
  AND (:vendor_id::uuid IS NULL
       OR transfer.annotator_id IN (SELECT annotator.id FROM annotator WHERE annotator.vendor = :vendor_id::uuid))
  AND (:kind::text IS NULL OR transfer.kind = :kind::text)
  AND (:since::timestamptz IS NULL OR transfer.created_at >= :since::timestamptz)
  AND (:until::timestamptz IS NULL OR transfer.created_at < :until::timestamptz)
ORDER BY transfer.seq DESC
LIMIT :limit

-- name: earnings_totals
-- The sums are those of the account; the counts and the day are folded from the person's transfers. Days begin at 00:00 UTC.
-- Work of projects in other currencies stands on the person's exchange accounts until it is posted: what waits there is added, as it will be paid.
SELECT account.currency, account.credits_pending + coalesce(exchanged.micros, 0) AS pending_micros, account.credits_posted - account.debits_posted + folded.sent AS posted_micros, folded.paid AS paid_micros,
  folded.held - folded.own_posted - folded.voided + coalesce(exchanged.pending, 0) AS pending_count,
  folded.posted AS posted_count, folded.voided + coalesce(exchanged.voided, 0) AS voided_count, folded.today AS today_micros, folded.week AS week_micros
FROM account
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE kind = 'pending' AND credit_account = account.id) AS held,
    count(*) FILTER (WHERE kind = 'post' AND credit_account = account.id) AS own_posted,
    count(*) FILTER (WHERE kind IN ('post', 'convert') AND credit_account = account.id) AS posted, count(*) FILTER (WHERE kind = 'void' AND credit_account = account.id) AS voided,
    coalesce(sum(CASE kind WHEN 'clear' THEN amount_micros WHEN 'return' THEN -amount_micros WHEN 'bounce' THEN -amount_micros END), 0)::bigint AS sent,
    coalesce(sum(CASE kind WHEN 'paid' THEN amount_micros WHEN 'bounce' THEN -amount_micros END), 0)::bigint AS paid,
    coalesce(sum(CASE WHEN debit_account = account.id THEN -amount_micros ELSE amount_micros END) FILTER (
      WHERE kind IN ('post', 'share', 'deduct', 'convert') AND account.id IN (debit_account, credit_account) AND created_at >= date_trunc('day', clock_timestamp(), 'UTC')), 0)::bigint AS today,
    coalesce(sum(CASE WHEN debit_account = account.id THEN -amount_micros ELSE amount_micros END) FILTER (
      WHERE kind IN ('post', 'share', 'deduct', 'convert') AND account.id IN (debit_account, credit_account) AND created_at >= date_trunc('week', clock_timestamp(), 'UTC')), 0)::bigint AS week
  FROM (SELECT kind, amount_micros, created_at, debit_account, credit_account FROM transfer
        WHERE transfer.annotator_id = account.owner_id AND transfer.currency = account.currency
        UNION ALL
        SELECT given.kind, given.amount_micros, given.created_at, given.debit_account, given.credit_account FROM transfer AS given WHERE given.kind = 'share' AND given.debit_account = account.id) AS moved
) AS folded
LEFT JOIN LATERAL (
  SELECT count(*) FILTER (WHERE resolution.id IS NULL) AS pending, count(*) FILTER (WHERE resolution.kind = 'void') AS voided,
    (1000000 * sum((held.inputs -> 'exchange' ->> 'amount')::numeric) FILTER (WHERE resolution.id IS NULL))::bigint AS micros
  FROM account AS exchange JOIN transfer AS held ON held.credit_account = exchange.id AND held.annotator_id = exchange.owner_id AND held.kind = 'pending' AND held.inputs -> 'exchange' ->> 'to' = account.currency
  LEFT JOIN transfer AS resolution ON resolution.pending = held.id
  WHERE exchange.kind = 'exchange' AND exchange.owner_id = account.owner_id
) AS exchanged ON EXISTS (SELECT FROM account AS any_exchange WHERE any_exchange.kind = 'exchange' AND any_exchange.owner_id = account.owner_id)
WHERE account.kind = 'annotator_earnings' AND account.owner_id = :annotator_id
ORDER BY account.currency

-- name: earnings_lines
-- One line per piece of work or attempt at an exam that had a price, newest first, with what became of its money.
SELECT held.seq, held.assignment_id, held.task_id, task.external_id, coalesce(task.domain, exam.domain) AS domain,
  coalesce(task.language, exam.language) AS language, held.project_id, held.exam_attempt_id, held.adjustment_id, exam.id AS exam_id,
  exam.name AS exam_name, project.name AS project_name, coalesce(assignment.kind, held.inputs ->> 'kind', '') AS kind,
  CASE WHEN held.inputs -> 'exchange' IS NOT NULL THEN CASE held.kind WHEN 'deduct' THEN -1 ELSE 1 END * coalesce(exchanged.micros, (1000000 * (held.inputs -> 'exchange' ->> 'amount')::numeric)::bigint)
    WHEN held.kind = 'deduct' THEN -held.amount_micros ELSE coalesce(CASE resolution.kind WHEN 'post' THEN resolution.amount_micros END, held.amount_micros) - coalesce(given.micros, 0) END AS amount_micros,
  coalesce(held.inputs -> 'exchange' ->> 'to', held.currency) AS currency, held.currency AS project_currency, CASE WHEN held.kind IN ('share', 'deduct') OR resolution.kind = 'post' THEN 'posted' WHEN resolution.kind = 'void' THEN 'voided' ELSE 'pending' END AS state,
  coalesce(whole.inputs || jsonb_strip_nulls(jsonb_build_object('exchange', held.inputs -> 'exchange')), CASE WHEN held.inputs -> 'metered' IS NOT NULL AND resolution.kind = 'post' THEN held.inputs || resolution.inputs ELSE held.inputs END) AS price_inputs,
  CASE WHEN held.kind = 'share' THEN (held.inputs ->> 'turns')::int ELSE given.kept END AS share_turns,
  CASE WHEN held.kind = 'share' THEN (held.inputs ->> 'of')::int ELSE given.turns END AS share_of,
  coalesce(whole.amount_micros, CASE resolution.kind WHEN 'post' THEN resolution.amount_micros END, held.amount_micros) AS whole_micros, coalesce(resolution.reason, held.reason) AS reason, held.created_at AS held_at,
  CASE WHEN held.kind IN ('share', 'deduct') THEN held.created_at ELSE resolution.created_at END AS resolved_at
FROM transfer AS held
LEFT JOIN transfer AS resolution ON resolution.pending = held.id
LEFT JOIN assignment ON assignment.id = held.assignment_id
LEFT JOIN task ON task.id = held.task_id
LEFT JOIN project ON project.id = held.project_id
LEFT JOIN exam_attempt ON exam_attempt.id = held.exam_attempt_id
LEFT JOIN exam ON exam.id = exam_attempt.exam
LEFT JOIN LATERAL (
  SELECT sum(s.amount_micros)::bigint AS micros, min((s.inputs ->> 'kept')::int) AS kept, min((s.inputs ->> 'of')::int) AS turns
  FROM transfer AS s WHERE s.assignment_id = held.assignment_id AND s.kind = 'share' AND resolution.kind = 'post'
) AS given ON true
LEFT JOIN LATERAL (
  SELECT h.inputs || p.inputs AS inputs, p.amount_micros FROM transfer AS p JOIN transfer AS h ON h.id = p.pending WHERE held.kind = 'share' AND p.assignment_id = held.assignment_id AND p.kind = 'post' LIMIT 1
) AS whole ON true
LEFT JOIN LATERAL (  -- what a posted line in another currency came to; nothing where that was less than a micro
  SELECT coalesce((SELECT c.amount_micros FROM transfer AS c WHERE c.business_key = 'convert:' || coalesce(resolution.business_key, held.business_key)), 0) AS micros
  WHERE held.inputs -> 'exchange' IS NOT NULL AND (held.kind IN ('share', 'deduct') OR resolution.kind = 'post')
) AS exchanged ON true
WHERE held.annotator_id = :annotator_id AND held.kind IN ('pending', 'share', 'deduct')
  AND (:before::bigint IS NULL OR held.seq < :before::bigint)
  AND (:since::timestamptz IS NULL OR held.created_at >= :since::timestamptz)
  AND (:until::timestamptz IS NULL OR held.created_at < :until::timestamptz)
  AND (:project_id::uuid IS NULL OR held.project_id = :project_id::uuid)
  AND (:work::text IS NULL OR coalesce(assignment.kind, held.inputs ->> 'kind', '') = :work::text)
  AND (:state::text IS NULL OR :state = CASE WHEN held.kind IN ('share', 'deduct') OR resolution.kind = 'post' THEN 'posted' WHEN resolution.kind = 'void' THEN 'voided' ELSE 'pending' END)
ORDER BY held.seq DESC
LIMIT :limit

-- name: project_budget
-- Zeros for a project that was never funded; no row for one that does not exist.
-- What was deducted came back: it is neither funding nor spent.
SELECT project.currency, coalesce(account.credits_posted, 0) - coalesce(returned.micros, 0) AS funded_micros, coalesce(fees.credits_posted, 0) AS fees_micros,
  coalesce(account.debits_pending, 0) AS reserved_micros, coalesce(account.debits_posted, 0) - coalesce(returned.micros, 0) - coalesce(fees.credits_posted, 0) AS posted_micros
FROM project
LEFT JOIN account AS fees ON fees.kind = 'fees' AND fees.owner_id = project.id AND fees.currency = project.currency
LEFT JOIN account ON account.kind = 'project_budget' AND account.owner_id = project.id AND account.currency = project.currency
LEFT JOIN LATERAL (SELECT sum(amount_micros)::bigint AS micros FROM transfer WHERE kind = 'deduct' AND credit_account = account.id) AS returned ON true
WHERE project.id = :project_id

-- name: cost_by
-- What work cost and still may cost, by project, domain and kind. Paid and returned money counts at the time of that; what was deducted is subtracted.
SELECT held.project_id, project.name AS project_name, coalesce(task.domain, held.inputs ->> 'domain', '') AS domain,
  CASE WHEN assignment.kind = 'review' AND slot.stage = 6 THEN 'adjudication' ELSE coalesce(assignment.kind, held.inputs ->> 'kind', '') END AS kind, held.currency,
  count(*) FILTER (WHERE resolution.kind = 'post') AS posted_count,
  count(*) FILTER (WHERE resolution.kind = 'post' AND assignment.kind = 'annotation' AND NOT task.gold) AS items,
  count(*) FILTER (WHERE held.kind = 'pending' AND resolution.id IS NULL) AS pending_count,
  count(*) FILTER (WHERE resolution.kind = 'void') AS voided_count,
  coalesce(sum(CASE WHEN held.kind = 'deduct' THEN -held.amount_micros WHEN resolution.kind = 'post' THEN resolution.amount_micros END), 0)::bigint AS posted_micros,
  coalesce(sum(held.amount_micros) FILTER (WHERE held.kind = 'pending' AND resolution.id IS NULL), 0)::bigint AS pending_micros,
  coalesce(sum(fee.amount_micros) FILTER (WHERE :vendor_id::uuid IS NULL), 0)::bigint AS fees_micros
FROM transfer AS held
JOIN project ON project.id = held.project_id
LEFT JOIN transfer AS resolution ON resolution.pending = held.id
LEFT JOIN transfer AS fee ON fee.assignment_id = held.assignment_id AND fee.kind = 'fee' AND resolution.kind = 'post'
LEFT JOIN assignment ON assignment.id = held.assignment_id
LEFT JOIN slot ON slot.id = assignment.slot
LEFT JOIN task ON task.id = held.task_id
WHERE held.kind IN ('pending', 'deduct')
  AND (:project_ids::uuid[] IS NULL OR held.project_id = ANY (:project_ids::uuid[]))
  AND (:vendor_id::uuid IS NULL OR assignment.vendor = :vendor_id::uuid OR coalesce(held.exam_attempt_id, held.adjustment_id) IS NOT NULL
       AND held.annotator_id IN (SELECT annotator.id FROM annotator WHERE annotator.vendor = :vendor_id::uuid))
  AND (:since::timestamptz IS NULL OR coalesce(resolution.created_at, held.created_at) >= :since::timestamptz)
  AND (:until::timestamptz IS NULL OR coalesce(resolution.created_at, held.created_at) < :until::timestamptz)
GROUP BY 1, 2, 3, 4, 5
ORDER BY 2, 3, 4, 5

-- name: ledger_totals
-- Both sides of the whole ledger, per currency, pending money included.
SELECT currency, sum(debits_posted + debits_pending)::bigint AS debits_micros,
  sum(credits_posted + credits_pending)::bigint AS credits_micros
FROM account
GROUP BY currency
ORDER BY currency

-- name: check_accepted_work_is_paid_once
-- The accrual must be one, of the price that was shown at the claim, and the worker's own. (How much a metered price comes to: check_resolution_matches_its_hold.)
SELECT assignment.id AS assignment_id, assignment.price_micros, count(accrual.id) AS accruals,
  sum(accrual.amount_micros) AS paid_micros
FROM assignment
LEFT JOIN transfer AS accrual ON accrual.assignment_id = assignment.id AND accrual.kind = 'post'
WHERE assignment.price_micros > 0
  AND (EXISTS (SELECT FROM submission WHERE submission.assignment = assignment.id AND submission.state = 'accepted')
       OR EXISTS (SELECT FROM verdict WHERE verdict.assignment = assignment.id)
       OR EXISTS (SELECT FROM measured_look WHERE measured_look.assignment = assignment.id))
GROUP BY assignment.id
HAVING count(accrual.id) <> 1
  OR bool_or((CASE WHEN assignment.price_inputs -> 'metered' IS NOT NULL THEN assignment.price_micros ELSE accrual.amount_micros END, accrual.currency, accrual.annotator_id)
             IS DISTINCT FROM (assignment.price_micros, assignment.currency, assignment.annotator))

-- name: check_nothing_else_is_paid
-- Work that was released, ran out, was sent back or rejected earns nothing; what was paid before an overturn stays paid.
SELECT accrual.seq, accrual.assignment_id, accrual.amount_micros, assignment.state
FROM transfer AS accrual
LEFT JOIN assignment ON assignment.id = accrual.assignment_id
WHERE accrual.kind = 'post' AND accrual.exam_attempt_id IS NULL AND accrual.adjustment_id IS NULL
  AND NOT EXISTS (SELECT FROM submission
                  WHERE submission.assignment = accrual.assignment_id AND (submission.state = 'accepted'
                    OR submission.state = 'rejected' AND EXISTS (SELECT FROM overturn JOIN verdict ON verdict.id = overturn.verdict
                                                                 WHERE verdict.submission = submission.id AND NOT overturn.upheld)))
  AND NOT EXISTS (SELECT FROM verdict WHERE verdict.assignment = accrual.assignment_id)
  AND NOT EXISTS (SELECT FROM measured_look WHERE measured_look.assignment = accrual.assignment_id)

-- name: check_open_work_has_money_set_aside
-- Whoever works, or waits for a verdict, can be paid.
SELECT assignment.id AS assignment_id, assignment.state, assignment.price_micros
FROM assignment
LEFT JOIN submission ON submission.assignment = assignment.id
WHERE assignment.price_micros > 0 AND (assignment.state = 'live' OR submission.state = 'pending')
  AND NOT EXISTS (
    SELECT FROM transfer AS held
    WHERE held.assignment_id = assignment.id AND held.kind = 'pending'
      AND NOT EXISTS (SELECT FROM transfer AS resolution WHERE resolution.pending = held.id))

-- name: check_ended_work_holds_no_money
-- A budget is not eaten up by work that nobody does any more.
SELECT held.seq, held.assignment_id, held.amount_micros, assignment.state, submission.state AS submission_state
FROM transfer AS held
LEFT JOIN assignment ON assignment.id = held.assignment_id
LEFT JOIN submission ON submission.assignment = held.assignment_id
WHERE held.kind = 'pending' AND held.exam_attempt_id IS NULL AND held.adjustment_id IS NULL
  AND NOT EXISTS (SELECT FROM transfer AS resolution WHERE resolution.pending = held.id)
  AND (assignment.id IS NULL OR assignment.state NOT IN ('live', 'submitted')
       OR submission.state IN ('rework', 'rejected', 'cancelled'))

-- name: check_hold_is_the_price_shown
-- Amount, payee and project of the hold are the assignment's.
SELECT held.seq, held.assignment_id, held.amount_micros, assignment.price_micros
FROM transfer AS held
JOIN assignment ON assignment.id = held.assignment_id
WHERE held.kind = 'pending'
  AND (held.amount_micros, held.currency, held.annotator_id, held.project_id, held.task_id)
      IS DISTINCT FROM
      (assignment.price_micros, assignment.currency, assignment.annotator, assignment.project, assignment.task)

-- name: check_price_follows_the_rate_card
-- Computed from the card itself, with the database's arithmetic: base × factors, half to even at the micro, at least the minimum of a task.
SELECT priced.seq, priced.assignment_id, priced.amount_micros, priced.exact
FROM (
  SELECT held.seq, held.assignment_id, held.amount_micros,
    CASE held.inputs ->> 'kind' WHEN 'review' THEN 3600 * rate_card.review_micros
        ELSE 3600 * (rate_card.annotation_micros + rate_card.turn_micros * rate_card.most_turns) + rate_card.hour_micros * rate_card.most_minutes * 60 END
      * coalesce(rate_card.difficulty_factors ->> (held.inputs ->> 'difficulty_band'), '1')::numeric
      * CASE WHEN (held.inputs ->> 'expert')::boolean THEN rate_card.expert_factor ELSE '1' END::numeric
      * coalesce(rate_card.class_factors ->> (held.inputs ->> 'asked_level'), '1')::numeric
      * coalesce((SELECT f.value FROM jsonb_each_text(rate_card.language_factors) AS f
                  WHERE held.inputs ->> 'language' = f.key OR starts_with(held.inputs ->> 'language', f.key || '-') ORDER BY length(f.key) DESC LIMIT 1), '1')::numeric
      AS exact,  -- in 3600ths, so that what an hour brings is a whole number too
    CASE held.inputs ->> 'kind' WHEN 'review' THEN 0 ELSE rate_card.minimum_micros END AS least
  FROM transfer AS held
  JOIN rate_card ON rate_card.id = held.rate_card
  WHERE held.kind = 'pending'
) AS priced
WHERE priced.amount_micros IS DISTINCT FROM greatest(priced.least, half_even(priced.exact, 3600))

-- name: check_transfer_has_two_sides
-- One row names both accounts, so it cannot be unbalanced; they must also be the right two, in the same currency.
SELECT transfer.seq, transfer.kind, debit.kind AS debit_kind, credit.kind AS credit_kind
FROM transfer
LEFT JOIN account AS debit ON debit.id = transfer.debit_account
LEFT JOIN account AS credit ON credit.id = transfer.credit_account
LEFT JOIN transfer AS held ON held.id = transfer.pending
WHERE transfer.amount_micros <= 0
  OR (debit.currency, credit.currency) IS DISTINCT FROM (transfer.currency, transfer.currency)
  OR CASE transfer.kind
       WHEN 'direct' THEN (debit.kind, credit.kind, credit.owner_id)
         IS DISTINCT FROM ('funding', 'project_budget', transfer.project_id)
       WHEN 'share' THEN (debit.kind IN ('annotator_earnings', 'exchange'), debit.owner_id, credit.kind, credit.owner_id) IS DISTINCT FROM
         (true, (SELECT annotator FROM assignment WHERE assignment.id = transfer.assignment_id),
          CASE WHEN transfer.inputs -> 'exchange' IS NULL THEN 'annotator_earnings' ELSE 'exchange' END, transfer.annotator_id)
       WHEN 'deduct' THEN (debit.kind, debit.owner_id, credit.kind, credit.owner_id) IS DISTINCT FROM
         (CASE WHEN transfer.inputs -> 'exchange' IS NULL THEN 'annotator_earnings' ELSE 'exchange' END, transfer.annotator_id, 'project_budget', transfer.project_id)
       WHEN 'convert' THEN (debit.kind, debit.owner_id, credit.kind, credit.owner_id) NOT IN
         (('exchange', transfer.annotator_id, 'annotator_earnings', transfer.annotator_id), ('annotator_earnings', transfer.annotator_id, 'exchange', transfer.annotator_id))
       WHEN 'fee_held' THEN (debit.kind, debit.owner_id, credit.kind, credit.owner_id) IS DISTINCT FROM ('project_budget', transfer.project_id, 'fees', transfer.project_id)
       WHEN 'fee' THEN (debit.kind, debit.owner_id, credit.kind, credit.owner_id) IS DISTINCT FROM ('project_budget', transfer.project_id, 'fees', transfer.project_id)
       WHEN 'fee_back' THEN (debit.kind, debit.owner_id, credit.kind, credit.owner_id) IS DISTINCT FROM ('project_budget', transfer.project_id, 'fees', transfer.project_id)
       WHEN 'paid' THEN (debit.kind, credit.kind) IS DISTINCT FROM ('payout_clearing', 'paid_out')
       WHEN 'return' THEN (debit.kind, credit.kind, credit.owner_id) IS DISTINCT FROM ('payout_clearing', 'annotator_earnings', transfer.annotator_id)
       WHEN 'bounce' THEN (debit.kind, credit.kind, credit.owner_id) IS DISTINCT FROM ('paid_out', 'annotator_earnings', transfer.annotator_id)
       WHEN 'earmark' THEN (debit.kind, debit.owner_id, credit.kind) IS DISTINCT FROM ('annotator_earnings', transfer.annotator_id, 'payout_clearing')
       WHEN 'clear' THEN (debit.kind, debit.owner_id, credit.kind) IS DISTINCT FROM ('annotator_earnings', transfer.annotator_id, 'payout_clearing')
       WHEN 'unmark' THEN (debit.kind, debit.owner_id, credit.kind) IS DISTINCT FROM ('annotator_earnings', transfer.annotator_id, 'payout_clearing')
       ELSE (debit.kind, debit.owner_id, credit.kind, credit.owner_id) IS DISTINCT FROM
         ('project_budget', transfer.project_id, CASE WHEN coalesce(held.inputs, transfer.inputs) -> 'exchange' IS NULL THEN 'annotator_earnings' ELSE 'exchange' END, transfer.annotator_id)
     END

-- name: check_ledger_balances
-- Over all accounts of a currency, posted and pending apart.
SELECT currency, sum(debits_posted) AS debits_posted, sum(credits_posted) AS credits_posted,
  sum(debits_pending) AS debits_pending, sum(credits_pending) AS credits_pending
FROM account
GROUP BY currency
HAVING sum(debits_posted) <> sum(credits_posted) OR sum(debits_pending) <> sum(credits_pending)

-- name: check_account_is_the_fold_of_its_transfers
-- The four sums are a cache that the postings keep; folding the journal must give the same. Shows a vanished entry too.
WITH leg AS (
  SELECT t.debit_account AS account_id, t.kind, t.amount_micros AS debit, 0 AS credit, held.amount_micros AS held_debit, 0 AS held_credit
  FROM transfer t LEFT JOIN transfer held ON held.id = t.pending
  UNION ALL
  SELECT t.credit_account, t.kind, 0, t.amount_micros, 0, held.amount_micros FROM transfer t LEFT JOIN transfer held ON held.id = t.pending
), folded AS (
  SELECT account_id,
    sum(CASE WHEN kind IN ('pending', 'earmark', 'fee_held') THEN debit WHEN kind IN ('post', 'void', 'clear', 'unmark', 'fee', 'fee_back') THEN -held_debit ELSE 0 END) AS debits_pending,
    sum(CASE WHEN kind IN ('pending', 'earmark', 'fee_held') THEN credit WHEN kind IN ('post', 'void', 'clear', 'unmark', 'fee', 'fee_back') THEN -held_credit ELSE 0 END) AS credits_pending,
    sum(CASE WHEN kind IN ('direct', 'post', 'share', 'deduct', 'convert', 'fee', 'clear', 'paid', 'return', 'bounce') THEN debit ELSE 0 END) AS debits_posted,
    sum(CASE WHEN kind IN ('direct', 'post', 'share', 'deduct', 'convert', 'fee', 'clear', 'paid', 'return', 'bounce') THEN credit ELSE 0 END) AS credits_posted
  FROM leg
  GROUP BY account_id
)
SELECT account.id AS account_id, account.kind, account.owner_id, account.currency,
  account.debits_pending, folded.debits_pending AS folded_debits_pending,
  account.debits_posted, folded.debits_posted AS folded_debits_posted,
  account.credits_pending, folded.credits_pending AS folded_credits_pending,
  account.credits_posted, folded.credits_posted AS folded_credits_posted
FROM account
LEFT JOIN folded ON folded.account_id = account.id
WHERE (account.debits_pending, account.credits_pending, account.debits_posted, account.credits_posted)
  IS DISTINCT FROM (coalesce(folded.debits_pending, 0), coalesce(folded.credits_pending, 0),
                    coalesce(folded.debits_posted, 0), coalesce(folded.credits_posted, 0))

-- name: check_budget_is_not_exceeded
-- Folded from the journal, not read from the account whose CHECK says the same.
SELECT folded.project_id, folded.currency, folded.funded_micros, folded.reserved_micros, folded.posted_micros
FROM (
  SELECT t.project_id, t.currency,
    coalesce(sum(t.amount_micros) FILTER (WHERE t.kind = 'direct'), 0) AS funded_micros,
    coalesce(sum(CASE WHEN t.kind IN ('pending', 'fee_held') THEN t.amount_micros WHEN t.kind IN ('direct', 'share', 'deduct', 'convert') THEN 0 ELSE -held.amount_micros END), 0) AS reserved_micros,
    coalesce(sum(CASE t.kind WHEN 'post' THEN t.amount_micros WHEN 'fee' THEN t.amount_micros WHEN 'deduct' THEN -t.amount_micros END), 0) AS posted_micros
  FROM transfer t LEFT JOIN transfer held ON held.id = t.pending
  WHERE t.project_id IS NOT NULL
  GROUP BY t.project_id, t.currency
) AS folded
WHERE folded.reserved_micros + folded.posted_micros > folded.funded_micros OR folded.reserved_micros < 0

-- name: check_hold_is_resolved_once
-- Paid or given back, never both, never twice.
SELECT pending AS held_id, count(*) AS resolutions, array_agg(kind) AS kinds
FROM transfer
WHERE pending IS NOT NULL
GROUP BY pending
HAVING count(*) > 1

-- name: check_resolution_matches_its_hold
-- What is paid or given back is exactly what was set aside; of a metered price what its formula makes of the turns and the time, and never more.
SELECT resolution.seq, resolution.kind, held.seq AS held_seq, resolution.amount_micros, held.amount_micros AS held_micros
FROM transfer AS resolution
LEFT JOIN transfer AS held ON held.id = resolution.pending
WHERE resolution.kind IN ('post', 'void')
  AND (held.kind, resolution.debit_account, resolution.credit_account, resolution.amount_micros, resolution.currency,
       resolution.project_id, resolution.annotator_id, resolution.assignment_id, resolution.task_id, resolution.exam_attempt_id, resolution.adjustment_id)
      IS DISTINCT FROM
      ('pending', held.debit_account, held.credit_account,
       CASE WHEN resolution.kind = 'post' AND held.inputs -> 'metered' IS NOT NULL
         THEN least(held.amount_micros, metered_micros(held.inputs, (resolution.inputs ->> 'turns')::int, (resolution.inputs ->> 'active_seconds')::int))
         ELSE held.amount_micros END, held.currency,
       held.project_id, held.annotator_id, held.assignment_id, held.task_id, held.exam_attempt_id, held.adjustment_id)

-- name: hold_together
-- hold for many: a budget covers all that is wanted of it or nothing is written of it; the caller compares the number of rows. Budgets are locked
-- first, in one order for everybody; what others changed meanwhile is seen, because an UPDATE looks at a row again that it had to wait for.
WITH wanted AS (
  SELECT * FROM unnest(:ids::uuid[], :assignment_ids::uuid[], :task_ids::uuid[], :project_ids::uuid[], :annotator_ids::uuid[], :amounts::bigint[],
    :currencies::text[], :rate_card_ids::uuid[], :inputs::jsonb[], :payees::text[])
    AS w (id, assignment_id, task_id, project_id, annotator_id, amount_micros, currency, rate_card_id, inputs, payee)
), locked AS MATERIALIZED (
  SELECT id FROM account WHERE kind = 'project_budget' AND owner_id IN (SELECT project_id FROM wanted) ORDER BY owner_id, id FOR NO KEY UPDATE
), budget AS (
  UPDATE account SET debits_pending = debits_pending + sums.amount_micros
  FROM (SELECT project_id, currency, sum(amount_micros)::bigint AS amount_micros FROM wanted GROUP BY project_id, currency) AS sums, locked
  WHERE account.id = locked.id AND account.owner_id = sums.project_id AND account.currency = sums.currency
    AND debits_posted + debits_pending + sums.amount_micros <= credits_posted
  RETURNING account.id, account.owner_id, account.currency
), earnings AS (
  UPDATE account SET credits_pending = credits_pending + sums.amount_micros
  FROM (SELECT w.annotator_id, w.currency, w.payee, sum(w.amount_micros)::bigint AS amount_micros FROM wanted w
        JOIN budget ON budget.owner_id = w.project_id AND budget.currency = w.currency GROUP BY w.annotator_id, w.currency, w.payee) AS sums
  WHERE account.kind = sums.payee AND account.owner_id = sums.annotator_id AND account.currency = sums.currency
  RETURNING account.id, account.kind, account.owner_id, account.currency
)
INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id,
  annotator_id, assignment_id, task_id, rate_card, inputs, created_at)
SELECT w.id, 'pending', 'hold:' || w.assignment_id, budget.id, earnings.id, w.amount_micros, w.currency, w.project_id,
  w.annotator_id, w.assignment_id, w.task_id, w.rate_card_id, w.inputs, clock_timestamp()
FROM wanted w
JOIN budget ON budget.owner_id = w.project_id AND budget.currency = w.currency
JOIN earnings ON earnings.kind = w.payee AND earnings.owner_id = w.annotator_id AND earnings.currency = w.currency

-- name: hold_again
-- After a hold was given back and the verdict overturned: the same amount out of the same budget, as its first hold was. Locks as hold does.
WITH first AS (
  SELECT debit_account, credit_account, amount_micros, currency, project_id, annotator_id, assignment_id, task_id, rate_card, inputs
  FROM transfer AS held
  WHERE held.assignment_id = :assignment_id AND held.kind = 'pending' AND held.business_key NOT LIKE 'again:%'
    AND EXISTS (SELECT FROM transfer AS resolution WHERE resolution.pending = held.id AND resolution.kind = 'void')
), budget AS (
  UPDATE account SET debits_pending = debits_pending + first.amount_micros
  FROM first WHERE account.id = first.debit_account
    AND account.debits_posted + account.debits_pending + first.amount_micros <= account.credits_posted
  RETURNING account.id
), earnings AS (
  UPDATE account SET credits_pending = credits_pending + first.amount_micros
  FROM first, budget WHERE account.id = first.credit_account
  RETURNING account.id
)
INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id,
  annotator_id, assignment_id, task_id, rate_card, inputs, created_at)
SELECT :id, 'pending', 'again:' || assignment_id, budget.id, earnings.id, amount_micros, currency, project_id, annotator_id, assignment_id,
  task_id, rate_card, inputs, clock_timestamp()
FROM first, budget, earnings
RETURNING seq

-- name: project_of_exam_pay
-- The budget that pays an exam; the lock keeps the project from being closed between this and the hold.
SELECT name, currency, state FROM project WHERE id = :project_id FOR SHARE

-- name: check_earned_exam_is_paid_once
-- Earned: it ran to its decision or last question, or at least min_items were answered. Pay, person and project are the attempt's.
SELECT attempt.id AS exam_attempt_id, attempt.pay_micros, count(accrual.id) AS accruals, sum(accrual.amount_micros) AS paid_micros
FROM exam_attempt AS attempt
JOIN exam ON exam.id = attempt.exam
LEFT JOIN transfer AS accrual ON accrual.exam_attempt_id = attempt.id AND accrual.kind = 'post'
WHERE attempt.state = 'finished' AND attempt.pay_micros IS NOT NULL
  AND (attempt.reason IN ('decided', 'last_item') OR exam.min_items <=
       (SELECT count(*) FROM exam_answer AS given WHERE given.attempt = attempt.id AND given.choice IS NOT NULL))
GROUP BY attempt.id
HAVING count(accrual.id) <> 1
  OR bool_or((accrual.amount_micros, accrual.currency, accrual.annotator_id, accrual.project_id)
             IS DISTINCT FROM (attempt.pay_micros, attempt.pay_currency, attempt.annotator, attempt.pay_project_id))

-- name: check_no_other_exam_is_paid
-- Training, a running attempt, and one that was left before min_items answers earn nothing.
SELECT accrual.seq, accrual.exam_attempt_id, accrual.amount_micros, attempt.state, attempt.reason
FROM transfer AS accrual
LEFT JOIN exam_attempt AS attempt ON attempt.id = accrual.exam_attempt_id
LEFT JOIN exam ON exam.id = attempt.exam
WHERE accrual.kind = 'post' AND accrual.exam_attempt_id IS NOT NULL
  AND (attempt.id IS NULL OR attempt.state = 'running' OR attempt.pay_micros IS NULL OR exam.training
       OR attempt.reason NOT IN ('decided', 'last_item') AND exam.min_items >
          (SELECT count(*) FROM exam_answer AS given WHERE given.attempt = attempt.id AND given.choice IS NOT NULL))

-- name: check_money_is_held_while_an_exam_runs
-- From the start to the end, of the pay that was shown; never longer, and never for another amount, person or project.
SELECT attempt.id AS exam_attempt_id, attempt.state, held.seq, held.amount_micros, attempt.pay_micros
FROM exam_attempt AS attempt
FULL JOIN (SELECT * FROM transfer WHERE kind = 'pending' AND exam_attempt_id IS NOT NULL) AS held ON held.exam_attempt_id = attempt.id
WHERE (attempt.pay_micros IS NOT NULL OR held.id IS NOT NULL)
  AND ((held.amount_micros, held.currency, held.annotator_id, held.project_id)
         IS DISTINCT FROM (attempt.pay_micros, attempt.pay_currency, attempt.annotator, attempt.pay_project_id)
       OR (attempt.state = 'running') IS DISTINCT FROM NOT EXISTS (SELECT FROM transfer AS resolution WHERE resolution.pending = held.id))

-- name: open_share_accounts
-- Somebody who never had a hold in this currency has no account yet. Before anything is locked.
INSERT INTO account (id, kind, owner_id, currency)
SELECT wanted.id, 'annotator_earnings', wanted.annotator_id, assignment.currency
FROM unnest(:ids::uuid[], :annotator_ids::uuid[]) AS wanted (id, annotator_id) JOIN assignment ON assignment.id = :assignment_id
ORDER BY wanted.annotator_id
ON CONFLICT (kind, owner_id, currency) DO NOTHING

-- name: lock_budget_of_work
-- The first account that every movement of a project's money locks.
SELECT FROM account JOIN assignment ON assignment.id = :assignment_id
WHERE account.kind = 'project_budget' AND account.owner_id = assignment.project AND account.currency = assignment.currency
FOR NO KEY UPDATE OF account

-- name: lock_shares
-- Whoever handed the work in and whoever has a share of it, in one order for everybody.
SELECT FROM account JOIN assignment ON assignment.id = :assignment_id
WHERE account.kind IN ('annotator_earnings', 'exchange') AND account.currency = assignment.currency
  AND (account.owner_id = assignment.annotator OR account.owner_id = ANY (:annotator_ids::uuid[]))
ORDER BY account.id
FOR NO KEY UPDATE OF account

-- name: share
-- Out of what was posted for a piece of work, to those who made parts of it, once for each by the business key. Under lock_shares.
WITH posted AS (
  SELECT credit_account, currency, project_id, assignment_id, task_id FROM transfer WHERE assignment_id = :assignment_id AND kind = 'post'
), added AS (
  INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id, annotator_id,
    assignment_id, task_id, inputs, reason, created_at)
  SELECT w.id, 'share', 'share:' || posted.assignment_id || ':' || w.annotator_id, posted.credit_account, account.id, w.amount_micros, posted.currency,
    posted.project_id, w.annotator_id, posted.assignment_id, posted.task_id, w.inputs, w.reason, clock_timestamp()
  FROM unnest(:ids::uuid[], :annotator_ids::uuid[], :amounts::bigint[], :inputs::jsonb[], :reasons::text[]) AS w (id, annotator_id, amount_micros, inputs, reason)
  CROSS JOIN posted
  JOIN account ON account.kind = CASE WHEN w.inputs -> 'exchange' IS NULL THEN 'annotator_earnings' ELSE 'exchange' END AND account.owner_id = w.annotator_id
    AND account.currency = posted.currency
  ON CONFLICT DO NOTHING
  RETURNING debit_account, credit_account, amount_micros, annotator_id
), moved AS (
  UPDATE account SET debits_posted = debits_posted + leg.debit, credits_posted = credits_posted + leg.credit
  FROM (
    SELECT account_id, sum(debit)::bigint AS debit, sum(credit)::bigint AS credit FROM (
      SELECT debit_account AS account_id, amount_micros AS debit, 0 AS credit FROM added
      UNION ALL
      SELECT credit_account, 0, amount_micros FROM added
    ) AS legs GROUP BY account_id
  ) AS leg
  WHERE account.id = leg.account_id
)
SELECT added.annotator_id, added.amount_micros, annotator.vendor AS vendor_id FROM added JOIN annotator ON annotator.id = added.annotator_id

-- name: check_accruals_sum_to_the_price
-- What everybody earned of a paid piece of work, shares given and got, is its price to the micro, and nobody gave more than the work brought.
SELECT paid.assignment_id, assignment.price_micros, paid.total, paid.least
FROM (
  SELECT assignment_id, sum(net)::bigint AS total, min(net)::bigint AS least
  FROM (SELECT assignment_id, account_id, sum(micros) AS net
        FROM (SELECT assignment_id, credit_account AS account_id, amount_micros AS micros FROM transfer WHERE kind IN ('post', 'share') AND exam_attempt_id IS NULL AND adjustment_id IS NULL
              UNION ALL
              SELECT assignment_id, debit_account, -amount_micros FROM transfer WHERE kind = 'share') AS legs
        GROUP BY assignment_id, account_id) AS by_person
  GROUP BY assignment_id
) AS paid
JOIN assignment ON assignment.id = paid.assignment_id
WHERE paid.total IS DISTINCT FROM CASE WHEN assignment.price_inputs -> 'metered' IS NULL THEN assignment.price_micros
    ELSE (SELECT amount_micros FROM transfer WHERE transfer.assignment_id = assignment.id AND transfer.kind = 'post') END OR paid.least < 0

-- name: check_shares_follow_their_turns
-- Each share is its part of the price by turns, rounded by less than one micro either way, out of work that was paid.
SELECT given.seq, given.assignment_id, given.amount_micros, given.inputs
FROM transfer AS given
LEFT JOIN transfer AS posted ON posted.assignment_id = given.assignment_id AND posted.kind = 'post'
WHERE given.kind = 'share'
  AND (posted.id IS NULL OR given.debit_account <> posted.credit_account
       OR abs(given.amount_micros - posted.amount_micros::numeric * (given.inputs ->> 'turns')::int / (given.inputs ->> 'of')::int) >= 1)

-- name: last_ledger_seal
-- The end of the chain; locked, so that two sealers cannot fork it.
SELECT n, to_xid, to_seq, hash FROM ledger_seal ORDER BY n DESC LIMIT 1 FOR UPDATE

-- name: add_ledger_seal
-- The next link, over rows in an order that never gains one in its past (see events_after); the number is the primary key, so the chain cannot fork.
WITH fresh AS MATERIALIZED (
  SELECT seq, xid, transfer_digest(transfer) AS digest FROM transfer
  WHERE (xid, seq) > (:xid::text::xid8, :seq::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY transfer.xid, transfer.seq
  LIMIT :limit
), gathered AS (
  SELECT string_agg(int8send(seq) || digest, ''::bytea ORDER BY xid, seq) AS leaves, count(*)::int AS rows,
    (array_agg(xid::text::bigint ORDER BY xid DESC, seq DESC))[1] AS to_xid, (array_agg(seq ORDER BY xid DESC, seq DESC))[1] AS to_seq
  FROM fresh
)
INSERT INTO ledger_seal (n, from_xid, from_seq, to_xid, to_seq, rows, leaves, previous_hash, hash)
SELECT :n, :xid::text::bigint, :seq::bigint, to_xid, to_seq, rows, leaves, :previous::bytea, sha256(:previous::bytea || leaves) FROM gathered WHERE rows > 0
RETURNING rows

-- name: ledger_seals
-- The chain from its beginning, each link with the hash that its content gives; none where it lists no rows.
-- Its bounds are no part of what is hashed: they must be those of the rows that it lists, else it has no right hash.
SELECT n, from_xid, from_seq, to_xid, to_seq, rows, previous_hash, hash,
  CASE WHEN octet_length(leaves) <> 40 * rows OR substr(leaves, octet_length(leaves) - 39, 8) <> int8send(to_seq)
      OR EXISTS (SELECT FROM transfer AS last WHERE last.seq = to_seq AND last.xid <> to_xid::text::xid8 AND last.digest = transfer_digest(last)) THEN ''::bytea
    ELSE sha256(previous_hash || leaves) END AS content_hash
FROM ledger_seal ORDER BY n

-- name: ledger_seal_differences
-- What one link lists against the rows that are there, each hashed anew: by itself, and as the trigger noted it.
WITH link AS (
  SELECT * FROM ledger_seal WHERE n = :n
), leaf AS (
  SELECT ('x' || encode(substr(link.leaves, 40 * i + 1, 8), 'hex'))::bit(64)::bigint AS seq, substr(link.leaves, 40 * i + 9, 32) AS digest
  FROM link, generate_series(0, octet_length(link.leaves) / 40 - 1) AS i
), present AS (
  SELECT seq, transfer_digest(transfer) AS digest, digest AS noted FROM transfer
  WHERE (xid, seq) > ((SELECT from_xid::text::xid8 FROM link), (SELECT from_seq FROM link))
    AND (xid, seq) <= ((SELECT to_xid::text::xid8 FROM link), (SELECT to_seq FROM link))
)
SELECT coalesce(leaf.seq, present.seq) AS seq,
  CASE WHEN present.seq IS NULL THEN 'removed' WHEN leaf.seq IS NULL OR present.noted IS NULL THEN 'added' ELSE 'changed' END AS what
FROM leaf FULL JOIN present ON present.seq = leaf.seq
WHERE leaf.digest IS DISTINCT FROM present.digest OR present.noted IS DISTINCT FROM present.digest
ORDER BY 1
LIMIT :limit

-- name: ledger_seal_tail
-- Rows behind the last link: how many, and those whose own digest is missing or wrong.
WITH tail AS (
  SELECT seq, digest IS NULL AS bare, digest IS DISTINCT FROM transfer_digest(transfer) AS wrong FROM transfer WHERE (xid, seq) > (:xid::text::xid8, :seq::bigint)
)
SELECT (SELECT count(*)::int FROM tail) AS rows, found.seq, CASE WHEN found.bare THEN 'added' ELSE 'changed' END AS what
FROM (SELECT 1) AS one LEFT JOIN (SELECT seq, bare FROM tail WHERE wrong ORDER BY seq LIMIT :limit) AS found ON true

-- name: pay_periods
-- The newest first, with what they paid by currency.
SELECT p.id, p.starts_at, p.ends_at, p.state, p.statements, p.lines, p.closed_by, p.closed_at, encode(p.chain_head, 'hex') AS chain_head,
  coalesce((SELECT jsonb_agg(to_jsonb(sums) ORDER BY sums.currency) FROM (
     SELECT s.currency, count(*) AS people, sum(s.earned_micros)::bigint AS earned, sum(s.payable_micros)::bigint AS payable
     FROM statement s WHERE s.period = p.id GROUP BY s.currency) AS sums), '[]') AS totals
FROM pay_period p
WHERE (:period_id::uuid IS NULL OR p.id = :period_id::uuid) AND (:before::timestamptz IS NULL OR p.starts_at < :before::timestamptz)
ORDER BY p.starts_at DESC
LIMIT :limit

-- name: last_pay_period
-- Where the next one begins, under a lock that lets one caller at a time add it.
SELECT (SELECT max(ends_at) FROM pay_period) AS ends_at, (SELECT min(created_at) FROM transfer) AS first_money, clock_timestamp() AS now
FROM (SELECT pg_advisory_xact_lock(7276655032)) AS one

-- name: add_pay_period
-- The next one; its trigger holds that it follows the last.
INSERT INTO pay_period (id, starts_at, ends_at, created_at) VALUES (:id, :starts_at, :ends_at, clock_timestamp())

-- name: start_closing
-- Once its time is over, and in their order.
UPDATE pay_period SET state = 'closing', closed_by = :closed_by
WHERE id = :id AND state = 'open' AND ends_at <= clock_timestamp()
  AND NOT EXISTS (SELECT FROM pay_period AS earlier WHERE earlier.starts_at < pay_period.starts_at AND earlier.state <> 'closed')
RETURNING id

-- name: lock_pay_period
-- The one that is being closed; one worker at a time.
SELECT p.id, p.starts_at, p.ends_at, p.state, p.to_xid, p.to_seq, p.next_project, p.next_account, p.statements, p.lines
FROM pay_period p WHERE p.id = :id FOR UPDATE

-- name: unsealed_before
-- Money that belongs to the period and is not sealed yet: a running transaction holds the seal back for a moment.
SELECT EXISTS (SELECT FROM transfer WHERE (xid, seq) > (:xid::text::xid8, :seq::bigint) AND (created_at < :ends_at OR for_period = :period_id))

-- name: pin_pay_period
-- Its place in the ledger, once.
UPDATE pay_period SET to_xid = :xid, to_seq = :seq, chain_head = :head WHERE id = :id

-- part: period_bounds
bounds AS MATERIALIZED (  -- so that its places are read once, and not made out of text again for every line
  SELECT p.id AS period, p.starts_at, p.ends_at, coalesce(p.to_xid, 9223372036854775807)::text::xid8 AS to_xid, coalesce(p.to_seq, 9223372036854775807) AS to_seq,
    coalesce(before.to_xid, 0)::text::xid8 AS from_xid, coalesce(before.to_seq, 0) AS from_seq,
    -- No transaction lives for a day: what is older than that was in an earlier period, and need not be looked at.
    CASE WHEN before.id IS NULL THEN '-infinity' ELSE p.starts_at - interval '1 day' END AS since, before.id IS NULL AS first
  FROM pay_period p LEFT JOIN pay_period before ON before.ends_at = p.starts_at
  WHERE p.id = :period_id
)

-- part: in_period
AND t.created_at >= bounds.since AND (t.xid, t.seq) <= (bounds.to_xid, bounds.to_seq)
AND (t.for_period = bounds.period OR t.for_period IS NULL AND t.created_at < bounds.ends_at
     AND (bounds.first OR t.created_at >= bounds.starts_at OR (t.xid, t.seq) > (bounds.from_xid, bounds.from_seq)))

-- name: state_people
-- The next people in the order of their accounts: their lines summed and hashed, what was below the smallest coin carried on.
WITH
{period_bounds}
, units AS (
  SELECT * FROM unnest(:currencies::text[], :units::bigint[]) AS u (currency, unit)
), owners AS MATERIALIZED (
  SELECT id, owner_id, currency FROM account WHERE kind = 'annotator_earnings' AND id > :after ORDER BY id LIMIT :limit
), line AS (
  SELECT owners.id AS account, found.seq, found.digest, found.micros
  FROM owners CROSS JOIN bounds CROSS JOIN LATERAL (
    SELECT t.seq, t.digest, t.amount_micros AS micros FROM transfer t
    WHERE t.credit_account = owners.id AND t.kind IN ('post', 'share', 'convert')
{in_period}
    UNION ALL
    SELECT t.seq, t.digest, -t.amount_micros FROM transfer t
    WHERE t.debit_account = owners.id AND t.kind IN ('share', 'deduct', 'convert')
{in_period}
  ) AS found
), folded AS (
  SELECT account, count(*)::int AS lines, sum(micros)::bigint AS earned, sha256(string_agg(digest, ''::bytea ORDER BY seq)) AS lines_hash
  FROM line GROUP BY account
), totals AS (
  SELECT folded.*, owners.owner_id, owners.currency, units.unit, coalesce(last.no, 0) + 1 AS no, coalesce(last.carried_out_micros, 0) AS carried_in,
    coalesce(last.hash, decode(repeat('00', 32), 'hex')) AS previous_hash, folded.earned + coalesce(last.carried_out_micros, 0) AS total
  FROM folded JOIN owners ON owners.id = folded.account JOIN units ON units.currency = owners.currency
  LEFT JOIN LATERAL (SELECT s.no, s.carried_out_micros, s.hash FROM statement s WHERE s.account = folded.account ORDER BY s.no DESC LIMIT 1) AS last ON true
), added AS (
  INSERT INTO statement (id, period, annotator, account, currency, no, lines, earned_micros, carried_in_micros, payable_micros, carried_out_micros,
    lines_hash, previous_hash, hash, created_at)
  SELECT gen_random_uuid(), :period_id, owner_id, account, currency, no, lines, earned, carried_in,
    greatest(total, 0) / unit * unit, total - greatest(total, 0) / unit * unit, lines_hash, previous_hash, '', clock_timestamp()
  FROM totals
  RETURNING lines
)
SELECT (SELECT count(*)::int FROM added) AS statements, (SELECT coalesce(sum(lines), 0)::bigint FROM added) AS lines,
  (SELECT id FROM owners ORDER BY id DESC LIMIT 1) AS last,
  EXISTS (SELECT FROM account WHERE kind = 'annotator_earnings' AND id > (SELECT id FROM owners ORDER BY id DESC LIMIT 1)) AS more

-- name: advance_pay_period
-- How far the statements are.
UPDATE pay_period SET next_account = :next_account, statements = statements + :statements, lines = lines + :lines WHERE id = :id

-- name: close_pay_period
-- The last step: from here on nothing in it can change.
UPDATE pay_period SET state = 'closed', closed_at = clock_timestamp() WHERE id = :id
RETURNING statements, lines

-- name: statement_list
-- The newest period first; every filter may be left out.
SELECT s.id, s.period AS period_id, p.starts_at, p.ends_at, s.annotator AS annotator_id, a.display_name, s.currency, s.no, s.lines, s.earned_micros,
  s.carried_in_micros, s.payable_micros, s.carried_out_micros, encode(s.lines_hash, 'hex') AS lines_hash, encode(s.previous_hash, 'hex') AS previous_hash,
  encode(s.hash, 'hex') AS hash, statement_entry(s) AS entry, encode(p.chain_head, 'hex') AS chain_head, s.created_at
FROM statement s
JOIN pay_period p ON p.id = s.period
JOIN annotator a ON a.id = s.annotator
WHERE p.state = 'closed'
  AND (:statement_id::uuid IS NULL OR s.id = :statement_id::uuid)
  AND (:annotator_id::uuid IS NULL OR s.annotator = :annotator_id::uuid)
  AND (:vendor_id::uuid IS NULL OR a.vendor = :vendor_id::uuid)
  AND (:period_id::uuid IS NULL OR s.period = :period_id::uuid)
  AND (:before_at::timestamptz IS NULL OR (p.starts_at, s.id) < (:before_at::timestamptz, :before_id::uuid))
ORDER BY p.starts_at DESC, s.id DESC
LIMIT :limit

-- name: statement_lines
-- Each line with the hold whose price it pays, as both were hashed, and what the work was.
WITH
{period_bounds}
SELECT t.seq, t.kind, t.created_at, t.created_at < bounds.starts_at AS late, CASE WHEN t.credit_account = :account::uuid THEN t.amount_micros ELSE -t.amount_micros END AS micros,
  transfer_entry(t) AS entry, encode(t.digest, 'hex') AS digest, CASE WHEN held.id IS NOT NULL THEN transfer_entry(held) END AS held_entry, encode(held.digest, 'hex') AS held_digest,
  CASE WHEN t.kind = 'convert' THEN coalesce(held.inputs, '{}') || t.inputs WHEN held.inputs -> 'metered' IS NOT NULL THEN held.inputs || t.inputs
    ELSE coalesce(held.inputs, t.inputs) END AS inputs, t.reason,
  CASE WHEN t.kind = 'convert' AND t.inputs ->> 'kind' = 'share' THEN 'share' ELSE coalesce(assignment.kind, held.inputs ->> 'kind', t.inputs ->> 'kind', '') END AS work, t.task_id,
  task.external_id, coalesce(task.payload ->> 'title', exam.name) AS title, task.domain, task.language, project.name AS project_name,
  CASE WHEN held.business_key LIKE 'again:%' THEN (SELECT first.seq FROM transfer AS first WHERE first.business_key = 'hold:' || t.assignment_id)
    ELSE (coalesce(held.inputs, t.inputs) ->> 'corrects')::bigint END AS refers_to
FROM bounds
CROSS JOIN LATERAL (
  SELECT t.seq FROM transfer t WHERE t.credit_account = :account::uuid AND t.kind IN ('post', 'share', 'convert')
{in_period}
  UNION ALL
  SELECT t.seq FROM transfer t WHERE t.debit_account = :account::uuid AND t.kind IN ('share', 'deduct', 'convert')
{in_period}
) AS mine
JOIN transfer t ON t.seq = mine.seq
LEFT JOIN transfer held ON held.id = CASE WHEN t.kind = 'convert' THEN (t.inputs ->> 'held_id')::uuid ELSE t.pending END
LEFT JOIN assignment ON assignment.id = t.assignment_id
LEFT JOIN task ON task.id = t.task_id
LEFT JOIN exam_attempt ON exam_attempt.id = t.exam_attempt_id
LEFT JOIN exam ON exam.id = exam_attempt.exam
LEFT JOIN project ON project.id = t.project_id
ORDER BY t.seq

-- name: check_statements_are_their_lines
-- Every line of every closed period folded again by itself, against what the statements say; a line in none, or a statement without, shows too.
WITH bounds AS (
  SELECT p.id AS period, p.starts_at, p.ends_at, p.to_xid::text::xid8 AS to_xid, p.to_seq, coalesce(before.to_xid, 0)::text::xid8 AS from_xid,
    coalesce(before.to_seq, 0) AS from_seq, before.id IS NULL AS first
  FROM pay_period p LEFT JOIN pay_period before ON before.ends_at = p.starts_at
  WHERE p.state = 'closed'
), leg AS (
  SELECT t.xid, t.seq, t.created_at, t.for_period, t.digest, t.credit_account AS account, t.amount_micros AS micros FROM transfer t WHERE t.kind IN ('post', 'share', 'convert')
  UNION ALL
  SELECT t.xid, t.seq, t.created_at, t.for_period, t.digest, t.debit_account, -t.amount_micros FROM transfer t WHERE t.kind IN ('share', 'deduct', 'convert')
), folded AS (
  SELECT bounds.period, leg.account, count(*) AS lines, sum(leg.micros) AS earned, sha256(string_agg(leg.digest, ''::bytea ORDER BY leg.seq)) AS lines_hash
  FROM bounds JOIN leg ON (leg.xid, leg.seq) <= (bounds.to_xid, bounds.to_seq)
    AND (leg.for_period = bounds.period OR leg.for_period IS NULL AND leg.created_at < bounds.ends_at
         AND (bounds.first OR leg.created_at >= bounds.starts_at OR (leg.xid, leg.seq) > (bounds.from_xid, bounds.from_seq)))
  JOIN account ON account.id = leg.account AND account.kind = 'annotator_earnings'
  GROUP BY 1, 2
), stated AS (
  SELECT statement.* FROM statement JOIN bounds ON bounds.period = statement.period
)
SELECT coalesce(stated.period, folded.period) AS period_id, stated.id AS statement_id, coalesce(stated.account, folded.account) AS account_id,
  stated.lines, folded.lines AS folded_lines, stated.earned_micros, folded.earned AS folded_micros
FROM stated FULL JOIN folded ON folded.period = stated.period AND folded.account = stated.account
WHERE (stated.lines, stated.earned_micros, stated.lines_hash) IS DISTINCT FROM (folded.lines, folded.earned, folded.lines_hash)

-- name: check_statements_follow_each_other
-- Each carries on what the one before left over, names its hash, and has its own.
SELECT s.id AS statement_id, s.no, s.carried_in_micros, before.carried_out_micros
FROM statement s LEFT JOIN statement before ON before.account = s.account AND before.no = s.no - 1
WHERE s.carried_in_micros <> coalesce(before.carried_out_micros, 0) OR s.previous_hash <> coalesce(before.hash, decode(repeat('00', 32), 'hex'))
  OR s.hash <> sha256(convert_to(statement_entry(s), 'UTF8')) OR (s.no > 1) <> (before.id IS NOT NULL)

-- name: held_before
-- Works that began before a moment and whose money is still set aside.
SELECT count(*) FROM transfer AS held
WHERE held.kind = 'pending' AND held.adjustment_id IS NULL AND held.created_at < :ends_at AND NOT EXISTS (SELECT FROM transfer AS resolution WHERE resolution.pending = held.id)

-- name: deduct
-- Out of what somebody earned, back into the budget; no row where they have not earned so much. Locks as hold does: the budget first.
WITH budget AS (
  UPDATE account SET credits_posted = credits_posted + :amount_micros::bigint
  WHERE kind = 'project_budget' AND owner_id = :project_id AND currency = :currency
    AND EXISTS (SELECT FROM account AS earnings WHERE earnings.kind = 'annotator_earnings' AND earnings.owner_id = :annotator_id
                AND earnings.currency = :paid_currency AND earnings.credits_posted - earnings.debits_posted - earnings.debits_pending >= :paid_micros::bigint)
  RETURNING id
), earnings AS (
  UPDATE account SET debits_posted = debits_posted + :amount_micros::bigint
  FROM budget WHERE account.kind = :payee AND account.owner_id = :annotator_id AND account.currency = :currency
  RETURNING account.id
)
INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id, annotator_id, adjustment_id, inputs, reason, created_at)
SELECT :id, 'deduct', :key, earnings.id, budget.id, :amount_micros, :currency, :project_id, :annotator_id, :adjustment_id, :inputs, :reason, clock_timestamp()
FROM budget CROSS JOIN earnings
RETURNING seq

-- name: adjustment_ground
-- Whom and out of what; the project's lock makes those of one project take turns, so that many small ones cannot pass the limit together.
SELECT project.currency, project.state AS project_state, annotator.id AS annotator_id,
  coalesce((SELECT sum(abs(a.amount_micros)) FROM adjustment a WHERE a.annotator = annotator.id AND a.author = :author AND a.currency = project.currency
     AND NOT a.needs_approval AND a.state IN ('scheduled', 'posted') AND a.created_at > clock_timestamp() - interval '1 day'), 0)::bigint AS lately_micros,
  (SELECT t.annotator_id FROM transfer t WHERE t.seq = :corrects::bigint) AS corrected_annotator
FROM project JOIN annotator ON annotator.id = :annotator_id
WHERE project.id = :project_id
FOR NO KEY UPDATE OF project

-- name: add_adjustment
-- As it was proposed.
INSERT INTO adjustment (id, kind, project, annotator, amount_micros, currency, reason, corrects, inputs, author, needs_approval, state, acts_at, created_at)
VALUES (:id, :kind, :project_id, :annotator_id, :amount_micros, :currency, :reason, :corrects, :inputs, :author, :needs_approval,
  CASE WHEN :needs_approval::boolean THEN 'waiting' ELSE 'scheduled' END, clock_timestamp() + make_interval(secs => :seconds), clock_timestamp())

-- name: lock_adjustment
-- One decision at a time.
SELECT id, kind, project, annotator, amount_micros, currency, reason, corrects, inputs, author, needs_approval, state, period
FROM adjustment WHERE id = :id FOR UPDATE

-- name: decide_adjustment
-- What became of it, and by whom.
UPDATE adjustment SET state = :state, decided_by = :decided_by, decided_at = clock_timestamp(), decision = :decision WHERE id = :id

-- name: due_adjustments
-- Those whose undo time is over, and those that waited too long.
SELECT id, state FROM adjustment WHERE state IN ('waiting', 'scheduled') AND kind <> 'floor' AND acts_at <= clock_timestamp()
ORDER BY acts_at LIMIT :limit FOR UPDATE SKIP LOCKED

-- name: adjustments
-- The newest first; every filter may be left out.
SELECT a.id, a.kind, a.project AS project_id, p.name AS project_name, a.annotator AS annotator_id, n.display_name AS name, a.amount_micros, a.currency, a.reason,
  a.corrects, a.period AS period_id, a.language, a.inputs, a.author, a.needs_approval, a.state, a.acts_at, a.decided_by, a.decided_at, a.decision, a.created_at
FROM adjustment a JOIN project p ON p.id = a.project JOIN annotator n ON n.id = a.annotator
WHERE (:id::uuid IS NULL OR a.id = :id::uuid) AND (:state::text IS NULL OR a.state = :state::text) AND (:kind::text IS NULL OR a.kind = :kind::text)
  AND (:annotator_id::uuid IS NULL OR a.annotator = :annotator_id::uuid) AND (:project_id::uuid IS NULL OR a.project = :project_id::uuid)
  AND (:period_id::uuid IS NULL OR a.period = :period_id::uuid) AND (:vendor_id::uuid IS NULL OR n.vendor = :vendor_id::uuid)
  AND (:before::uuid IS NULL OR a.id < :before::uuid)
ORDER BY a.id DESC
LIMIT :limit

-- name: check_adjustments_are_paid_once
-- Posted: one movement of its amount, to or from its person and project. Open and upwards: held. Otherwise: nothing.
SELECT a.id AS adjustment_id, a.state, a.amount_micros, moved.micros, moved.held
FROM adjustment a
LEFT JOIN LATERAL (
  SELECT coalesce(sum(CASE t.kind WHEN 'post' THEN t.amount_micros WHEN 'deduct' THEN -t.amount_micros END), 0)::bigint AS micros,
    count(*) FILTER (WHERE t.kind IN ('post', 'deduct')) AS movements,
    coalesce(sum(CASE t.kind WHEN 'pending' THEN t.amount_micros WHEN 'post' THEN -t.amount_micros WHEN 'void' THEN -t.amount_micros END), 0)::bigint AS held,
    bool_or((t.annotator_id, t.project_id, t.currency) IS DISTINCT FROM (a.annotator, a.project, a.currency)) AS strange
  FROM transfer t WHERE t.adjustment_id = a.id AND t.kind <> 'convert'
) AS moved ON true
WHERE moved.strange OR moved.micros <> CASE WHEN a.state = 'posted' THEN a.amount_micros ELSE 0 END OR moved.movements <> (a.state = 'posted')::int
  OR moved.held <> CASE WHEN a.kind <> 'floor' AND a.amount_micros > 0 AND a.state IN ('waiting', 'scheduled') THEN a.amount_micros ELSE 0 END
UNION ALL
SELECT t.adjustment_id, 'none', NULL, t.amount_micros, NULL
FROM transfer t WHERE t.adjustment_id IS NOT NULL AND NOT EXISTS (SELECT FROM adjustment a WHERE a.id = t.adjustment_id)

-- name: pay_floors
-- Every version, the newest first, and whether it is the one in force.
SELECT f.id, f.project AS project_id, f.version, f.language, f.hourly_micros, f.currency, f.reason, f.created_by, f.effective_from,
  NOT EXISTS (SELECT FROM pay_floor later WHERE later.project = f.project AND later.language IS NOT DISTINCT FROM f.language AND later.version > f.version) AS in_force
FROM pay_floor f WHERE f.project = :project_id ORDER BY f.version DESC

-- name: add_pay_floor
-- The next version, under lock_project; for work that is taken from now on.
INSERT INTO pay_floor (id, project, version, language, hourly_micros, currency, reason, created_by, effective_from)
SELECT :id, :project_id, 1 + (SELECT coalesce(max(version), 0) FROM pay_floor WHERE project = :project_id), :language, :hourly_micros, :currency, :reason,
  :created_by, clock_timestamp()
RETURNING id

-- name: next_project_with_floor
-- The projects whose floors are looked at, one after the other.
SELECT min(project::text)::uuid FROM pay_floor WHERE :after::uuid IS NULL OR project > :after::uuid

-- name: top_up
-- Who earned less per counted hour of paid work than the floor that was in force when they took it. What counts of a task is bounded by a multiple of
-- its lane's median, so that an open tab brings nothing; time on work that was not paid does not count at all.
WITH
{period_bounds}
, line AS (
  SELECT t.annotator_id, task.language, slot.lane, assignment.kind, assignment.active_seconds, floor.hourly_micros, t.currency,
    t.amount_micros - coalesce((SELECT sum(s.amount_micros) FROM transfer s WHERE s.assignment_id = t.assignment_id AND s.kind = 'share'), 0) AS earned
  FROM bounds JOIN transfer t ON t.project_id = :project_id AND t.kind = 'post' AND t.assignment_id IS NOT NULL
{in_period}
  JOIN assignment ON assignment.id = t.assignment_id
  JOIN task ON task.id = t.task_id
  JOIN slot ON slot.id = assignment.slot
  JOIN LATERAL (
    SELECT f.hourly_micros FROM pay_floor f
    WHERE f.project = t.project_id AND (f.language IS NULL OR f.language = task.language) AND f.effective_from <= assignment.claimed_at
    ORDER BY f.language NULLS LAST, f.version DESC LIMIT 1
  ) AS floor ON floor.hourly_micros > 0
), by_lane AS (
  SELECT lane, percentile_cont(0.5) WITHIN GROUP (ORDER BY active_seconds) AS median FROM line GROUP BY lane HAVING count(*) >= :least_tasks
), by_kind AS (
  SELECT kind, percentile_cont(0.5) WITHIN GROUP (ORDER BY active_seconds) AS median FROM line GROUP BY kind HAVING count(*) >= :least_tasks
), counted AS (
  SELECT line.*, least(line.active_seconds, :most_seconds::float8, coalesce(by_lane.median, by_kind.median) * :multiple::float8)::numeric AS seconds
  FROM line LEFT JOIN by_lane ON by_lane.lane = line.lane LEFT JOIN by_kind ON by_kind.kind = line.kind
), folded AS (
  SELECT annotator_id, language, currency, count(*) AS tasks, sum(active_seconds) AS active, round(sum(seconds))::bigint AS seconds, sum(earned)::bigint AS earned,
    max(hourly_micros) AS hourly, round(sum(seconds * hourly_micros) / 3600)::bigint AS wanted
  FROM counted GROUP BY annotator_id, language, currency
)
INSERT INTO adjustment (id, kind, project, annotator, amount_micros, currency, reason, period, language, inputs, author, needs_approval, state, acts_at, created_at)
SELECT gen_random_uuid(), 'floor', :project_id, annotator_id, wanted - earned, currency, 'Floor per active hour', :period_id, language,
  jsonb_build_object('kind', 'floor', 'tasks', tasks, 'active_seconds', active, 'counted_seconds', seconds, 'earned_micros', earned, 'wanted_micros', wanted, 'hourly_micros', hourly),
  'system:payroll', false, 'scheduled', clock_timestamp(), clock_timestamp()
FROM folded WHERE wanted > earned AND seconds >= :least_seconds
ON CONFLICT DO NOTHING

-- name: due_top_ups
-- Some of a period's, to be paid before its place in the ledger is fixed.
SELECT id FROM adjustment WHERE period = :period_id AND kind = 'floor' AND state = 'scheduled' ORDER BY id LIMIT :limit

-- name: advance_floors
-- Up to which project the floors were looked at.
UPDATE pay_period SET next_project = :next_project WHERE id = :id

-- name: budget_pace
-- Posted a day over the last days that the project has paid in, and when what is left is gone at that pace.
WITH spent AS (
  SELECT coalesce(sum(amount_micros), 0) AS micros,
    greatest(1, extract(epoch FROM clock_timestamp() - min(created_at)) / 86400) AS days
  FROM transfer WHERE project_id = :project_id AND kind IN ('post', 'fee') AND created_at > clock_timestamp() - make_interval(days => :days)
), pace AS (
  SELECT round(micros / coalesce(days, 1))::bigint AS per_day FROM spent
)
SELECT per_day, CASE WHEN per_day > 0 AND :left::bigint / per_day <= :longest
  THEN clock_timestamp() + make_interval(secs => 86400 * (:left::bigint::float8 / per_day)) END AS runs_out_at
FROM pace

-- name: add_bank_details
-- The next version; two changes at once take turns under the person's lock.
INSERT INTO bank_details (id, annotator, version, kind, country, tail, sealed, fingerprint, created_by, created_at)
SELECT :id, :annotator_id, 1 + (SELECT coalesce(max(version), 0) FROM bank_details WHERE annotator = :annotator_id), :kind, :country, :tail, :sealed, :fingerprint,
  :created_by, clock_timestamp()
RETURNING version

-- name: bank_details_of
-- The newest first, never what is sealed.
SELECT version, kind, country, tail, created_by, created_at FROM bank_details WHERE annotator = :annotator_id ORDER BY version DESC LIMIT :limit

-- part: owed
open AS (
  SELECT s.id, s.annotator, s.account, s.payable_micros
  FROM statement s JOIN pay_period p ON p.id = s.period
  WHERE p.state = 'closed' AND p.starts_at <= (SELECT starts_at FROM pay_period WHERE id = :period_id) AND s.currency = :currency AND s.payable_micros > 0
    AND NOT EXISTS (SELECT FROM payout_line l WHERE l.statement = s.id AND l.state NOT IN ('returned', 'bounced', 'dropped'))
), person AS (
  SELECT annotator, account, count(*)::int AS statements, sum(payable_micros)::bigint AS micros FROM open GROUP BY annotator, account
), judged AS (
  SELECT person.*, d.id AS details, d.kind AS details_kind,
    CASE WHEN d.id IS NULL THEN 'no_details' WHEN d.kind <> ALL (:kinds::text[]) THEN 'other_kind' WHEN person.micros < :minimum::bigint THEN 'below_minimum'
      WHEN account.credits_posted - account.debits_posted - account.debits_pending < person.micros THEN 'uncovered' ELSE '' END AS why
  FROM person JOIN account ON account.id = person.account
  LEFT JOIN LATERAL (SELECT b.id, b.kind FROM bank_details b WHERE b.annotator = person.annotator ORDER BY b.version DESC LIMIT 1) AS d ON true
)

-- name: owed
-- What is not yet paid of all statements up to a period, by currency.
SELECT s.currency, count(DISTINCT s.annotator)::int AS people, sum(s.payable_micros)::bigint AS micros
FROM statement s JOIN pay_period p ON p.id = s.period
WHERE p.state = 'closed' AND p.starts_at <= (SELECT starts_at FROM pay_period WHERE id = :period_id) AND s.payable_micros > 0
  AND NOT EXISTS (SELECT FROM payout_line l WHERE l.statement = s.id AND l.state NOT IN ('returned', 'bounced', 'dropped'))
GROUP BY s.currency ORDER BY s.currency

-- name: not_payable
-- Who is owed something and cannot be in a batch, and why: most money first.
WITH
{owed}
SELECT judged.annotator AS annotator_id, a.display_name AS name, judged.statements, judged.micros, judged.why, count(*) OVER ()::int AS total
FROM judged JOIN annotator a ON a.id = judged.annotator WHERE judged.why <> '' ORDER BY judged.micros DESC, judged.annotator LIMIT :limit

-- name: add_payout_batch
-- Under a lock of its own, so that two drafts do not want the same statements.
INSERT INTO payout_batch (id, period, currency, format, pay_on, author, created_at)
SELECT :id, :period_id, :currency, :format, :pay_on, :author, clock_timestamp() FROM (SELECT pg_advisory_xact_lock(7276655033)) AS one

-- name: draft_payout_lines
-- Everybody who can be paid; a statement that came back or was taken out before gets the next try, with a reference to the last.
WITH
{owed}
INSERT INTO payout_line (id, batch, statement, annotator, attempt, retry_of, amount_micros, bank_details, created_at)
SELECT gen_random_uuid(), :id, open.id, open.annotator, coalesce(before.attempt, 0) + 1, before.id, open.payable_micros, judged.details, clock_timestamp()
FROM open JOIN judged ON judged.account = open.account
LEFT JOIN LATERAL (SELECT l.id, l.attempt FROM payout_line l WHERE l.statement = open.id ORDER BY l.attempt DESC LIMIT 1) AS before ON true
WHERE judged.why = ''

-- name: payout_batches
-- The newest first, with what became of their lines.
SELECT b.id, b.no, b.period AS period_id, p.starts_at, p.ends_at, b.currency, b.format, b.state, b.pay_on, b.author, b.approved_by, b.approved_at, b.exported_at,
  b.file_name, encode(b.file_digest, 'hex') AS file_digest, b.reconciled_at, b.created_at, sums.*
FROM payout_batch b JOIN pay_period p ON p.id = b.period
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE l.state <> 'dropped')::int AS lines, count(*) FILTER (WHERE l.state = 'sent')::int AS open_lines,
    coalesce(sum(l.amount_micros) FILTER (WHERE l.state <> 'dropped'), 0)::bigint AS total_micros,
    coalesce(sum(l.amount_micros) FILTER (WHERE l.state = 'paid'), 0)::bigint AS paid_micros,
    coalesce(sum(l.amount_micros) FILTER (WHERE l.state = 'returned'), 0)::bigint AS returned_micros,
    coalesce(sum(l.amount_micros) FILTER (WHERE l.state = 'bounced'), 0)::bigint AS bounced_micros
  FROM payout_line l WHERE l.batch = b.id
) AS sums
WHERE (:id::uuid IS NULL OR b.id = :id::uuid) AND (:period_id::uuid IS NULL OR b.period = :period_id::uuid) AND (:before::bigint IS NULL OR b.no < :before::bigint)
ORDER BY b.no DESC
LIMIT :limit

-- name: payout_lines
-- In one order; what is worth a look is said by each: an account changed lately, one that somebody else has too, one that was changed since the draft.
SELECT l.id, l.annotator AS annotator_id, a.display_name AS name, l.statement AS statement_id, s.no AS statement_no, p.starts_at, p.ends_at, l.attempt,
  l.retry_of AS retry_of_id, l.amount_micros, b.currency, d.kind, d.country, d.tail, l.state, l.reason, l.decided_by, l.decided_at, flag.flags
FROM payout_line l
JOIN payout_batch b ON b.id = l.batch
JOIN annotator a ON a.id = l.annotator
JOIN statement s ON s.id = l.statement
JOIN pay_period p ON p.id = s.period
JOIN bank_details d ON d.id = l.bank_details
CROSS JOIN LATERAL (
  SELECT array_remove(ARRAY[
    CASE WHEN EXISTS (SELECT FROM bank_details later WHERE later.annotator = l.annotator AND later.version > d.version AND later.created_at < coalesce(b.exported_at, 'infinity'))
      THEN 'changed_since' END,
    CASE WHEN d.version > 1 AND d.created_at > b.created_at - make_interval(days => :days) THEN 'changed_lately' END,
    CASE WHEN EXISTS (SELECT FROM bank_details other WHERE other.fingerprint = d.fingerprint AND other.annotator <> l.annotator) THEN 'shared' END], NULL) AS flags
) AS flag
WHERE l.batch = :batch_id AND (:line_id::uuid IS NULL OR l.id = :line_id::uuid) AND (:after::uuid IS NULL OR l.id > :after::uuid)
  AND (NOT :flagged::boolean OR cardinality(flag.flags) > 0 AND l.state <> 'dropped')
ORDER BY l.id
LIMIT :limit

-- name: lock_payout_batch
-- One step at a time.
SELECT id, no, period, currency, format, state, pay_on, author, approved_by, approved_at, exported_at, file_name, file_digest, sealed_file
FROM payout_batch WHERE id = :id FOR UPDATE

-- name: payout_line_states
-- Of a batch, under its lock.
SELECT id, annotator, state, reason, amount_micros FROM payout_line WHERE batch = :batch_id ORDER BY id

-- name: stale_payout_lines
-- Whose bank details are others now than when the batch was drafted.
SELECT a.display_name AS name FROM payout_line l JOIN bank_details d ON d.id = l.bank_details JOIN annotator a ON a.id = l.annotator
WHERE l.batch = :batch_id AND l.state = 'drafted'
  AND EXISTS (SELECT FROM bank_details later WHERE later.annotator = l.annotator AND later.version > d.version) ORDER BY a.display_name LIMIT 5

-- name: lock_payout_accounts
-- Those of the people first, then clearing and what was paid out, each in the order of ids.
SELECT FROM account
WHERE id IN (SELECT s.account FROM payout_line l JOIN statement s ON s.id = l.statement WHERE l.id = ANY (:ids::uuid[]))
  OR kind IN ('payout_clearing', 'paid_out') AND currency = :currency
ORDER BY kind, id FOR NO KEY UPDATE

-- name: uncovered_payouts
-- Who has less than a batch would pay, because something was taken back since; under lock_payout_accounts.
SELECT a.display_name AS name
FROM payout_line l JOIN statement s ON s.id = l.statement JOIN account ON account.id = s.account JOIN annotator a ON a.id = l.annotator
WHERE l.id = ANY (:ids::uuid[])
GROUP BY account.id, a.display_name HAVING sum(l.amount_micros) > account.credits_posted - account.debits_posted - account.debits_pending
ORDER BY a.display_name LIMIT 5

-- name: move_payouts
-- One step of the money of some lines, under lock_payout_accounts. Each step has its key, and paid and return share one: of a line only one of them is ever written.
WITH line AS (
  SELECT l.id, l.annotator, l.amount_micros, l.statement, l.batch, s.account AS earnings, b.currency, clearing.id AS clearing, paid_out.id AS paid_out
  FROM payout_line l JOIN statement s ON s.id = l.statement JOIN payout_batch b ON b.id = l.batch
  JOIN account clearing ON clearing.kind = 'payout_clearing' AND clearing.owner_id = :owner AND clearing.currency = b.currency
  JOIN account paid_out ON paid_out.kind = 'paid_out' AND paid_out.owner_id = :owner AND paid_out.currency = b.currency
  WHERE l.id = ANY (:ids::uuid[])
), added AS (
  INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, pending, annotator_id, inputs, reason, created_at)
  SELECT gen_random_uuid(), :kind::text, CASE WHEN :kind::text IN ('paid', 'return') THEN 'settle' ELSE :kind::text END || ':' || line.id,
    CASE WHEN :kind::text IN ('paid', 'return') THEN line.clearing WHEN :kind::text = 'bounce' THEN line.paid_out ELSE line.earnings END,
    CASE :kind::text WHEN 'paid' THEN line.paid_out WHEN 'return' THEN line.earnings WHEN 'bounce' THEN line.earnings ELSE line.clearing END,
    line.amount_micros, line.currency,
    CASE WHEN :kind::text IN ('clear', 'unmark') THEN (SELECT t.id FROM transfer t WHERE t.business_key = 'earmark:' || line.id) END,
    line.annotator, jsonb_build_object('kind', 'payout', 'payout_line_id', line.id, 'payout_batch_id', line.batch, 'statement_id', line.statement), :reason, clock_timestamp()
  FROM line
  RETURNING kind, debit_account, credit_account, amount_micros
), moved AS (
  UPDATE account SET
    debits_pending = debits_pending + leg.debit * leg.pending, credits_pending = credits_pending + leg.credit * leg.pending,
    debits_posted = debits_posted + leg.debit * leg.posted, credits_posted = credits_posted + leg.credit * leg.posted
  FROM (
    SELECT account_id, sum(debit)::bigint AS debit, sum(credit)::bigint AS credit,
      CASE kind WHEN 'earmark' THEN 1 WHEN 'clear' THEN -1 WHEN 'unmark' THEN -1 ELSE 0 END AS pending,
      CASE WHEN kind IN ('clear', 'paid', 'return', 'bounce') THEN 1 ELSE 0 END AS posted
    FROM (SELECT kind, debit_account AS account_id, amount_micros AS debit, 0 AS credit FROM added
          UNION ALL
          SELECT kind, credit_account, 0, amount_micros FROM added) AS legs
    GROUP BY account_id, kind
  ) AS leg
  WHERE account.id = leg.account_id
)
SELECT count(*)::int FROM added

-- name: set_payout_lines
-- What became of some lines, by whom.
UPDATE payout_line SET state = :state, reason = :reason, decided_by = :by, decided_at = clock_timestamp() WHERE id = ANY (:ids::uuid[])

-- name: approve_payout_batch
-- By somebody else than its author; the table's CHECK holds it too.
UPDATE payout_batch SET state = 'approved', approved_by = :by, approved_at = clock_timestamp() WHERE id = :id

-- name: cancel_payout_batch
-- Only before it has left.
UPDATE payout_batch SET state = 'cancelled' WHERE id = :id

-- name: payments_of_batch
-- What leaves, in the order of the lines; the accounts are still sealed.
SELECT l.id, l.annotator, l.amount_micros, d.id AS details_id, d.sealed, s.no AS statement_no, p.starts_at
FROM payout_line l JOIN bank_details d ON d.id = l.bank_details JOIN statement s ON s.id = l.statement JOIN pay_period p ON p.id = s.period
WHERE l.batch = :batch_id AND l.state = 'approved' ORDER BY l.id

-- name: export_payout_batch
-- The file as it left, once.
UPDATE payout_batch SET state = 'exported', exported_by = :by, exported_at = clock_timestamp(), file_name = :file_name, file_digest = :digest, sealed_file = :sealed
WHERE id = :id

-- name: reconcile_payout_batch
-- The last step of a batch.
UPDATE payout_batch SET state = 'reconciled', reconciled_by = :by, reconciled_at = clock_timestamp() WHERE id = :id

-- name: check_payouts_move_once
-- Each line has exactly the steps of its state, of its amount, to and from its person; no line is both paid and returned (what bounced was paid first), and no step is without a line.
SELECT l.id AS payout_line_id, l.state, steps.kinds
FROM payout_line l
LEFT JOIN LATERAL (
  SELECT array_agg(t.kind::text ORDER BY t.kind::text) AS kinds, bool_or((t.amount_micros, t.annotator_id) IS DISTINCT FROM (l.amount_micros, l.annotator)) AS strange
  FROM transfer t WHERE t.business_key IN ('earmark:' || l.id, 'clear:' || l.id, 'unmark:' || l.id, 'settle:' || l.id, 'bounce:' || l.id)
) AS steps ON true
WHERE coalesce(steps.strange, false) OR coalesce(array_to_string(steps.kinds, ' '), '') <> ALL (CASE l.state
  WHEN 'drafted' THEN ARRAY[''] WHEN 'approved' THEN ARRAY['earmark'] WHEN 'sent' THEN ARRAY['clear earmark'] WHEN 'paid' THEN ARRAY['clear earmark paid']
  WHEN 'returned' THEN ARRAY['clear earmark return'] WHEN 'bounced' THEN ARRAY['bounce clear earmark paid'] ELSE ARRAY['', 'earmark unmark'] END)
UNION ALL
SELECT t.id, 'no line', ARRAY[t.kind::text] FROM transfer t
WHERE t.kind IN ('earmark', 'clear', 'unmark', 'paid', 'return', 'bounce') AND NOT EXISTS (SELECT FROM payout_line l WHERE l.id::text = t.inputs ->> 'payout_line_id')

-- name: check_payouts_fit_their_statements
-- Folded from the journal: what left for a statement, less what came back, is never more than the statement says.
SELECT s.id AS statement_id, s.payable_micros, sums.micros
FROM (SELECT (t.inputs ->> 'statement_id')::uuid AS statement, sum(CASE t.kind WHEN 'clear' THEN t.amount_micros ELSE -t.amount_micros END) AS micros
      FROM transfer t WHERE t.kind IN ('clear', 'return', 'bounce') GROUP BY 1) AS sums
LEFT JOIN statement s ON s.id = sums.statement
WHERE s.id IS NULL OR sums.micros > s.payable_micros OR sums.micros < 0

-- name: currency_of_project
-- Without its lock: for what only looks.
SELECT currency FROM project WHERE id = :project_id

-- name: reprice
-- What was paid in the last days, and what it would have cost by other terms: works that are priced alike are added up first, so each price is
-- computed once. The level and language are those that were priced, of older work those of its lane and task. Half to even at the micro, as `rates.price`.
WITH alike AS (
  SELECT task.domain, held.inputs ->> 'kind' AS kind, (held.inputs ->> 'difficulty_band')::int AS band, coalesce((held.inputs ->> 'expert')::boolean, false) AS expert,
    coalesce((held.inputs ->> 'asked_level')::int, lane.min_level) AS asked_level, coalesce(held.inputs ->> 'language', task.language) AS language,
    CASE WHEN :most_turns::int > 0 AND held.inputs ->> 'kind' <> 'review' THEN least(:most_turns::int, turns_of((SELECT s.payload FROM submission s WHERE s.assignment = assignment.id ORDER BY s.round DESC, s.id DESC LIMIT 1))) ELSE 0 END AS turns,
    CASE WHEN held.inputs ->> 'kind' = 'review' THEN 0 ELSE least(60 * :most_minutes::int, assignment.active_seconds) END AS seconds,
    count(*) AS works, sum(t.amount_micros) AS old
  FROM transfer AS t
  JOIN transfer AS held ON held.id = t.pending AND held.rate_card IS NOT NULL
  JOIN assignment ON assignment.id = t.assignment_id
  JOIN task ON task.id = assignment.task
  JOIN slot ON slot.id = assignment.slot
  JOIN lane ON lane.id = slot.lane
  WHERE t.project_id = :project_id AND t.kind = 'post' AND t.created_at > clock_timestamp() - make_interval(days => :days)
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
), factored AS (
  SELECT alike.*, coalesce(:difficulty_factors::jsonb ->> band::text, '1')::numeric * CASE WHEN expert THEN :expert_factor::text ELSE '1' END::numeric
      * coalesce(:class_factors::jsonb ->> asked_level::text, '1')::numeric
      * coalesce((SELECT f.value FROM jsonb_each_text(:language_factors::jsonb) AS f
                  WHERE alike.language = f.key OR starts_with(alike.language, f.key || '-') ORDER BY length(f.key) DESC LIMIT 1), '1')::numeric AS factor,
    CASE kind WHEN 'review' THEN 3600 * :review_micros::bigint
      ELSE 3600 * (:annotation_micros::bigint + :turn_micros::bigint * turns) + :hour_micros::bigint * seconds END AS base,
    CASE kind WHEN 'review' THEN :bill_review_micros::bigint ELSE :bill_annotation_micros::bigint END AS bill,
    CASE kind WHEN 'review' THEN 0 ELSE greatest(:minimum_micros::bigint, (:turn_micros::bigint + :hour_micros::bigint > 0)::int) END AS least
  FROM alike
), rounded AS (
  SELECT factored.*,
    half_even(base * factor, 3600) AS each, half_even(bill * factor, 1) AS billed
  FROM factored
)
SELECT CASE GROUPING(domain, band, kind) WHEN 7 THEN 'all' WHEN 3 THEN 'domain' WHEN 5 THEN 'difficulty' ELSE 'kind' END AS part, domain, band, kind,
  coalesce(sum(works), 0)::bigint AS works, sum(old)::bigint AS old_micros, sum(works * greatest(each, least))::bigint AS new_micros,
  coalesce(sum(works) FILTER (WHERE each < least), 0)::bigint AS below, sum(works * billed)::bigint AS billed_micros
FROM rounded
GROUP BY GROUPING SETS ((), (domain), (band), (kind))
ORDER BY GROUPING(domain, band, kind) DESC, 2, 3, 4

-- name: timed_works
-- The newest paid works of a kind with their active time, the factors of their price, and the how manieth of its person in the project each was.
SELECT * FROM (
SELECT t.seq, t.created_at, slot.lane, t.annotator_id, assignment.active_seconds, t.amount_micros AS paid_micros, task.domain, task.language, (held.inputs ->> 'difficulty_band')::int AS band,
  coalesce(held.inputs ->> 'difficulty_factor', '1')::numeric * coalesce(held.inputs ->> 'expert_factor', '1')::numeric
    * coalesce(held.inputs ->> 'class_factor', '1')::numeric * coalesce(held.inputs ->> 'language_factor', '1')::numeric AS factor,
  row_number() OVER (PARTITION BY t.annotator_id ORDER BY t.seq) AS nth
FROM transfer AS t
JOIN transfer AS held ON held.id = t.pending AND held.rate_card IS NOT NULL
JOIN assignment ON assignment.id = t.assignment_id AND assignment.kind = :kind
JOIN task ON task.id = assignment.task
JOIN slot ON slot.id = assignment.slot
WHERE t.project_id = :project_id AND t.kind = 'post' AND assignment.active_seconds > 0
) AS work
WHERE work.created_at > clock_timestamp() - make_interval(days => :days)
ORDER BY work.seq DESC
LIMIT :limit

-- part: used_budgets
-- How much of each open project's budget is spent or set aside; what was deducted is neither funding nor spent. Those far below every share are left out early.
  SELECT a.owner_id AS project_id, p.name, a.currency, (a.credits_posted - coalesce(returned.micros, 0))::bigint AS funded_micros,
    (a.debits_posted + a.debits_pending - coalesce(returned.micros, 0))::bigint AS used_micros
  FROM account a JOIN project p ON p.id = a.owner_id AND p.currency = a.currency AND p.state <> 'closed'
  LEFT JOIN LATERAL (SELECT sum(t.amount_micros)::bigint AS micros FROM transfer t WHERE t.kind = 'deduct' AND t.credit_account = a.id) AS returned ON true
  WHERE a.kind = 'project_budget' AND a.credits_posted > 0 AND 100::numeric * (a.debits_posted + a.debits_pending) >= :least::int * a.credits_posted

-- name: budgets_to_tell
-- Each share that is reached and was not told at this level of funding.
WITH used AS (
{used_budgets}
)
SELECT u.project_id, u.currency, s.threshold, u.funded_micros, floor(100::numeric * u.used_micros / u.funded_micros)::int AS used_percent, u.funded_micros - u.used_micros AS left_micros
FROM used u CROSS JOIN unnest(:thresholds::int[]) AS s (threshold)
WHERE u.funded_micros > 0 AND 100::numeric * u.used_micros >= s.threshold * u.funded_micros::numeric
  AND NOT EXISTS (SELECT FROM budget_notice n WHERE (n.project, n.currency, n.threshold, n.funded_micros) = (u.project_id, u.currency, s.threshold, u.funded_micros))
ORDER BY u.project_id, s.threshold
LIMIT :limit

-- name: add_budget_notice
-- Once: whoever comes second writes nothing (budget_notice_once).
INSERT INTO budget_notice (id, project, currency, threshold, funded_micros, used_percent, left_micros, runs_out_at, told_at)
VALUES (:id, :project_id, :currency, :threshold, :funded_micros, :used_percent, :left_micros, :runs_out_at, clock_timestamp())
ON CONFLICT DO NOTHING
RETURNING id

-- name: budgets_reached
-- The highest share that each has reached, the fullest first.
WITH used AS (
{used_budgets}
)
SELECT u.project_id, u.name, u.currency, max(s.threshold) AS threshold, floor(100::numeric * u.used_micros / u.funded_micros)::int AS used_percent, u.funded_micros - u.used_micros AS left_micros
FROM used u CROSS JOIN unnest(:thresholds::int[]) AS s (threshold)
WHERE u.project_id = ANY (:project_ids::uuid[]) AND u.funded_micros > 0 AND 100::numeric * u.used_micros >= s.threshold * u.funded_micros::numeric
GROUP BY u.project_id, u.name, u.currency, u.funded_micros, u.used_micros
ORDER BY u.used_micros::numeric / u.funded_micros DESC, u.project_id

-- name: line_to_dispute
-- A line of somebody's earnings as it stands: what kind of dispute it allows, what a statement shows of it, and whether it is too soon or too late.
SELECT CASE WHEN held.kind <> 'pending' OR resolution.kind = 'post' THEN 'posted' WHEN resolution.kind = 'void' THEN 'voided' ELSE 'held' END AS kind,
  coalesce(resolution.seq, held.seq) AS corrects, held.project_id, held.assignment_id, held.currency,
  CASE WHEN held.kind = 'deduct' THEN -held.amount_micros WHEN resolution.kind = 'post' THEN resolution.amount_micros ELSE held.amount_micros END AS amount_micros,
  (held.kind <> 'pending' OR resolution.id IS NOT NULL) AND coalesce(resolution.created_at, held.created_at) < clock_timestamp() - make_interval(days => :window_days::int) AS late,
  held.kind = 'pending' AND resolution.id IS NULL AND (assignment.state IS NOT DISTINCT FROM 'live'
    OR coalesce(submission.submitted_at, held.created_at) > clock_timestamp() - make_interval(days => :held_days::int)) AS early
FROM transfer AS held
LEFT JOIN transfer AS resolution ON resolution.pending = held.id
LEFT JOIN assignment ON assignment.id = held.assignment_id
LEFT JOIN submission ON submission.assignment = held.assignment_id
WHERE held.seq = :line AND held.annotator_id = :annotator_id AND held.kind IN ('pending', 'share', 'deduct')

-- name: work_to_dispute
-- Somebody's own work, with its newest line where it has one.
SELECT a.project AS project_id, p.currency, a.state = 'live' AS early, coalesce(a.ended_at, a.claimed_at) < clock_timestamp() - make_interval(days => :window_days::int) AS late,
  (SELECT max(t.seq) FROM transfer t WHERE t.assignment_id = a.id AND t.annotator_id = a.annotator AND t.kind IN ('pending', 'share')) AS line
FROM assignment a JOIN project p ON p.id = a.project
WHERE a.id = :assignment_id AND a.annotator = :annotator_id

-- name: add_pay_dispute
-- pay_dispute_one_open and pay_dispute_answered_once make it one: whoever comes second writes nothing.
INSERT INTO pay_dispute (id, kind, project, annotator, line, assignment_id, currency, line_micros, wanted_micros, reason, state, opened_at, due_at)
VALUES (:id, :kind, :project_id, :annotator_id, :line, :assignment_id, :currency, :line_micros, :wanted_micros, :reason, 'open', clock_timestamp(),
  clock_timestamp() + make_interval(hours => :hours::int))
ON CONFLICT DO NOTHING
RETURNING id

-- name: lock_pay_dispute
-- One answer at a time.
SELECT d.id, d.kind, d.project, d.annotator, d.line, d.assignment_id, d.currency, d.line_micros, d.wanted_micros, d.state,
  (SELECT n.vendor FROM annotator n WHERE n.id = d.annotator) AS vendor
FROM pay_dispute d WHERE d.id = :id FOR UPDATE

-- name: end_pay_dispute
-- What became of it, and by whom.
UPDATE pay_dispute SET state = :state, decided_by = :by, decided_at = clock_timestamp(), answer = :answer, decision = :decision, adjustment = :adjustment_id WHERE id = :id

-- part: causes
  -- Who proposed or decided the adjustment, whose hand moved the work, and who judged it.
  SELECT coalesce(array_agg(DISTINCT who.label) FILTER (WHERE who.label IS NOT NULL), '{}') AS people
  FROM (
    SELECT unnest(ARRAY[a.author, a.decided_by]) AS label FROM transfer t JOIN adjustment a ON a.id = t.adjustment_id WHERE t.seq = d.line
    UNION ALL
    SELECT e.actor FROM audit_entry e WHERE e.subject_type = 'assignment' AND e.subject_id = d.assignment_id::text
    UNION ALL
    SELECT e.actor FROM submission b JOIN audit_entry e ON e.subject_type = 'submission' AND e.subject_id = b.id::text WHERE b.assignment = d.assignment_id
  ) AS who

-- name: causes_of_pay_dispute
-- Who does not answer it: by the label of the audit log, and reviewers of the work by their own record.
SELECT cause.people, ARRAY(SELECT v.reviewer FROM submission b JOIN verdict v ON v.submission = b.id WHERE b.assignment = d.assignment_id) AS reviewers
FROM pay_dispute d
CROSS JOIN LATERAL (
{causes}
) AS cause
WHERE d.id = :id

-- name: pay_of_disputed
-- Which row of the ledger an adjustment corrects, and whether the work was paid since it was voided.
SELECT coalesce(resolution.seq, d.line) AS corrects,
  d.kind IN ('voided', 'missing') AND EXISTS (SELECT FROM transfer t WHERE t.assignment_id = d.assignment_id AND t.annotator_id = d.annotator AND t.kind IN ('post', 'share')) AS paid_meanwhile
FROM pay_dispute d
LEFT JOIN transfer held ON held.seq = d.line
LEFT JOIN transfer resolution ON resolution.pending = held.id
WHERE d.id = :id

-- name: unpaid_pay_disputes
-- Upheld, but the adjustment that was to pay ended without, and nothing else paid the work.
SELECT d.id, a.state AS adjustment_state FROM pay_dispute d JOIN adjustment a ON a.id = d.adjustment AND a.state IN ('refused', 'undone', 'expired')
WHERE d.state = 'upheld' AND NOT (d.kind IN ('voided', 'missing')
  AND EXISTS (SELECT FROM transfer t WHERE t.assignment_id = d.assignment_id AND t.annotator_id = d.annotator AND t.kind IN ('post', 'share')))
ORDER BY d.id LIMIT :limit FOR UPDATE OF d SKIP LOCKED

-- name: reopen_pay_dispute
-- With a new date; the answer of before stands in the audit log.
UPDATE pay_dispute SET state = 'open', decided_by = NULL, decided_at = NULL, answer = '', decision = '', adjustment = NULL, overdue_at = NULL,
  due_at = clock_timestamp() + make_interval(hours => :hours::int)
WHERE id = :id

-- name: overdue_pay_disputes
-- Each is told once.
UPDATE pay_dispute SET overdue_at = clock_timestamp()
WHERE id IN (SELECT d.id FROM pay_dispute d WHERE d.state = 'open' AND d.due_at <= clock_timestamp() AND d.overdue_at IS NULL ORDER BY d.due_at LIMIT :limit FOR UPDATE SKIP LOCKED)
RETURNING id

-- name: check_pay_disputes_are_answered
-- By somebody who did not propose what is disputed; who was right has an adjustment of the same person, project and currency, and an adjustment that corrects the line.
SELECT d.id AS pay_dispute_id, d.state, d.decided_by, d.adjustment AS adjustment_id
FROM pay_dispute d
LEFT JOIN adjustment a ON a.id = d.adjustment
LEFT JOIN transfer held ON held.seq = d.line
LEFT JOIN transfer resolution ON resolution.pending = held.id
LEFT JOIN adjustment disputed ON disputed.id = held.adjustment_id
WHERE d.line IS NOT NULL AND (held.annotator_id, held.project_id, held.currency) IS DISTINCT FROM (d.annotator, d.project, d.currency)
  OR d.state IN ('upheld', 'refused') AND (d.decided_by IS NULL OR d.decided_by = disputed.author)
  OR d.adjustment IS NOT NULL AND ((a.kind, a.annotator, a.project, a.currency, a.author) IS DISTINCT FROM ('adjustment', d.annotator, d.project, d.currency, d.decided_by)
    OR a.amount_micros <= 0 OR d.line IS NOT NULL AND NOT coalesce(a.corrects IN (held.seq, resolution.seq), false))

-- name: pay_disputes
-- In the order that is asked for, from a place on; who caused a line is looked up for the rows of the page alone.
WITH found AS (
  SELECT d.*, p.name AS project_name, n.display_name, task.external_id, coalesce(a.kind, held.inputs ->> 'kind', '') AS work, task.id AS task_id,
    coalesce(resolution.reason, held.reason, '') AS line_reason, coalesce(held.inputs, '{}') AS price_inputs,
    CASE :sort::text WHEN 'due' THEN CASE WHEN d.state = 'open' THEN extract(epoch FROM d.due_at) ELSE 1e12 - extract(epoch FROM d.decided_at) END
      WHEN 'newest' THEN -extract(epoch FROM d.opened_at) WHEN 'amount' THEN -abs(coalesce(nullif(d.line_micros, 0), d.wanted_micros, 0)) ELSE 0 END::float8 AS rank,
    CASE :sort::text WHEN 'person' THEN lower(n.display_name) ELSE '' END AS word
  FROM pay_dispute d
  JOIN project p ON p.id = d.project
  JOIN annotator n ON n.id = d.annotator
  LEFT JOIN assignment a ON a.id = d.assignment_id
  LEFT JOIN task ON task.id = a.task
  LEFT JOIN transfer held ON held.seq = d.line
  LEFT JOIN transfer resolution ON resolution.pending = held.id
  WHERE (:ids::uuid[] IS NULL OR d.id = ANY (:ids::uuid[])) AND (:state::text IS NULL OR d.state = :state::text) AND (:kind::text IS NULL OR d.kind = :kind::text)
    AND (NOT :overdue::boolean OR d.state = 'open' AND d.due_at <= clock_timestamp())
    AND (:annotator_id::uuid IS NULL OR d.annotator = :annotator_id::uuid) AND (:project_id::uuid IS NULL OR d.project = :project_id::uuid)
    AND (:vendor_id::uuid IS NULL OR n.vendor = :vendor_id::uuid)
    AND (:text::text = '' OR strpos(lower(n.display_name || ' ' || coalesce(task.external_id, '') || ' ' || d.reason), lower(:text::text)) > 0)
), placed AS (
  SELECT * FROM found
  WHERE :after_id::uuid IS NULL OR (rank, word, id) > (:after_rank::float8, :after_word::text, :after_id::uuid)
  ORDER BY rank, word, id LIMIT :limit
)
SELECT d.id, d.kind, d.project AS project_id, d.project_name AS project, d.annotator AS annotator_id, d.display_name AS name, d.line, d.task_id, d.assignment_id, d.external_id, d.work,
  d.currency, d.line_micros, d.wanted_micros, d.line_reason, d.price_inputs, d.reason, d.state, d.opened_at, d.due_at,
  d.state = 'open' AND d.due_at <= clock_timestamp() AS overdue, d.decided_at, d.answer, d.decision, d.adjustment AS adjustment_id, paying.state AS adjustment_state,
  paying.amount_micros AS pays_micros, d.rank, d.word,
  :own::uuid IS NOT NULL AND (d.annotator = :own::uuid OR EXISTS (SELECT FROM submission b JOIN verdict v ON v.submission = b.id WHERE b.assignment = d.assignment_id AND v.reviewer = :own::uuid))
    OR :me::text = ANY (cause.people) AS not_yours
FROM placed d
LEFT JOIN adjustment paying ON paying.id = d.adjustment
CROSS JOIN LATERAL (
{causes}
) AS cause
ORDER BY d.rank, d.word, d.id

-- name: earnings_figures
-- Beside the totals of all time: the running period, what is neither paid nor on its way, and paid work with its time (what was shared counts as neither).
WITH running AS (
  SELECT coalesce(min(starts_at), date_trunc('month', clock_timestamp(), 'UTC')) AS starts_at, min(ends_at) AS ends_at
  FROM pay_period WHERE starts_at <= clock_timestamp() AND ends_at > clock_timestamp()
)
SELECT account.currency, running.starts_at, running.ends_at, folded.period AS period_micros, folded.way AS on_the_way_micros,
  account.credits_posted - account.debits_posted - account.debits_pending AS payable_micros, timed.micros AS timed_micros, timed.seconds AS timed_seconds
FROM account CROSS JOIN running
CROSS JOIN LATERAL (
  SELECT coalesce(sum(CASE WHEN t.debit_account = account.id THEN -t.amount_micros ELSE t.amount_micros END) FILTER (
      WHERE t.kind IN ('post', 'share', 'deduct') AND t.created_at >= running.starts_at), 0)::bigint AS period,
    coalesce(sum(CASE t.kind WHEN 'earmark' THEN t.amount_micros WHEN 'unmark' THEN -t.amount_micros WHEN 'paid' THEN -t.amount_micros WHEN 'return' THEN -t.amount_micros END), 0)::bigint AS way
  FROM (SELECT kind, amount_micros, created_at, debit_account FROM transfer WHERE annotator_id = account.owner_id AND currency = account.currency
        UNION ALL
        SELECT given.kind, given.amount_micros, given.created_at, given.debit_account FROM transfer AS given WHERE given.kind = 'share' AND given.debit_account = account.id) AS t
) AS folded
CROSS JOIN LATERAL (
  SELECT coalesce(sum(t.amount_micros), 0)::bigint AS micros, coalesce(sum(a.active_seconds), 0)::bigint AS seconds
  FROM transfer t JOIN assignment a ON a.id = t.assignment_id AND a.active_seconds > 0
  WHERE t.annotator_id = account.owner_id AND t.currency = account.currency AND t.kind = 'post' AND t.created_at >= running.starts_at
    AND NOT EXISTS (SELECT FROM transfer s WHERE s.assignment_id = t.assignment_id AND s.kind = 'share')
) AS timed
WHERE account.kind = 'annotator_earnings' AND account.owner_id = :annotator_id
ORDER BY account.currency

-- name: lines_more
-- Until when a line is held, how long its work took, and whether it can be disputed; the same bounds as line_to_dispute.
SELECT held.seq, held.assignment_id, b.submitted_at, a.active_seconds, step.accepted_at, step.due_at AS review_due_at,
  CASE WHEN adjusted.state IN ('waiting', 'scheduled') THEN adjusted.acts_at END AS acts_at, adjusted.state AS adjustment_state,
  CASE WHEN mine.state IS NOT NULL AND (mine.state = 'open' OR mine.kind = asked.kind) OR asked.kind = 'held' AND a.state IS NOT DISTINCT FROM 'live' THEN NULL
    WHEN asked.kind = 'held' THEN coalesce(b.submitted_at, held.created_at) + make_interval(days => :held_days::int)
    WHEN asked.ended_at >= clock_timestamp() - make_interval(days => :window_days::int) THEN asked.ended_at END AS disputable_from,
  mine.id AS dispute_id, mine.state AS dispute_state
FROM transfer held
LEFT JOIN transfer resolution ON resolution.pending = held.id
LEFT JOIN assignment a ON a.id = held.assignment_id
LEFT JOIN submission b ON b.assignment = held.assignment_id
LEFT JOIN adjustment adjusted ON adjusted.id = held.adjustment_id
CROSS JOIN LATERAL (
  SELECT CASE WHEN held.kind <> 'pending' OR resolution.kind = 'post' THEN 'posted' WHEN resolution.kind = 'void' THEN 'voided' ELSE 'held' END AS kind,
    coalesce(resolution.created_at, held.created_at) AS ended_at
) AS asked
LEFT JOIN LATERAL (
  SELECT min(r.due_at) AS due_at, min(r.due_at) FILTER (WHERE r.overdue = 'accept') AS accepted_at
  FROM review_step r WHERE r.submission = b.id AND b.state = 'pending' AND r.looked AND r.overdue_at IS NULL
) AS step ON true
LEFT JOIN LATERAL (
  SELECT d.id, d.state, d.kind FROM pay_dispute d WHERE d.annotator = held.annotator_id AND d.line = held.seq AND d.state <> 'withdrawn' ORDER BY d.id DESC LIMIT 1
) AS mine ON true
WHERE held.seq = ANY (:seqs::bigint[]) AND held.annotator_id = :annotator_id AND held.kind IN ('pending', 'share', 'deduct')

-- name: unpaid_work
-- Handed in and without a line; what is disputed or was answered stands among the disputes.
SELECT a.id AS assignment_id, a.task AS task_id, coalesce(t.payload ->> 'title', t.external_id) AS title, p.name AS project, a.kind, a.ended_at
FROM assignment a JOIN task t ON t.id = a.task JOIN project p ON p.id = a.project
WHERE a.annotator = :annotator_id AND a.state = 'submitted' AND a.ended_at > clock_timestamp() - make_interval(days => :window_days::int)
  AND NOT EXISTS (SELECT FROM transfer m WHERE m.assignment_id = a.id AND m.annotator_id = a.annotator)
  AND NOT EXISTS (SELECT FROM pay_dispute d WHERE d.annotator = a.annotator AND d.line IS NULL AND d.assignment_id = a.id AND d.state <> 'withdrawn')
ORDER BY a.ended_at DESC, a.id
LIMIT :limit

-- name: lines_by_reference
-- What a bank's file may speak of: by the line's id, by its last fifteen digits where no more fits into a file, or by its batch.
SELECT l.id, l.batch, l.annotator, a.display_name AS name, l.amount_micros, l.state, b.currency, b.format, b.no
FROM payout_line l JOIN payout_batch b ON b.id = l.batch JOIN annotator a ON a.id = l.annotator
WHERE l.id = ANY (:ids::uuid[]) OR right(replace(l.id::text, '-', ''), 15) = ANY (:short::text[]) OR l.batch = ANY (:batches::uuid[])
ORDER BY l.id

-- name: bank_answer
-- When and by whom these bytes were taken.
SELECT taken_by, created_at FROM bank_answer WHERE digest = :digest

-- name: add_bank_answer
-- Once per file, whoever else takes it at the same time.
INSERT INTO bank_answer (id, digest, name, format, entries, counts, taken_by, created_at)
VALUES (:id, :digest, :name, :format, :entries, :counts, :by, clock_timestamp()) ON CONFLICT (digest) DO NOTHING

-- name: add_book_check
-- What a look at all rules found.
INSERT INTO book_check (id, failures, created_at) VALUES (:id, :failures, clock_timestamp())

-- name: last_book_check
-- The newest look.
SELECT created_at AS at, failures FROM book_check ORDER BY created_at DESC LIMIT 1

-- name: period_bounds_of
-- Without what its statements say.
SELECT starts_at, ends_at, state, ends_at <= clock_timestamp() AS over FROM pay_period WHERE id = :id

-- name: checklist_not_over
-- Its time runs on.
SELECT 1 AS count, NULL AS currency, 0 AS micros WHERE :ends_at::timestamptz > clock_timestamp()

-- name: checklist_earlier_open
-- Periods are closed in their order.
SELECT count(*)::int AS count, NULL AS currency, 0 AS micros FROM pay_period WHERE starts_at < :starts_at AND state <> 'closed'

-- name: checklist_books_broken
-- Rules of the money that did not hold when somebody last looked.
SELECT jsonb_array_length(last.failures) AS count, NULL AS currency, 0 AS micros
FROM (SELECT failures FROM book_check ORDER BY created_at DESC LIMIT 1) AS last

-- name: checklist_books_unchecked
-- Nobody has looked since the period ended.
SELECT 1 AS count, NULL AS currency, 0 AS micros
WHERE :ends_at::timestamptz <= clock_timestamp() AND NOT EXISTS (SELECT FROM book_check WHERE created_at >= :ends_at::timestamptz)

-- name: checklist_seals_behind
-- Money of more than a minute ago that no seal covers, and none was made since: the clock or the worker stands, or a transaction hangs.
SELECT count(*)::int AS count, NULL AS currency, 0 AS micros
FROM (SELECT to_xid, to_seq, sealed_at FROM ledger_seal ORDER BY n DESC LIMIT 1) AS last
JOIN transfer ON (transfer.xid, transfer.seq) > (last.to_xid::text::xid8, last.to_seq)
WHERE last.sealed_at < clock_timestamp() - interval '1 minute' AND transfer.created_at < clock_timestamp() - interval '1 minute'

-- name: checklist_adjustments_waiting
-- Of the period, for a second person: approved later they are in the next one.
SELECT count(*)::int AS count, currency, sum(amount_micros)::bigint AS micros FROM adjustment
WHERE state = 'waiting' AND created_at < :ends_at GROUP BY currency ORDER BY currency

-- name: checklist_adjustments_scheduled
-- They can still be undone, and are paid within minutes.
SELECT count(*)::int AS count, currency, sum(amount_micros)::bigint AS micros FROM adjustment
WHERE state = 'scheduled' AND kind <> 'floor' AND created_at < :ends_at GROUP BY currency ORDER BY currency

-- name: checklist_payouts_unreconciled
-- Of earlier periods, at the bank since before this one ended: what came back is not known yet.
SELECT count(DISTINCT b.id)::int AS count, b.currency, coalesce(sum(l.amount_micros) FILTER (WHERE l.state = 'sent'), 0)::bigint AS micros
FROM payout_batch b JOIN pay_period p ON p.id = b.period JOIN payout_line l ON l.batch = b.id
WHERE b.state = 'exported' AND p.ends_at <= :starts_at AND b.pay_on < (:ends_at::timestamptz AT TIME ZONE 'UTC')::date
GROUP BY b.currency ORDER BY b.currency

-- name: checklist_reviews_overdue
-- Work of the period whose review is past its due time, and whose money is still held.
SELECT count(*)::int AS count, held.currency, sum(held.amount_micros)::bigint AS micros
FROM review_step r
JOIN submission b ON b.id = r.submission AND b.state = 'pending'
JOIN transfer held ON held.assignment_id = b.assignment AND held.kind = 'pending' AND NOT EXISTS (SELECT FROM transfer AS resolution WHERE resolution.pending = held.id)
WHERE r.looked AND r.due_at <= clock_timestamp() AND b.submitted_at < :ends_at
  AND NOT EXISTS (SELECT FROM review_step later WHERE later.submission = r.submission AND later.stage > r.stage)
GROUP BY held.currency ORDER BY held.currency

-- name: checklist_works_waiting
-- Works that began before the end and whose money is still set aside: they belong to the period in which they are accepted.
SELECT count(*)::int AS count, held.currency, sum(held.amount_micros)::bigint AS micros FROM transfer AS held
WHERE held.kind = 'pending' AND held.adjustment_id IS NULL AND held.created_at < :ends_at AND NOT EXISTS (SELECT FROM transfer AS resolution WHERE resolution.pending = held.id)
GROUP BY held.currency ORDER BY held.currency

-- name: checklist_top_ups_short
-- To the floor, of any period, that no budget covered.
SELECT count(*)::int AS count, currency, sum(amount_micros)::bigint AS micros FROM adjustment WHERE state = 'short' AND kind = 'floor' GROUP BY currency ORDER BY currency

-- name: checklist_deductions_short
-- Deductions, or bonuses, for which there was no money.
SELECT count(*)::int AS count, currency, sum(amount_micros)::bigint AS micros FROM adjustment WHERE state = 'short' AND kind <> 'floor' GROUP BY currency ORDER BY currency

-- part: unpaid_without_details
SELECT account.owner_id, account.currency, account.credits_posted - account.debits_posted - account.debits_pending AS micros
FROM account
WHERE account.kind = 'annotator_earnings' AND account.credits_posted - account.debits_posted - account.debits_pending > 0
  AND NOT EXISTS (SELECT FROM bank_details d WHERE d.annotator = account.owner_id)

-- name: checklist_no_bank_details
-- People who are owed something and cannot be paid.
SELECT count(*)::int AS count, currency, sum(micros)::bigint AS micros FROM (
{unpaid_without_details}
) AS unpaid GROUP BY currency ORDER BY currency

-- name: people_without_details
-- Most money first.
SELECT 'no_bank_details' AS why, a.id AS annotator_id, a.display_name AS name, unpaid.micros, unpaid.currency, NULL::bigint AS usual, NULL::uuid AS statement_id FROM (
{unpaid_without_details}
) AS unpaid JOIN annotator a ON a.id = unpaid.owner_id
ORDER BY unpaid.micros DESC, a.id LIMIT :limit

-- part: carried_below_zero
SELECT s.annotator, s.currency, s.carried_out_micros AS micros, s.id FROM statement s
WHERE s.carried_out_micros < 0 AND NOT EXISTS (SELECT FROM statement later WHERE later.account = s.account AND later.no = s.no + 1)

-- name: checklist_negative_carried
-- Whose last statement left a deduction that is not yet covered.
SELECT count(*)::int AS count, currency, sum(micros)::bigint AS micros FROM (
{carried_below_zero}
) AS below GROUP BY currency ORDER BY currency

-- name: people_below_zero
-- The deepest first.
SELECT 'negative_carried' AS why, a.id AS annotator_id, a.display_name AS name, below.micros, below.currency, NULL::bigint AS usual, below.id AS statement_id FROM (
{carried_below_zero}
) AS below JOIN annotator a ON a.id = below.annotator
ORDER BY below.micros, a.id LIMIT :limit

-- part: earned_and_usual
bounds_open AS (SELECT * FROM bounds WHERE :open::boolean), earned AS (
  SELECT s.account, s.earned_micros AS micros, s.no, s.id FROM statement s WHERE s.period = :period_id AND NOT :open::boolean
  UNION ALL
  SELECT leg.account, sum(leg.micros)::bigint, NULL, NULL FROM (
    SELECT t.credit_account AS account, t.amount_micros AS micros FROM bounds_open AS bounds JOIN transfer t ON t.kind IN ('post', 'share')
{in_period}
    UNION ALL
    SELECT t.debit_account, -t.amount_micros FROM bounds_open AS bounds JOIN transfer t ON t.kind IN ('share', 'deduct')
{in_period}
  ) AS leg GROUP BY leg.account
), judged AS (
  SELECT earned.account, earned.id AS statement_id, earned.micros, usual.micros AS usual, usual.spread
  FROM earned CROSS JOIN LATERAL (
    SELECT median.micros, percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(before.earned_micros - median.micros)) AS spread
    FROM (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY last.earned_micros) AS micros, count(*) AS n
          FROM (SELECT s.earned_micros FROM statement s WHERE s.account = earned.account AND s.no < coalesce(earned.no, 2147483647) ORDER BY s.no DESC LIMIT 12) AS last) AS median
    JOIN LATERAL (SELECT s.earned_micros FROM statement s WHERE s.account = earned.account AND s.no < coalesce(earned.no, 2147483647) ORDER BY s.no DESC LIMIT 12) AS before ON true
    WHERE median.n >= 3 GROUP BY median.micros
  ) AS usual
), unusual AS (  -- a spread of nothing, of whoever earned the same each time, counts as a twentieth of the median
  SELECT judged.*, account.owner_id, account.currency, abs(micros - usual) / greatest(1.4826 * spread, abs(usual) / 20, 1) AS far
  FROM judged JOIN account ON account.id = judged.account
  WHERE abs(micros - usual) > :deviations * greatest(1.4826 * spread, abs(usual) / 20, 1)
    AND (micros > usual OR :over::boolean)  -- while it runs, everybody has earned less than in a whole one
)

-- name: checklist_unusual
-- Whose pay is so many median absolute deviations away from the median of their own last twelve statements, of which there are three at least.
WITH
{period_bounds}
,
{earned_and_usual}
SELECT count(*)::int AS count, currency, sum(micros)::bigint AS micros FROM unusual GROUP BY currency ORDER BY currency

-- name: unusual_people
-- The furthest from their usual first.
WITH
{period_bounds}
,
{earned_and_usual}
SELECT 'unusual' AS why, a.id AS annotator_id, a.display_name AS name, unusual.micros, unusual.currency, round(unusual.usual)::bigint AS usual, unusual.statement_id
FROM unusual JOIN annotator a ON a.id = unusual.owner_id ORDER BY unusual.far DESC, a.id LIMIT :limit

-- name: to_be_decided
-- Adjustments of a filter that somebody may decide: not their own, and not for themselves.
SELECT a.id, a.currency, a.amount_micros FROM adjustment a
WHERE a.state = :state AND (:kind::text IS NULL OR a.kind = :kind::text) AND (:project_id::uuid IS NULL OR a.project = :project_id::uuid)
  AND (:period_id::uuid IS NULL OR a.period = :period_id::uuid) AND (:annotator_id::uuid IS NULL OR a.annotator = :annotator_id::uuid)
  AND (a.author <> :by OR a.state = 'short' AND NOT a.needs_approval) AND a.annotator IS DISTINCT FROM :own::uuid
ORDER BY a.id LIMIT :limit

-- name: costs
-- What was posted, by any of project, domain, difficulty, stage and time, beside the tasks that were accepted meanwhile (copies of gold are paid and no items, and nobody is
-- billed for them). What was converted counts once, as it was posted in the project's currency. A dimension that is not asked for is '' everywhere.
WITH paid AS (
  SELECT t.project_id, t.currency, t.created_at AS at, CASE t.kind WHEN 'deduct' THEN -t.amount_micros ELSE t.amount_micros END AS micros,
    coalesce(task.domain, exam.domain, '') AS domain, coalesce(lane.difficulty_band::text, '') AS band,
    CASE WHEN t.kind = 'fee' THEN 'fee' WHEN assignment.kind = 'review' AND slot.stage = 6 THEN 'adjudication' WHEN assignment.kind = 'review' AND slot.stage = 7 THEN 'second_look'
      WHEN assignment.kind = 'review' THEN 'review:' || greatest(slot.stage, 1) ELSE coalesce(assignment.kind, held.inputs ->> 'kind', t.inputs ->> 'kind', '') END AS stage,
    card.id IS NOT NULL AS priced, CASE WHEN card.id IS NOT NULL THEN CASE held.inputs ->> 'kind' WHEN 'review' THEN card.bill_review_micros ELSE card.bill_annotation_micros END
      * coalesce(held.inputs ->> 'difficulty_factor', '1')::numeric * coalesce(held.inputs ->> 'expert_factor', '1')::numeric
      * coalesce(held.inputs ->> 'class_factor', '1')::numeric * coalesce(held.inputs ->> 'language_factor', '1')::numeric END AS bill
  FROM transfer t
  LEFT JOIN transfer held ON held.id = t.pending
  LEFT JOIN task ON task.id = t.task_id
  LEFT JOIN rate_card card ON card.id = held.rate_card AND t.kind <> 'fee' AND task.gold IS NOT TRUE
  LEFT JOIN assignment ON assignment.id = t.assignment_id
  LEFT JOIN slot ON slot.id = assignment.slot
  LEFT JOIN lane ON lane.id = task.lane
  LEFT JOIN exam_attempt ON exam_attempt.id = t.exam_attempt_id
  LEFT JOIN exam ON exam.id = exam_attempt.exam
  WHERE (t.kind IN ('post', 'deduct') OR t.kind = 'fee' AND :vendor_id::uuid IS NULL) AND (:since::timestamptz IS NULL OR t.created_at >= :since::timestamptz) AND (:until::timestamptz IS NULL OR t.created_at < :until::timestamptz)
    AND (:project_id::uuid IS NULL OR t.project_id = :project_id::uuid)
    AND (:vendor_id::uuid IS NULL OR coalesce(assignment.vendor, CASE WHEN assignment.id IS NULL THEN (SELECT a.vendor FROM annotator a WHERE a.id = t.annotator_id) END) = :vendor_id::uuid)
), accepted AS (
  SELECT task.project, project.currency, task.closed_at AS at, task.domain, lane.difficulty_band::text AS band
  FROM task JOIN project ON project.id = task.project JOIN lane ON lane.id = task.lane
  WHERE task.state = 'accepted' AND NOT task.gold AND :vendor_id::uuid IS NULL AND (:since::timestamptz IS NULL OR task.closed_at >= :since::timestamptz)
    AND (:until::timestamptz IS NULL OR task.closed_at < :until::timestamptz) AND (:project_id::uuid IS NULL OR task.project = :project_id::uuid)
    AND (:domain::text IS NULL OR task.domain = :domain::text) AND (:difficulty::int IS NULL OR lane.difficulty_band = :difficulty::int)
), alike AS (  -- what is billed alike is rounded once
  SELECT CASE WHEN 'project' = ANY (:by::text[]) THEN paid.project_id::text ELSE '' END AS project_id, CASE WHEN 'domain' = ANY (:by::text[]) THEN paid.domain ELSE '' END AS domain,
    CASE WHEN 'difficulty' = ANY (:by::text[]) THEN paid.band ELSE '' END AS band, CASE WHEN 'stage' = ANY (:by::text[]) THEN paid.stage ELSE '' END AS stage,
    CASE WHEN 'week' = ANY (:by::text[]) THEN date_trunc('week', paid.at, 'UTC') AT TIME ZONE 'UTC' WHEN 'month' = ANY (:by::text[]) THEN date_trunc('month', paid.at, 'UTC') AT TIME ZONE 'UTC'
      WHEN 'period' = ANY (:by::text[]) THEN p.starts_at AT TIME ZONE 'UTC' END::date AS span,
    paid.currency, paid.priced, paid.bill, sum(paid.micros)::bigint AS micros, count(*)::int AS lines
  FROM paid LEFT JOIN pay_period p ON 'period' = ANY (:by::text[]) AND paid.at >= p.starts_at AND paid.at < p.ends_at
  WHERE (:domain::text IS NULL OR paid.domain = :domain::text) AND (:difficulty::int IS NULL OR paid.band = :difficulty::int::text) AND (:stage::text IS NULL OR paid.stage = :stage::text)
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
), cell AS (
  SELECT project_id, domain, band, stage, span, currency, sum(micros)::bigint AS micros, sum(lines)::int AS lines, sum(lines * half_even(bill, 1))::bigint AS billed,
    coalesce(sum(lines) FILTER (WHERE priced AND bill IS NULL), 0)::int AS unbilled
  FROM alike GROUP BY 1, 2, 3, 4, 5, 6
), item AS (
  SELECT CASE WHEN 'project' = ANY (:by::text[]) THEN accepted.project::text ELSE '' END AS project_id, CASE WHEN 'domain' = ANY (:by::text[]) THEN accepted.domain ELSE '' END AS domain,
    CASE WHEN 'difficulty' = ANY (:by::text[]) THEN accepted.band ELSE '' END AS band,
    CASE WHEN 'week' = ANY (:by::text[]) THEN date_trunc('week', accepted.at, 'UTC') AT TIME ZONE 'UTC' WHEN 'month' = ANY (:by::text[]) THEN date_trunc('month', accepted.at, 'UTC') AT TIME ZONE 'UTC'
      WHEN 'period' = ANY (:by::text[]) THEN p.starts_at AT TIME ZONE 'UTC' END::date AS span,
    accepted.currency, count(*)::int AS items
  FROM accepted LEFT JOIN pay_period p ON 'period' = ANY (:by::text[]) AND accepted.at >= p.starts_at AND accepted.at < p.ends_at
  GROUP BY 1, 2, 3, 4, 5
)
SELECT nullif(coalesce(cell.project_id, item.project_id), '') AS project_id, project.name AS project, CASE WHEN 'domain' = ANY (:by::text[]) THEN coalesce(cell.domain, item.domain) END AS domain,
  nullif(coalesce(cell.band, item.band), '')::int AS difficulty, CASE WHEN 'stage' = ANY (:by::text[]) THEN coalesce(cell.stage, '') END AS stage,
  coalesce(cell.span, item.span)::text AS span, coalesce(cell.currency, item.currency) AS currency, coalesce(cell.micros, 0) AS micros, coalesce(cell.lines, 0) AS lines,
  coalesce(item.items, 0) AS items, cell.billed, coalesce(cell.unbilled, 0) AS unbilled
FROM cell FULL JOIN item ON (item.project_id, item.domain, item.band, item.currency) = (cell.project_id, cell.domain, cell.band, cell.currency)
  AND coalesce(item.span, '-infinity') = coalesce(cell.span, '-infinity')
LEFT JOIN project ON project.id = nullif(coalesce(cell.project_id, item.project_id), '')::uuid
ORDER BY coalesce(cell.micros, 0) DESC
LIMIT :limit

-- name: exchange_rates_of
-- For each pair the newest rate of today (UTC) or before, unless it is too old to be used; pairs without one are left out.
SELECT pair.base, pair.quote, found.day, found.rate, found.source
FROM unnest(:bases::text[], :quotes::text[]) AS pair (base, quote)
CROSS JOIN LATERAL (
  SELECT r.day, r.rate, r.source, r.usable_until FROM exchange_rate r
  WHERE r.base = pair.base AND r.quote = pair.quote AND r.day <= (clock_timestamp() AT TIME ZONE 'UTC')::date ORDER BY r.day DESC LIMIT 1
) AS found
WHERE found.usable_until >= (clock_timestamp() AT TIME ZONE 'UTC')::date

-- name: pay_currency_of
-- That somebody is paid in; none: in each project's.
SELECT currency FROM annotator WHERE id = :annotator_id

-- name: set_pay_currency
-- The person's row; its trigger raises their profile's version.
UPDATE annotator SET currency = :currency WHERE id = :annotator_id

-- name: lock_budgets
-- Of some projects, in one order for everybody: before anything else of a transaction that moves more than one statement does.
SELECT FROM account WHERE kind = 'project_budget' AND owner_id = ANY (:project_ids::uuid[]) ORDER BY owner_id, id FOR NO KEY UPDATE

-- name: lock_conversions
-- What people earned before what was exchanged, each in the order of ids; after the budget, and after what the posting locked.
SELECT FROM account WHERE kind IN ('annotator_earnings', 'exchange') AND owner_id = ANY (:annotator_ids::uuid[]) AND currency = ANY (:currencies::text[])
ORDER BY kind, id FOR NO KEY UPDATE

-- name: convert
-- The second leg of a movement between currencies, once by its key: between somebody's exchange account and their earnings. Under lock_conversions.
WITH pair AS (
  SELECT earnings.id AS earnings, exchange.id AS exchange
  FROM account AS earnings JOIN account AS exchange ON exchange.kind = 'exchange' AND exchange.owner_id = earnings.owner_id AND exchange.currency = earnings.currency
  WHERE earnings.kind = 'annotator_earnings' AND earnings.owner_id = :annotator_id AND earnings.currency = :currency
), added AS (
  INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id, annotator_id, assignment_id, task_id,
    exam_attempt_id, adjustment_id, for_period, inputs, reason, created_at)
  SELECT :id, 'convert', 'convert:' || :source_key, CASE WHEN :back::boolean THEN pair.earnings ELSE pair.exchange END, CASE WHEN :back::boolean THEN pair.exchange ELSE pair.earnings END,
    :amount_micros, :currency, source.project_id, :annotator_id, source.assignment_id, source.task_id, source.exam_attempt_id, source.adjustment_id, source.for_period,
    :inputs, source.reason, clock_timestamp()
  FROM pair JOIN transfer AS source ON source.business_key = :source_key
  ON CONFLICT DO NOTHING
  RETURNING debit_account, credit_account, amount_micros
)
UPDATE account SET
  debits_posted = debits_posted + CASE WHEN account.id = added.debit_account THEN added.amount_micros ELSE 0 END,
  credits_posted = credits_posted + CASE WHEN account.id = added.credit_account THEN added.amount_micros ELSE 0 END
FROM added WHERE account.id IN (added.debit_account, added.credit_account)

-- name: share_terms
-- The exchange that each saw when they last took this task.
SELECT DISTINCT ON (theirs.annotator) theirs.annotator AS annotator_id, theirs.price_inputs -> 'exchange' AS exchange
FROM assignment AS mine JOIN assignment AS theirs ON theirs.task = mine.task AND theirs.kind = mine.kind AND theirs.currency = mine.currency AND theirs.annotator = ANY (:annotator_ids::uuid[])
WHERE mine.id = :assignment_id
ORDER BY theirs.annotator, theirs.claimed_at DESC

-- name: exchange_of_line
-- Of a transfer that is put right by another: by which rate it was converted, if it was.
SELECT coalesce(held.inputs, t.inputs) -> 'exchange' FROM transfer t LEFT JOIN transfer held ON held.id = t.pending WHERE t.seq = :seq

-- name: add_exchange_rates
-- Those that are new; one that is there already says the same, or the caller has refused it.
INSERT INTO exchange_rate (id, base, quote, day, rate, source, usable_until, created_by, created_at)
SELECT w.id, w.base, w.quote, w.day, w.rate::numeric, :source, w.day + :days::int, :by, clock_timestamp()
FROM unnest(:ids::uuid[], :bases::text[], :quotes::text[], :on_days::date[], :rates::text[]) AS w (id, base, quote, day, rate)
ON CONFLICT DO NOTHING

-- name: known_exchange_rates
-- Of these pairs and days, what is there.
SELECT r.base, r.quote, r.day, r.rate FROM exchange_rate r
JOIN unnest(:bases::text[], :quotes::text[], :on_days::date[]) AS w (base, quote, day) ON r.base = w.base AND r.quote = w.quote AND r.day = w.day

-- name: exchange_rates
-- The newest day first; every filter may be left out.
SELECT r.id, r.base, r.quote, r.day, r.rate, r.source, r.usable_until, r.created_by, r.created_at,
  r.usable_until >= (clock_timestamp() AT TIME ZONE 'UTC')::date AND r.day <= (clock_timestamp() AT TIME ZONE 'UTC')::date AND NOT EXISTS (
    SELECT FROM exchange_rate later WHERE later.base = r.base AND later.quote = r.quote AND later.day > r.day AND later.day <= (clock_timestamp() AT TIME ZONE 'UTC')::date) AS in_use
FROM exchange_rate r
WHERE (:base::text IS NULL OR r.base = :base::text) AND (:quote::text IS NULL OR r.quote = :quote::text)
  AND (:before_day::date IS NULL OR (r.day, r.id) < (:before_day::date, :before_id::uuid))
ORDER BY r.day DESC, r.id DESC
LIMIT :limit

-- part: missing_rates
SELECT project.currency AS base, annotator.currency AS quote, count(DISTINCT annotator.id)::int AS people
FROM project CROSS JOIN annotator
WHERE project.state = 'published' AND annotator.state = 'active' AND annotator.currency <> project.currency AND NOT EXISTS (
  SELECT FROM exchange_rate r WHERE r.base = project.currency AND r.quote = annotator.currency AND r.day <= (clock_timestamp() AT TIME ZONE 'UTC')::date
    AND r.usable_until >= (clock_timestamp() AT TIME ZONE 'UTC')::date)
GROUP BY project.currency, annotator.currency

-- name: missing_exchange_rates
-- Pairs that people need today and no rate leads between: by projects that are published, and by who may be paid in another currency.
{missing_rates}
ORDER BY 1, 2

-- name: checklist_exchange_rates_missing
-- Pairs of currencies: work of these projects is refused to these people.
SELECT count(*)::int AS count, NULL AS currency, 0 AS micros FROM (
{missing_rates}
) AS pair

-- name: check_conversions_match_their_rate
-- What was moved onto or from somebody's exchange account was converted once, by the rate that was stored with it, and that rate stands in the table.
WITH source AS (
  SELECT t.seq, t.business_key, t.annotator_id, coalesce(held.inputs, t.inputs) -> 'exchange' AS exchange,
    t.amount_micros - CASE WHEN t.kind = 'post' THEN coalesce((SELECT sum(s.amount_micros) FROM transfer s WHERE s.assignment_id = t.assignment_id AND s.kind = 'share' AND s.debit_account = t.credit_account), 0) ELSE 0 END AS micros
  FROM transfer t LEFT JOIN transfer held ON held.id = t.pending
  WHERE t.kind IN ('post', 'share', 'deduct') AND coalesce(held.inputs, t.inputs) -> 'exchange' IS NOT NULL
)
SELECT source.seq, converted.seq AS converted_seq, source.micros, source.exchange, converted.amount_micros
FROM source FULL JOIN (SELECT * FROM transfer WHERE kind = 'convert') AS converted ON converted.business_key = 'convert:' || source.business_key
LEFT JOIN exchange_rate r ON r.base = source.exchange ->> 'from' AND r.quote = source.exchange ->> 'to' AND r.day = (source.exchange ->> 'day')::date
WHERE source.seq IS NULL OR r.id IS NULL OR r.rate <> (source.exchange ->> 'rate')::numeric OR r.source <> source.exchange ->> 'source'
  OR coalesce(converted.amount_micros, 0) <> converted_micros(source.micros::bigint, r.rate)
  OR converted.seq IS NOT NULL AND (converted.currency <> source.exchange ->> 'to' OR converted.annotator_id <> source.annotator_id
       OR converted.inputs -> 'exchange' <> source.exchange OR 1000000 * (converted.inputs ->> 'converted_from')::numeric <> source.micros)

-- name: fees_of_cards
-- What each card says of a fee.
SELECT id, fee_percent, fee_micros FROM rate_card WHERE id = ANY (:ids::uuid[])

-- name: hold_fees
-- Beside prices that this transaction has just set aside; the budgets are locked by that. A budget covers all that is wanted of it or nothing is written of it.
WITH wanted AS (
  SELECT * FROM unnest(:ids::uuid[], :assignment_ids::uuid[], :task_ids::uuid[], :project_ids::uuid[], :amounts::bigint[], :currencies::text[], :card_ids::uuid[])
    AS w (id, assignment_id, task_id, project_id, amount_micros, currency, card_id)
), sums AS MATERIALIZED (
  SELECT project_id, currency, sum(amount_micros)::bigint AS amount_micros FROM wanted GROUP BY project_id, currency
), budget AS (
  UPDATE account SET debits_pending = debits_pending + sums.amount_micros FROM sums
  WHERE account.kind = 'project_budget' AND account.owner_id = sums.project_id AND account.currency = sums.currency
    AND debits_posted + debits_pending + sums.amount_micros <= credits_posted
  RETURNING account.id, account.owner_id, account.currency
), fees AS (
  UPDATE account SET credits_pending = credits_pending + sums.amount_micros FROM sums JOIN budget ON budget.owner_id = sums.project_id AND budget.currency = sums.currency
  WHERE account.kind = 'fees' AND account.owner_id = sums.project_id AND account.currency = sums.currency
  RETURNING account.id, account.owner_id, account.currency
)
INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id, assignment_id, task_id, rate_card, inputs, created_at)
SELECT w.id, 'fee_held', 'fee:hold:' || w.assignment_id, budget.id, fees.id, w.amount_micros, w.currency, w.project_id, w.assignment_id, w.task_id, w.card_id, '{}', clock_timestamp()
FROM wanted w
JOIN budget ON budget.owner_id = w.project_id AND budget.currency = w.currency
JOIN fees ON fees.owner_id = w.project_id AND fees.currency = w.currency

-- name: fee_is_held
-- Or was: a price is fixed at the claim, and so is its fee.
SELECT 1 FROM transfer WHERE business_key = 'fee:hold:' || :assignment_id::uuid

-- name: fee_to_hold_again
-- Of a price that is held a second time, where the fee of the first was given back.
SELECT first.project_id FROM transfer AS first
WHERE first.business_key = 'fee:hold:' || :assignment_id::uuid
  AND EXISTS (SELECT FROM transfer AS again JOIN account ON account.id = again.debit_account WHERE again.business_key = 'again:' || :assignment_id::uuid
              AND NOT EXISTS (SELECT FROM transfer AS ended WHERE ended.pending = again.id))
  AND NOT EXISTS (SELECT FROM transfer AS again WHERE again.business_key = 'fee:again:' || :assignment_id::uuid)

-- name: hold_fee_again
-- The same amount, out of the same budget.
WITH first AS (
  SELECT * FROM transfer WHERE business_key = 'fee:hold:' || :assignment_id::uuid
), budget AS (
  UPDATE account SET debits_pending = debits_pending + first.amount_micros FROM first
  WHERE account.id = first.debit_account AND account.debits_posted + account.debits_pending + first.amount_micros <= account.credits_posted
  RETURNING account.id
), fees AS (
  UPDATE account SET credits_pending = credits_pending + first.amount_micros FROM first, budget WHERE account.id = first.credit_account
  RETURNING account.id
)
INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, project_id, assignment_id, task_id, rate_card, inputs, created_at)
SELECT :id, 'fee_held', 'fee:again:' || assignment_id, budget.id, fees.id, amount_micros, currency, project_id, assignment_id, task_id, rate_card, inputs, clock_timestamp()
FROM first, budget, fees

-- name: kind_of_hold
-- What the work was that a price was held for.
SELECT coalesce(inputs ->> 'kind', '') FROM transfer WHERE id = :id

-- name: settle_fee
-- Ends the fee that was held with a price, once; under the lock of the budget, which ending the price took.
WITH held AS MATERIALIZED (
  SELECT fee.* FROM transfer AS priced JOIN transfer AS fee ON fee.business_key = 'fee:' || priced.business_key WHERE priced.id = :held_id
), resolved AS (
  INSERT INTO transfer (id, kind, business_key, debit_account, credit_account, amount_micros, currency, pending, project_id, assignment_id, task_id, rate_card, inputs, created_at)
  SELECT :id, CASE WHEN :amount_micros::bigint > 0 THEN 'fee' ELSE 'fee_back' END, :key, debit_account, credit_account,
    CASE WHEN :amount_micros > 0 THEN :amount_micros ELSE amount_micros END, currency, held.id, project_id, assignment_id, task_id, rate_card, '{}', clock_timestamp()
  FROM held
  ON CONFLICT DO NOTHING
  RETURNING kind, debit_account, credit_account, amount_micros
), leg AS MATERIALIZED (
  SELECT debit_account AS account_id, held.amount_micros AS held_debit, 0 AS held_credit, resolved.amount_micros * (resolved.kind = 'fee')::int AS debit, 0 AS credit FROM resolved JOIN held USING (debit_account, credit_account)
  UNION ALL
  SELECT credit_account, 0, held.amount_micros, 0, resolved.amount_micros * (resolved.kind = 'fee')::int FROM resolved JOIN held USING (debit_account, credit_account)
)
UPDATE account SET debits_pending = debits_pending - leg.held_debit, credits_pending = credits_pending - leg.held_credit,
  debits_posted = debits_posted + leg.debit, credits_posted = credits_posted + leg.credit
FROM leg WHERE account.id = leg.account_id

-- name: check_fees_follow_their_card
-- Each price whose card has a fee has that fee held beside it, ended as it is, of what was posted; half to even at the micro. No other fee is there.
WITH priced AS (
  SELECT h.seq, h.business_key, r.kind AS ended,
    half_even(h.amount_micros * c.fee_percent::numeric, 100) + CASE WHEN h.inputs ->> 'kind' = 'review' THEN 0 ELSE c.fee_micros END AS wanted,
    half_even(r.amount_micros * c.fee_percent::numeric, 100) + CASE WHEN h.inputs ->> 'kind' = 'review' THEN 0 ELSE c.fee_micros END AS due
  FROM transfer h JOIN rate_card c ON c.id = h.rate_card LEFT JOIN transfer r ON r.pending = h.id
  WHERE h.kind = 'pending' AND (c.fee_percent::numeric > 0 OR c.fee_micros > 0)
), fee AS (
  SELECT f.seq, f.business_key, f.amount_micros, e.kind AS ended, e.amount_micros AS taken
  FROM transfer f LEFT JOIN transfer e ON e.pending = f.id WHERE f.kind = 'fee_held'
)
SELECT coalesce(priced.seq, fee.seq) AS seq, priced.wanted, fee.amount_micros, priced.ended, fee.ended AS fee_ended, priced.due, fee.taken
FROM priced FULL JOIN fee ON fee.business_key = 'fee:' || priced.business_key
WHERE priced.seq IS NULL OR coalesce(fee.amount_micros, 0) <> priced.wanted
  OR fee.seq IS NOT NULL AND (fee.ended, fee.taken) IS DISTINCT FROM (
    CASE WHEN priced.ended = 'post' AND priced.due > 0 THEN 'fee' WHEN priced.ended IS NOT NULL THEN 'fee_back' END,
    CASE WHEN priced.ended = 'post' AND priced.due > 0 THEN priced.due WHEN priced.ended IS NOT NULL THEN fee.amount_micros END)

-- name: lock_projects
-- Those whose money moves together, in one order for everybody.
SELECT FROM project WHERE id = ANY (:ids::uuid[]) ORDER BY id FOR NO KEY UPDATE

-- name: lock_accounts
-- Budgets first, by project; then what each hold of these people goes to, as one hold locks its two: their exchange account in the project's currency
-- where they are paid in another, else their earnings. Accounts by id, as lock_shares and lock_conversions.
SELECT FROM account
WHERE kind = 'project_budget' AND owner_id = ANY (:project_ids::uuid[])
  OR kind IN ('annotator_earnings', 'exchange') AND owner_id = ANY (:annotator_ids::uuid[])
    AND currency IN (SELECT project.currency FROM project WHERE project.id = ANY (:project_ids::uuid[]))
    AND (kind = 'exchange') = EXISTS (SELECT FROM annotator WHERE annotator.id = owner_id AND annotator.currency <> account.currency)
ORDER BY kind DESC, CASE kind WHEN 'project_budget' THEN owner_id END, id FOR NO KEY UPDATE

-- name: disputes_of_work
-- Of what was given back, or had no line: whoever answers one waits, and whoever overturns waits for who answers.
SELECT d.id, CASE d.state WHEN 'upheld' THEN d.adjustment END AS adjustment FROM pay_dispute d
WHERE d.assignment_id = :assignment_id AND d.annotator = :annotator_id AND d.kind IN ('voided', 'missing') ORDER BY d.id FOR UPDATE

-- name: line_of_adjustment
-- As a statement shows it.
SELECT t.seq FROM transfer t WHERE t.adjustment_id = :id AND t.kind = 'post'

-- name: checklist_pay_disputes_open
-- Opened before the end, and nobody is late yet: what is upheld later is in the next period.
SELECT count(*)::int AS count, currency, sum(coalesce(wanted_micros, abs(line_micros)))::bigint AS micros FROM pay_dispute
WHERE state = 'open' AND opened_at < :ends_at AND due_at > clock_timestamp() GROUP BY currency ORDER BY currency

-- name: checklist_pay_disputes_overdue
-- Nobody answered by the date that the person was told.
SELECT count(*)::int AS count, currency, sum(coalesce(wanted_micros, abs(line_micros)))::bigint AS micros FROM pay_dispute
WHERE state = 'open' AND opened_at < :ends_at AND due_at <= clock_timestamp() GROUP BY currency ORDER BY currency
