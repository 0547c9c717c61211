-- What happened, from the rows that say so. Rows of one transaction share its time: place orders them within it. It is four times the
-- ordinal of the operation, and more: 0 for a check before it, 1 for the operation, 2 for an attempt at it, 3 for its outcome.

-- name: ReferralMoments :many
-- Everything a referral went through, in order. A refusal because of an earlier referral says which one: the one that counts, else the
-- first that did.
WITH r AS (
    SELECT * FROM referrals WHERE referrals.bot_id = @bot_id AND referrals.referral_id = @referral_id
), earlier AS (
    SELECT e.referral_id, e.referrer_id
    FROM r JOIN referrals e ON e.bot_id = r.bot_id AND e.invitee_id = r.invitee_id AND e.entry_point = r.entry_point
    WHERE r.reason = 'already_referred' AND e.referral_id < r.referral_id AND e.status <> 'rejected'
    ORDER BY e.status = 'voided', e.referral_id
    LIMIT 1
), d AS (
    SELECT d.* FROM r JOIN deliveries d ON d.bot_id = r.bot_id AND d.referral_id = r.referral_id
), moments AS (
    SELECT r.received_at AS at, -1 AS place, r.referral_id AS id, 'opening' AS kind, r.invitee_id AS contact_id, r.referrer_id AS other_id,
           '' AS segment,
           jsonb_build_object('account', r.account, 'entry_point', r.entry_point, 'ref', coalesce(e.ref, ''), 'contact', r.kind) AS data
    FROM r LEFT JOIN inbox e ON e.bot_id = r.bot_id AND e.event_id = r.event_id
    UNION ALL
    SELECT r.admitted_at, -1, r.referral_id, CASE WHEN r.status = 'rejected' THEN 'rejected' ELSE 'admitted' END, r.invitee_id,
           coalesce(earlier.referrer_id, r.referrer_id), '',
           jsonb_strip_nulls(jsonb_build_object('entry_point', r.entry_point, 'reason', CASE WHEN r.status = 'rejected' THEN r.reason END,
                                                'earlier_referral', earlier.referral_id::text))
    FROM r LEFT JOIN earlier ON true
    UNION ALL
    SELECT s.applied_at, coalesce((seen.check_made ->> 'Ops')::integer, 0) * 4, seen.number, 'check',
           CASE seen.check_made ->> 'Who' WHEN 'invitee' THEN r.invitee_id WHEN 'referrer' THEN r.referrer_id END, NULL, s.segment,
           jsonb_strip_nulls(jsonb_build_object(
               'path', seen.check_made -> 'Path', 'field', seen.check_made -> 'Field', 'operator', seen.check_made -> 'Operator',
               'with', seen.check_made -> 'With', 'before', seen.check_made -> 'Before', 'now', seen.check_made -> 'After',
               'held', seen.check_made -> 'Held'))
    FROM r
    JOIN segments s ON s.bot_id = r.bot_id AND s.run = r.run AND jsonb_typeof(s.checks) = 'array'
    CROSS JOIN LATERAL jsonb_array_elements(s.checks) WITH ORDINALITY AS seen (check_made, number)
    UNION ALL
    SELECT s.applied_at, 1000000, seen.number, 'wait',
           CASE seen.wait #>> '{Cursor,for}' WHEN 'invitee' THEN r.invitee_id WHEN 'referrer' THEN r.referrer_id END, NULL, s.segment,
           jsonb_build_object('seconds', (seen.wait ->> 'For')::bigint / 1000000000, 'then', seen.wait #> '{Cursor,at}')
    FROM r
    JOIN segments s ON s.bot_id = r.bot_id AND s.run = r.run AND jsonb_typeof(s.result -> 'waits') = 'array'
    CROSS JOIN LATERAL jsonb_array_elements(s.result -> 'waits') WITH ORDINALITY AS seen (wait, number)
    UNION ALL
    SELECT l.created_at, l.ordinal * 4 + 1, l.entry_id, CASE WHEN l.cause = 'set' THEN 'set' ELSE 'points' END, l.contact_id, NULL, l.segment,
           jsonb_build_object('field', l.field, 'delta', l.delta, 'balance', l.balance, 'cause', l.cause)
    FROM r JOIN ledger l ON l.bot_id = r.bot_id AND l.referral_id = r.referral_id
    UNION ALL
    SELECT g.granted_at, g.ordinal * 4 + 1, g.grant_id, 'grant', g.contact_id, NULL, g.segment,
           jsonb_strip_nulls(jsonb_build_object(
               'reward', g.reward, 'occurrence', g.occurrence, 'field', g.basis_field, 'threshold', g.basis_threshold, 'revoked_at', g.revoked_at,
               'stocked', NOT g.needs_code OR EXISTS (SELECT FROM reward_codes rc WHERE rc.bot_id = g.bot_id AND rc.grant_id = g.grant_id)))
    FROM r JOIN grants g ON g.bot_id = r.bot_id AND g.referral_id = r.referral_id
    UNION ALL
    SELECT d.created_at, d.ordinal * 4 + 1, d.delivery_id, CASE WHEN d.call THEN 'call' ELSE 'message' END, d.contact_id, NULL, d.segment,
           jsonb_build_object('delivery', d.delivery_id::text, 'account', d.account, 'text', d.body, 'picture', d.picture,
                              'quick_replies', d.quick_replies, 'state', d.state, 'waiting_for', d.waiting_for)
    FROM d
    UNION ALL
    SELECT f.ended_at, d.ordinal * 4 + 2, f.attempt, 'attempt', d.contact_id, NULL, d.segment,
           jsonb_build_object('delivery', d.delivery_id::text, 'call', d.call, 'account', d.account, 'attempt', f.attempt, 'class', f.error_class, 'error', f.error)
    FROM d JOIN failed_attempts f ON f.bot_id = d.bot_id AND f.delivery_id = d.delivery_id
    UNION ALL
    SELECT d.updated_at, d.ordinal * 4 + 3, d.delivery_id, 'outcome', d.contact_id, NULL, d.segment,
           jsonb_build_object('delivery', d.delivery_id::text, 'call', d.call, 'account', d.account, 'state', d.state, 'attempts', d.attempt,
                              'class', d.error_class, 'error', d.error, 'platform_id', d.platform_id)
    FROM d WHERE d.state IN ('accepted', 'delivered', 'failed', 'expired')
    UNION ALL
    SELECT r.settled_at, 1000001, r.referral_id, 'settled', r.invitee_id, r.referrer_id, '',
           jsonb_build_object('points', coalesce((SELECT sum(l.delta) FROM ledger l
                                                  WHERE l.bot_id = r.bot_id AND l.referral_id = r.referral_id
                                                    AND l.contact_id = r.referrer_id AND l.cause = 'increment'), 0))
    FROM r WHERE r.status IN ('credited', 'voided') AND r.settled_at IS NOT NULL
    UNION ALL
    SELECT greatest(r.admitted_at, r.settled_at, (SELECT max(l.created_at) FROM ledger l
                                                  WHERE l.bot_id = r.bot_id AND l.referral_id = r.referral_id AND l.cause = 'reversal')),
           1000002, r.referral_id, 'voided', r.invitee_id, r.referrer_id, '', jsonb_build_object('reason', r.reason)
    FROM r WHERE r.status = 'voided'
)
SELECT m.at::timestamptz AS at, m.place::integer AS place, m.id::bigint AS id, m.kind::text AS kind, m.segment::text AS segment, m.data::jsonb AS data,
       r.referral_id, r.kind AS referral_kind,
       (CASE m.contact_id WHEN r.invitee_id THEN 'invitee' WHEN r.referrer_id THEN 'referrer' ELSE '' END)::text AS role,
       coalesce(c.user_id, '')::text AS user_id, coalesce(o.user_id, '')::text AS other_user_id,
       coalesce((SELECT i.first_name FROM identities i WHERE i.bot_id = c.bot_id AND i.contact_id = c.contact_id AND i.first_name <> ''
                 ORDER BY i.last_inbound_at DESC NULLS LAST LIMIT 1), '')::text AS first_name,
       coalesce((SELECT i.first_name FROM identities i WHERE i.bot_id = o.bot_id AND i.contact_id = o.contact_id AND i.first_name <> ''
                 ORDER BY i.last_inbound_at DESC NULLS LAST LIMIT 1), '')::text AS other_first_name
FROM moments m
CROSS JOIN r
LEFT JOIN contacts c ON c.bot_id = r.bot_id AND c.contact_id = m.contact_id
LEFT JOIN contacts o ON o.bot_id = r.bot_id AND o.contact_id = m.other_id
ORDER BY m.at, m.place, m.id
LIMIT @most;

-- name: ContactMoments :many
-- What happened to a contact before a given place, newest first: their own row, referrals on either side, numbers, rewards, messages. A
-- moment's time and place never change, so that pages hold still while new ones come.
WITH before AS MATERIALIZED (
    (SELECT c.created_at AS at, -2 AS place, c.contact_id AS id, 'contact' AS kind, NULL::bigint AS other_id, NULL::bigint AS referral_id,
            '' AS segment, '{}'::jsonb AS data
     FROM contacts c
     WHERE c.bot_id = @bot_id AND c.contact_id = @contact_id AND (c.created_at, -2, c.contact_id) < (@at::timestamptz, @place::integer, @id::bigint))
    UNION ALL
    (SELECT r.received_at, -1, r.referral_id, 'opening', r.invitee_id, r.referral_id, '',
            jsonb_build_object('account', r.account, 'entry_point', r.entry_point, 'contact', r.kind, 'status', r.status, 'reason', r.reason)
     FROM referrals r
     WHERE r.bot_id = @bot_id AND r.referrer_id = @contact_id AND r.invitee_id <> @contact_id
       AND (r.received_at, -1, r.referral_id) < (@at::timestamptz, @place::integer, @id::bigint)
     ORDER BY r.received_at DESC, r.referral_id DESC
     LIMIT @most)
    UNION ALL
    (SELECT r.received_at, -1, r.referral_id, 'opening', r.referrer_id, r.referral_id, '',
            jsonb_build_object('account', r.account, 'entry_point', r.entry_point, 'contact', r.kind, 'status', r.status, 'reason', r.reason)
     FROM referrals r
     WHERE r.bot_id = @bot_id AND r.invitee_id = @contact_id
       AND (r.received_at, -1, r.referral_id) < (@at::timestamptz, @place::integer, @id::bigint)
     ORDER BY r.received_at DESC, r.referral_id DESC
     LIMIT @most)
    UNION ALL
    (SELECT l.created_at, l.ordinal * 4 + 1, l.entry_id, CASE WHEN l.cause = 'set' THEN 'set' ELSE 'points' END, NULL, l.referral_id, l.segment,
            jsonb_build_object('field', l.field, 'delta', l.delta, 'balance', l.balance, 'cause', l.cause)
     FROM ledger l
     WHERE l.bot_id = @bot_id AND l.contact_id = @contact_id AND l.created_at <= @at::timestamptz
       AND (l.created_at, l.ordinal * 4 + 1, l.entry_id) < (@at::timestamptz, @place::integer, @id::bigint)
     ORDER BY l.created_at DESC, l.ordinal DESC, l.entry_id DESC
     LIMIT @most)
    UNION ALL
    (SELECT g.granted_at, g.ordinal * 4 + 1, g.grant_id, 'grant', NULL, g.referral_id, g.segment,
            jsonb_strip_nulls(jsonb_build_object(
                'reward', g.reward, 'occurrence', g.occurrence, 'field', g.basis_field, 'threshold', g.basis_threshold, 'revoked_at', g.revoked_at,
                'stocked', NOT g.needs_code OR EXISTS (SELECT FROM reward_codes rc WHERE rc.bot_id = g.bot_id AND rc.grant_id = g.grant_id)))
     FROM grants g
     WHERE g.bot_id = @bot_id AND g.contact_id = @contact_id
       AND (g.granted_at, g.ordinal * 4 + 1, g.grant_id) < (@at::timestamptz, @place::integer, @id::bigint)
     ORDER BY g.granted_at DESC, g.ordinal DESC, g.grant_id DESC
     LIMIT @most)
    UNION ALL
    (SELECT d.created_at, d.ordinal * 4 + 1, d.delivery_id,
            CASE WHEN d.call THEN 'call' ELSE 'message' END, NULL, d.referral_id, d.segment,
            jsonb_build_object('delivery', d.delivery_id::text, 'account', d.account, 'text', d.body, 'picture', d.picture,
                               'quick_replies', d.quick_replies, 'state', d.state, 'waiting_for', d.waiting_for, 'attempts', d.attempt,
                               'class', d.error_class, 'error', d.error)
     FROM deliveries d
     WHERE d.bot_id = @bot_id AND d.contact_id = @contact_id
       AND (d.created_at, d.ordinal * 4 + 1, d.delivery_id) < (@at::timestamptz, @place::integer, @id::bigint)
     ORDER BY d.created_at DESC, d.ordinal DESC, d.delivery_id DESC
     LIMIT @most)
    ORDER BY at DESC, place DESC, id DESC
    LIMIT @most
)
SELECT m.at::timestamptz AS at, m.place::integer AS place, m.id::bigint AS id, m.kind::text AS kind, m.segment::text AS segment, m.data::jsonb AS data,
       coalesce(m.referral_id, 0)::bigint AS referral_id, coalesce(r.kind, '')::text AS referral_kind,
       (CASE WHEN r.invitee_id = @contact_id THEN 'invitee' WHEN r.referrer_id = @contact_id THEN 'referrer' ELSE '' END)::text AS role,
       coalesce(o.user_id, '')::text AS other_user_id,
       coalesce((SELECT i.first_name FROM identities i WHERE i.bot_id = @bot_id AND i.contact_id = @contact_id AND i.first_name <> ''
                 ORDER BY i.last_inbound_at DESC NULLS LAST LIMIT 1), '')::text AS first_name,
       coalesce((SELECT i.first_name FROM identities i WHERE i.bot_id = o.bot_id AND i.contact_id = o.contact_id AND i.first_name <> ''
                 ORDER BY i.last_inbound_at DESC NULLS LAST LIMIT 1), '')::text AS other_first_name
FROM before m
LEFT JOIN referrals r ON r.bot_id = @bot_id AND r.referral_id = m.referral_id
LEFT JOIN contacts o ON o.bot_id = @bot_id AND o.contact_id = m.other_id
ORDER BY m.at DESC, m.place DESC, m.id DESC;
