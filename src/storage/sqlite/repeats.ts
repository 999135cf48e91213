/** Keeps repeats of versions, and lets them follow a version that becomes another import's. */
import * as shared from '../repeats.ts'
import type { Connection } from './connection.ts'

const INSERT_RUN = `
  ${shared.INSERT_REPEAT_RUNS}
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ${shared.KEEP_LONGER_RUN}`

/** Parameters: the key. */
const DELETE_RUN = `
  DELETE FROM repeat_run
  WHERE of_import_id = ? AND of_line = ? AND import_id = ? AND line = ?`

export function readRepeatsOf(connection: Connection, importId: number): shared.RepeatRun[] {
  return connection.prepare(shared.SELECT_REPEATS_OF).all(importId).map(shared.repeatRunFromRow)
}

export function writeRepeats(connection: Connection, repeats: readonly shared.Repeat[]): void {
  writeRuns(connection, shared.runsOf(repeats))
}

function writeRuns(connection: Connection, runs: readonly shared.RepeatRun[]): void {
  for (const run of runs) connection.prepare(INSERT_RUN).run(...shared.repeatRunToRow(run))
}

export function moveRepeats(connection: Connection, moves: readonly shared.Move[]): void {
  for (const [importId, moved] of shared.movesByImport(moves)) {
    const among = shared.amongValues(importId, moved.keys())
    const runs = connection.prepare(shared.SELECT_REPEATS_AMONG).all(...among)
    const { gone, come } = shared.movedRuns(runs.map(shared.repeatRunFromRow), moved)
    for (const run of gone) {
      connection.prepare(DELETE_RUN).run(...shared.repeatRunToRow(run).slice(0, 4))
    }
    writeRuns(connection, come)
  }
}
