/** The log may lose who or what an act names, but not what was done, by whom and when. */
export const erasing = `
  CREATE OR REPLACE FUNCTION act_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'UPDATE' THEN
      IF NEW.id = OLD.id AND NEW.at = OLD.at AND NEW.actor = OLD.actor AND NEW.verb = OLD.verb
        AND NEW.object_kind = OLD.object_kind AND NEW.object IN (OLD.object, 'erased')
        AND NEW.details = '{}'
      THEN RETURN NEW;
      END IF;
    END IF;
    RAISE EXCEPTION 'the log of acts is only added to';
  END $$;
`
