/** The first schema's groups of SIMs and labels. */
export const groups = `
  CREATE TABLE sim_group (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    sid         TEXT NOT NULL UNIQUE,
    account_id  INTEGER NOT NULL REFERENCES account (id),
    unique_name TEXT,
    -- What clients keep with it: JSON.
    settings    TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (account_id, unique_name)
  ) STRICT;

  -- Which group a SIM was in, from when to when: periods of a SIM follow each other without a gap.
  -- group_id: null for none. ended_at: 253402300800 where it holds still.
  CREATE TABLE sim_membership (
    sim_id     INTEGER NOT NULL REFERENCES sim (id),
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    group_id   INTEGER REFERENCES sim_group (id),
    PRIMARY KEY (sim_id, started_at)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sim_membership_by_group ON sim_membership (group_id, sim_id);

  -- The same for the value of each label; null where the SIM had none.
  CREATE TABLE sim_label (
    sim_id     INTEGER NOT NULL REFERENCES sim (id),
    key        TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    value      TEXT,
    PRIMARY KEY (sim_id, key, started_at)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sim_label_by_value ON sim_label (key, value, sim_id);
`
