/**
 * How long servers take to answer the same requests. Each caller asks the servers in turn, and asks again as
 * soon as it has its answer, so all servers meet the same load at the same time on the same machine. Every
 * request is timed, up to the last byte of its answer, so percentiles are exact.
 */
import { Agent, get } from 'node:http'
import { AUTH_TOKEN } from './dataset.ts'

export interface Asked {
  readonly server: string
  readonly accountSid: string
  /** Requested one after another, in a loop. */
  readonly paths: readonly string[]
}

export interface LoadOptions {
  readonly callers: number
  /** Requests to each server. */
  readonly requests: number
}

/** For each server, its times in milliseconds, in ascending order. */
export async function answerTimes(
  servers: readonly Asked[],
  { callers, requests }: LoadOptions,
): Promise<number[][]> {
  const agent = new Agent({ keepAlive: true })
  const times: number[][] = servers.map(() => [])
  let next = 0
  const caller = async () => {
    while (next < requests * servers.length) {
      const turn = next++
      const { server, accountSid, paths } = servers[turn % servers.length]!
      const path = paths[Math.floor(turn / servers.length) % paths.length]!
      const askedAt = performance.now()
      await ask(agent, server + path, accountSid)
      times[turn % servers.length]!.push(performance.now() - askedAt)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  agent.destroy()
  return times.map((list) => list.sort((a, b) => a - b))
}

function ask(agent: Agent, url: string, accountSid: string): Promise<void> {
  const headers = {
    authorization: `Basic ${Buffer.from(`${accountSid}:${AUTH_TOKEN}`).toString('base64')}`,
  }
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${response.statusCode} for ${url}`))
      response.resume().once('end', resolve).once('error', reject)
    }).once('error', reject)
  })
}

/** The smallest time that at least `share` of the times do not exceed. */
export function percentile(times: readonly number[], share: number): number {
  return times[Math.ceil(times.length * share) - 1]!
}
