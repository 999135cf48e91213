/** Keeps repeats of versions, and lets them follow a version that becomes another import's. */
import * as shared from '../repeats.ts'
import { columnsOf, type PostgresSession } from './session.ts'

const INSERT_RUNS = `
  ${shared.INSERT_REPEAT_RUNS}
  SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],
                       ?::bigint[], ?::bigint[], ?::bigint[])
  ${shared.KEEP_LONGER_RUN}`

const DELETE_RUNS = `
  DELETE FROM repeat_run
  USING unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[])
    AS gone (of_import_id, of_line, import_id, line)
  WHERE repeat_run.of_import_id = gone.of_import_id AND repeat_run.of_line = gone.of_line
    AND repeat_run.import_id = gone.import_id AND repeat_run.line = gone.line`

export async function readRepeatsOf(
  session: PostgresSession,
  importId: number,
): Promise<shared.RepeatRun[]> {
  return (await session.all(shared.SELECT_REPEATS_OF, [importId])).map(shared.repeatRunFromRow)
}

export async function writeRepeats(
  session: PostgresSession,
  repeats: readonly shared.Repeat[],
): Promise<void> {
  await writeRuns(session, shared.runsOf(repeats))
}

async function writeRuns(
  session: PostgresSession,
  runs: readonly shared.RepeatRun[],
): Promise<void> {
  if (runs.length === 0) return
  await session.run(INSERT_RUNS, columnsOf(runs.map(shared.repeatRunToRow)))
}

export async function moveRepeats(
  session: PostgresSession,
  moves: readonly shared.Move[],
): Promise<void> {
  for (const [importId, moved] of shared.movesByImport(moves)) {
    const among = shared.amongValues(importId, moved.keys())
    const runs = await session.all(shared.SELECT_REPEATS_AMONG, [...among])
    const { gone, come } = shared.movedRuns(runs.map(shared.repeatRunFromRow), moved)
    if (gone.length > 0) {
      const keys = gone.map((run) => shared.repeatRunToRow(run).slice(0, 4))
      await session.run(DELETE_RUNS, columnsOf(keys))
    }
    await writeRuns(session, come)
  }
}
