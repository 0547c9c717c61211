-- Attempts at deliveries: each is a compare-and-set on its row, before the call and after it.

-- name: BeginAttempt :many
-- Takes a delivery for one attempt, unless it is final, waits, is being sent by somebody else, or an earlier message of its
-- segment to the same identity is still under way. No row: look at DeliveryState. A row that was 'sending' before is an
-- attempt whose outcome nobody knows.
UPDATE deliveries d
SET state = 'sending', attempt = d.attempt + 1, lease = @lease, updated_at = now(),
    leased_until = now() + make_interval(secs => @seconds::integer),
    error_class = CASE WHEN d.state = 'sending' THEN 'unknown' ELSE d.error_class END
WHERE d.bot_id = @bot_id AND d.delivery_id = @delivery_id
  AND (d.state = 'queued' OR (d.state = 'sending' AND d.leased_until < now()))
  AND NOT EXISTS (
      SELECT FROM deliveries e
      WHERE e.bot_id = d.bot_id AND e.run = d.run AND e.segment = d.segment AND e.ordinal < d.ordinal
        AND e.account = d.account AND e.external_id = d.external_id AND e.state IN ('queued', 'sending'))
RETURNING d.account, d.external_id, d.body, d.attempt, d.error_class;

-- name: DeliveryState :one
-- Where a delivery stands, and the next of its segment's messages to the same identity that is not under way yet.
SELECT d.state, d.waiting_for, d.error, (CASE WHEN d.leased_until > now() THEN extract(epoch FROM d.leased_until - now()) ELSE 0 END)::float8 AS lease_seconds,
       coalesce((SELECT min(e.delivery_id) FROM deliveries e
                 WHERE e.bot_id = d.bot_id AND e.run = d.run AND e.segment = d.segment AND e.ordinal < d.ordinal
                   AND e.account = d.account AND e.external_id = d.external_id AND e.state IN ('queued', 'sending')), 0)::bigint AS behind,
       coalesce((SELECT min(e.delivery_id) FROM deliveries e
                 WHERE e.bot_id = d.bot_id AND e.run = d.run AND e.segment = d.segment AND e.ordinal > d.ordinal
                   AND e.account = d.account AND e.external_id = d.external_id AND e.state = 'queued'), 0)::bigint AS next
FROM deliveries d
WHERE d.bot_id = @bot_id AND d.delivery_id = @delivery_id;

-- name: FinishAttempt :execrows
-- Writes an attempt's outcome, if the lease is still ours.
UPDATE deliveries
SET state = @state, waiting_for = @waiting_for, error_class = @error_class, error = @error, platform_id = @platform_id,
    leased_until = '-infinity', updated_at = now()
WHERE bot_id = @bot_id AND delivery_id = @delivery_id AND lease = @lease AND state = 'sending';

-- name: AwaitWindow :execrows
-- The window was closed: waits for the contact to write, unless they wrote since the attempt began. The identity is locked first, so
-- that a message just arriving either sees the delivery waiting or is seen here. A platform's clock may count whole seconds and be
-- a little behind ours: five seconds are allowed for that, and cost an attempt in vain at worst.
WITH identity AS (
    SELECT i.last_inbound_at
    FROM identities i
    JOIN deliveries d ON d.bot_id = i.bot_id AND d.account = i.account AND d.external_id = i.external_id
    WHERE d.bot_id = @bot_id AND d.delivery_id = @delivery_id
    FOR UPDATE OF i
)
UPDATE deliveries d
SET state = CASE WHEN identity.last_inbound_at > d.updated_at - interval '5 seconds' THEN 'queued' ELSE 'waiting' END,
    waiting_for = CASE WHEN identity.last_inbound_at > d.updated_at - interval '5 seconds' THEN '' ELSE 'window' END,
    error_class = 'window', error = @error, leased_until = '-infinity', updated_at = now()
FROM identity
WHERE d.bot_id = @bot_id AND d.delivery_id = @delivery_id AND d.lease = @lease AND d.state = 'sending';

-- name: MarkBlocked :exec
-- The platform says this recipient can't be reached any more.
UPDATE identities i
SET blocked = true, membership_at = greatest(i.membership_at, now())
FROM deliveries d
WHERE d.bot_id = @bot_id AND d.delivery_id = @delivery_id
  AND i.bot_id = d.bot_id AND i.account = d.account AND i.external_id = d.external_id;

-- name: ExpireDelivery :exec
UPDATE deliveries
SET state = 'expired', waiting_for = '', leased_until = '-infinity', updated_at = now(),
    error = CASE WHEN error = '' THEN @reason ELSE @reason || ': ' || error END
WHERE bot_id = @bot_id AND delivery_id = @delivery_id AND state IN ('queued', 'sending', 'waiting');

-- name: ImportCodes :execrows
INSERT INTO reward_codes (bot_id, reward, code)
SELECT @bot_id, @reward, unnest(@codes::text[])
ON CONFLICT DO NOTHING;

-- name: GrantsWithoutCode :many
SELECT g.grant_id
FROM grants g
WHERE g.bot_id = @bot_id AND g.reward = @reward AND g.needs_code AND g.revoked_at IS NULL
  AND NOT EXISTS (SELECT FROM reward_codes c WHERE c.bot_id = g.bot_id AND c.grant_id = g.grant_id)
ORDER BY g.grant_id
LIMIT @most::integer;

-- name: FillStock :execrows
-- A grant got its code: its waiting messages are complete and go out; the wake rows start or wake their workflows.
WITH filled AS (
    UPDATE deliveries
    SET body = replace(body, @hole::text, @code::text), state = 'queued', waiting_for = '', updated_at = now()
    WHERE deliveries.bot_id = @bot_id AND deliveries.grant_id = @grant_id AND state = 'waiting' AND waiting_for = 'stock'
    RETURNING deliveries.bot_id, deliveries.delivery_id
)
INSERT INTO inbox (bot_id, account, dedupe_key, kind, target, occurred_at)
SELECT filled.bot_id, '', 'wake/' || filled.delivery_id || '/stock', 'wake', filled.delivery_id::text, now()
FROM filled
ON CONFLICT DO NOTHING;
