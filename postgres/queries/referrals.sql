-- Admit and segments: every statement of the transactions that decide and count.

-- name: ClaimSegment :execrows
-- The first statement of a transaction that applies a segment: 0 rows means it was applied before.
INSERT INTO segments (bot_id, run, segment) VALUES (@bot_id, @run, @segment) ON CONFLICT DO NOTHING;

-- name: SegmentResult :one
SELECT result FROM segments WHERE bot_id = @bot_id AND run = @run AND segment = @segment;

-- name: FillSegment :exec
UPDATE segments SET result = @result, checks = @checks WHERE bot_id = @bot_id AND run = @run AND segment = @segment;

-- name: LockPair :many
-- Locks a referral's two contacts, in the one order everybody locks contacts in.
SELECT contact_id, user_id
FROM contacts
WHERE bot_id = @bot_id AND user_id = ANY (@user_ids::text[])
ORDER BY contact_id
FOR NO KEY UPDATE;

-- name: LockEntryPoint :exec
-- Serialises the admissions through an entry point whose total is bounded, until the transaction ends. Taken before any contact.
SELECT pg_advisory_xact_lock(hashtextextended(@bot_id::text || '/' || @entry_point::text, 11));

-- name: AdmissionFacts :one
-- What admit needs to know, read after the contacts are locked.
-- Under first_touch any referral of the invitee through this door counts, also one from before the program said so.
-- Counts are taken only for bounds there are (not 0), and only up to them. They go by when openings came in, so that a backlog changes
-- nothing; of openings that are worked on out of their order, later ones count too: no 24 hours hold more than a day's cap.
SELECT e.is_new, e.account, e.received_at, (e.ref = '')::boolean AS typed,
       coalesce((SELECT a.channel FROM accounts a WHERE a.bot_id = e.bot_id AND a.account = e.account), '')::text AS channel,
       coalesce((SELECT max(i.left_at) FROM identities i
                 WHERE i.bot_id = e.bot_id AND i.contact_id = e.contact_id AND i.account = e.account
                   AND i.left_at > e.received_at AND i.left_on >= e.occurred_at), '0001-01-01 00:00:00+00')::timestamptz AS left_at,
       (EXISTS (SELECT FROM referrals r
                WHERE r.bot_id = e.bot_id AND r.attribution_key = @attribution_key::text AND r.status IN ('pending', 'credited'))
        OR @first_touch::boolean AND EXISTS (
                SELECT FROM referrals r
                WHERE r.bot_id = e.bot_id AND r.invitee_id = @invitee_id::bigint AND r.entry_point = @entry_point::text
                  AND r.status IN ('pending', 'credited')))::boolean AS attributed,
       EXISTS (SELECT FROM referrals r
               WHERE r.bot_id = e.bot_id AND r.referrer_id = @referrer_id::bigint AND r.invitee_id = @invitee_id::bigint
                 AND r.entry_point = @entry_point::text AND r.status IN ('credited', 'voided'))::boolean AS referred_before,
       EXISTS (SELECT FROM referrals r
               WHERE r.bot_id = e.bot_id AND r.referrer_id = @invitee_id::bigint AND r.invitee_id = @referrer_id::bigint
                 AND r.entry_point = @entry_point::text AND r.status IN ('pending', 'credited'))::boolean AS mutual,
       CASE WHEN @per_day::bigint > 0 THEN (SELECT count(*) FROM (
           SELECT FROM referrals r
           WHERE r.bot_id = e.bot_id AND r.entry_point = @entry_point::text AND r.referrer_id = @referrer_id::bigint
             AND r.status IN ('pending', 'credited')
             AND r.received_at > e.received_at - interval '24 hours' AND r.received_at < e.received_at + interval '24 hours'
           LIMIT @per_day::bigint) AS counted) ELSE 0 END::bigint AS of_referrer_today,
       CASE WHEN @per_referrer::bigint > 0 THEN (SELECT count(*) FROM (
           SELECT FROM referrals r
           WHERE r.bot_id = e.bot_id AND r.entry_point = @entry_point::text AND r.referrer_id = @referrer_id::bigint
             AND r.status IN ('pending', 'credited')
           LIMIT @per_referrer::bigint) AS counted) ELSE 0 END::bigint AS of_referrer,
       CASE WHEN @total::bigint > 0 THEN (SELECT count(*) FROM (
           SELECT FROM referrals r
           WHERE r.bot_id = e.bot_id AND r.entry_point = @entry_point::text AND r.status IN ('pending', 'credited')
           LIMIT @total::bigint) AS counted) ELSE 0 END::bigint AS of_entry_point,
       -- Openings by the same person again, or by the referrer, are no sign of speed; whatever else was refused is.
       CASE WHEN @at_most::bigint > 0 THEN (SELECT count(*) FROM (
           SELECT FROM referrals r
           WHERE r.bot_id = e.bot_id AND r.referrer_id = @referrer_id::bigint AND r.entry_point = @entry_point::text
             AND r.reason NOT IN ('self_referral', 'already_referred')
             AND r.received_at > e.received_at - make_interval(secs => @within_seconds::float8)
             AND r.received_at < e.received_at + make_interval(secs => @within_seconds::float8)
           LIMIT @at_most::bigint) AS counted) ELSE 0 END::bigint AS recent
FROM inbox e
WHERE e.bot_id = @bot_id AND e.event_id = @event_id;

-- name: InsertReferral :one
INSERT INTO referrals (bot_id, run, event_id, entry_point, referrer_id, invitee_id, kind, status, reason, attribution_key,
                       account, program_version, received_at, late, left_at, settled_at)
VALUES (@bot_id, @run, @event_id, @entry_point, @referrer_id, @invitee_id, @kind, @status, @reason, @attribution_key,
        @account, @program_version, @received_at, @late, @left_at, CASE WHEN @status::text = 'rejected' THEN now() END)
RETURNING referral_id;

-- name: ReferralOfRun :one
SELECT r.referral_id, r.entry_point, r.kind, r.status, r.reason, r.account, r.program_version, r.invitee_id,
       coalesce(r.referrer_id, 0)::bigint AS referrer_id
FROM referrals r
WHERE r.bot_id = @bot_id AND r.run = @run;

-- name: LockReferral :one
-- Locked after its contacts: neither the status nor the facts that a segment acts on can change under it. A time that isn't there is
-- Go's zero time. That somebody left counts from when it came in, also before a relay has got to it.
SELECT r.status, r.reason, r.late, r.received_at, r.approved_at, r.voided_at,
       coalesce(least(r.left_at, (
           SELECT min(e.received_at) FROM inbox e
           WHERE e.bot_id = r.bot_id AND e.contact_id = r.invitee_id AND e.account = r.account AND e.kind = 'blocked'
             AND e.received_at > r.received_at
             AND NOT EXISTS (SELECT FROM inbox o WHERE o.bot_id = r.bot_id AND o.event_id = r.event_id AND o.occurred_at > e.occurred_at))),
                '0001-01-01 00:00:00+00')::timestamptz AS left_at,
       coalesce((SELECT min(q.qualified_at) FROM qualifications q
                 WHERE q.bot_id = r.bot_id AND q.contact_id = r.invitee_id AND q.entry_point IN ('', r.entry_point)),
                '0001-01-01 00:00:00+00')::timestamptz AS qualified_at
FROM referrals r
WHERE r.bot_id = @bot_id AND r.referral_id = @referral_id
FOR NO KEY UPDATE OF r;

-- name: SettleReferral :exec
-- What a referral becomes for good, or, if that is voided after it was credited, when it was credited stays.
UPDATE referrals
SET status = @status, reason = @reason, hold_until = NULL, settled_at = coalesce(settled_at, now())
WHERE bot_id = @bot_id AND referral_id = @referral_id;

-- name: HoldReferral :exec
UPDATE referrals SET hold_until = @hold_until WHERE bot_id = @bot_id AND referral_id = @referral_id AND status = 'pending';

-- name: ProgramVersion :one
SELECT program_version FROM bots WHERE bot_id = @bot_id;

-- name: LockContacts :many
SELECT contact_id, user_id FROM contacts
WHERE bot_id = @bot_id AND contact_id = ANY (@contact_ids::bigint[])
ORDER BY contact_id
FOR NO KEY UPDATE;

-- name: ContactByUserID :one
SELECT contact_id, user_id, created_at FROM contacts WHERE bot_id = @bot_id AND user_id = @user_id;

-- name: LoadPeople :many
-- What a segment sees of its people, read after they are locked: fields, tags and the identity their messages go to. That is the
-- preferred account's if they have one there, else the one they last wrote from; a blocked one only when there is no other.
SELECT c.contact_id, c.user_id,
       coalesce(i.account, '')::text AS account, coalesce(i.external_id, '')::text AS external_id,
       coalesce(i.first_name, '')::text AS first_name, coalesce(i.last_name, '')::text AS last_name,
       coalesce(i.username, '')::text AS username, coalesce(i.locale, '')::text AS locale, coalesce(i.blocked, false)::boolean AS blocked,
       coalesce(a.channel, '')::text AS channel, coalesce(a.external_id, '')::text AS account_external_id,
       coalesce(a.settings, '{}')::jsonb AS account_settings,
       coalesce((SELECT jsonb_object_agg(f.field, f.number) FROM fields f
                 WHERE f.bot_id = c.bot_id AND f.contact_id = c.contact_id AND f.number IS NOT NULL), '{}')::jsonb AS numbers,
       coalesce((SELECT jsonb_object_agg(f.field, f.text) FROM fields f
                 WHERE f.bot_id = c.bot_id AND f.contact_id = c.contact_id AND f.text IS NOT NULL), '{}')::jsonb AS texts,
       coalesce((SELECT jsonb_agg(t.tag) FROM tags t
                 WHERE t.bot_id = c.bot_id AND t.contact_id = c.contact_id), '[]')::jsonb AS tags,
       coalesce((SELECT jsonb_object_agg(held.reward, held.occurrences)
                 FROM (SELECT g.reward, jsonb_agg(g.occurrence) AS occurrences FROM grants g
                       WHERE g.bot_id = c.bot_id AND g.contact_id = c.contact_id AND g.revoked_at IS NULL
                       GROUP BY g.reward) held), '{}')::jsonb AS grants
FROM contacts c
LEFT JOIN LATERAL (
    SELECT * FROM identities n
    WHERE n.bot_id = c.bot_id AND n.contact_id = c.contact_id
    ORDER BY n.blocked, (c.contact_id = @prefer_contact::bigint AND n.account = @prefer_account::text) DESC,
             n.last_inbound_at DESC NULLS LAST, n.account
    LIMIT 1
) i ON true
LEFT JOIN accounts a ON a.bot_id = c.bot_id AND a.account = i.account
WHERE c.bot_id = @bot_id AND c.contact_id = ANY (@contact_ids::bigint[]);

-- name: Increment :exec
-- Adds to a number and books it: the ledger's unique key makes it once for ever, the memo makes it unlikely to be tried twice.
-- What is taken off is spent, and stays earned.
WITH changed AS (
    INSERT INTO fields AS f (bot_id, contact_id, field, number, earned)
    VALUES (@bot_id, @contact_id, @field, @delta::bigint, greatest(@delta::bigint, 0))
    ON CONFLICT (bot_id, contact_id, field) DO UPDATE SET
        number = coalesce(f.number, 0) + @delta::bigint, earned = f.earned + greatest(@delta::bigint, 0), updated_at = now()
    RETURNING number
)
INSERT INTO ledger (bot_id, contact_id, field, delta, balance, cause, referral_id, run, segment, ordinal)
SELECT @bot_id, @contact_id, @field, @delta::bigint, changed.number, 'increment', @referral_id, @run, @segment, @ordinal
FROM changed;

-- name: SetNumber :exec
-- Sets a number by booking the difference, so that the ledger's sum stays the field's value.
WITH before AS (
    SELECT coalesce((SELECT f.number FROM fields f
                     WHERE f.bot_id = @bot_id AND f.contact_id = @contact_id AND f.field = @field), 0) AS number
), changed AS (
    INSERT INTO fields AS f (bot_id, contact_id, field, number)
    VALUES (@bot_id, @contact_id, @field, @number::bigint)
    ON CONFLICT (bot_id, contact_id, field) DO UPDATE SET number = @number::bigint, updated_at = now()
    RETURNING number
)
INSERT INTO ledger (bot_id, contact_id, field, delta, balance, cause, referral_id, run, segment, ordinal)
SELECT @bot_id, @contact_id, @field, changed.number - before.number, changed.number, 'set', @referral_id, @run, @segment, @ordinal
FROM changed, before;

-- name: SetText :exec
INSERT INTO fields (bot_id, contact_id, field, text)
VALUES (@bot_id, @contact_id, @field, @text::text)
ON CONFLICT (bot_id, contact_id, field) DO UPDATE SET text = excluded.text, updated_at = now();

-- name: AddTag :exec
INSERT INTO tags (bot_id, contact_id, tag) VALUES (@bot_id, @contact_id, @tag) ON CONFLICT DO NOTHING;

-- name: RemoveTag :exec
DELETE FROM tags WHERE bot_id = @bot_id AND contact_id = @contact_id AND tag = @tag;

-- name: InsertGrant :many
-- Grants a reward once for each occurrence: no row means it was granted before.
INSERT INTO grants (bot_id, contact_id, reward, occurrence, basis_field, basis_threshold, needs_code, expires_at, referral_id, run, segment,
                    ordinal)
VALUES (@bot_id, @contact_id, @reward, @occurrence, @basis_field, @basis_threshold, @needs_code,
        CASE WHEN @valid_seconds::float8 > 0 THEN now() + make_interval(secs => @valid_seconds::float8) END,
        @referral_id, @run, @segment, @ordinal)
ON CONFLICT (bot_id, contact_id, reward, occurrence) WHERE revoked_at IS NULL DO NOTHING
RETURNING grant_id, expires_at;

-- name: TakeCode :many
-- Takes the oldest free code that nobody else is taking. In a WITH the choice is made once, whatever the plan.
WITH oldest AS (
    SELECT c.bot_id, c.reward, c.code FROM reward_codes c
    WHERE c.bot_id = @bot_id AND c.reward = @reward AND c.grant_id IS NULL
    ORDER BY c.code_id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE reward_codes r
SET grant_id = @grant_id
FROM oldest
WHERE r.bot_id = oldest.bot_id AND r.reward = oldest.reward AND r.code = oldest.code
RETURNING r.code;

-- name: TakeLastCode :many
-- The same, waiting for codes that others are taking: they may give them back. Only a pool that is empty here is empty.
WITH oldest AS (
    SELECT c.bot_id, c.reward, c.code FROM reward_codes c
    WHERE c.bot_id = @bot_id AND c.reward = @reward AND c.grant_id IS NULL
    ORDER BY c.code_id
    LIMIT 1
    FOR UPDATE
)
UPDATE reward_codes r
SET grant_id = @grant_id
FROM oldest
WHERE r.bot_id = oldest.bot_id AND r.reward = oldest.reward AND r.code = oldest.code
RETURNING r.code;

-- name: LockPool :exec
-- Serialises imports and exhausted takers of one pool until the transaction ends, so that a code that is just being imported
-- and a grant that just found the pool empty can't miss each other.
SELECT pg_advisory_xact_lock(hashtextextended(@bot_id::text || '/' || @reward::text, 7));

-- name: GrantedCode :many
-- The live grant of a reward that a contact already has, with its code if it has one.
SELECT g.grant_id, coalesce(c.code, '')::text AS code, (g.needs_code AND c.code IS NULL)::boolean AS awaits_code, g.expires_at
FROM grants g
LEFT JOIN reward_codes c ON c.bot_id = g.bot_id AND c.grant_id = g.grant_id
WHERE g.bot_id = @bot_id AND g.contact_id = @contact_id AND g.reward = @reward AND g.revoked_at IS NULL
ORDER BY g.occurrence DESC
LIMIT 1;

-- name: InsertDelivery :exec
INSERT INTO deliveries (bot_id, contact_id, account, external_id, body, picture, quick_replies, call, grant_id, referral_id,
                        run, segment, ordinal, state, waiting_for, error_class, error)
VALUES (@bot_id, @contact_id, @account, @external_id, @body, @picture, coalesce(@quick_replies::text[], '{}'), @call, @grant_id, @referral_id,
        @run, @segment, @ordinal, @state, @waiting_for, @error_class, @error);

-- name: DeliveriesOfSegment :many
SELECT delivery_id, account, external_id, state
FROM deliveries
WHERE bot_id = @bot_id AND run = @run AND segment = @segment
ORDER BY ordinal;
