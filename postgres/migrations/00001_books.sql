-- The books: who is known, what came in, what was decided, what it earned and what must leave.
-- bot_id leads every key and index: a bot is the tenant, and its rows lie together.

-- +goose Up
CREATE TABLE bots (
    bot_id          text        PRIMARY KEY,
    name            text        NOT NULL,
    program_version integer     NOT NULL DEFAULT 0, -- the version in force; 0 until the first program is saved
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE programs (
    bot_id     text        NOT NULL REFERENCES bots,
    version    integer     NOT NULL,
    source     text        NOT NULL, -- as the author wrote it; immutable
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, version)
);

CREATE TABLE accounts (
    bot_id       text        NOT NULL REFERENCES bots,
    account      text        NOT NULL,
    channel      text        NOT NULL,
    external_id  text        NOT NULL,
    credentials  bytea       NOT NULL, -- sealed with the encryption key, bound to bot and account
    settings     jsonb       NOT NULL DEFAULT '{}',
    api_base_url text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, account)
);

CREATE SEQUENCE contact_ids;

CREATE TABLE contacts (
    bot_id      text        NOT NULL REFERENCES bots,
    contact_id  bigint      NOT NULL,
    user_id     text        NOT NULL, -- the public id, in links
    first_event text,                 -- dedupe key of the first interaction: the event this contact is new to
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, contact_id),
    UNIQUE (bot_id, user_id)
);

CREATE TABLE identities (
    bot_id          text        NOT NULL,
    account         text        NOT NULL,
    external_id     text        NOT NULL,
    contact_id      bigint      NOT NULL,
    first_name      text        NOT NULL DEFAULT '',
    last_name       text        NOT NULL DEFAULT '',
    username        text        NOT NULL DEFAULT '',
    locale          text        NOT NULL DEFAULT '',
    last_inbound_at timestamptz, -- the last interaction: opens the messaging window, makes this the contact's channel
    membership_at   timestamptz, -- the platform's time of the last block or unblock, so that reordered ones are harmless
    blocked         boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (bot_id, account, external_id),
    FOREIGN KEY (bot_id, account) REFERENCES accounts,
    FOREIGN KEY (bot_id, contact_id) REFERENCES contacts
) WITH (fillfactor = 85);
CREATE INDEX identities_contact ON identities (bot_id, contact_id);

-- What came in, stored before it is acknowledged. A row is pending until it is done or parked.
CREATE TABLE inbox (
    bot_id        text        NOT NULL,
    event_id      bigint      GENERATED ALWAYS AS IDENTITY,
    account       text        NOT NULL,
    dedupe_key    text        NOT NULL,
    kind          text        NOT NULL,
    contact_id    bigint,
    is_new        boolean     NOT NULL DEFAULT false, -- this event is the contact's first interaction
    ref           text        NOT NULL DEFAULT '',
    body          text        NOT NULL DEFAULT '',    -- what the contact wrote
    target        text        NOT NULL DEFAULT '',    -- for a wake: the delivery to wake
    raw           bytea,                              -- for a parked webhook: the body as it came
    occurred_at   timestamptz NOT NULL,
    received_at   timestamptz NOT NULL DEFAULT now(),
    lease         bigint      NOT NULL DEFAULT 0,     -- fencing token of whoever works on it
    leased_until  timestamptz NOT NULL DEFAULT '-infinity',
    attempts      integer     NOT NULL DEFAULT 0,
    done_at       timestamptz,
    parked_at     timestamptz,
    parked_reason text        NOT NULL DEFAULT '',
    PRIMARY KEY (bot_id, event_id),
    UNIQUE (bot_id, account, dedupe_key)
) WITH (fillfactor = 85);
CREATE INDEX inbox_pending ON inbox (bot_id, event_id) WHERE done_at IS NULL AND parked_at IS NULL;
CREATE INDEX inbox_done ON inbox (done_at) WHERE done_at IS NOT NULL;

-- Memo of what a run's segment did: claimed first and filled last in the transaction that applies it.
CREATE TABLE segments (
    bot_id     text        NOT NULL,
    run        text        NOT NULL, -- the originating workflow's id, never Temporal's run id
    segment    text        NOT NULL,
    result     jsonb,
    checks     jsonb,                -- the conditions evaluated, with the values they saw
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, run, segment)
);

CREATE TABLE referrals (
    bot_id          text        NOT NULL,
    referral_id     bigint      GENERATED ALWAYS AS IDENTITY,
    run             text        NOT NULL,
    event_id        bigint      NOT NULL,
    entry_point     text        NOT NULL,
    referrer_id     bigint,               -- null when nobody has the user id in the ref
    invitee_id      bigint      NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('new', 'existing')),
    status          text        NOT NULL CHECK (status IN ('pending', 'credited', 'rejected', 'voided')),
    reason          text        NOT NULL DEFAULT '',
    attribution_key text        NOT NULL,
    account         text        NOT NULL, -- where the invitee came in
    program_version integer     NOT NULL,
    received_at     timestamptz NOT NULL,
    admitted_at     timestamptz NOT NULL DEFAULT now(),
    settled_at      timestamptz,
    PRIMARY KEY (bot_id, referral_id),
    UNIQUE (bot_id, run),
    FOREIGN KEY (bot_id, referrer_id) REFERENCES contacts (bot_id, contact_id),
    FOREIGN KEY (bot_id, invitee_id) REFERENCES contacts (bot_id, contact_id)
);
-- One credit per attribution key: only what counts or may yet count holds the key.
CREATE UNIQUE INDEX referrals_attribution ON referrals (bot_id, attribution_key) WHERE status IN ('pending', 'credited');
CREATE INDEX referrals_referrer ON referrals (bot_id, referrer_id, referral_id);
CREATE INDEX referrals_invitee ON referrals (bot_id, invitee_id, referral_id);

-- Custom fields of contacts. Numbers are the ledger's balance, kept here so that reading one is cheap.
CREATE TABLE fields (
    bot_id     text        NOT NULL,
    contact_id bigint      NOT NULL,
    field      text        NOT NULL,
    number     bigint,
    text       text,
    earned     bigint      NOT NULL DEFAULT 0, -- increments minus reversals, whatever was set or spent
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, contact_id, field),
    FOREIGN KEY (bot_id, contact_id) REFERENCES contacts
) WITH (fillfactor = 85);
CREATE INDEX fields_leaderboard ON fields (bot_id, field, number DESC, updated_at, contact_id) WHERE number IS NOT NULL;

-- Every change of a number, append-only: their sum is the field's value.
CREATE TABLE ledger (
    bot_id      text        NOT NULL,
    entry_id    bigint      GENERATED ALWAYS AS IDENTITY,
    contact_id  bigint      NOT NULL,
    field       text        NOT NULL,
    delta       bigint      NOT NULL,
    balance     bigint      NOT NULL, -- after this entry
    cause       text        NOT NULL CHECK (cause IN ('increment', 'set', 'reversal')),
    referral_id bigint,
    run         text        NOT NULL,
    segment     text        NOT NULL,
    ordinal     integer     NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, entry_id),
    UNIQUE (bot_id, run, segment, ordinal)
);
CREATE INDEX ledger_contact ON ledger (bot_id, contact_id, field, entry_id);
CREATE INDEX ledger_referral ON ledger (bot_id, referral_id) WHERE referral_id IS NOT NULL;

CREATE TABLE tags (
    bot_id     text        NOT NULL,
    contact_id bigint      NOT NULL,
    tag        text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, contact_id, tag),
    FOREIGN KEY (bot_id, contact_id) REFERENCES contacts
);

CREATE TABLE grants (
    bot_id          text        NOT NULL,
    grant_id        bigint      GENERATED ALWAYS AS IDENTITY,
    contact_id      bigint      NOT NULL,
    reward          text        NOT NULL,
    occurrence      integer     NOT NULL DEFAULT 1, -- multiple of the threshold; 1 unless it repeats
    basis_field     text,
    basis_threshold bigint,
    needs_code      boolean     NOT NULL DEFAULT false,
    referral_id     bigint,
    run             text        NOT NULL,
    segment         text        NOT NULL,
    ordinal         integer     NOT NULL,
    granted_at      timestamptz NOT NULL DEFAULT now(),
    revoked_at      timestamptz,
    PRIMARY KEY (bot_id, grant_id),
    FOREIGN KEY (bot_id, contact_id) REFERENCES contacts
);
CREATE UNIQUE INDEX grants_once ON grants (bot_id, contact_id, reward, occurrence) WHERE revoked_at IS NULL;
CREATE INDEX grants_referral ON grants (bot_id, referral_id) WHERE referral_id IS NOT NULL;

CREATE TABLE reward_codes (
    bot_id      text        NOT NULL,
    reward      text        NOT NULL,
    code        text        NOT NULL,
    code_id     bigint      GENERATED ALWAYS AS IDENTITY,
    grant_id    bigint,
    imported_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, reward, code),
    FOREIGN KEY (bot_id, grant_id) REFERENCES grants
);
CREATE INDEX reward_codes_free ON reward_codes (bot_id, reward, code_id) WHERE grant_id IS NULL;
CREATE UNIQUE INDEX reward_codes_grant ON reward_codes (bot_id, grant_id) WHERE grant_id IS NOT NULL;

-- Outbox and record of every message: one row, one owner at a time.
CREATE TABLE deliveries (
    bot_id       text        NOT NULL,
    delivery_id  bigint      GENERATED ALWAYS AS IDENTITY,
    contact_id   bigint      NOT NULL,
    account      text        NOT NULL, -- with external_id the identity it goes to; empty when the contact can't be reached
    external_id  text        NOT NULL,
    body         text        NOT NULL,
    grant_id     bigint,               -- whose code the body needs or holds
    referral_id  bigint,
    run          text        NOT NULL,
    segment      text        NOT NULL,
    ordinal      integer     NOT NULL,
    state        text        NOT NULL CHECK (state IN ('queued', 'sending', 'waiting', 'accepted', 'delivered', 'failed', 'expired')),
    waiting_for  text        NOT NULL DEFAULT '',
    attempt      integer     NOT NULL DEFAULT 0,
    lease        bigint      NOT NULL DEFAULT 0,
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    error_class  text        NOT NULL DEFAULT '',
    error        text        NOT NULL DEFAULT '',
    platform_id  text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, delivery_id),
    UNIQUE (bot_id, run, segment, ordinal)
) WITH (fillfactor = 85);
CREATE INDEX deliveries_open ON deliveries (updated_at) WHERE state IN ('queued', 'sending');
CREATE INDEX deliveries_waiting ON deliveries (bot_id, waiting_for, account, external_id) WHERE state = 'waiting';
CREATE INDEX deliveries_contact ON deliveries (bot_id, contact_id, delivery_id);
CREATE INDEX deliveries_referral ON deliveries (bot_id, referral_id) WHERE referral_id IS NOT NULL;

-- +goose Down
DROP TABLE deliveries, reward_codes, grants, tags, ledger, fields, referrals, segments, inbox, identities, contacts, accounts, programs, bots;
DROP SEQUENCE contact_ids;
