/** Tells the operator's imports, whose versions outrank those that an account has delivered. */
import { SELECT_IMPORT_ACCOUNT } from '../directory/sql.ts'
import type { Connection } from './connection.ts'

/** `own` is an import that need not be stored, such as a trial's. */
export function operatorsImports(
  connection: Connection,
  own?: { readonly importId: number; readonly accountId: number | null },
): (importId: number) => boolean {
  const known = new Map<number, boolean>()
  if (own !== undefined) known.set(own.importId, own.accountId === null)
  return (importId) => {
    let isOperators = known.get(importId)
    if (isOperators === undefined) {
      const row = connection.prepare(SELECT_IMPORT_ACCOUNT).get(importId)
      isOperators = row?.account_id == null
      known.set(importId, isOperators)
    }
    return isOperators
  }
}
