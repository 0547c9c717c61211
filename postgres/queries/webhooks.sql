-- Where events enter: two statements in one implicit transaction, for a whole batch at once.

-- name: UpsertIdentities :many
-- Makes every identity of the batch known and gives its contact. The input holds each identity once, sorted, so that
-- concurrent batches lock in one order. ON CONFLICT DO UPDATE also resolves identities another batch is just inserting.
WITH input AS (
    SELECT unnest(@bots::text[]) AS bot_id, unnest(@accounts::text[]) AS account, unnest(@external_ids::text[]) AS external_id,
           unnest(@user_ids::text[]) AS user_id, unnest(@first_names::text[]) AS first_name, unnest(@last_names::text[]) AS last_name,
           unnest(@usernames::text[]) AS username, unnest(@searches::text[]) AS search, unnest(@locales::text[]) AS locale,
           unnest(@inbound_at::timestamptz[]) AS inbound_at
), known AS (
    INSERT INTO identities AS i
        (bot_id, account, external_id, contact_id, first_name, last_name, username, search, locale, last_inbound_at)
    SELECT bot_id, account, external_id, nextval('contact_ids'), first_name, last_name, username, search, locale,
           nullif(inbound_at, '0001-01-01 00:00:00+00') -- Go's zero time: not an interaction
    FROM input
    ORDER BY bot_id, account, external_id
    ON CONFLICT (bot_id, account, external_id) DO UPDATE SET
        first_name      = coalesce(nullif(excluded.first_name, ''), i.first_name),
        last_name       = coalesce(nullif(excluded.last_name, ''), i.last_name),
        username        = coalesce(nullif(excluded.username, ''), i.username),
        search          = CASE WHEN excluded.search IN (i.search, E'\n\n') THEN i.search ELSE
                              coalesce(nullif(split_part(excluded.search, E'\n', 1), ''), split_part(i.search, E'\n', 1)) || E'\n' ||
                              coalesce(nullif(split_part(excluded.search, E'\n', 2), ''), split_part(i.search, E'\n', 2)) || E'\n' ||
                              coalesce(nullif(split_part(excluded.search, E'\n', 3), ''), split_part(i.search, E'\n', 3)) END,
        locale          = coalesce(nullif(excluded.locale, ''), i.locale),
        last_inbound_at = greatest(i.last_inbound_at, excluded.last_inbound_at),
        blocked         = i.blocked AND (excluded.last_inbound_at IS NULL OR excluded.last_inbound_at < i.membership_at)
    RETURNING i.bot_id, i.account, i.external_id, i.contact_id, (xmax = 0)::boolean AS inserted
), created AS (
    INSERT INTO contacts (bot_id, contact_id, user_id)
    SELECT known.bot_id, known.contact_id, input.user_id
    FROM known
    JOIN input USING (bot_id, account, external_id)
    WHERE known.inserted
)
SELECT bot_id, account, external_id, contact_id FROM known;

-- name: StoreEvents :many
-- Stores the batch's events, each once, and fixes which event a contact is new to. A fresh snapshot: it sees the
-- contacts that the statement before it made or met.
WITH input AS (
    SELECT unnest(@places::integer[]) AS place, unnest(@bots::text[]) AS bot_id, unnest(@accounts::text[]) AS account,
           unnest(@external_ids::text[]) AS external_id, unnest(@dedupe_keys::text[]) AS dedupe_key, unnest(@kinds::text[]) AS kind,
           unnest(@interactions::boolean[]) AS interaction, unnest(@refs::text[]) AS ref, unnest(@bodies::text[]) AS body,
           unnest(@occurred_at::timestamptz[]) AS occurred_at
), resolved AS (
    SELECT input.*, i.contact_id
    FROM input
    JOIN identities i USING (bot_id, account, external_id)
), first_touch AS (
    -- Of a ref, as much as shows that it is too long to be one of ours.
    SELECT DISTINCT ON (bot_id, contact_id) bot_id, contact_id, account || '/' || dedupe_key AS event, left(ref, 65) AS ref
    FROM resolved
    WHERE interaction
    ORDER BY bot_id, contact_id, place
), locked AS (
    SELECT c.bot_id, c.contact_id, f.event, f.ref
    FROM contacts c
    JOIN first_touch f USING (bot_id, contact_id)
    WHERE c.first_event IS NULL
    ORDER BY c.bot_id, c.contact_id
    FOR NO KEY UPDATE OF c
), claimed AS (
    UPDATE contacts c
    SET first_event = l.event, first_ref = l.ref, first_at = now()
    FROM locked l
    WHERE c.bot_id = l.bot_id AND c.contact_id = l.contact_id AND c.first_event IS NULL
    RETURNING c.bot_id, c.contact_id, c.first_event
), stored AS (
    INSERT INTO inbox AS b (bot_id, account, dedupe_key, kind, contact_id, is_new, ref, body, occurred_at)
    SELECT r.bot_id, r.account, r.dedupe_key, r.kind, r.contact_id,
           r.interaction AND coalesce(r.account || '/' || r.dedupe_key = coalesce(claimed.first_event, c.first_event), false),
           r.ref, r.body, r.occurred_at
    FROM resolved r
    JOIN contacts c USING (bot_id, contact_id)
    LEFT JOIN claimed USING (bot_id, contact_id)
    ORDER BY r.bot_id, r.account, r.dedupe_key, r.place
    ON CONFLICT (bot_id, account, dedupe_key) DO NOTHING
    RETURNING b.bot_id, b.account, b.dedupe_key
)
SELECT r.place::integer AS place, c.user_id,
       (stored.dedupe_key IS NOT NULL -- and this is the first of the batch's copies, the one that was stored
        AND row_number() OVER (PARTITION BY r.bot_id, r.account, r.dedupe_key ORDER BY r.place) = 1)::boolean AS stored
FROM resolved r
JOIN contacts c USING (bot_id, contact_id)
LEFT JOIN stored USING (bot_id, account, dedupe_key)
ORDER BY r.place;

-- name: ParkRaw :exec
-- Keeps a verified webhook that could not be read, as it came, once.
INSERT INTO inbox (bot_id, account, dedupe_key, kind, raw, occurred_at, parked_at, parked_reason)
VALUES (@bot_id, @account, @dedupe_key, 'unreadable', @raw, @received_at, @received_at, @reason)
ON CONFLICT (bot_id, account, dedupe_key) DO NOTHING;

-- name: AnnounceInbox :exec
SELECT pg_notify('inbox', '');
