-- The whole surface: richer messages, calls to webhooks, a transcript for the web chat, keys, repeated requests, the search for people.

-- +goose Up
ALTER TABLE deliveries
    ADD COLUMN picture       text    NOT NULL DEFAULT '',
    ADD COLUMN quick_replies text[]  NOT NULL DEFAULT '{}',
    ADD COLUMN call          boolean NOT NULL DEFAULT false; -- a call of a webhook: body is JSON and external_id whom it is about

-- Attempts that failed, or whose outcome nobody learnt. The last one's success is in its delivery.
CREATE TABLE failed_attempts (
    bot_id      text        NOT NULL,
    delivery_id bigint      NOT NULL,
    attempt     integer     NOT NULL,
    error_class text        NOT NULL,
    error       text        NOT NULL DEFAULT '',
    ended_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, delivery_id, attempt),
    FOREIGN KEY (bot_id, delivery_id) REFERENCES deliveries ON DELETE CASCADE
);

CREATE INDEX grants_contact ON grants (bot_id, contact_id, grant_id); -- a contact's history, revoked ones included

ALTER TABLE programs ADD COLUMN restored_from integer; -- the version its author went back to

-- What people are searched by: first name, last name and user name, each folded, each on a line; kept by whoever writes them.
ALTER TABLE identities ADD COLUMN search text NOT NULL DEFAULT '';
UPDATE identities SET search = lower(first_name || E'\n' || last_name || E'\n' || username);
CREATE INDEX tags_newest ON tags (bot_id, tag, contact_id); -- who has a tag, newest first

-- Conversations of the web chat: lines are counted per visitor, under a lock, so that their order is the order they became visible in.
CREATE TABLE chats (
    bot_id    text   NOT NULL,
    account   text   NOT NULL,
    visitor   text   NOT NULL, -- the identity's external id
    last_line bigint NOT NULL,
    PRIMARY KEY (bot_id, account, visitor),
    FOREIGN KEY (bot_id, account) REFERENCES accounts
) WITH (fillfactor = 85);

CREATE TABLE chat_lines (
    bot_id        text        NOT NULL,
    account       text        NOT NULL,
    visitor       text        NOT NULL,
    line          bigint      NOT NULL, -- what streams go on from; may have gaps
    key           text        NOT NULL, -- of the event or the delivery: a repetition adds no line
    author        text        NOT NULL CHECK (author IN ('visitor', 'bot')),
    body          text        NOT NULL,
    picture       text        NOT NULL DEFAULT '',
    quick_replies text[]      NOT NULL DEFAULT '{}',
    written_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, account, visitor, line),
    UNIQUE (bot_id, account, visitor, key)
);

-- Keys of integrators, each for one bot. Only their hash is known.
CREATE TABLE api_keys (
    bot_id       text        NOT NULL REFERENCES bots,
    key_id       text        NOT NULL, -- public: it is part of the key
    name         text        NOT NULL,
    hash         bytea       NOT NULL, -- SHA-256 of the whole key, which is random
    scopes       text[]      NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,          -- to the minute
    revoked_at   timestamptz,
    PRIMARY KEY (bot_id, key_id)
);
-- Who a key belongs to is asked before anything is known of a bot.
CREATE UNIQUE INDEX api_keys_holder ON api_keys (key_id);

-- Answers to requests that carried an Idempotency-Key, written in the transaction that did what they asked for.
CREATE TABLE repeatable_requests (
    bot_id      text        NOT NULL, -- '' for what belongs to no bot
    request_key text        NOT NULL,
    fingerprint bytea       NOT NULL, -- SHA-256 of who asks, method, address and body
    status      integer     NOT NULL DEFAULT 0,
    answer      bytea,                -- sealed: it may hold a new key
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, request_key)
);
CREATE INDEX repeatable_requests_old ON repeatable_requests (created_at);

-- +goose Down
DROP INDEX grants_contact;
DROP TABLE repeatable_requests, api_keys, chat_lines, chats, failed_attempts;
DROP INDEX tags_newest;
ALTER TABLE identities DROP COLUMN search;
ALTER TABLE programs DROP COLUMN restored_from;
ALTER TABLE deliveries DROP COLUMN picture, DROP COLUMN quick_replies, DROP COLUMN call;
