/** The client's types, made anew. It takes a registry. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { promisify } from 'node:util'
import { CLIENT_TYPES, clientTypes, GENERATOR } from '../../scripts/generate-client.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simtally-client-types-'))
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
    await cp(join(GENERATOR, name), join(folder, name))
  }
  await promisify(execFile)('npm', ['ci', '--ignore-scripts'], { cwd: folder })
})
after(() => rm(folder, { recursive: true, force: true }))

it('are those of the repository', async () => {
  assert.equal(await readFile(CLIENT_TYPES, 'utf8'), clientTypes(folder))
})
