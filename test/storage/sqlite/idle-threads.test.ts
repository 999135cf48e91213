/** A store that is closed leaves its thread to the next one of the process. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { anAccount } from '../../support/builders.ts'
import { openTempStore } from '../../support/temp-store.ts'

/** Threads are numbered as they are started. */
async function nextThreadId(): Promise<number> {
  const worker = new Worker('', { eval: true })
  const { threadId } = worker
  await once(worker, 'exit')
  return threadId
}

/** Writes through its thread, which starts with the first write. */
async function useStore(): Promise<string> {
  const temp = await openTempStore('sqlite')
  await temp.store.createAccount(anAccount({ name: temp.dir }))
  await temp.store.audit()
  const [account, ...more] = await temp.store.listAccounts()
  await temp.dispose()
  assert.equal(account!.name, temp.dir)
  assert.deepEqual(more, [])
  return temp.dir
}

describe('stores opened one after another', () => {
  it('start no more threads than one of them needs, and share no data', async () => {
    await useStore()
    const before = await nextThreadId()
    const dirs = new Set<string>()
    for (let i = 0; i < 5; i++) dirs.add(await useStore())
    assert.equal(dirs.size, 5)
    assert.equal(await nextThreadId(), before + 1)
  })
})
