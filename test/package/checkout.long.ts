/** The README's first command in a checkout, where the machine is not as one would like it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { StrangeMachine } from './strange-machine.ts'

let machine: StrangeMachine
before(async () => {
  machine = await StrangeMachine.open()
})
after(() => machine?.close())

const demo = ['run', '--silent', 'demo', '--', '--no-serve', '--sims', '3', '--days', '2']

describe('a checkout', () => {
  it('is installed without warnings and runs the demo, by a user without a home', async () => {
    await machine.copyCheckout('all of it')
    const cwd = 'all of it'
    const installed = await machine.run('npm', ['ci'], { cwd, node: 20 })
    assert.equal(installed.code, 0, installed.stderr)
    assert.doesNotMatch(installed.stderr, /warn/i)
    for (const node of [20, 22, 24, 26] as const) {
      const shown = await machine.run('npm', demo, { cwd, node })
      assert.equal(shown.code, 0, shown.stderr)
      assert.match(shown.stdout, /Credentials/)
    }
  })

  for (const without of ['--omit=dev', '--ignore-scripts']) {
    it(`runs without what ${without} leaves out, or says in one line what to do`, async () => {
      const cwd = `without ${without}`
      await machine.copyCheckout(cwd)
      const installed = await machine.run('npm', ['ci', without], { cwd, node: 24 })
      assert.equal(installed.code, 0, installed.stderr)
      const old = await machine.run('npm', demo, { cwd, node: 20 })
      assert.equal(old.code, 1)
      assert.match(
        old.stderr,
        /^simtally: needs Node 24 or newer, this is v20[.\d]+: install Node 26, or run "npm ci" without --omit=dev and --ignore-scripts, which brings it\n$/,
      )
      const shown = await machine.run('npm', demo, { cwd, node: 24 })
      assert.equal(shown.code, 0, shown.stderr)
      assert.match(shown.stdout, /Credentials/)
    })
  }
})
