/** Answers to input that reaches no route, because it is no request or must not go further. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { type ErrorKind, errorBody, SAFETY_HEADERS } from './error-reply.ts'

/** Uses random bytes that Node keeps ready. A new SID would ask the system for some. */
export function newRequestId(): string {
  return `RQ${randomUUID().replaceAll('-', '')}`
}

export interface RawReply {
  readonly requestId: string
  readonly status: number
  /** The whole answer. The connection is closed after it. */
  readonly text: string
}

/** The documented form of a failure, as written to a socket. */
export function rawReply(kind: ErrorKind, message: string): RawReply {
  const requestId = newRequestId()
  const body = errorBody(kind, message)
  const json = JSON.stringify(body)
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(json)),
    'Twilio-Request-Id': requestId,
    ...SAFETY_HEADERS,
    Connection: 'close',
  }
  const lines = [
    `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  return { requestId, status: body.status, text: `${lines.join('\r\n')}\r\n\r\n${json}` }
}
