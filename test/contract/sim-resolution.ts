/** Which SIM a record names. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Iccid, type Imsi, type Msisdn, SIM_NAME_KINDS } from '../../src/domain/identifiers.ts'
import {
  ANY_NAME,
  anAccount,
  aSim,
  checkDigit,
  homeSet,
  iccidOf,
  imsiOf,
  msisdnOf,
  sidOf,
} from '../support/builders.ts'
import { type Engine, openEmpty, register } from './engine.ts'

async function openAccounts(t: TestContext, engine: Engine) {
  const { store } = await openEmpty(t, engine)
  const account = await store.createAccount(anAccount({ home: homeSet('310-260', 'US') }))
  const other = await store.createAccount(anAccount())
  return { store, account, other }
}

export function describeSimResolution(engine: Engine): void {
  describe('resolving the SIMs that records name', () => {
    it('knows a SIM by each of its names', async (t) => {
      const { store, account } = await openAccounts(t, engine)
      const sim = await register(store, account, {
        sid: sidOf('DE', 7),
        iccid: iccidOf(7),
        imsis: [imsiOf(7), imsiOf(8)],
        msisdn: msisdnOf(7),
        uniqueName: 'truck 7',
      })
      const names = [
        sidOf('DE', 7),
        iccidOf(7),
        imsiOf(7),
        imsiOf(8),
        msisdnOf(7),
        `+${msisdnOf(7)}`,
        'truck 7',
      ]
      const match = { simId: sim.id, accountId: account.id, home: account.home }
      const expected = new Map(names.map((name) => [name, match]))
      assert.deepEqual(await store.resolveSims(names, ANY_NAME), expected)
      assert.deepEqual(
        await store.resolveSims(names, { ...ANY_NAME, accountId: account.id }),
        expected,
      )
    })

    it('knows a SIM only by the kinds of name asked for', async (t) => {
      const { store, account } = await openAccounts(t, engine)
      const values = {
        sid: sidOf('DE', 7),
        iccid: iccidOf(7),
        imsi: imsiOf(7),
        msisdn: msisdnOf(7),
        unique_name: 'truck 7',
      }
      const { sid, iccid, imsi, msisdn, unique_name: uniqueName } = values
      await register(store, account, { sid, iccid, imsis: [imsi], msisdn, uniqueName })
      for (const kind of SIM_NAME_KINDS) {
        const scope = { accountId: account.id, kinds: [kind] }
        const found = await store.resolveSims(Object.values(values), scope)
        assert.deepEqual([...found.keys()], [values[kind]])
      }
    })

    it('leaves out a name that matches no SIM', async (t) => {
      const { store, account } = await openAccounts(t, engine)
      await register(store, account, aSim({ uniqueName: 'truck 7', imsis: [imsiOf(7)] }))
      const names = ['truck', 'TRUCK 7', imsiOf(9), sidOf('DE', 0xfff), iccidOf(0xfff), '', '%']
      assert.deepEqual(await store.resolveSims(names, ANY_NAME), new Map())
      assert.deepEqual(await store.resolveSims([], ANY_NAME), new Map())
    })

    it('knows an ICCID registered with its check digit if a record leaves it out', async (t) => {
      const { store, account } = await openAccounts(t, engine)
      const sim = await register(store, account, { iccid: iccidOf(7) })
      const short = iccidOf(7).slice(0, -1)
      assert.equal((await store.resolveSims([short], ANY_NAME)).get(short)?.simId, sim.id)
    })

    it('knows an ICCID registered without its check digit if a record has it', async (t) => {
      const { store, account } = await openAccounts(t, engine)
      const sim = await register(store, account, { iccid: iccidOf(7) })
      const long = iccidOf(7) + checkDigit(iccidOf(7))
      assert.equal((await store.resolveSims([long], ANY_NAME)).get(long)?.simId, sim.id)
      const wrong = iccidOf(7) + ((Number(checkDigit(iccidOf(7))) + 1) % 10)
      assert.deepEqual(await store.resolveSims([wrong], ANY_NAME), new Map())
    })

    it('prefers the ICCID as it stands', async (t) => {
      const { store, account } = await openAccounts(t, engine)
      const long = `${iccidOf(7)}${checkDigit(iccidOf(7))}` as Iccid
      await register(store, account, { iccid: long })
      const exact = await register(store, account, { iccid: iccidOf(7) })
      const found = await store.resolveSims([iccidOf(7)], ANY_NAME)
      assert.equal(found.get(iccidOf(7))?.simId, exact.id)
    })

    it('takes a number for an IMSI before a phone number, and never for a name', async (t) => {
      const { store, account } = await openAccounts(t, engine)
      const number = '155500000000001'
      await register(store, account, aSim({ uniqueName: number }))
      const simId = async () => (await store.resolveSims([number], ANY_NAME)).get(number)?.simId
      assert.equal(await simId(), undefined)
      const phone = await register(store, account, aSim({ msisdn: number as Msisdn }))
      assert.equal(await simId(), phone.id)
      const card = await register(store, account, aSim({ imsis: [number as Imsi] }))
      assert.equal(await simId(), card.id)
    })

    it('resolves no unique name that SIMs of several accounts have', async (t) => {
      const { store, account, other } = await openAccounts(t, engine)
      const mine = await register(store, account, aSim({ uniqueName: 'truck' }))
      await register(store, other, aSim({ uniqueName: 'truck' }))
      assert.deepEqual(await store.resolveSims(['truck'], ANY_NAME), new Map())
      assert.equal(
        (await store.resolveSims(['truck'], { ...ANY_NAME, accountId: account.id })).get('truck')
          ?.simId,
        mine.id,
      )
    })

    it('does not see the SIMs of other accounts when asked for one', async (t) => {
      const { store, account, other } = await openAccounts(t, engine)
      const foreign = await register(store, other, {
        iccid: iccidOf(1),
        imsis: [imsiOf(1)],
        msisdn: msisdnOf(1),
        uniqueName: 'theirs',
      })
      const names = [foreign.sid, iccidOf(1), imsiOf(1), msisdnOf(1), 'theirs']
      assert.deepEqual(
        await store.resolveSims(names, { ...ANY_NAME, accountId: account.id }),
        new Map(),
      )
      assert.equal(
        (await store.resolveSims(names, { ...ANY_NAME, accountId: other.id })).size,
        names.length,
      )
    })

    it("gives the SIM's own home set, part by part, or else its account's", async (t) => {
      const { store, account } = await openAccounts(t, engine)
      const homes = [
        [undefined, homeSet('310-260', 'US')],
        [homeSet('208-01', ''), homeSet('208-01', 'US')],
        [homeSet('', 'FR PR'), homeSet('310-260', 'FR PR')],
        [homeSet('208-01 208-10', 'FR'), homeSet('208-01 208-10', 'FR')],
      ] as const
      for (const [own, effective] of homes) {
        const sim = await register(store, account, aSim(own === undefined ? {} : { home: own }))
        const found = await store.resolveSims([sim.sid], ANY_NAME)
        assert.deepEqual(found.get(sim.sid)?.home, effective)
      }
    })

    it('sees a SIM that another call registered meanwhile', async (t) => {
      const { store, account } = await openAccounts(t, engine)
      assert.deepEqual(await store.resolveSims([imsiOf(5)], ANY_NAME), new Map())
      await register(store, account, { imsis: [imsiOf(5)] })
      assert.equal((await store.resolveSims([imsiOf(5)], ANY_NAME)).size, 1)
    })

    it('resolves thousands of names at once', async (t) => {
      const { store, account } = await openAccounts(t, engine)
      const simIds: number[] = []
      for (const n of [1, 2_500, 4_999]) {
        simIds.push((await register(store, account, { imsis: [imsiOf(n)] })).id)
      }
      const names = Array.from({ length: 5_000 }, (_, n) => imsiOf(n) as string)
      const found = await store.resolveSims(names, ANY_NAME)
      assert.deepEqual(
        [...found.values()].map(({ simId }) => simId).toSorted((a, b) => a - b),
        simIds,
      )
    })
  })
}
