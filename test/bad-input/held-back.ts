/** Ways to run a program so that permissions of files hold it back. */
import type { SpawnOptions } from 'node:child_process'
import { type Ended, run, SIMTALLY } from './cli-world.ts'

/** Runs a program so that permissions hold it back, which they do not do with root. */
export interface Way {
  readonly name: string
  readonly before: readonly string[]
  readonly options: SpawnOptions
}

const NOBODY = 65_534
const ROOT_WAYS: readonly Way[] = [
  { name: 'as nobody', before: [], options: { uid: NOBODY, gid: NOBODY } },
  {
    name: 'as root without its power over files',
    before: ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'],
    options: {},
  },
]
const WAYS = process.getuid!() === 0 ? ROOT_WAYS : [{ name: 'as it is', before: [], options: {} }]

/** Ends with 0 when it cannot write into its folder, and can read this program. */
const HELD_BACK = `
  import { readFileSync, writeFileSync } from 'node:fs'
  readFileSync(process.argv[1])
  try { writeFileSync('probe', ''); process.exit(1) } catch {}`

export function runNode(way: Way, directory: string, args: readonly string[]): Promise<Ended> {
  const [program, ...rest] = [...way.before, process.execPath, ...args]
  return run(program!, rest, { cwd: directory, ...way.options })
}

export async function wayThatHoldsBack(directory: string): Promise<Way> {
  const tried: string[] = []
  for (const way of WAYS) {
    const args = ['--input-type=module', '--eval', HELD_BACK, SIMTALLY]
    const { code, stderr } = await runNode(way, directory, args).catch((error: Error) => {
      return { code: -1, stderr: error.message }
    })
    if (code === 0) return way
    tried.push(`${way.name}: ${code} ${stderr}`)
  }
  throw new Error(`no way to run a process that permissions hold back:\n${tried.join('\n')}`)
}
