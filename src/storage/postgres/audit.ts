/** An audit of a database: the shared questions, and PostgreSQL's own checks. */
import type { Actor } from '../../domain/act.ts'
import { logAct } from '../acts.ts'
import { runAudit } from '../audit/audit.ts'
import { checksumKey } from '../audit/checksums.ts'
import type { Ask, AuditEngine, Change, ChangingEngine, Parameters } from '../audit/engine.ts'
import type { AuditDifference, AuditOptions, AuditReport } from '../audit/report.ts'
import { signingKey } from '../directory/reads.ts'
import { WHOLE_DAYS } from '../ledger/buckets.ts'
import { actingOf, type Value } from '../session.ts'
import { checksummedTables, KEPT_CHECKSUMS, SAY_KEY, totalOf, UNSAY_KEY } from './checksums.ts'
import { sqlState } from './failures.ts'
import type { PostgresSession } from './session.ts'
import type { Topology } from './topology.ts'

/** How an audit looks at one state: with nothing in its way or, on Citus, with writers kept out. */
export type OnOneState = <T>(work: (session: PostgresSession) => Promise<T>) => Promise<T>

export function audit(
  onOneState: OnOneState,
  topology: Topology,
  options?: AuditOptions,
): Promise<AuditReport> {
  return runAudit(auditEngine(onOneState, topology), options)
}

function auditEngine(onOneState: OnOneState, topology: Topology): AuditEngine {
  const look: AuditEngine['onOneState'] = (work) =>
    onOneState(async (session) => {
      await session.client.query(`${SAY_KEY} SET LOCAL bytea_output = 'hex'`)
      return work(questions(session))
    })
  return {
    onOneState: look,
    tables: async () => checksummedTables(topology),
    totalOf,
    keptChecksums: KEPT_CHECKSUMS,
    checksumKey: () => onOneState(async (session) => checksumKey(await session.take(signingKey()))),
    hasSimMonths: false,
    freshSeconds: WHOLE_DAYS.freshSeconds,
    isSpread: topology.name === 'citus',
    checkDatabase: () => onOneState(checkDatabase),
  }
}

/** The shared questions name their parameters; here they are numbered in order of appearance. */
function questions(session: PostgresSession): Ask {
  return (text, parameters: Parameters = {}) => {
    const values: Value[] = []
    const places = new Map<string, number>()
    const numbered = text.replace(/(?<!:):([a-z]\w*)/gi, (_, name: string) => {
      let place = places.get(name)
      if (place === undefined) {
        place = values.push(parameters[name] ?? null)
        places.set(name, place)
      }
      return `?${place}::${typeof parameters[name] === 'string' ? 'text' : 'bigint'}`
    })
    return session.all(numbered, values)
  }
}

/** `alone` runs a write transaction that excludes batches. */
export function changingEngine(
  { look, alone }: { readonly look: OnOneState; readonly alone: OnOneState },
  topology: Topology,
  actor: Actor,
): ChangingEngine {
  return {
    ...auditEngine(look, topology),
    change: (work, actOf) =>
      alone((session) => {
        session.acting = actingOf(actor)
        return changeIn(session, topology, work, (result) => session.take(logAct(actOf(result))))
      }),
  }
}

/** Inside a write transaction; `log` writes the outcome of the work. */
export async function changeIn<T>(
  session: PostgresSession,
  { name }: Pick<Topology, 'name'>,
  work: (change: Change) => Promise<T>,
  log: (result: T) => Promise<void>,
): Promise<T> {
  const ask = questions(session)
  const hasChecksums = name === 'plain'
  const sayKey = async () => {
    if (hasChecksums) await session.client.query(`${SAY_KEY} SET LOCAL bytea_output = 'hex'`)
  }
  await sayKey()
  const result = await work({
    ask,
    rewrite: async (text, parameters) => {
      if (hasChecksums) await session.client.query(UNSAY_KEY)
      const rows = await ask(text, parameters)
      await sayKey()
      return rows
    },
  })
  await log(result)
  return result
}

const UNSOUND = `
  SELECT 'index ' || c.relname AS cell, 'invalid' AS stored, 'valid' AS recomputed
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
  WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisvalid
  UNION ALL
  SELECT 'constraint ' || conname, 'not checked', 'checked'
  FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND NOT convalidated
  UNION ALL
  SELECT 'trigger ' || tgname || ' of ' || c.relname, 'disabled', 'enabled'
  FROM pg_trigger JOIN pg_class AS c ON c.oid = tgrelid
  WHERE c.relnamespace = current_schema()::regnamespace AND tgenabled = 'D'`

const INDEXES = `
  SELECT c.relname AS name FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_am ON pg_am.oid = c.relam
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'i'
    AND pg_am.amname = 'btree' AND i.indisvalid
    AND EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'amcheck')
    AND has_function_privilege('bt_index_check(regclass, boolean)', 'EXECUTE')
  ORDER BY 1`

async function checkDatabase(session: PostgresSession): Promise<AuditDifference[]> {
  const unsound = await session.all(UNSOUND)
  const differences = unsound.map((row) => ({ table: 'database', ...row }) as AuditDifference)
  // Only if the extension is installed and this user may use it, because PostgreSQL has no check of its
  // own.
  for (const { name } of await amcheckedIndexes(session)) {
    try {
      await session.client.query('SAVEPOINT looked')
      await session.all('SELECT bt_index_check(?::regclass, true)', [name as string])
      await session.client.query('RELEASE SAVEPOINT looked')
    } catch (error) {
      if (sqlState(error) === '') throw error
      await session.client.query('ROLLBACK TO SAVEPOINT looked')
      const stored = error instanceof Error ? error.message : String(error)
      const cell = `index ${name}`
      differences.push({ table: 'database', cell, stored, recomputed: 'as its table' })
    }
  }
  return differences
}

async function amcheckedIndexes(session: PostgresSession) {
  const [found] = await session.all("SELECT 1 AS one FROM pg_extension WHERE extname = 'amcheck'")
  return found === undefined ? [] : session.all(INDEXES)
}
