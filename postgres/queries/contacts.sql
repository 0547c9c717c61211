-- Looking for people.

-- Each list below walks an index from the newest contact, or from a cursor, until its page is full: nothing is sorted, and no page is
-- dearer for those before it. Names have no index that finds a part of them: a search nobody answers to looks at every identity once.

-- name: NewestContacts :many
SELECT contact_id FROM contacts WHERE bot_id = @bot_id AND contact_id < @before ORDER BY contact_id DESC LIMIT @most;

-- name: SearchContacts :many
-- By what they are called, or by their whole ids; on one account, if it is named.
SELECT DISTINCT i.contact_id
FROM identities i
WHERE i.bot_id = @bot_id AND i.contact_id < @before
  AND (@account::text = '' OR i.account = @account::text)
  AND (@asked::text = '' OR i.external_id = @asked::text
       OR i.contact_id = (SELECT c.contact_id FROM contacts c WHERE c.bot_id = @bot_id AND c.user_id = @asked::text)
       OR @folded::text <> '' AND strpos(translate(i.search, E'\n', ' '), @folded::text) > 0)
ORDER BY i.contact_id DESC
LIMIT @most;

-- name: TaggedContacts :many
-- The same among those with a tag. OFFSET 0 keeps the identities from being looked at all at once, beforehand.
SELECT t.contact_id
FROM tags t
WHERE t.bot_id = @bot_id AND t.tag = @tag AND t.contact_id < @before
  AND (@account::text = '' AND @asked::text = '' OR EXISTS (
      SELECT FROM identities i
      WHERE i.bot_id = t.bot_id AND i.contact_id = t.contact_id
        AND (@account::text = '' OR i.account = @account::text)
        AND (@asked::text = '' OR i.external_id = @asked::text
             OR i.contact_id = (SELECT c.contact_id FROM contacts c WHERE c.bot_id = @bot_id AND c.user_id = @asked::text)
             OR @folded::text <> '' AND strpos(translate(i.search, E'\n', ' '), @folded::text) > 0)
      OFFSET 0))
ORDER BY t.contact_id DESC
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
