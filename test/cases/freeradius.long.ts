/**
 * Accounting by a real FreeRADIUS server: `radclient` sends sessions, and each of the files that the
 * server writes of them comes to what the sessions have used.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FeedSettings } from '../../src/domain/directory.ts'
import {
  type FreeRadiusOptions,
  hasFreeRadius,
  INSTALL_FREERADIUS,
  startFreeRadius,
  WRITTEN,
} from '../support/freeradius.ts'
import { compare, sessionsFrom } from './freeradius-sessions.ts'

const servers: readonly (FreeRadiusOptions & { readonly settings: FeedSettings })[] = [
  { zone: 'UTC', settings: {} },
  { zone: 'Asia/Kathmandu', has64Bit: true, settings: {} },
  { zone: 'Europe/Berlin', settings: { zones: { CET: '+01:00', CEST: '+02:00' } } },
]

describe('the files of a FreeRADIUS server', () => {
  if (!hasFreeRadius()) {
    it('are read where it is installed', (t) => {
      t.diagnostic(`not run: FreeRADIUS is missing; ${INSTALL_FREERADIUS} installs it`)
      if (process.env.CI) assert.fail('CI has to install it')
    })
    return
  }

  for (const { settings, ...options } of servers) {
    const bits = options.has64Bit === true ? ', with octets of 64 bits' : ''
    it(`come to what was used, in ${options.zone}${bits}`, async (t) => {
      const now = Math.floor(Date.now() / 1_000)
      const sims = sessionsFrom(now - 7_200)
      const server = await startFreeRadius(options)
      t.after(() => server.stop())
      for (const { packets } of sims) await server.send(packets)
      const files = await Promise.all(WRITTEN.map((file) => server.read(file)))
      await compare(sims, files, { settings, now: now + 60 })
    })
  }
})
