/**
 * One contender doing one thing, in a process of its own: `run-peer.ts NAME TARGET prepare FLEET`, `… load
 * CSV` or `… answer QUESTIONS`. FLEET and QUESTIONS are JSON files. Prints JSON.
 */
import { readFile } from 'node:fs/promises'
import { type Answer, type Fleet, type Question, sorted } from '../workload.ts'
import type { ContenderName } from './contenders.ts'
import type { Answered, Peer } from './peer.ts'
import { PEERS } from './peers.ts'

/** How long other questions are asked before the times count. A slow engine gets through few of them. */
const WARM_UP_MS = 300

async function answer(peer: Peer, questions: readonly Question[]): Promise<Answered> {
  const asking = await peer.open()
  // Asks other questions first, a day shorter each: code that has run for a while is compiled.
  const warmUntil = performance.now() + WARM_UP_MS
  for (const question of questions) {
    if (performance.now() > warmUntil) break
    await asking.answer({ ...question, end: question.end - 86_400 })
  }
  const answers: Answer[] = []
  const microseconds: number[] = []
  for (const question of questions) {
    const askedAt = performance.now()
    const rows = await asking.answer(question)
    microseconds.push((performance.now() - askedAt) * 1_000)
    answers.push(sorted([...rows]))
  }
  const records = await asking.records()
  await asking.close()
  return { records, answers, microseconds }
}

const [name, target, action, argument] = process.argv.slice(2) as [
  ContenderName,
  string,
  string,
  string,
]
const peer = await PEERS[name](target)
const read = async () => JSON.parse(await readFile(argument, 'utf8'))
if (action === 'prepare') await peer.prepare((await read()) as Fleet)
else if (action === 'load') await peer.load(argument)
else console.log(JSON.stringify(await answer(peer, (await read()) as Question[])))
