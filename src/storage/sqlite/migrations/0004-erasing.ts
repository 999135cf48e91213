/** The log may lose who or what an act names, but not what was done, by whom and when. */
export const erasing = `
  DROP TRIGGER act_is_not_changed;
  CREATE TRIGGER act_is_not_changed BEFORE UPDATE ON act
  WHEN NEW.id <> OLD.id OR NEW.at <> OLD.at OR NEW.actor <> OLD.actor OR NEW.verb <> OLD.verb
    OR NEW.object_kind <> OLD.object_kind OR NEW.object NOT IN (OLD.object, 'erased')
    OR NEW.details <> '{}'
  BEGIN SELECT RAISE(ABORT, 'the log of acts is only added to'); END;
`
