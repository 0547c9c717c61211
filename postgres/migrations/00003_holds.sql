-- Referrals that wait before they count, and that can be taken back: the facts that decide it, each with the time it came in.

-- +goose Up
ALTER TABLE referrals
    ADD COLUMN hold_until  timestamptz, -- when a pending one is to be looked at again; null: when something happens
    ADD COLUMN approved_at timestamptz,
    ADD COLUMN left_at     timestamptz, -- the invitee left the account they came in on, for the first time since
    ADD COLUMN voided_at   timestamptz, -- an operator took it back
    ADD COLUMN void_note   text NOT NULL DEFAULT '',
    ADD COLUMN late        boolean NOT NULL DEFAULT false; -- the code was typed, after a first interaction without a ref
CREATE INDEX referrals_held ON referrals (hold_until) WHERE status = 'pending';
-- What caps count: of an entry point, of a referrer there, of their last day.
CREATE INDEX referrals_counting ON referrals (bot_id, entry_point, referrer_id, received_at) WHERE status IN ('pending', 'credited');
-- How fast a referrer's invitees come in.
CREATE INDEX referrals_pace ON referrals (bot_id, referrer_id, entry_point, received_at);

-- That somebody did what counts, perhaps before they were referred. An empty entry point means every one.
CREATE TABLE qualifications (
    bot_id       text        NOT NULL,
    contact_id   bigint      NOT NULL,
    entry_point  text        NOT NULL DEFAULT '',
    qualified_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, contact_id, entry_point),
    FOREIGN KEY (bot_id, contact_id) REFERENCES contacts
);

-- The last time somebody blocked or left the account; kept when they come back.
ALTER TABLE identities
    ADD COLUMN left_at timestamptz, -- when that came in
    ADD COLUMN left_on timestamptz; -- by the platform's clock

CREATE INDEX inbox_left ON inbox (bot_id, contact_id) WHERE kind = 'blocked';

-- How a contact first came: who did so without a ref of ours may write a referrer's code for a while.
ALTER TABLE contacts
    ADD COLUMN first_at  timestamptz,
    ADD COLUMN first_ref text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE contacts DROP COLUMN first_at, DROP COLUMN first_ref;
ALTER TABLE identities DROP COLUMN left_at, DROP COLUMN left_on;
DROP TABLE qualifications;
DROP INDEX inbox_left, referrals_pace, referrals_counting, referrals_held;
ALTER TABLE referrals
    DROP COLUMN hold_until, DROP COLUMN approved_at, DROP COLUMN left_at, DROP COLUMN voided_at, DROP COLUMN void_note, DROP COLUMN late;
