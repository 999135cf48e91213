/** What taking an import back means, the same for every engine. */
import type { Import } from '../domain/import.ts'
import { formatInstant } from '../domain/time.ts'
import { UsageError } from '../domain/usage-error.ts'
import { sameContent } from '../domain/usage-event.ts'
import type { UndoOutcome } from './outcomes.ts'
import type { StoredEvent } from './rows.ts'

/** Throws `not_found` or `conflict` unless there is something to take back. */
export function requireUndoable(found: Import | null, importId: number): Import {
  if (found === null) throw new UsageError('not_found', `there is no import ${importId}`)
  if (found.status !== 'undone') return found
  throw new UsageError(
    'conflict',
    `import ${importId} was undone already, at ${formatInstant(found.undoneAt ?? 0)}`,
    { hint: 'nothing of it counts any more; its file may be imported again' },
  )
}

/** Why an import that was taken back while it ran goes no further. */
export function undoneWhileRunning(found: Import | null, importId: number): UsageError {
  if (found === null) return new UsageError('not_found', `there is no import ${importId}`)
  return new UsageError('conflict', `import ${importId} was undone while it ran`, {
    hint: 'nothing of it counts any more; deliver it again to count it',
  })
}

/** Identities that one step of an undo takes: it bounds the memory, not the transaction. */
export const UNDO_STEP_IDENTITIES = 20_000

type UndoCounts = { -readonly [K in 'removed' | 'restored' | 'kept']: UndoOutcome[K] }

/** Counts an event of which `counted` counted before the undo, and `last` counts now. */
export function undoneCounts(
  counts: UndoCounts,
  {
    importId,
    counted,
    last,
  }: { importId: number; counted: StoredEvent; last: StoredEvent | undefined },
): void {
  if (last === undefined) counts.removed++
  else if (!sameContent(last.version, counted.version)) counts.restored++
  else if (counted.importId === importId) counts.kept++
}
