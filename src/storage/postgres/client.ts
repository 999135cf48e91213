/** Single connections, for what comes before the pool, takes long, or needs a session's locks. */
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { UsageError } from '../../domain/usage-error.ts'
import { ANSWER_GRACE_MS, disconnect, limitAnswers } from './answer-limit.ts'
import type { PostgresTarget } from './database-url.ts'
import {
  ConnectionLost,
  isInterrupted,
  isLost,
  isNotYet,
  isOfHost,
  isPassing,
  messageOf,
  NotWritable,
  translateConnecting,
} from './failures.ts'
import type { Host } from './hosts.ts'
import { newClient } from './pool.ts'
import { introduce, prepareSession } from './sessions.ts'
import { TOPOLOGIES } from './topology.ts'

/** Pause between two checks whether a server takes connections yet, in milliseconds. */
const CONNECT_AGAIN_MS = 250

/** How long saying goodbye to the server may take, in milliseconds. */
const END_MS = 1_000

/** How long a pooler may take to give a second connection a session, in milliseconds. */
const SECOND_SESSION_MS = 2_000

/** A separate connection, for what takes long or needs a session's locks. */
export async function connectClient(target: PostgresTarget): Promise<pg.Client> {
  try {
    return await connected(target)
  } catch (error) {
    throw translateConnecting(target.shown, error)
  }
}

/** `work` runs again if its connection is lost, so it must recognize what it has already done. */
export async function withClient<T>(
  target: PostgresTarget,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const giveUpAt = performance.now() + target.readRetryMs
  for (;;) {
    let client: pg.Client | null = null
    let wasLost = false
    try {
      client = await connected(target, () => {
        wasLost = true
      })
      limitAnswers(client, target.readTimeoutMs + ANSWER_GRACE_MS)
      return await work(client)
    } catch (error) {
      const mayPass = client !== null && (wasLost || isPassing(error))
      if (!mayPass || performance.now() + CONNECT_AGAIN_MS > giveUpAt) {
        throw translateConnecting(target.shown, error)
      }
    } finally {
      if (client !== null) end(client)
    }
    await pause(CONNECT_AGAIN_MS)
  }
}

/** Waits for a server that exists but takes no connections yet, as long as a write to it would. */
async function connected(
  target: PostgresTarget,
  onLost: () => void = () => {},
): Promise<pg.Client> {
  const giveUpAt = performance.now() + (target.writeRetryMs ?? TOPOLOGIES.plain.writeRetryMs)
  for (;;) {
    const failures = new Map<Host, unknown>()
    for (let tried = 0; tried < target.hosts.count; tried++) {
      const host = target.hosts.current
      try {
        return await connectedTo(target, onLost)
      } catch (error) {
        if (!isOfHost(error)) throw error
        target.hosts.leave(host)
        failures.set(host, error)
      }
    }
    const mayCome = [...failures.values()].some(
      (failure) => isNotYet(failure) || isInterrupted(failure) || failure instanceof ConnectionLost,
    )
    if (!mayCome || performance.now() + CONNECT_AGAIN_MS > giveUpAt) {
      throw failureOfAll(target, failures)
    }
    await pause(CONNECT_AGAIN_MS)
  }
}

async function connectedTo(target: PostgresTarget, onLost: () => void): Promise<pg.Client> {
  const client = newClient(target)
  let second: pg.Client | null = null
  let isConnected = false
  let isEnded = false
  // A failure reaches the query that it affects, but not always with a code.
  client.on('error', () => {
    isEnded = true
    onLost()
  })
  try {
    await client.connect()
    isConnected = true
    await prepareSession(client, target, { planCacheMode: 'auto' }, async () => {
      second = await secondSession(target)
      return second
    })
    return client
  } catch (error) {
    end(client)
    // The server accepted the connection, but ended it before it could be used.
    const wasLost = isConnected && (isEnded || isLost(error))
    throw wasLost && !(error instanceof UsageError) ? new ConnectionLost(error) : error
  } finally {
    if (second !== null) end(second)
  }
}

/** Null if none is available. Fails if it is the first one's session. */
async function secondSession(target: PostgresTarget): Promise<pg.Client | null> {
  const client = newClient(target)
  client.on('error', () => {})
  const timer = setTimeout(() => disconnect(client), SECOND_SESSION_MS)
  try {
    await client.connect()
    await introduce(client, target)
    return client
  } catch (error) {
    end(client)
    if (error instanceof UsageError) throw error
    return null
  } finally {
    clearTimeout(timer)
  }
}

/** What is wrong with the only host, or with each of several. */
function failureOfAll({ hosts, shown }: PostgresTarget, failures: Map<Host, unknown>): unknown {
  if (hosts.count === 1) return [...failures.values()][0]
  const reasons = [...failures].map(([host, error]) =>
    error instanceof NotWritable ? messageOf(error) : `${host.shown}: ${messageOf(error)}`,
  )
  const message = `no host of ${shown} can be written now (${reasons.join('; ')})`
  return new UsageError('unavailable', message)
}

/** If the server no longer hears anything, the process does not stay for it. */
function end(client: pg.Client): void {
  const timer = setTimeout(() => disconnect(client), END_MS).unref()
  client.end().then(
    () => clearTimeout(timer),
    () => {},
  )
}
