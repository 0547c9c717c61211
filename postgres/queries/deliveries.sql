-- Attempts at deliveries: each is a compare-and-set on its row, before the call and after it.

-- name: BeginAttempt :many
-- Takes a delivery for one attempt, unless it is final, waits, is being sent by somebody else, or an earlier message of its
-- segment to the same identity is still under way. No row: look at DeliveryState. A row that was 'sending' before is an
-- attempt whose outcome nobody knows, and goes on record as such; one that itself said so is on record already.
WITH taken AS (
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
    RETURNING d.bot_id, d.delivery_id, d.account, d.external_id, d.body, d.picture, d.quick_replies, d.call, d.attempt, d.error_class
), unlearnt AS (
    INSERT INTO failed_attempts (bot_id, delivery_id, attempt, error_class)
    SELECT t.bot_id, t.delivery_id, t.attempt - 1, t.error_class FROM taken t WHERE t.error_class = 'unknown'
    ON CONFLICT DO NOTHING
)
SELECT taken.account, taken.external_id, taken.body, taken.picture, taken.quick_replies, taken.call, taken.attempt, taken.error_class
FROM taken;

-- name: DeliveryState :one
-- Where a delivery stands, and the next of its segment's messages to the same identity that is not finished yet.
SELECT d.state, d.waiting_for, d.error, (CASE WHEN d.leased_until > now() THEN extract(epoch FROM d.leased_until - now()) ELSE 0 END)::float8 AS lease_seconds,
       coalesce((SELECT min(e.delivery_id) FROM deliveries e
                 WHERE e.bot_id = d.bot_id AND e.run = d.run AND e.segment = d.segment AND e.ordinal < d.ordinal
                   AND e.account = d.account AND e.external_id = d.external_id AND e.state IN ('queued', 'sending')), 0)::bigint AS behind,
       coalesce((SELECT min(e.delivery_id) FROM deliveries e
                 WHERE e.bot_id = d.bot_id AND e.run = d.run AND e.segment = d.segment AND e.ordinal > d.ordinal
                   AND e.account = d.account AND e.external_id = d.external_id AND e.state IN ('queued', 'sending')), 0)::bigint AS next
FROM deliveries d
WHERE d.bot_id = @bot_id AND d.delivery_id = @delivery_id;

-- name: FinishAttempt :one
-- Writes an attempt's outcome, if the lease is still ours: a failure goes on record, and the platform's word that the recipient is
-- gone is dated to the second, as platforms date what people do: who writes in that same second is back.
WITH finished AS (
    UPDATE deliveries d
    SET state = @state, waiting_for = '', error_class = @error_class, error = @error, platform_id = @platform_id,
        leased_until = '-infinity', updated_at = now()
    WHERE d.bot_id = @bot_id AND d.delivery_id = @delivery_id AND d.lease = @lease AND d.state = 'sending'
    RETURNING d.bot_id, d.delivery_id, d.attempt, d.account, d.external_id, d.error_class, d.error
), failed AS (
    INSERT INTO failed_attempts (bot_id, delivery_id, attempt, error_class, error)
    SELECT f.bot_id, f.delivery_id, f.attempt, f.error_class, f.error FROM finished f WHERE f.error_class <> ''
    ON CONFLICT DO NOTHING
), gone AS (
    UPDATE identities i
    SET blocked = true, membership_at = greatest(i.membership_at, date_trunc('second', now()))
    FROM finished f
    WHERE @gone::boolean AND i.bot_id = f.bot_id AND i.account = f.account AND i.external_id = f.external_id
)
SELECT count(*) FROM finished;

-- name: AwaitWindow :exec
-- The window was closed: waits for the contact to write, unless they wrote since the attempt began. The identity is locked first, so
-- that a message just arriving either sees the delivery waiting or is seen here. A platform's clock may count whole seconds and be
-- a little behind ours: five seconds are allowed for that, and cost an attempt in vain at worst.
WITH identity AS (
    SELECT i.last_inbound_at
    FROM identities i
    JOIN deliveries d ON d.bot_id = i.bot_id AND d.account = i.account AND d.external_id = i.external_id
    WHERE d.bot_id = @bot_id AND d.delivery_id = @delivery_id
    FOR UPDATE OF i
), waiting AS (
    UPDATE deliveries d
    SET state = CASE WHEN identity.last_inbound_at > d.updated_at - interval '5 seconds' THEN 'queued' ELSE 'waiting' END,
        waiting_for = CASE WHEN identity.last_inbound_at > d.updated_at - interval '5 seconds' THEN '' ELSE 'window' END,
        error_class = 'window', error = @error, leased_until = '-infinity', updated_at = now()
    FROM identity
    WHERE d.bot_id = @bot_id AND d.delivery_id = @delivery_id AND d.lease = @lease AND d.state = 'sending'
    RETURNING d.bot_id, d.delivery_id, d.attempt, d.error_class, d.error
)
INSERT INTO failed_attempts (bot_id, delivery_id, attempt, error_class, error)
SELECT w.bot_id, w.delivery_id, w.attempt, w.error_class, w.error FROM waiting w
ON CONFLICT DO NOTHING;

-- name: ExpireDelivery :exec
UPDATE deliveries
SET state = 'expired', waiting_for = '', leased_until = '-infinity', updated_at = now(),
    error = CASE WHEN error = '' THEN @reason ELSE @reason || ': ' || error END
WHERE bot_id = @bot_id AND delivery_id = @delivery_id AND (state IN ('queued', 'waiting') OR state = 'sending' AND leased_until < now());

-- name: ImportCodes :execrows
INSERT INTO reward_codes (bot_id, reward, code)
SELECT @bot_id, @reward, unnest(@codes::text[])
ON CONFLICT DO NOTHING;

-- name: ServeWaitingGrants :execrows
-- Gives free codes to the grants that wait for one, oldest to oldest, all at once.
WITH waiting AS (
    SELECT g.grant_id, row_number() OVER (ORDER BY g.grant_id) AS place
    FROM grants g
    WHERE g.bot_id = @bot_id AND g.reward = @reward AND g.needs_code AND g.revoked_at IS NULL
      AND NOT EXISTS (SELECT FROM reward_codes c WHERE c.bot_id = g.bot_id AND c.grant_id = g.grant_id)
), free AS (
    SELECT c.code, c.code_id FROM reward_codes c
    WHERE c.bot_id = @bot_id AND c.reward = @reward AND c.grant_id IS NULL
    ORDER BY c.code_id
    LIMIT (SELECT count(*) FROM waiting)
    FOR UPDATE
), placed AS (
    SELECT code, row_number() OVER (ORDER BY code_id) AS place FROM free
)
UPDATE reward_codes r
SET grant_id = waiting.grant_id
FROM placed
JOIN waiting USING (place)
WHERE r.bot_id = @bot_id AND r.reward = @reward AND r.code = placed.code;

-- name: FillStock :execrows
-- Messages whose grant has its code now are complete and go out; the wake rows start or wake their workflows.
WITH filled AS (
    UPDATE deliveries d
    SET body = replace(d.body, @hole::text, c.code), state = 'queued', waiting_for = '', updated_at = now()
    FROM reward_codes c
    WHERE d.bot_id = @bot_id AND d.state = 'waiting' AND d.waiting_for = 'stock'
      AND c.bot_id = d.bot_id AND c.grant_id = d.grant_id AND c.reward = @reward
    RETURNING d.bot_id, d.delivery_id, d.account
)
INSERT INTO inbox (bot_id, account, dedupe_key, kind, target, body, occurred_at)
SELECT filled.bot_id, '', 'wake/' || filled.delivery_id || '/stock', 'wake', filled.delivery_id::text, filled.account, now()
FROM filled
ON CONFLICT DO NOTHING;
