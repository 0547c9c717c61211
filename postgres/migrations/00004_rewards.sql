-- Rewards that end: by a day, by being redeemed, by being taken back.

-- +goose Up
ALTER TABLE grants
    ADD COLUMN expires_at  timestamptz,                  -- null: never
    ADD COLUMN redeemed_at timestamptz,
    ADD COLUMN revoke_note text NOT NULL DEFAULT '';
CREATE INDEX grants_reward ON grants (bot_id, reward, grant_id); -- a reward's grants, newest first, and their count

-- Pools of which a warning was given that they run low. An import that fills them again takes the row away.
CREATE TABLE low_stocks (
    bot_id    text        NOT NULL,
    reward    text        NOT NULL,
    warned_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bot_id, reward)
);

-- +goose Down
DROP TABLE low_stocks;
DROP INDEX grants_reward;
ALTER TABLE grants DROP COLUMN expires_at, DROP COLUMN redeemed_at, DROP COLUMN revoke_note;
