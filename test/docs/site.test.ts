/** The site that is made of the pages: all of them in one order, and links that lead somewhere. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { buildDocs } from '../../scripts/build-docs.ts'
import { SECTIONS, Slugs, sitePages } from '../../scripts/docs-site.ts'
import { pageNames } from './pages.ts'

let folder: string
let texts: Map<string, string>
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simtally-site-'))
  buildDocs(folder)
  const names = globSync('**/*.html', { cwd: folder })
  texts = new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
})
after(() => rm(folder, { recursive: true, force: true }))

const idsOf = (html: string) => [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id!)

describe('the site', () => {
  it('has every page once, in the order of its sections', () => {
    const pages = sitePages()
    const elsewhere = ['test/', 'bench/', 'node_modules/', 'deploy/', 'examples/']
    const wanted = pageNames().filter((page) => !elsewhere.some((name) => page.startsWith(name)))
    assert.deepEqual(pages.map(({ source }) => source).sort(), wanted)
    assert.equal(texts.size, pages.length)
    const order = SECTIONS.map(({ title }) => title)
    const places = pages.map(({ section }) => order.indexOf(section))
    assert.deepEqual(places, places.toSorted())
    assert.deepEqual(new Set(places).size, order.length)
  })

  it('has links that lead to a page, and to a place on it', () => {
    const files = new Set(globSync('**/*.*', { cwd: folder }))
    let count = 0
    const faults = [...texts].flatMap(([name, html]) =>
      [...html.matchAll(/ (?:href|src)="([^"]*)"/g)].flatMap(([, href = '']) => {
        if (/^(https?|mailto):/.test(href)) return []
        count++
        const [path, anchor] = href.split('#')
        const target = path === '' ? name : normalize(join(dirname(name), path!))
        if (!files.has(target)) return [`${name}: no ${target}`]
        const ids = idsOf(texts.get(target) ?? '')
        return anchor === undefined || ids.includes(anchor)
          ? []
          : [`${name}: no ${target}#${anchor}`]
      }),
    )
    assert.equal(faults.length, 0, faults.join('\n'))
    assert.ok(count > 1_000, `only ${count} links`)
  })

  it('has no two places of one name on a page, and no Markdown that was not understood', () => {
    for (const [name, html] of texts) {
      const ids = idsOf(html)
      assert.deepEqual(ids, [...new Set(ids)], name)
      const words = html.replaceAll(/<(pre|code)[ >].*?<\/\1>/gs, '')
      assert.doesNotMatch(words, /\]\(|^\|.*\|$|^#{1,4} |```/m, name)
    }
  })

  it('leads from each page to the one after it', () => {
    const pages = sitePages()
    for (const [i, { target }] of pages.entries()) {
      const [, next] = /rel="next" href="([^"]*)"/.exec(texts.get(target)!) ?? []
      const after = next === undefined ? undefined : normalize(join(dirname(target), next))
      assert.equal(after, pages[i + 1]?.target)
    }
  })

  it('names headings as GitHub does', () => {
    const slugs = new Slugs()
    const headings = ['Backup and restore', 'One record taken apart', 'Usage-Complete-From: why?']
    assert.deepEqual(
      [...headings, 'Backup and restore', '`simtally feed`, Größe'].map((text) => slugs.next(text)),
      [
        ...['backup-and-restore', 'one-record-taken-apart', 'usage-complete-from-why'],
        ...['backup-and-restore-1', 'simtally-feed-größe'],
      ],
    )
  })
})
