/** The log of acts, which is only added to. */
export const acts = `
  CREATE TABLE act (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    verb        TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object      TEXT NOT NULL,
    details     TEXT NOT NULL
  ) STRICT;
  CREATE INDEX act_by_object ON act (object_kind, object, id);

  CREATE TRIGGER act_is_not_changed BEFORE UPDATE ON act
  BEGIN SELECT RAISE(ABORT, 'the log of acts is only added to'); END;
  CREATE TRIGGER act_is_not_deleted BEFORE DELETE ON act
  BEGIN SELECT RAISE(ABORT, 'the log of acts is only added to'); END;
`
