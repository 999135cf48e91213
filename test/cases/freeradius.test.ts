/**
 * Files that FreeRADIUS 3.2.1 wrote of the sessions beside this, copied from a run of the long test: one
 * server wrote three of them, and another one, in Nepal, the one with octets of 64 bits.
 */
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { instant } from '../support/builders.ts'
import { compare, sessionsFrom } from './freeradius-sessions.ts'

const SESSIONS = sessionsFrom(instant('2026-11-28T14:00:00Z'))
const NOW = instant('2026-11-28T16:00:00Z')

function recorded(...names: readonly string[]): Buffer[] {
  return names.map((name) =>
    readFileSync(new URL(`../fixtures/freeradius/${name}`, import.meta.url)),
  )
}

describe('files that a FreeRADIUS server wrote', () => {
  const options = { settings: {}, now: NOW }

  it('come to what was used, as detail text and as JSON, and once only', () =>
    compare(SESSIONS, recorded('packets.detail', 'values.ndjson', 'objects.ndjson'), options))

  it('come to what was used, with octets of 64 bits and times of another zone', () =>
    compare(SESSIONS, recorded('64-bit.detail'), options))
})
