-- The relay's side of the inbox: lease, finish, park, and what it applies without a workflow.

-- name: LeaseEvents :many
-- Leases pending events round-robin by bot, oldest first in each, so that one bot's flood never starves the others. Which bots
-- come first differs from lease to lease, so that none starves when there are more of them than events to lease. The recursive
-- part walks the distinct bots with pending events along the index.
WITH RECURSIVE busy AS (
    (SELECT bot_id FROM inbox WHERE done_at IS NULL AND parked_at IS NULL ORDER BY bot_id LIMIT 1)
    UNION ALL
    SELECT (SELECT i.bot_id FROM inbox i
            WHERE i.done_at IS NULL AND i.parked_at IS NULL AND i.bot_id > busy.bot_id
            ORDER BY i.bot_id LIMIT 1)
    FROM busy
    WHERE busy.bot_id IS NOT NULL
), free AS (
    SELECT i.bot_id, i.event_id, i.turn
    FROM busy
    CROSS JOIN LATERAL (
        SELECT p.bot_id, p.event_id, row_number() OVER (ORDER BY p.event_id) AS turn
        FROM (
            SELECT b.bot_id, b.event_id
            FROM inbox b
            WHERE b.bot_id = busy.bot_id AND b.done_at IS NULL AND b.parked_at IS NULL AND b.leased_until < now()
            ORDER BY b.event_id
            LIMIT 4 * @most::integer
        ) p
    ) i
    WHERE busy.bot_id IS NOT NULL
), wanted AS (
    -- More than are leased, since other relays may be taking the first of them right now.
    SELECT bot_id, event_id, turn, hashtextextended(bot_id, @lease::bigint) AS among
    FROM free
    ORDER BY turn, among
    LIMIT 4 * @most::integer
), chosen AS (
    SELECT b.bot_id, b.event_id
    FROM inbox b
    JOIN wanted USING (bot_id, event_id)
    WHERE b.done_at IS NULL AND b.parked_at IS NULL AND b.leased_until < now()
    ORDER BY wanted.turn, wanted.among
    LIMIT @most::integer
    FOR NO KEY UPDATE OF b SKIP LOCKED
), leased AS (
    UPDATE inbox i
    SET lease = @lease::bigint, leased_until = now() + make_interval(secs => @seconds::integer)
    FROM chosen
    WHERE i.bot_id = chosen.bot_id AND i.event_id = chosen.event_id
    RETURNING i.*
)
SELECT l.bot_id, l.event_id, l.account, l.kind, l.is_new, l.ref, l.body, l.target, l.occurred_at, l.received_at, l.attempts,
       coalesce(l.contact_id, 0)::bigint AS contact_id, coalesce(c.user_id, '')::text AS user_id, b.program_version,
       c.first_at, coalesce(c.first_ref, '')::text AS first_ref
FROM leased l
JOIN bots b USING (bot_id)
LEFT JOIN contacts c USING (bot_id, contact_id)
ORDER BY l.event_id;

-- name: FinishEvents :exec
-- Marks leased events as done. A lease that has passed to somebody else protects its row.
UPDATE inbox i
SET done_at = now()
FROM (SELECT unnest(@bots::text[]) AS bot_id, unnest(@event_ids::bigint[]) AS event_id, unnest(@leases::bigint[]) AS lease) AS t
WHERE i.bot_id = t.bot_id AND i.event_id = t.event_id AND i.lease = t.lease AND i.done_at IS NULL;

-- name: ReleaseEvent :exec
-- Gives an event back, to be leased again after a pause. Only a failure of the event's own counts as an attempt.
UPDATE inbox
SET leased_until = now() + make_interval(secs => @pause_seconds::integer), attempts = attempts + @counted::integer
WHERE bot_id = @bot_id AND event_id = @event_id AND lease = @lease AND done_at IS NULL;

-- name: ParkEvent :exec
UPDATE inbox
SET parked_at = now(), parked_reason = @reason
WHERE bot_id = @bot_id AND event_id = @event_id AND lease = @lease AND done_at IS NULL;

-- name: ParkForProgram :execrows
-- Parks an event until its bot has a program, unless it has one by now: the bot's row is locked, so that a program just being
-- saved either finds the event parked or is found here.
UPDATE inbox
SET parked_at = now(), parked_reason = @reason
WHERE inbox.bot_id = @bot_id AND event_id = @event_id AND lease = @lease AND done_at IS NULL
  AND EXISTS (SELECT FROM bots b WHERE b.bot_id = @bot_id AND b.program_version = 0 FOR SHARE);

-- name: ApplyMembership :exec
-- Follows blocks and unblocks by the platform's clock: one that arrives late changes nothing newer.
UPDATE identities i
SET blocked = (e.kind = 'blocked'), membership_at = e.occurred_at
FROM inbox e
WHERE e.bot_id = @bot_id AND e.event_id = @event_id
  AND i.bot_id = e.bot_id AND i.account = e.account AND i.contact_id = e.contact_id
  AND coalesce(i.membership_at, '-infinity') < e.occurred_at
  AND (e.kind = 'unblocked' OR coalesce(i.last_inbound_at, '-infinity') <= e.occurred_at);

-- name: ReopenWindow :exec
-- The contact wrote: what waited for that goes on. The wake rows are leased by the relay like any event.
WITH reopened AS (
    UPDATE deliveries d
    SET state = 'queued', waiting_for = '', updated_at = now()
    FROM identities i
    WHERE i.bot_id = @bot_id AND i.account = @account AND i.contact_id = @contact_id
      AND d.bot_id = i.bot_id AND d.account = i.account AND d.external_id = i.external_id
      AND d.state = 'waiting' AND d.waiting_for = 'window'
    RETURNING d.bot_id, d.delivery_id, d.account
)
INSERT INTO inbox (bot_id, account, dedupe_key, kind, target, body, occurred_at)
SELECT bot_id, '', 'wake/' || delivery_id || '/' || @event_id::bigint, 'wake', delivery_id::text, account, now()
FROM reopened
-- The same event may reopen it again: then it must wake again.
ON CONFLICT (bot_id, account, dedupe_key) DO UPDATE SET done_at = NULL, leased_until = '-infinity';

-- name: OverdueDeliveries :many
-- Deliveries nobody seems to own: neither final nor waiting, and without a live lease for a while. Only the first of each
-- segment's messages to one identity: its owner goes on with the next.
SELECT d.bot_id, d.delivery_id, d.account
FROM deliveries d
WHERE d.state IN ('queued', 'sending') AND d.updated_at < now() - make_interval(secs => @seconds::integer) AND d.leased_until < now()
  AND NOT EXISTS (
      SELECT FROM deliveries e
      WHERE e.bot_id = d.bot_id AND e.run = d.run AND e.segment = d.segment AND e.ordinal < d.ordinal
        AND e.account = d.account AND e.external_id = d.external_id AND e.state IN ('queued', 'sending'))
ORDER BY d.updated_at
LIMIT @most::integer;

-- name: TouchDelivery :exec
UPDATE deliveries SET updated_at = now()
WHERE bot_id = @bot_id AND delivery_id = @delivery_id AND state IN ('queued', 'sending') AND leased_until < now();

-- name: PruneInbox :execrows
DELETE FROM inbox
WHERE (bot_id, event_id) IN (
    SELECT bot_id, event_id FROM inbox WHERE done_at < now() - make_interval(days => @days::integer) LIMIT @most::integer);

-- name: InboxBacklog :one
-- Looks at 10,000 events at most: beyond that the numbers only say that there are many.
SELECT count(*) AS pending, coalesce(extract(epoch FROM now() - min(received_at)), 0)::float8 AS oldest_seconds
FROM (SELECT received_at FROM inbox WHERE done_at IS NULL AND parked_at IS NULL LIMIT 10000) AS waiting;
