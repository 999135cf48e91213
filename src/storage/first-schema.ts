/** What the first schema of both engines says in the same words. A released step is never edited. */
export const IMPORT_INDEXES = `
  CREATE INDEX import_by_feed ON import (feed_id, status, started_at);
  CREATE INDEX import_by_account ON import (account_id, id);
  -- Deliveries that failed are asked for by themselves, and are few.
  CREATE INDEX import_by_status ON import (status, id);
  CREATE INDEX import_by_checksum ON import (feed_id, checksum);
  CREATE INDEX import_by_end ON import (feed_id, end_order);
  CREATE INDEX import_by_restarts ON import (feed_id) WHERE restarts IS NOT NULL;`
