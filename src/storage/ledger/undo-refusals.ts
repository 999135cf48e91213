/** Why an import cannot be undone, or cannot go on. */
import type { Import } from '../../domain/import.ts'
import { formatInstant } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'

/** Throws `not_found` or `conflict` unless there is something to undo. */
export function requireUndoable(found: Import | null, importId: number): Import {
  if (found === null) throw new UsageError('not_found', `there is no import ${importId}`)
  if (found.status !== 'undone') return found
  throw new UsageError(
    'conflict',
    `import ${importId} was already undone, at ${formatInstant(found.undoneAt ?? 0)}`,
    { hint: 'nothing of it counts any more; its file may be imported again' },
  )
}

/** Why an import that was undone while it ran stops there. */
export function undoneWhileRunning(found: Import | null, importId: number): UsageError {
  if (found === null) return new UsageError('not_found', `there is no import ${importId}`)
  return new UsageError('conflict', `import ${importId} was undone while it ran`, {
    hint: 'nothing of it counts any more; deliver it again to count it',
  })
}
