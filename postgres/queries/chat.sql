-- Conversations of the web chat. Lines are counted under the lock of their chat's row, so whoever sees a line sees those before it.

-- name: AppendLine :exec
-- Writes a line, once for each key. Two that come at once with one key leave a gap in the count.
WITH counted AS (
    INSERT INTO chats AS c (bot_id, account, visitor, last_line)
    SELECT @bot_id::text, @account::text, @visitor::text, 1
    WHERE NOT EXISTS (
        SELECT FROM chat_lines l
        WHERE l.bot_id = @bot_id AND l.account = @account AND l.visitor = @visitor AND l.key = @key
    )
    ON CONFLICT (bot_id, account, visitor) DO UPDATE SET last_line = c.last_line + 1
    RETURNING c.last_line
)
INSERT INTO chat_lines (bot_id, account, visitor, line, key, author, body, picture, quick_replies, written_at)
SELECT @bot_id, @account, @visitor, last_line, @key::text, @author::text, @body::text, @picture::text, @quick_replies::text[], clock_timestamp()
FROM counted
ON CONFLICT (bot_id, account, visitor, key) DO NOTHING;

-- name: AnnounceChats :exec
-- Tells the streams that there is something to read. Nothing is lost with it, so its commit waits for no disk.
SELECT pg_notify('chat', chat), set_config('synchronous_commit', 'off', true)
FROM unnest(@chats::text[]) AS chat;

-- name: ChatsWithNews :many
-- Which of the chats that are being read have lines their readers haven't seen: one question for a whole process. LIMIT 1 keeps it at one
-- look into the index for each, however many there are.
SELECT seen.bot_id::text AS bot_id, seen.account::text AS account, seen.visitor::text AS visitor
FROM (
    SELECT unnest(@bots::text[]) AS bot_id, unnest(@accounts::text[]) AS account, unnest(@visitors::text[]) AS visitor,
           unnest(@afters::bigint[]) AS line
) seen
CROSS JOIN LATERAL (
    SELECT l.line
    FROM chat_lines l
    WHERE l.bot_id = seen.bot_id AND l.account = seen.account AND l.visitor = seen.visitor AND l.line > seen.line
    LIMIT 1
) unseen;

-- name: ChatLines :many
SELECT line, key, author, body, picture, quick_replies, written_at
FROM chat_lines
WHERE bot_id = @bot_id AND account = @account AND visitor = @visitor AND line > @after
ORDER BY line
LIMIT @most;

-- name: LatestChatLines :many
SELECT line, key, author, body, picture, quick_replies, written_at
FROM (
    SELECT *
    FROM chat_lines
    WHERE bot_id = @bot_id AND account = @account AND visitor = @visitor
    ORDER BY line DESC
    LIMIT @most
) latest
ORDER BY line;
