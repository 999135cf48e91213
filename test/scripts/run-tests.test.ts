/** The runner of the tests: what went wrong in it is seen from outside. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { embeddedPostgres } from '../support/postgres-server.ts'

const RUNNER = fileURLToPath(new URL('../../scripts/run-tests.ts', import.meta.url))

// As the runner does: what this package hooks into the end of a process must not hide a failure.
before(embeddedPostgres)

describe('the runner of the tests', () => {
  it('fails where a pattern has no test, and says so', () => {
    const { status, stderr } = spawnSync(process.execPath, [RUNNER, 'test', 'no such test'])
    assert.equal(status, 1)
    assert.match(String(stderr), /no file of test\/\*\*\/\*\.test\.ts has no such test in its path/)
  })

  it('leaves out what needs a browser where there is none, and says so', () => {
    const env = { ...process.env, PATH: '/nowhere', SIMTALLY_TEST_POSTGRES_URL: 'none' }
    const args = [RUNNER, 'test-long', 'test/console/browser/docs']
    const { status, stderr } = spawnSync(process.execPath, args, { env })
    assert.equal(status, 0, String(stderr))
    assert.match(
      String(stderr),
      /^no Chromium was found, so 1 files of test\/console\/browser\/ are left out: apt-get install chromium\n$/,
    )
  })

  it('leaves an exit code as it was set', () => {
    const server = fileURLToPath(new URL('../support/postgres-server.ts', import.meta.url))
    const script = `import { embeddedPostgres } from ${JSON.stringify(server)}
      await embeddedPostgres()
      process.exitCode = 7`
    const args = ['--input-type=module', '--eval', script]
    assert.equal(spawnSync(process.execPath, args).status, 7)
  })
})
