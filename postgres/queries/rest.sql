-- What the REST API reads and writes.

-- name: CreateBot :execrows
INSERT INTO bots (bot_id, name) VALUES (@bot_id, @name) ON CONFLICT DO NOTHING;

-- name: Bot :one
SELECT bot_id, name, program_version, created_at FROM bots WHERE bot_id = @bot_id;

-- name: Bots :many
SELECT bot_id, name, program_version, created_at FROM bots WHERE bot_id > @after ORDER BY bot_id LIMIT @most;

-- name: LockBot :many
-- Serialises what changes a bot's own rows; none when there is no such bot.
SELECT bot_id FROM bots WHERE bot_id = @bot_id FOR NO KEY UPDATE;

-- name: PutAccount :exec
INSERT INTO accounts AS a (bot_id, account, channel, external_id, credentials, settings, api_base_url)
VALUES (@bot_id, @account, @channel, @external_id, @credentials, @settings, @api_base_url)
ON CONFLICT (bot_id, account) DO UPDATE SET
    channel = excluded.channel, external_id = excluded.external_id, credentials = excluded.credentials,
    settings = excluded.settings, api_base_url = excluded.api_base_url, updated_at = now();

-- name: Account :one
SELECT account, channel, external_id, credentials, settings, api_base_url, updated_at
FROM accounts WHERE bot_id = @bot_id AND account = @account;

-- name: Accounts :many
SELECT account, channel, external_id, credentials, settings, api_base_url, updated_at
FROM accounts WHERE bot_id = @bot_id ORDER BY account;

-- name: FirstAccount :one
SELECT account FROM accounts WHERE bot_id = @bot_id AND channel = @channel ORDER BY account LIMIT 1;

-- name: UnparkForProgram :exec
-- What came before the bot had a program is worked on now.
UPDATE inbox SET parked_at = NULL, parked_reason = '', attempts = 0, leased_until = '-infinity'
WHERE bot_id = @bot_id AND parked_reason = @reason AND done_at IS NULL;

-- name: ProgramSource :one
SELECT source, created_at FROM programs WHERE bot_id = @bot_id AND version = @version;

-- name: IdentityForLink :many
-- The identity a contact's link is made for: the given account's, else the one they last wrote from.
SELECT i.account
FROM identities i
JOIN contacts c USING (bot_id, contact_id)
WHERE c.bot_id = @bot_id AND c.user_id = @user_id AND (@account::text = '' OR i.account = @account::text)
ORDER BY i.blocked, i.last_inbound_at DESC NULLS LAST, i.account
LIMIT 1;

-- name: ContactView :one
SELECT c.contact_id, c.user_id, c.created_at,
       coalesce((SELECT jsonb_object_agg(f.field, coalesce(to_jsonb(f.number), to_jsonb(f.text))) FROM fields f
                 WHERE f.bot_id = c.bot_id AND f.contact_id = c.contact_id), '{}')::jsonb AS fields,
       coalesce((SELECT jsonb_agg(t.tag ORDER BY t.tag) FROM tags t
                 WHERE t.bot_id = c.bot_id AND t.contact_id = c.contact_id), '[]')::jsonb AS tags,
       coalesce((SELECT jsonb_agg(jsonb_build_object('account', i.account, 'external_id', i.external_id, 'first_name', i.first_name,
                                  'last_name', i.last_name, 'blocked', i.blocked) ORDER BY i.account, i.external_id)
                 FROM identities i WHERE i.bot_id = c.bot_id AND i.contact_id = c.contact_id), '[]')::jsonb AS identities,
       coalesce((SELECT jsonb_agg(jsonb_build_object('reward', g.reward, 'occurrence', g.occurrence, 'granted_at', g.granted_at,
                                  'has_code', EXISTS (SELECT FROM reward_codes rc WHERE rc.bot_id = g.bot_id AND rc.grant_id = g.grant_id))
                                  ORDER BY g.grant_id)
                 FROM grants g WHERE g.bot_id = c.bot_id AND g.contact_id = c.contact_id AND g.revoked_at IS NULL), '[]')::jsonb AS grants
FROM contacts c
WHERE c.bot_id = @bot_id AND c.user_id = @user_id;

-- name: Referrals :many
SELECT r.referral_id, r.run, r.entry_point, r.kind, r.status, r.reason, r.account, r.program_version,
       r.received_at, r.admitted_at, r.settled_at, r.hold_until, r.late, r.approved_at, r.left_at, r.voided_at, r.void_note,
       coalesce((SELECT min(q.qualified_at) FROM qualifications q
                 WHERE q.bot_id = r.bot_id AND q.contact_id = r.invitee_id AND q.entry_point IN ('', r.entry_point)),
                '0001-01-01 00:00:00+00')::timestamptz AS qualified_at,
       coalesce(f.user_id, '')::text AS referrer, i.user_id AS invitee,
       coalesce((SELECT sum(l.delta) FROM ledger l
                 WHERE l.bot_id = r.bot_id AND l.referral_id = r.referral_id AND l.contact_id = r.referrer_id
                   AND l.cause <> 'set'), 0)::bigint AS points
FROM referrals r
JOIN contacts i ON i.bot_id = r.bot_id AND i.contact_id = r.invitee_id
LEFT JOIN contacts f ON f.bot_id = r.bot_id AND f.contact_id = r.referrer_id
WHERE r.bot_id = @bot_id AND r.referral_id < @before
  AND (@status::text = '' OR r.status = @status::text)
  AND (@entry_point::text = '' OR r.entry_point = @entry_point::text)
  AND (@referrer::text = '' OR f.user_id = @referrer::text)
  AND (@invitee::text = '' OR i.user_id = @invitee::text)
  AND (@referral_id::bigint = 0 OR r.referral_id = @referral_id::bigint)
ORDER BY r.referral_id DESC
LIMIT @most;

-- name: LedgerOfReferral :many
SELECT l.entry_id, c.user_id, l.field, l.delta, l.balance, l.cause, l.created_at
FROM ledger l JOIN contacts c USING (bot_id, contact_id)
WHERE l.bot_id = @bot_id AND l.referral_id = @referral_id::bigint
ORDER BY l.entry_id;

-- name: GrantsOfReferral :many
SELECT g.grant_id, c.user_id, g.reward, g.occurrence, g.granted_at, g.revoked_at,
       (NOT g.needs_code OR EXISTS (SELECT FROM reward_codes rc WHERE rc.bot_id = g.bot_id AND rc.grant_id = g.grant_id))::boolean AS stocked
FROM grants g JOIN contacts c USING (bot_id, contact_id)
WHERE g.bot_id = @bot_id AND g.referral_id = @referral_id::bigint
ORDER BY g.grant_id;

-- name: Deliveries :many
SELECT d.delivery_id, c.user_id, d.account, d.external_id, d.body, d.picture, d.quick_replies, d.call, d.state, d.waiting_for, d.attempt, d.error_class, d.error,
       d.platform_id, coalesce(d.referral_id, 0)::bigint AS referral_id, d.run, d.segment, d.created_at, d.updated_at
FROM deliveries d JOIN contacts c USING (bot_id, contact_id)
WHERE d.bot_id = @bot_id AND d.delivery_id < @before
  AND (@state::text = '' OR d.state = @state::text)
  AND (@user_id::text = '' OR c.user_id = @user_id::text)
  AND (@account::text = '' OR d.account = @account::text)
  AND (@referral_id::bigint = 0 OR d.referral_id = @referral_id::bigint)
ORDER BY d.delivery_id DESC
LIMIT @most;

-- name: Leaderboard :many
-- Highest first; of equals, who got there first.
SELECT c.user_id, f.number::bigint AS points, f.updated_at,
       coalesce((SELECT i.first_name FROM identities i WHERE i.bot_id = c.bot_id AND i.contact_id = c.contact_id
                 ORDER BY i.last_inbound_at DESC NULLS LAST LIMIT 1), '')::text AS first_name,
       (SELECT count(*) FROM referrals r
        WHERE r.bot_id = c.bot_id AND r.referrer_id = c.contact_id AND r.status = 'credited') AS referrals
FROM fields f JOIN contacts c USING (bot_id, contact_id)
WHERE f.bot_id = @bot_id AND f.field = @field AND f.number IS NOT NULL
ORDER BY f.number DESC, f.updated_at, f.contact_id
LIMIT @most;

-- name: Stock :one
SELECT count(*) FILTER (WHERE grant_id IS NULL) AS free, count(*) FILTER (WHERE grant_id IS NOT NULL) AS taken
FROM reward_codes WHERE bot_id = @bot_id AND reward = @reward;

-- name: ParkedEvents :many
SELECT event_id, account, kind, parked_reason, parked_at, coalesce(octet_length(raw), 0)::integer AS raw_bytes, received_at
FROM inbox
WHERE bot_id = @bot_id AND parked_at IS NOT NULL AND event_id < @before
ORDER BY event_id DESC
LIMIT @most;

-- name: ParkedWebhook :one
SELECT account, raw FROM inbox WHERE bot_id = @bot_id AND event_id = @event_id AND parked_at IS NOT NULL;

-- name: ReplayEvent :execrows
-- An event that was read is pending again; a webhook that could be read at last has given its events and is done.
UPDATE inbox SET parked_at = NULL, parked_reason = '', attempts = 0, leased_until = '-infinity', done_at = CASE WHEN kind = 'unreadable' THEN now() END
WHERE bot_id = @bot_id AND event_id = @event_id AND parked_at IS NOT NULL AND done_at IS NULL;
