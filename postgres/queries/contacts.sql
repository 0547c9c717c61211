-- Looking for people.

-- name: FindContacts :many
-- Walks the contacts from the newest, or from a cursor, until a page is full: nothing is sorted. What is searched for has no index, so
-- at worst each contact's identities are looked at once.
SELECT c.contact_id
FROM contacts c
WHERE c.bot_id = @bot_id AND c.contact_id < @before
  AND (@tag::text = '' OR EXISTS (
      SELECT FROM tags t WHERE t.bot_id = c.bot_id AND t.contact_id = c.contact_id AND t.tag = @tag::text))
  AND (@account::text = '' OR EXISTS (
      SELECT FROM identities i WHERE i.bot_id = c.bot_id AND i.contact_id = c.contact_id AND i.account = @account::text))
  AND (@asked::text = '' OR c.user_id = @asked::text OR EXISTS (
      SELECT FROM identities i
      WHERE i.bot_id = c.bot_id AND i.contact_id = c.contact_id
        AND (i.external_id = @asked::text OR @folded::text <> '' AND strpos(translate(i.search, E'\n', ' '), @folded::text) > 0)))
ORDER BY c.contact_id DESC
LIMIT @most;

-- name: ContactSummaries :many
SELECT c.contact_id, c.user_id, c.created_at, coalesce(btrim(n.first_name || ' ' || n.last_name), '')::text AS name,
       coalesce(n.username, '')::text AS username,
       coalesce((SELECT array_agg(DISTINCT i.account ORDER BY i.account) FROM identities i
                 WHERE i.bot_id = c.bot_id AND i.contact_id = c.contact_id), '{}')::text[] AS accounts,
       coalesce((SELECT jsonb_object_agg(f.field, coalesce(to_jsonb(f.number), to_jsonb(f.text))) FROM fields f
                 WHERE f.bot_id = c.bot_id AND f.contact_id = c.contact_id), '{}')::jsonb AS fields,
       coalesce((SELECT array_agg(t.tag ORDER BY t.tag) FROM tags t
                 WHERE t.bot_id = c.bot_id AND t.contact_id = c.contact_id), '{}')::text[] AS tags,
       (SELECT count(*) FROM referrals r
        WHERE r.bot_id = c.bot_id AND r.referrer_id = c.contact_id AND r.status = 'credited') AS referrals
FROM contacts c
LEFT JOIN LATERAL (
    SELECT i.first_name, i.last_name, i.username
    FROM identities i
    WHERE i.bot_id = c.bot_id AND i.contact_id = c.contact_id
    ORDER BY i.last_inbound_at DESC NULLS LAST, i.account, i.external_id
    LIMIT 1
) n ON true
WHERE c.bot_id = @bot_id AND c.contact_id = ANY (@contacts::bigint[])
ORDER BY c.contact_id DESC;

-- name: AccountsOfContact :many
-- The accounts a contact is on, those they last wrote from first; one row with none for a contact who is on none.
SELECT coalesce(i.account, '')::text AS account
FROM contacts c LEFT JOIN identities i USING (bot_id, contact_id)
WHERE c.bot_id = @bot_id AND c.user_id = @user_id
GROUP BY i.account
ORDER BY max(i.last_inbound_at) DESC NULLS LAST, account;
