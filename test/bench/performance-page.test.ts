/** The page of performance: its figures and charts are those of the run that is kept. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { barChart } from '../../bench/report/chart.ts'
import { figures } from '../../bench/report/page.ts'
import type { Results } from '../../bench/report/results.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

describe('the page of performance', () => {
  const newest = globSync('bench/results/*.json', { cwd: ROOT }).sort().at(-1)!
  const results = JSON.parse(read(newest)) as Results

  it('has the figures and the charts of the newest run that is kept', () => {
    const charts = new Map<string, string>()
    const text = figures(results, (name, chart) => {
      charts.set(`${name}.svg`, barChart(chart))
      return `![${chart.title}](performance/${name}.svg)`
    })
    assert.ok(read('docs/performance.md').includes(text), 'run npm run bench, or see who edited')
    const drawn = globSync('*', { cwd: join(ROOT, 'docs/performance') })
    assert.deepEqual(drawn.sort(), [...charts.keys()].sort())
    for (const [name, svg] of charts) assert.equal(read(`docs/performance/${name}`), svg, name)
  })

  it('shows who answered wrong as wrong, with no figure', () => {
    const imports = structuredClone(results.imports)!
    const other = imports.imports.find(({ name }) => name === 'plain-sqlite')!
    other.wrong = 'counts 1 of 2 records'
    const text = figures({ ...results, imports }, () => '')
    assert.ok(text.includes('Plain SQLite'))
    assert.match(text, /^\| Plain SQLite +\| wrong /m)
    assert.match(text, /^- Plain SQLite, .*: counts 1 of 2 records$/m)
  })
})

describe('a chart', () => {
  it('draws bars as long as their values, and escapes what they are called', () => {
    const svg = barChart({
      title: 'A & B',
      note: 'n',
      groups: [
        {
          title: '<g>',
          bars: [
            { label: 'a', value: 4, text: '4', kind: 'own' },
            { label: 'b', value: 1, text: '1', kind: 'peer' },
          ],
        },
      ],
    })
    const widths = [...svg.matchAll(/class="(?:own|peer)" .*?width="([\d.]+)"/g)].map(([, of]) =>
      Number(of),
    )
    assert.equal(widths.length, 2)
    assert.equal(widths[0], 4 * widths[1]!)
    assert.ok(svg.includes('A &amp; B') && svg.includes('&lt;g>'))
    assert.match(svg, /prefers-color-scheme: dark/)
  })
})
