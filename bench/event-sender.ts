/**
 * Senders that post batches of new events to one server, each again as soon as it has its answer. They keep
 * the totals of what they sent, to check the server's.
 */
import { Agent, request } from 'node:http'
import { formatInstant, HOUR_SECONDS } from '../src/domain/time.ts'
import { AUTH_TOKEN, NOW, SIMS, simSid } from './dataset.ts'

export const FEED = 'webhook'
/** The start of the hour of all events, which is the hour before the measurement. */
export const EVENTS_FROM = NOW - HOUR_SECONDS

export const authorization = `Basic ${Buffer.from(`AC${'0'.repeat(32)}:${AUTH_TOKEN}`).toString('base64')}`

export interface Totals {
  readonly records: number
  readonly upload: number
  readonly download: number
}

export interface Load {
  /** Milliseconds, one value per request. */
  readonly times: readonly number[]
  readonly eventsPerSecond: number
}

export class Senders {
  readonly #url: string
  #records = 0
  #upload = 0
  #download = 0

  constructor(url: string) {
    this.#url = url
  }

  /** The totals of everything sent and acknowledged. */
  get totals(): Totals {
    return { records: this.#records, upload: this.#upload, download: this.#download }
  }

  /** This many events that were not sent before. */
  batch(size: number) {
    return Array.from({ length: size }, () => this.#newEvent())
  }

  #newEvent() {
    const number = this.#records++
    const upload = (number * 7_907) % 100_000
    const download = (number * 104_729) % 1_000_000
    this.#upload += upload
    this.#download += download
    const at = formatInstant(EVENTS_FROM + (number % HOUR_SECONDS))
    return {
      specversion: '1.0',
      type: 'com.twilio.iot.supersim.connection.data-session.updated',
      source: '/v1/Sims',
      id: `EZ${number.toString(16).padStart(32, '0')}`,
      time: at,
      datacontenttype: 'application/json',
      data: {
        event_type: 'connection.data-session.updated',
        sim_sid: simSid(number % SIMS),
        network: { mcc: '310', mnc: '260', iso_country: 'US', friendly_name: 'T-Mobile' },
        apn: 'super',
        rat_type: '4G LTE',
        location: { cell_id: '38010', lac: '1234', lat: null, lon: null },
        data_session_sid: `PI${(number % SIMS).toString(16).padStart(32, '0')}`,
        data_session_update_end_time: at,
        timestamp: at,
        data_upload: upload,
        data_download: download,
      },
    }
  }

  async load(size: number, forSeconds: number, callers: number): Promise<Load> {
    const agent = new Agent({ keepAlive: true })
    const times: number[] = []
    const startedAt = performance.now()
    const endsAt = startedAt + forSeconds * 1_000
    const caller = async () => {
      while (performance.now() < endsAt) {
        const body = Buffer.from(JSON.stringify(this.batch(size)))
        const askedAt = performance.now()
        const answer = await this.#post(agent, body)
        times.push(performance.now() - askedAt)
        if (JSON.parse(answer).accepted !== size) throw new Error(answer)
      }
    }
    await Promise.all(Array.from({ length: callers }, caller))
    agent.destroy()
    const elapsedSeconds = (performance.now() - startedAt) / 1_000
    return { times, eventsPerSecond: (times.length * size) / elapsedSeconds }
  }

  /** Posts events that may have been sent before. Returns how many of them counted. */
  async post(events: unknown): Promise<number> {
    const agent = new Agent()
    return JSON.parse(await this.#post(agent, Buffer.from(JSON.stringify(events)))).accepted
  }

  #post(agent: Agent, body: Buffer): Promise<string> {
    const headers = {
      authorization,
      'content-type': 'application/cloudevents-batch+json',
      'content-length': body.length,
    }
    const options = { method: 'POST', agent, headers }
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#url}/v1/Feeds/${FEED}/Records`, options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('end', () => resolve(Buffer.concat(chunks).toString()))
        response.once('error', reject)
      })
      sent.once('error', reject)
      sent.end(body)
    })
  }
}
