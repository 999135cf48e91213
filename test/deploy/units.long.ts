/** The units of systemd, as systemd itself reads them. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'

const DEPLOY = join(import.meta.dirname, '../../deploy')
const UNITS = globSync('*.{service,timer}', { cwd: DEPLOY }).sort()

/** Of 10: systemd counts what a service could do to its machine. One without any settings has 9.6. */
const EXPOSURE_MAX = 2

/** With the units, but what they start is a program that is here: systemd looks for it. */
let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simtally-units-'))
  for (const unit of UNITS) {
    const text = await readFile(join(DEPLOY, unit), 'utf8')
    await writeFile(
      join(folder, unit.replace('@', '@feed')),
      text.replaceAll(/(?<==)\/usr\/local\/bin\/simtally/g, '/bin/true'),
    )
  }
})
after(() => rm(folder, { recursive: true, force: true }))

async function analyze(args: readonly string[]): Promise<string> {
  const ended = await promisify(execFile)('systemd-analyze', [...args]).catch(
    (error: { stdout: string; stderr: string }) => error,
  )
  return `${ended.stdout}${ended.stderr}`
}

describe('deploy/*.service and *.timer', () => {
  it('are understood by systemd without a complaint', async () => {
    assert.equal(UNITS.length, 4)
    const paths = UNITS.map((unit) => join(folder, unit.replace('@', '@feed')))
    const said = await analyze(['verify', '--man=no', ...paths])
    const ours = said.split('\n').filter((line) => line.includes('simtally'))
    assert.deepEqual(ours, [])
  })

  for (const unit of UNITS.filter((name) => name.endsWith('.service'))) {
    it(`${unit} leaves the machine little to fear, at most ${EXPOSURE_MAX} of 10`, async () => {
      const path = join(folder, unit.replace('@', '@feed'))
      const said = await analyze(['security', '--offline=yes', '--no-pager', path])
      const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(said) ?? []
      assert.ok(Number(exposure) <= EXPOSURE_MAX, said)
    })
  }
})
