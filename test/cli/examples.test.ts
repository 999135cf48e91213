import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { instant } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The examples' records are of October 2026, and are to count whenever this test runs. */
const CLOCK = `data:text/javascript,Date.now=()=>${instant('2026-11-01T12:00:00Z') * 1000}`

let cli: CliFixture
before(async () => {
  cli = await CliFixture.open()
})
after(() => cli.close())

describe('examples/first-steps.sh', () => {
  it('ends well, and shows what its comments say', async () => {
    const { stdout } = await promisify(execFile)('sh', [join('examples', 'first-steps.sh')], {
      cwd: ROOT,
      env: {
        ...process.env,
        PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
        NODE_OPTIONS: `--import ${CLOCK}`,
        SIMTALLY_DATABASE_URL: cli.databaseUrl,
      },
    })
    assert.match(stdout, /^SIMs: 3 created, 0 updated, 0 unchanged$/m)
    assert.match(stdout, /^ {2}accepted +5 /m)
    assert.match(stdout, /^ {2}quarantined +1 /m)
    assert.match(stdout, /^1 +8 +unknown_sim /m)
    assert.match(stdout, /"accepted":0,"duplicate":6,/)
    assert.match(stdout, /^all +total, open +250,000 +880,000 +1,130,000 +1.13 MB +1 +2$/m)
    assert.match(stdout, /^ +MEX +50,000 +90,000 +140,000 /m)
    assert.match(stdout, /Z,home,USA,120000,480000,600000,0,0,0$/m)
    assert.match(
      stdout,
      /^2026-10-\S+ .* roamco .* 1 +examples\/usage\.csv +2 +2026-11-01T12:00:00Z$/m,
    )
  })
})
