-- The users that accounts told of, without names: who may refer people, and who no longer may.
-- The table "worker" says in the name of which house they do so.

CREATE TABLE told_user (
    user_id     uuid        PRIMARY KEY,
    role        text        NOT NULL,
    disabled_at timestamptz
);

-- serves: list_referrals of a referrer's house
CREATE INDEX referral_of_structure ON referral (structure_id, referral_id DESC);
