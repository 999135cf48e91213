/**
 * What other programs make of the example files: `file` knows their kind and release by magic
 * numbers of its own, and `openssl asn1parse` sees the same elements in them as our reader does.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { walkElement } from '../../src/ingest/formats/ber.ts'
import { fixtureFolder, ROAMING_FIXTURES } from '../support/roaming-fixtures.ts'

type Format = 'tap3' | 'nrtrde'

function pathOf(format: Format, file: string): string {
  return fileURLToPath(new URL(file, fixtureFolder(format)))
}

function run(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(`${program} is missing; .ci/run installs it: apt-get install ${program}`)
  }
}

describe('file(1)', () => {
  const kinds: readonly [Format, string, RegExp][] = [
    ['tap3', 'one-session.tap', /^TAP 3\.12 Batch \(TD\.57, Transferred Account\)$/],
    ['tap3', 'release-4.tap', /^TAP 3\.4 Batch \(TD\.57, Transferred Account\)$/],
    ['tap3', 'notification.tap', /^TAP 3\.12 Notification \(TD\.57, Transferred Account\)$/],
    ['nrtrde', 'one-session.nrt', /^NRT 2\.1 \(TD\.35, Near Real Time Roaming Data Exchange\)$/],
  ]
  for (const [format, file, kind] of kinds) {
    it(`takes ${file} for what it is`, () => {
      assert.match(run('file', ['--brief', pathOf(format, file)]).trim(), kind)
    })
  }
})

/** Depth, tag and, of a primitive element, where its content is. */
function ourElements(bytes: Buffer): string[] {
  const elements: string[] = []
  let depth = 0
  walkElement(bytes, 0, bytes.length, {
    value: (_, tag, __, from, to) => elements.push(`${depth} ${tag} ${from}-${to}`),
    open: (_, tag) => elements.push(`${depth++} ${tag}`),
    close: () => depth--,
  })
  return elements
}

/** The same of lines such as `   6:d=2  hl=4 l=   5 prim: appl [ 196 ]`. */
function theirElements(path: string): string[] {
  const lines = run('openssl', ['asn1parse', '-inform', 'DER', '-in', path]).trimEnd().split('\n')
  return lines.flatMap((line) => {
    const match =
      /^ *(\d+):d=(\d+) +hl=(\d+) l= *(\d+|inf) +(prim|cons): (?:(appl|cont|priv) \[ (\d+) \]|EOC)/.exec(
        line,
      )
    assert.ok(match !== null, line)
    const [, offset, depth, headerBytes, length, kind, tagClass, number] = match
    if (tagClass === undefined) return []
    const tag = tagClass === 'appl' ? Number(number) : -1 - Number(number)
    if (kind === 'cons') return [`${depth} ${tag}`]
    const from = Number(offset) + Number(headerBytes)
    return [`${depth} ${tag} ${from}-${from + Number(length)}`]
  })
}

describe('openssl asn1parse', () => {
  /** Files that are no one whole element, or deeper than our limit. */
  const others = [
    /^cut/,
    /^two-batches/,
    /^zeros-at-the-end/,
    /^longer-than-its-parent/,
    /^too-/,
    /-too-long\./,
    /^long-tag/,
    /^text-file/,
    /^faults/,
  ]
  for (const { format, file } of ROAMING_FIXTURES) {
    if (others.some((pattern) => pattern.test(file))) continue
    it(`sees the elements of ${file} as we do`, () => {
      const path = pathOf(format, file)
      const ours = ourElements(readFileSync(path))
      assert.ok(ours.length > 3)
      assert.deepEqual(ours, theirElements(path))
    })
  }
})
