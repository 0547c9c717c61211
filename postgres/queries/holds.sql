-- Referrals that wait before they count: the facts that end the wait, each with the wake of their hold, and what taking back undoes.

-- name: ApproveReferral :one
-- The first approval counts. No row: it can't be approved (any more).
WITH approved AS (
    UPDATE referrals r SET approved_at = coalesce(r.approved_at, @now::timestamptz)
    WHERE r.bot_id = @bot_id AND r.referral_id = @referral_id AND r.status IN ('pending', 'credited') AND r.voided_at IS NULL
    RETURNING r.bot_id, r.run, r.account
), woken AS (
    INSERT INTO inbox (bot_id, account, dedupe_key, kind, target, body, occurred_at)
    SELECT a.bot_id, '', 'wake/hold/' || a.run || '/approved', 'wake', 'hold/' || a.run, a.account, @now::timestamptz FROM approved a
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM approved;

-- name: VoidReferral :one
-- The first void counts, and its note. No row: there is nothing to take back (any more).
WITH voided AS (
    UPDATE referrals r
    SET voided_at = coalesce(r.voided_at, @now::timestamptz), void_note = CASE WHEN r.voided_at IS NULL THEN @note::text ELSE r.void_note END
    WHERE r.bot_id = @bot_id AND r.referral_id = @referral_id AND r.status IN ('pending', 'credited')
    RETURNING r.bot_id, r.run, r.account
), woken AS (
    INSERT INTO inbox (bot_id, account, dedupe_key, kind, target, body, occurred_at)
    SELECT v.bot_id, '', 'wake/hold/' || v.run || '/voided', 'wake', 'hold/' || v.run, v.account, @now::timestamptz FROM voided v
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM voided;

-- name: ReferralStanding :one
-- What approving, qualifying and taking back need to know.
SELECT r.status, r.reason, r.entry_point, r.voided_at, c.user_id AS invitee
FROM referrals r JOIN contacts c ON c.bot_id = r.bot_id AND c.contact_id = r.invitee_id
WHERE r.bot_id = @bot_id AND r.referral_id = @referral_id;

-- name: Qualify :exec
-- After the contact is locked: a referral of theirs being decided either sees this or is seen by WakeQualified.
INSERT INTO qualifications (bot_id, contact_id, entry_point, qualified_at)
VALUES (@bot_id, @contact_id, @entry_point, @now::timestamptz)
ON CONFLICT DO NOTHING;

-- name: WakeQualified :exec
INSERT INTO inbox (bot_id, account, dedupe_key, kind, target, body, occurred_at)
SELECT r.bot_id, '', 'wake/hold/' || r.run || '/qualified/' || @entry_point::text, 'wake', 'hold/' || r.run, r.account, @now::timestamptz
FROM referrals r
WHERE r.bot_id = @bot_id AND r.invitee_id = @contact_id::bigint AND r.status = 'pending'
  AND (@entry_point::text = '' OR r.entry_point = @entry_point::text)
ON CONFLICT DO NOTHING;

-- name: LockContactOfEvent :exec
-- Whoever leaves is locked before anything about it is written: a referral of theirs being decided either sees it or is seen.
SELECT c.contact_id
FROM contacts c JOIN inbox e ON e.bot_id = c.bot_id AND e.contact_id = c.contact_id
WHERE e.bot_id = @bot_id AND e.event_id = @event_id
FOR NO KEY UPDATE OF c;

-- name: LockContactOfDelivery :exec
SELECT c.contact_id
FROM contacts c JOIN deliveries d ON d.bot_id = c.bot_id AND d.contact_id = c.contact_id
WHERE d.bot_id = @bot_id AND d.delivery_id = @delivery_id
FOR NO KEY UPDATE OF c;

-- name: LeaveByEvent :exec
-- Somebody blocked or left: noted with their identity for referrals yet to be admitted, and with those that wait, unless the platform
-- says that it was before they came in. Events out of their order tell of the first leaving all the same.
WITH event AS (
    SELECT e.bot_id, e.event_id, e.account, e.contact_id, e.occurred_at, e.received_at
    FROM inbox e
    WHERE e.bot_id = @bot_id AND e.event_id = @event_id AND e.kind = 'blocked'
), identity AS (
    UPDATE identities i SET left_at = greatest(i.left_at, e.received_at), left_on = greatest(i.left_on, e.occurred_at)
    FROM event e
    WHERE i.bot_id = e.bot_id AND i.account = e.account AND i.contact_id = e.contact_id
), leaving AS (
    UPDATE referrals r SET left_at = least(r.left_at, e.received_at)
    FROM event e
    WHERE r.bot_id = e.bot_id AND r.invitee_id = e.contact_id AND r.account = e.account AND r.status = 'pending'
      AND e.received_at > r.received_at
      AND NOT EXISTS (SELECT FROM inbox o WHERE o.bot_id = r.bot_id AND o.event_id = r.event_id AND o.occurred_at > e.occurred_at)
    RETURNING r.bot_id, r.run, r.account, e.event_id, e.received_at
)
INSERT INTO inbox (bot_id, account, dedupe_key, kind, target, body, occurred_at)
SELECT l.bot_id, '', 'wake/hold/' || l.run || '/left/' || l.event_id, 'wake', 'hold/' || l.run, l.account, l.received_at
FROM leaving l
ON CONFLICT DO NOTHING;

-- name: LeaveByDelivery :exec
-- The same, by the word of a platform that refuses a message since its recipient is gone.
WITH gone AS (
    SELECT d.bot_id, d.account, d.external_id, d.contact_id
    FROM deliveries d
    WHERE d.bot_id = @bot_id AND d.delivery_id = @delivery_id
), identity AS (
    UPDATE identities i
    SET left_at = greatest(i.left_at, now()), left_on = greatest(i.left_on, now())
    FROM gone g
    WHERE i.bot_id = g.bot_id AND i.account = g.account AND i.external_id = g.external_id
), leaving AS (
    UPDATE referrals r SET left_at = least(r.left_at, now())
    FROM gone g
    WHERE r.bot_id = g.bot_id AND r.invitee_id = g.contact_id AND r.account = g.account AND r.status = 'pending'
      AND r.received_at < now()
    RETURNING r.bot_id, r.run, r.account
)
INSERT INTO inbox (bot_id, account, dedupe_key, kind, target, body, occurred_at)
SELECT l.bot_id, '', 'wake/hold/' || l.run || '/gone', 'wake', 'hold/' || l.run, l.account, now()
FROM leaving l
ON CONFLICT DO NOTHING;

-- name: OverdueHolds :many
-- Referrals whose wait is over, and nobody seems to have noticed.
SELECT bot_id, run, account
FROM referrals
WHERE status = 'pending' AND hold_until < now() - make_interval(secs => @seconds::integer)
ORDER BY hold_until
LIMIT @most::integer;

-- name: ReverseLedger :many
-- Takes off what a referral added, with a row of its own for each number: the ledger only grows. What was set stays set.
WITH added AS (
    SELECT l.contact_id, l.field, sum(l.delta)::bigint AS delta, sum(greatest(l.delta, 0))::bigint AS earned
    FROM ledger l
    WHERE l.bot_id = @bot_id AND l.referral_id = @referral_id::bigint AND l.cause = 'increment'
    GROUP BY l.contact_id, l.field
), changed AS (
    UPDATE fields f
    SET number = coalesce(f.number, 0) - a.delta, earned = f.earned - a.earned, updated_at = now()
    FROM added a
    WHERE f.bot_id = @bot_id AND f.contact_id = a.contact_id AND f.field = a.field
    RETURNING f.contact_id, f.field, f.number::bigint AS balance, a.delta
)
INSERT INTO ledger (bot_id, contact_id, field, delta, balance, cause, referral_id, run, segment, ordinal)
SELECT @bot_id, c.contact_id, c.field, -c.delta, c.balance, 'reversal', @referral_id::bigint, @run, 'reversal',
       row_number() OVER (ORDER BY c.contact_id, c.field)
FROM changed c
RETURNING contact_id, field, delta, balance;

-- name: RevokeGrants :many
-- Revokes the grants whose owners no longer have what earned them: neither the earned total nor, where it was set, the number itself
-- comes to the threshold. Their messages that still wait for a code will never leave; a code that was given stays taken.
WITH revoked AS (
    UPDATE grants g SET revoked_at = @now::timestamptz
    FROM fields f
    WHERE g.bot_id = @bot_id AND g.contact_id = ANY (@contact_ids::bigint[]) AND g.reward = ANY (@rewards::text[]) AND g.revoked_at IS NULL
      AND f.bot_id = g.bot_id AND f.contact_id = g.contact_id AND f.field = g.basis_field
      AND greatest(f.earned, coalesce(f.number, 0)) < g.basis_threshold
    RETURNING g.bot_id, g.grant_id, g.reward, g.occurrence, g.basis_threshold
), ended AS (
    UPDATE deliveries d
    SET state = 'expired', waiting_for = '', error = @reason, updated_at = now()
    FROM revoked r
    WHERE d.bot_id = r.bot_id AND d.grant_id = r.grant_id AND d.state = 'waiting' AND d.waiting_for = 'stock'
)
SELECT reward FROM revoked ORDER BY basis_threshold DESC, reward, occurrence DESC;
