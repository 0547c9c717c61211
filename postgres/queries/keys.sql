-- Keys of integrators.

-- name: CreateKey :one
-- No row when the id is taken, by whichever bot.
INSERT INTO api_keys (bot_id, key_id, name, hash, scopes)
VALUES (@bot_id, @key_id, @name, @hash, @scopes)
ON CONFLICT DO NOTHING
RETURNING created_at;

-- name: HolderOfKey :one
-- Who holds a key that wasn't revoked, whichever bot's it is; noted, once a minute, when it is the very key.
WITH used AS (
    UPDATE api_keys
    SET last_used_at = now()
    WHERE api_keys.key_id = @key_id AND api_keys.hash = @hash AND revoked_at IS NULL
      AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
)
SELECT k.bot_id, k.hash, k.scopes FROM api_keys k WHERE k.key_id = @key_id AND k.revoked_at IS NULL;

-- name: Keys :many
SELECT key_id, name, scopes, created_at, last_used_at
FROM api_keys
WHERE bot_id = @bot_id AND revoked_at IS NULL
ORDER BY created_at DESC, key_id;

-- name: RevokeKey :execrows
UPDATE api_keys SET revoked_at = now() WHERE bot_id = @bot_id AND key_id = @key_id AND revoked_at IS NULL;
