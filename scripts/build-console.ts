/**
 * Builds what browsers are served, with the compressed forms of the files beside them: the console into
 * `dist/console`, and the pages that show the API into `dist/docs-viewer`. `npm run build:console`; `npm ci` does it
 * too. It takes seconds and asks nobody on a network.
 */
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'

const ROOT = join(import.meta.dirname, '..')

export const CONSOLE_SOURCE = join(ROOT, 'console')
export const CONSOLE_BUILT = join(ROOT, 'dist/console')
const VIEWER_BUILT = join(ROOT, 'dist/docs-viewer')

/** Written for browsers as it is. */
const VIEWER_FILES = [
  ...['index.html', 'viewer.js', 'viewer.css'].map((name) => `scripts/docs-viewer/${name}`),
  ...['swagger-ui-bundle.js', 'swagger-ui.css'].map(
    (name) => `node_modules/swagger-ui-dist/${name}`,
  ),
]

/** Pictures are compressed already, and the page itself is not sent as it is. */
const COMPRESSED = ['.js', '.css', '.svg', '.json']

/** From here on the best that there is takes seconds, for a few bytes less. */
const LARGE_BYTES = 1_000_000

export async function buildConsole(): Promise<void> {
  await build({ root: CONSOLE_SOURCE, logLevel: 'warn' })
  compressIn(CONSOLE_BUILT)
  rmSync(VIEWER_BUILT, { recursive: true, force: true })
  mkdirSync(VIEWER_BUILT, { recursive: true })
  for (const file of VIEWER_FILES)
    copyFileSync(join(ROOT, file), join(VIEWER_BUILT, basename(file)))
  compressIn(VIEWER_BUILT)
}

function compressIn(folder: string): void {
  for (const file of globSync('**/*.*', { cwd: folder })) {
    if (!COMPRESSED.includes(extname(file))) continue
    const path = join(folder, file)
    const bytes = readFileSync(path)
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
    const params = {
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      [constants.BROTLI_PARAM_QUALITY]: bytes.length < LARGE_BYTES ? 11 : 9,
    }
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }))
  }
}

// Tests load this file, which waits for nothing then.
if (import.meta.main) buildConsole()
