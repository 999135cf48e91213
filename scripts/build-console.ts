/**
 * Builds what browsers load, with compressed forms next to the files: the console into `dist/console`, and
 * the pages that show the API into `dist/docs-viewer`. `npm run build:console`; `npm ci` does it too. It
 * takes seconds and needs no network.
 */
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'

const ROOT = join(import.meta.dirname, '..')

export const CONSOLE_SOURCE = join(ROOT, 'console')
export const CONSOLE_BUILT = join(ROOT, 'dist/console')
const VIEWER_BUILT = join(ROOT, 'dist/docs-viewer')

/** Written for browsers, so copied unchanged. */
const VIEWER_FILES = [
  ...['index.html', 'viewer.js', 'viewer.css'].map((name) => `scripts/docs-viewer/${name}`),
  ...['swagger-ui-bundle.js', 'swagger-ui.css'].map(
    (name) => `node_modules/swagger-ui-dist/${name}`,
  ),
]

/** Pictures are already compressed, and the page itself is not sent as it is. */
const COMPRESSED = ['.js', '.css', '.svg', '.json']

/** For files from this size on, the best compression takes seconds to save a few bytes. */
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

// Tests load this file without building anything.
if (import.meta.main) buildConsole()
