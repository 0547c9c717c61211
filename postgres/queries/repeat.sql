-- Requests that may be repeated: what they were answered, for a day.

-- name: ClaimRequest :execrows
-- Waits for a transaction that is just doing the same request. No row when the request was answered within the day.
INSERT INTO repeatable_requests AS r (bot_id, request_key, fingerprint)
VALUES (@bot_id, @request_key, @fingerprint)
ON CONFLICT (bot_id, request_key) DO UPDATE SET fingerprint = excluded.fingerprint, status = 0, answer = NULL, created_at = now()
WHERE r.created_at < now() - interval '1 day';

-- name: AnsweredRequest :one
SELECT fingerprint, status, answer FROM repeatable_requests WHERE bot_id = @bot_id AND request_key = @request_key;

-- name: AnswerRequest :exec
UPDATE repeatable_requests SET status = @status, answer = @answer WHERE bot_id = @bot_id AND request_key = @request_key;

-- name: PruneRequests :execrows
DELETE FROM repeatable_requests
WHERE (bot_id, request_key) IN (
    SELECT bot_id, request_key FROM repeatable_requests WHERE created_at < now() - interval '1 day' LIMIT @most::integer);
