-- The versions of a program: each immutable, one in force.

-- name: SaveProgram :one
-- Saves the next version and puts it in force, in one statement on the locked bot: unless another version is in force by now than
-- the one it was made from, if that was told.
WITH bot AS (
    UPDATE bots SET program_version = bots.program_version + 1
    WHERE bots.bot_id = @bot_id AND (sqlc.narg('made_from')::bigint IS NULL OR bots.program_version = sqlc.narg('made_from')::bigint)
    RETURNING bots.bot_id, bots.program_version
)
INSERT INTO programs (bot_id, version, source, restored_from)
SELECT bot.bot_id, bot.program_version, @source, nullif(@restored_from::integer, 0) FROM bot
RETURNING programs.version;

-- name: ProgramVersions :many
SELECT p.version, (p.version = b.program_version)::boolean AS in_force, coalesce(p.restored_from, 0)::integer AS restored_from, p.created_at
FROM programs p JOIN bots b USING (bot_id)
WHERE p.bot_id = @bot_id AND p.version < @before::bigint
ORDER BY p.version DESC
LIMIT @most;
