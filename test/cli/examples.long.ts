import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { instant } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

let cli: CliFixture
before(async () => {
  cli = await CliFixture.open()
})
after(() => cli.close())

/** With the clock at this day, as on a machine whose clock says so. */
async function firstSteps(day: string): Promise<string> {
  const now = instant(`${day}T12:00:00Z`) * 1000
  const clock = `const N=Date;globalThis.Date=class extends N{constructor(...a){super(...(a.length?a:[${now}]))}static now(){return ${now}}}`
  const { stdout } = await promisify(execFile)('sh', [join('examples', 'first-steps.sh')], {
    cwd: ROOT,
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(clock)}`,
      SIMTALLY_DATABASE_URL: cli.databaseUrl,
    },
  })
  return stdout
}

describe('examples/first-steps.sh', () => {
  // One on which a month has fewer days before it, and one far from when this was written.
  it('ends well on any day, shows what its comments say, and does so again', async () => {
    const day = '2031-03-31'
    const stdout = await firstSteps(day)
    assert.match(stdout, /^SIMs: 3 created, 0 updated, 0 unchanged$/m)
    assert.match(stdout, /^ {2}accepted +5 /m)
    assert.match(stdout, /^ {2}quarantined +1 /m)
    assert.match(stdout, /^1 +8 +unknown_sim /m)
    assert.match(stdout, /"accepted":0,"duplicate":6,/)
    const total = /^all +total, open +250,000 +880,000 +1,130,000 +1.13 MB +1 +2$/m
    assert.match(stdout, total)
    assert.match(stdout, /^ +MEX +50,000 +90,000 +140,000 /m)
    assert.match(stdout, /Z,home,USA,120000,480000,600000,0,0,0$/m)
    assert.match(stdout, /^2031-03-28T\S+ .* roamco .* 1 +\S+ +2 +2031-03-31T12:00:00Z$/m)

    const again = await firstSteps(day)
    assert.match(again, /^SIMs: 0 created, 0 updated, 3 unchanged$/m)
    assert.match(again, /^ {2}accepted +0 /m)
    assert.match(again, total)
  })
})
