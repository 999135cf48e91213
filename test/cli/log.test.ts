import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { describe, it } from 'node:test'
import { Output } from '../../src/cli/context.ts'
import { LogLines } from '../../src/cli/log.ts'

/** What is written, one entry a write. */
function openLines(): { lines: LogLines; writes: string[] } {
  const writes: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk, _, done) => {
      writes.push(String(chunk))
      done()
    },
  })
  return { lines: new LogLines(new Output(stream)), writes }
}

describe('log lines', () => {
  it('are written together, soon, and whole', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { lines, writes } = openLines()
    lines.write('{"a":1}\n')
    lines.write('{"b":2}\n')
    assert.deepEqual(writes, [])
    t.mock.timers.tick(20)
    assert.deepEqual(writes, ['{"a":1}\n{"b":2}\n'])
    lines.write('{"c":3}\n')
    lines.close()
    assert.deepEqual(writes.slice(1), ['{"c":3}\n'])
  })

  it('are never cut, and never more at once than a pipe takes in one piece', () => {
    const { lines, writes } = openLines()
    const line = `${'é'.repeat(500)}\n`
    const long = `${'x'.repeat(10_000)}\n`
    for (let i = 0; i < 10; i++) lines.write(line)
    lines.write(long)
    lines.write(line)
    lines.close()
    assert.equal(writes.join(''), line.repeat(10) + long + line)
    for (const write of writes) {
      assert.ok(write === long || Buffer.byteLength(write) <= 4096)
      assert.ok(write.endsWith('\n'))
    }
  })

  it('are written when the process ends', () => {
    const { lines, writes } = openLines()
    const before = process.listenerCount('exit')
    lines.write('{"last":1}\n')
    process.listeners('exit').at(-1)?.call(process, 0)
    assert.deepEqual(writes, ['{"last":1}\n'])
    lines.close()
    assert.equal(process.listenerCount('exit'), before - 1)
  })
})
