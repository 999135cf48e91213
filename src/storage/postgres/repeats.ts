/** Keeps repeats of versions, and lets them follow a version that becomes another import's. */
import * as shared from '../repeats.ts'
import { columnsOf, type Session } from './connection.ts'

const INSERT_RUNS = `
  ${shared.INSERT_REPEAT_RUNS}
  SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],
                       ?::bigint[], ?::bigint[], ?::bigint[])
  ${shared.KEEP_LONGER_RUN}`

export async function readRepeatsOf(
  session: Session,
  importId: number,
): Promise<shared.RepeatRun[]> {
  return (await session.all(shared.SELECT_REPEATS_OF, [importId])).map(shared.repeatRunFromRow)
}

export async function writeRepeats(
  session: Session,
  repeats: readonly shared.Repeat[],
): Promise<void> {
  await writeRuns(session, shared.runsOf(repeats))
}

async function writeRuns(session: Session, runs: readonly shared.RepeatRun[]): Promise<void> {
  if (runs.length === 0) return
  await session.run(INSERT_RUNS, columnsOf(runs.map(shared.repeatRunToRow)))
}

export async function moveRepeats(session: Session, moves: readonly shared.Move[]): Promise<void> {
  for (const [importId, moved] of shared.movesByImport(moves)) {
    const { gone, come } = shared.movedRuns(await readRepeatsOf(session, importId), moved)
    for (const run of gone) {
      await session.run(shared.DELETE_REPEAT_RUN, shared.repeatRunToRow(run).slice(0, 4))
    }
    await writeRuns(session, come)
  }
}
