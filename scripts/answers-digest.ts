/**
 * Prints a digest of the answers to random requests, one for each engine and world. If two versions of the
 * program print the same digests, they answered every request identically, byte for byte.
 *
 *     node scripts/answers-digest.ts sqlite postgres
 */
import { createHash } from 'node:crypto'
import { assertSameAnswers } from '../test/exactness/same-answers.ts'
import { startPostgresServer } from '../test/support/postgres-server.ts'
import { ENGINE_NAMES, type EngineName } from '../test/support/temp-store.ts'

const REQUESTS = 500
const SEEDS = [20_261_128, 20_261_129, 20_261_130]

const engines = ENGINE_NAMES.filter((name) => process.argv.includes(name))
const server =
  engines.includes('postgres') && !process.env.SIMTALLY_TEST_POSTGRES_URL
    ? await startPostgresServer()
    : null
if (server !== null) process.env.SIMTALLY_TEST_POSTGRES_URL = server.url
try {
  for (const engine of engines) for (const seed of SEEDS) await printDigest(engine, seed)
} finally {
  await server?.stop()
}

async function printDigest(engine: EngineName, seed: number): Promise<void> {
  const digest = createHash('sha256')
  const told = (answer: object) => void digest.update(`${JSON.stringify(answer)}\n`)
  await assertSameAnswers([engine], { seed, requests: REQUESTS, told })
  process.stdout.write(`${engine} ${seed} ${REQUESTS} requests ${digest.digest('hex')}\n`)
}
