/** Writes the pages as a static site into the folder `site`: `npm run docs`. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT, renderPage, STYLE, sitePages } from './docs-site.ts'

const FOLDER = join(ROOT, 'site')

/** Replaces the folder. Returns the number of pages. */
export function buildDocs(folder: string): number {
  rmSync(folder, { recursive: true, force: true })
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const pages = sitePages()
  for (const page of pages) {
    const { html, files } = renderPage(page, pages)
    write(page.target, html)
    for (const file of files) {
      cpSync(join(ROOT, file), join(folder, file.replace(/^docs\//, '')), { recursive: true })
    }
  }
  write('style.css', STYLE)
  return pages.length
}

if (import.meta.main) {
  const count = buildDocs(FOLDER)
  process.stdout.write(`${count} pages: ${join(FOLDER, 'index.html')}\n`)
}
