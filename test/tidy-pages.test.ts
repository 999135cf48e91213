/** The rules of the house for pages: they name what is there, and what is generated is up to date. */
import assert from 'node:assert/strict'
import { existsSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { clientTypesMark } from '../scripts/generate-client.ts'
import { openApiText } from '../scripts/generate-openapi.ts'
import { assertNone, ROOT, read } from './support/house.ts'

describe('what is generated', () => {
  it('is made from what is there now: docs/openapi.json and the types of the client', async () => {
    assert.ok(read('docs/openapi.json') === (await openApiText()), 'run npm run generate:client')
    const [mark] = read('src/client/api.ts').split('\n')
    assert.equal(mark, clientTypesMark(), 'run npm run generate:client')
  })
})

const testFiles = (kind: 'test' | 'long') => globSync(`test/**/*.${kind}.ts`, { cwd: ROOT })

describe('the pages', () => {
  const decisions = 'docs/decisions'
  const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT })

  it('link to files that are there', () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)]
        .filter(([, target]) => !existsSync(join(ROOT, dirname(page), target!)))
        .map(([, target]) => `${page}: there is no ${target}`),
    )
    assertNone(broken)
    assert.ok(pages.length > 30, `only ${pages.length} pages were found`)
  })

  it('name files of the repository that are there', () => {
    // The recipes in CONTRIBUTING add files for a carrier that does not exist.
    const example = /kestrel|[<*…]/
    const broken = ['CONTRIBUTING.md', 'docs/architecture.md'].flatMap((page) =>
      [...read(page).matchAll(/`((?:bench|docs|examples|scripts|src|test)\/[^`\s]+)`/g)]
        .map(([, path = '']) => path)
        .filter((path) => !example.test(path) && !existsSync(join(ROOT, path)))
        .map((path) => `${page}: there is no ${path}`),
    )
    assertNone(broken)
  })

  it('name tests that are there', () => {
    const commands = pages.flatMap((page) =>
      [...read(page).matchAll(/npm (test|run test:long) -- ([^`\n|<#]+)/g)].map(
        ([, which, patterns = '']) => ({
          page,
          which,
          patterns: patterns.split(' ').filter((text) => text !== ''),
        }),
      ),
    )
    const files = { test: testFiles('test'), 'run test:long': testFiles('long') }
    const wrong = commands.flatMap(({ page, which, patterns }) =>
      patterns
        .filter(
          (pattern) => !files[which as keyof typeof files].some((file) => file.includes(pattern)),
        )
        .map((pattern) => `${page}: npm ${which} -- ${pattern} runs nothing`),
    )
    assertNone(wrong)
    assert.ok(commands.length > 100, `only ${commands.length} commands were found`)
  })

  it('name the version that this is', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string }
    assert.match(version, /^\d+\.\d+\.\d+(-rc\.\d+)?$/)
    assert.equal((JSON.parse(read('package-lock.json')) as { version: string }).version, version)
    const [, newest] = /^## (\S+)/m.exec(read('CHANGELOG.md'))!
    assert.ok([version, 'Unreleased'].includes(newest!), `CHANGELOG.md begins with ${newest}`)
    const others = pages.flatMap((page) =>
      [...read(page).matchAll(/simtally-(\d\S*)\.tgz/g)]
        .filter(([, named]) => named !== version)
        .map(([file]) => `${page}: ${file} is of another version`),
    )
    assertNone(others)
  })

  it('name every file that both engines have, and none that one of them lacks', () => {
    const twinsIn = (folder: string) =>
      new Set(globSync('*.ts', { cwd: join(ROOT, 'src/storage', folder) }))
    const twins = twinsIn('sqlite').intersection(twinsIn('postgres'))
    const [paragraph] = /^\*\*Twins\*\*.* and the migrations\./ms.exec(
      read('docs/architecture.md'),
    )!
    const named = new Set([...paragraph.matchAll(/`([a-z-]+\.ts)`/g)].map(([, name]) => name!))
    const wrong = [...twins.symmetricDifference(named)]
    assertNone(wrong.map((name) => `docs/architecture.md: is ${name} among the twins or not?`))
  })

  it('are all named in the index of decisions, by their titles', () => {
    const entries = globSync(`${decisions}/*.md`, { cwd: ROOT })
      .filter((page) => !page.endsWith('README.md'))
      .map(
        (page) => `- [${/^# (.*)$/m.exec(read(page))?.[1]}](${page.slice(decisions.length + 1)})`,
      )
    const index = read(`${decisions}/README.md`).split('\n')
    const missing = entries.filter((entry) => !index.includes(entry))
    assertNone(missing.map((entry) => `${decisions}/README.md lacks the line: ${entry}`))
    assert.equal(index.filter((line) => line.startsWith('- ')).length, entries.length)
  })
})
