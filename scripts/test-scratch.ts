/** Where tests keep what lives no longer than they do. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEMORY = '/dev/shm'

/** Tests of stores need less; a container has 64 MiB there unless it is told otherwise. */
const MEMORY_BYTES_MIN = 4 * 1024 ** 3

/** Names the process, so that a later one knows what is left of one that was killed. */
const PREFIX = 'simtally-tests-'

/** A folder that goes when this process ends; in memory where there is enough of it and that is asked for. */
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
