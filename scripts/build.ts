/**
 * Compiles `src` to `dist`, and builds the console into it: `node scripts/build.ts`. Node runs TypeScript
 * directly, but not below a folder called `node_modules`, where installed packages are. `npm pack` calls this
 * script.
 */
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')

/** A file that starts a thread or process. The compiler renames only imports, so this finds the others. */
const STARTED_FILE = /(new URL\(\s*)(['"])(\.{1,2}\/[^'"]+)\.ts\2/g

/** An import in declarations, where the compiler renames nothing. */
const DECLARED_IMPORT = /(\bfrom |\bimport\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g

rmSync(DIST, { recursive: true, force: true })
execFileSync(
  process.execPath,
  [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
  { cwd: ROOT, stdio: 'inherit' },
)
rename('**/*.js', STARTED_FILE)
rename('**/*.d.ts', DECLARED_IMPORT)
execFileSync(process.execPath, [join(ROOT, 'scripts/prepare.js')], { stdio: 'inherit' })

function rename(files: string, reference: RegExp): void {
  for (const file of globSync(files, { cwd: DIST })) {
    const path = join(DIST, file)
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(reference, '$1$2$3.js$2'))
  }
}
