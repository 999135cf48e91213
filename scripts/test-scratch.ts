/** Where tests keep files that last no longer than they do. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEMORY = '/dev/shm'

/** Tests of stores need less than this. By default, a container has only 64 MiB there. */
const MEMORY_BYTES_MIN = 4 * 1024 ** 3

/** The name includes the process id, so that a later run recognizes what a killed one left. */
const PREFIX = 'simtally-tests-'

/** A folder that is removed when this process ends; in memory if requested and if there is enough of it. */
export function scratchFolder({ inMemory }: { readonly inMemory: boolean }): string {
  const parent = inMemory && hasMemory() ? MEMORY : tmpdir()
  removeLeft(parent)
  const folder = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`))
  // PostgreSQL may run as another user than the tests.
  chmodSync(folder, 0o755)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function hasMemory(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY)
    return Math.min(bavail * bsize, process.availableMemory()) >= MEMORY_BYTES_MIN
  } catch {
    return false
  }
}

function removeLeft(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(
      name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('-')[0] : Number.NaN,
    )
    if (pid > 0 && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
