/**
 * Builds the console into `dist/console`, with the compressed forms of its files beside them: `npm run
 * build:console`. `npm ci` does it too. It takes seconds and asks nobody on a network.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'

const ROOT = join(import.meta.dirname, '..')

export const CONSOLE_SOURCE = join(ROOT, 'console')
export const CONSOLE_BUILT = join(ROOT, 'dist/console')

/** What is small otherwise; pictures are compressed already. */
const COMPRESSED = ['.js', '.css', '.svg', '.json']

export async function buildConsole(): Promise<void> {
  await build({ root: CONSOLE_SOURCE, logLevel: 'warn' })
  for (const file of globSync('**/*.*', { cwd: CONSOLE_BUILT })) {
    if (!COMPRESSED.includes(extname(file))) continue
    const path = join(CONSOLE_BUILT, file)
    const bytes = readFileSync(path)
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }))
  }
}

if (import.meta.main) await buildConsole()
