/** The files of the tests in processes, and what these leave behind. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { oneProcessEach, testProcesses, writeEntry } from '../../scripts/test-processes.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FILES = globSync('test/**/*.test.ts', { cwd: ROOT })

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simtally-processes-'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** In a process without what the runner of this test has set. */
function node(...args: string[]) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return spawnSync(process.execPath, args, { env: { ...env, TMPDIR: folder }, encoding: 'utf8' })
}

describe('the processes of the tests', () => {
  it('have each file once, those of one folder together', () => {
    const processes = testProcesses(FILES)
    const all = processes.flatMap(({ files }) => files)
    assert.deepEqual(all.toSorted(), FILES.toSorted())
    for (const { files } of processes) {
      const folders = files.map((file) => file.split('/').slice(0, 2).join('/'))
      assert.equal(new Set(folders).size, 1, files.join(', '))
    }
    assert.ok(processes.length < FILES.length / 3, `${processes.length} processes`)
    assert.equal(new Set(processes.map(({ name }) => name)).size, processes.length)
  })

  it('leave a file alone that sees what others leave behind', () => {
    const { files } = testProcesses(FILES).find(({ files }) =>
      files.includes('test/storage/sqlite/work-counts.test.ts'),
    )!
    assert.deepEqual(files, ['test/storage/sqlite/work-counts.test.ts'])
    const each = oneProcessEach(['test/a.long.ts', 'test/b.long.ts'])
    assert.deepEqual(
      each.map(({ files }) => files),
      [['test/a.long.ts'], ['test/b.long.ts']],
    )
  })

  it('run file after file, each with what it does before and after all of its tests', async () => {
    const fileOf = (name: string) =>
      `import { after, before, it } from 'node:test'
       before(() => console.log('before ${name}'))
       after(() => console.log('after ${name}'))
       it('works', () => console.log('in ${name}'))`
    const files = ['a', 'b'].map((name) => relative(ROOT, join(folder, `${name}.mjs`)))
    for (const [i, name] of ['a', 'b'].entries())
      await writeFile(join(ROOT, files[i]!), fileOf(name))
    const { stdout } = node('--test', writeEntry(folder, ROOT, { name: 'both', files }))
    const said = stdout.split('\n').filter((line) => /^(?:before|in|after) /.test(line))
    assert.deepEqual(said, ['before a', 'in a', 'after a', 'before b', 'in b', 'after b'])
    assert.match(stdout, /a\.mjs[\s\S]*b\.mjs/)
  })
})

describe('the folder of the tests', () => {
  it('goes with the process, and takes those of processes that are gone along', async () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    const gone = join(folder, `simtally-tests-${pid}-a`)
    const running = join(folder, `simtally-tests-${process.pid}-a`)
    const other = join(folder, 'other')
    for (const each of [gone, running, other]) await mkdir(join(each, 'in'), { recursive: true })
    const module = new URL('../../scripts/test-scratch.ts', import.meta.url).href
    const { stdout } = node(
      '--input-type=module',
      '--eval',
      `import { scratchFolder } from '${module}'
       import { existsSync } from 'node:fs'
       const made = scratchFolder({ inMemory: false })
       console.log(made, existsSync(made))`,
    )
    const [made, wasThere] = stdout.trim().split(' ')
    assert.match(made!, /\/simtally-tests-\d+-\w+$/)
    assert.equal(wasThere, 'true')
    assert.deepEqual([made!, gone, running, other].map(existsSync), [false, false, true, true])
  })
})
