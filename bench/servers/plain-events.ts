/**
 * What the plain servers of an afternoon share: they take batches of events by POST, pass them on as rows,
 * answer how many were new, and answer a GET with the sums of everything they have.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface EventRow {
  readonly sim: string
  /** UTC seconds. */
  readonly at: number
  readonly id: string
  readonly plmn: string
  readonly upload: number
  readonly download: number
}

interface Event {
  readonly id: string
  readonly data: {
    readonly sim_sid: string
    readonly network: { readonly mcc: string; readonly mnc: string }
    readonly data_session_update_end_time: string
    readonly data_upload: number
    readonly data_download: number
  }
}

export interface EventStore {
  /** Resolves to how many were new, once all are on disk. */
  readonly add: (rows: readonly EventRow[]) => Promise<number> | number
  readonly totals: () => Promise<object> | object
}

export function serveEvents({ add, totals }: EventStore): void {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const answer =
        request.method === 'POST'
          ? { accepted: await add(rowsOf(Buffer.concat(chunks).toString())) }
          : await totals()
      const body = Buffer.from(JSON.stringify(answer))
      response.writeHead(200, {
        'content-type': 'application/json; charset=utf-8',
        'content-length': body.length,
      })
      response.end(body)
    })
  })
  server.listen(0, '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
}

function rowsOf(body: string): EventRow[] {
  return (JSON.parse(body) as Event[]).map(({ id, data }) => ({
    sim: data.sim_sid,
    at: Date.parse(data.data_session_update_end_time) / 1_000,
    id,
    plmn: `${data.network.mcc}-${data.network.mnc}`,
    upload: data.data_upload,
    download: data.data_download,
  }))
}
