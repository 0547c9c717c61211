-- Rewards as they are held, used up and taken back.

-- name: LockTotals :exec
-- Serialises the grants of a bot's rewards whose total is bounded, until the transaction ends. Taken after contacts and before pools, and
-- one for all of them, so that nobody waits for two.
SELECT pg_advisory_xact_lock(hashtextextended(@bot_id::text, 13));

-- name: CountHeld :many
SELECT g.reward, count(*) AS held
FROM grants g
WHERE g.bot_id = @bot_id AND g.reward = ANY (@rewards::text[]) AND g.revoked_at IS NULL
GROUP BY g.reward;

-- name: NoteLowStock :many
-- A row when the pool has come down to so few free codes, and that wasn't noted before.
INSERT INTO low_stocks (bot_id, reward)
SELECT @bot_id::text, @reward::text
WHERE NOT EXISTS (SELECT FROM reward_codes c
                  WHERE c.bot_id = @bot_id::text AND c.reward = @reward::text AND c.grant_id IS NULL
                  OFFSET @low::bigint)
ON CONFLICT DO NOTHING
RETURNING reward;

-- name: ForgetLowStock :exec
DELETE FROM low_stocks l
WHERE l.bot_id = @bot_id::text AND l.reward = @reward::text
  AND EXISTS (SELECT FROM reward_codes c
              WHERE c.bot_id = @bot_id::text AND c.reward = @reward::text AND c.grant_id IS NULL
              OFFSET @low::bigint);

-- name: RewardCounts :many
SELECT g.reward, count(*) FILTER (WHERE g.revoked_at IS NULL) AS held, count(*) FILTER (WHERE g.revoked_at IS NOT NULL) AS revoked,
       count(*) FILTER (WHERE g.redeemed_at IS NOT NULL) AS redeemed,
       count(*) FILTER (WHERE g.revoked_at IS NULL AND g.redeemed_at IS NULL AND g.expires_at <= now()) AS expired
FROM grants g
WHERE g.bot_id = @bot_id
GROUP BY g.reward;

-- name: Stocks :many
SELECT reward, count(*) FILTER (WHERE grant_id IS NULL) AS free, count(*) FILTER (WHERE grant_id IS NOT NULL) AS taken
FROM reward_codes
WHERE bot_id = @bot_id
GROUP BY reward;

-- name: Grants :many
-- A reward's grants, newest first; of one contact, if they are named; or one of them.
SELECT g.grant_id, c.user_id, g.reward, g.occurrence, coalesce(rc.code, '')::text AS code,
       (NOT g.needs_code OR rc.code IS NOT NULL)::boolean AS stocked,
       g.granted_at, g.expires_at, g.redeemed_at, g.revoked_at, g.revoke_note
FROM grants g
JOIN contacts c ON c.bot_id = g.bot_id AND c.contact_id = g.contact_id
LEFT JOIN reward_codes rc ON rc.bot_id = g.bot_id AND rc.grant_id = g.grant_id
WHERE g.bot_id = @bot_id AND g.reward = @reward AND (@before::bigint = 0 OR g.grant_id < @before::bigint)
  AND (@wanted::bigint = 0 OR g.grant_id = @wanted::bigint)
  AND (@user_id::text = '' OR g.contact_id = (SELECT o.contact_id FROM contacts o WHERE o.bot_id = @bot_id AND o.user_id = @user_id::text))
ORDER BY g.grant_id DESC
LIMIT @most;

-- name: LockContactOfGrant :exec
SELECT c.contact_id
FROM contacts c JOIN grants g ON g.bot_id = c.bot_id AND g.contact_id = c.contact_id
WHERE g.bot_id = @bot_id AND g.reward = @reward AND g.grant_id = @grant_id
FOR NO KEY UPDATE OF c;

-- name: RedeemGrant :execrows
-- Once: no row when it is used up already, expired or taken back.
UPDATE grants
SET redeemed_at = @now::timestamptz
WHERE bot_id = @bot_id AND reward = @reward AND grant_id = @grant_id
  AND redeemed_at IS NULL AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now::timestamptz);

-- name: RevokeGrant :execrows
-- Takes a grant back, once. A code that was given stays taken; a message that still waits for one will never leave.
WITH revoked AS (
    UPDATE grants g
    SET revoked_at = @now::timestamptz, revoke_note = @note
    WHERE g.bot_id = @bot_id AND g.reward = @reward AND g.grant_id = @grant_id AND g.revoked_at IS NULL
    RETURNING g.bot_id, g.grant_id
)
UPDATE deliveries d
SET state = 'expired', waiting_for = '', error = @reason, updated_at = now()
FROM revoked r
WHERE d.bot_id = r.bot_id AND d.grant_id = r.grant_id AND d.state = 'waiting' AND d.waiting_for = 'stock';
