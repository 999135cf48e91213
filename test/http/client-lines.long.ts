/**
 * Eight unchanged clients of the original API: the oldest and the newest of each line of npm twilio,
 * the oldest being the first that asks for usage records. They are installed into a folder of their
 * own, which takes a registry and 160 MB. Only the base URL of their wireless domain is set.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { HttpFixture } from '../support/http-fixture.ts'

const CLIENTS = join(import.meta.dirname, '../clients')
const MANIFEST: { readonly dependencies: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(CLIENTS, 'package.json'), 'utf8'),
)

/** What all lines have alike. */
interface UsageRecord {
  readonly period: { readonly start: string; readonly end: string }
  readonly data: { readonly total: number }
}

interface UsagePage {
  readonly instances: readonly UsageRecord[]
  nextPage(): Promise<UsagePage> | undefined
}

interface Records {
  list(options?: object): Promise<readonly UsageRecord[]>
  each(options: object): void
  page(options: object): Promise<UsagePage>
}

interface SimContext {
  readonly usageRecords: Records
  fetch(): Promise<Readonly<Record<string, unknown>>>
  update(changes: object): Promise<Readonly<Record<string, unknown>>>
}

interface Client {
  readonly wireless: {
    baseUrl: string
    readonly v1: {
      readonly usageRecords?: Records
      readonly sims: ((sid: string) => SimContext) & {
        list(options?: object): Promise<readonly { readonly uniqueName: string }[]>
      }
    }
  }
}

const DAYS = {
  granularity: 'daily',
  start: new Date('2026-03-10T00:00:00Z'),
  end: new Date('2026-03-15T00:00:00Z'),
}
const TOTALS = [0, 7, 0, 0, 0]

describe('clients of every line', () => {
  let folder: string
  let fixture: HttpFixture
  let baseUrl: string

  before(async () => {
    // Either would splice itself into the host name of every URL, also into this server's.
    delete process.env.TWILIO_EDGE
    delete process.env.TWILIO_REGION
    folder = await mkdtemp(join(tmpdir(), 'simtally-clients-'))
    for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
      await cp(join(CLIENTS, name), join(folder, name))
    }
    await promisify(execFile)('npm', ['ci', '--ignore-scripts'], { cwd: folder })
    fixture = await HttpFixture.open()
    baseUrl = await fixture.listen()
    for (let i = 0; i < 5; i++) await fixture.addSim({ uniqueName: `tracker-${i}` })
    const sim = await fixture.store.findSim(fixture.owner.account.id, 'tracker-1')
    await fixture.use(sim!, '2026-03-13T11:00:00Z', { upload: 3, download: 4 })
  })

  after(async () => {
    await fixture.close()
    await rm(folder, { recursive: true, force: true })
  })

  function connect(name: string): Client['wireless'] {
    const twilio = createRequire(join(folder, 'package.json'))(name)
    const { sid, secret } = fixture.owner
    const client: Client = new twilio(sid, secret)
    client.wireless.baseUrl = baseUrl
    return client.wireless
  }

  for (const [name, version] of Object.entries(MANIFEST.dependencies)) {
    it(`${version.slice('npm:'.length)} lists, pages, fetches and updates`, async () => {
      const { v1 } = connect(name)
      const records = v1.sims('tracker-1').usageRecords
      const totalsOf = (found: readonly UsageRecord[]) => found.map(({ data }) => data.total)
      assert.deepEqual(totalsOf(await records.list(DAYS)), TOTALS)
      assert.deepEqual(totalsOf(await records.list({ ...DAYS, pageSize: 2 })), TOTALS)
      assert.deepEqual(totalsOf(await records.list({ ...DAYS, limit: 2 })), TOTALS.slice(0, 2))
      assert.deepEqual(totalsOf(await records.list({ granularity: 'all' })), [7])

      const each: UsageRecord[] = []
      await new Promise<void>((resolve, reject) => {
        const done = (error: unknown) => (error ? reject(error) : resolve())
        const callback = (record: UsageRecord) => each.push(record)
        records.each({ ...DAYS, pageSize: 2, callback, done })
      })
      assert.deepEqual(totalsOf(each), TOTALS)

      const pages: UsageRecord[] = []
      let page: UsagePage | undefined = await records.page({ ...DAYS, pageSize: 2 })
      for (; page !== undefined; page = await page.nextPage()) pages.push(...page.instances)
      assert.deepEqual(totalsOf(pages), TOTALS)

      const sims = (await v1.sims.list({ pageSize: 2 })).map(({ uniqueName }) => uniqueName)
      assert.deepEqual(
        sims,
        [0, 1, 2, 3, 4].map((i) => `tracker-${i}`),
      )
      const changed = await v1.sims('tracker-2').update({
        friendlyName: name,
        status: 'suspended',
        commandsCallbackUrl: 'https://example.com/commands',
      })
      const fetched = await v1.sims('tracker-2').fetch()
      for (const sim of [changed, fetched]) {
        assert.deepEqual([sim.friendlyName, sim.status], [name, 'suspended'])
        assert.equal(sim.commandsCallbackUrl, 'https://example.com/commands')
      }
      await assert.rejects(
        v1.sims('none').fetch(),
        ({ status, code }) => status === 404 && code === 20404,
      )
      if (v1.usageRecords !== undefined) {
        assert.deepEqual(totalsOf(await v1.usageRecords.list(DAYS)), TOTALS)
      }
    })
  }
})
