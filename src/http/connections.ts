/**
 * The connections of a server: how many there may be, how long their traffic may take, and the answer to
 * anything that is no request. Listens on Node's server, below every route.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket, Server as TlsServer } from 'node:tls'
import type { FastifyBaseLogger } from 'fastify'
import type { LimitName, Limits } from '../domain/limits.ts'
import { addressKey } from './client-address.ts'
import { type ErrorKind, HttpError } from './error-reply.ts'
import { rawReply } from './raw-reply.ts'
import { BodyWatch } from './receiving.ts'

export interface ConnectionsOptions {
  readonly limits: Limits
  /** Addresses whose connections carry many callers' requests. */
  readonly trusts: (address: string) => boolean
  readonly nowMs: () => number
  readonly onRefusal: (limit: LimitName) => void
}

/** The limit is null if HTTP itself is broken. */
type Refusal = readonly [limit: LimitName | null, kind: ErrorKind, message: string]

export class Connections {
  readonly #options: ConnectionsOptions
  readonly #bodies: BodyWatch
  readonly #open = new Set<Socket>()
  readonly #byAddress = new Map<string, number>()
  /** Connections that still negotiate TLS, by their other end. */
  readonly #handshakes = new Map<string, Socket>()
  /** A connection over the limit: its first request gets this answer, then it is closed. */
  readonly #tooMany = new WeakMap<Socket, Refusal>()
  /** The answers under way. */
  readonly #answers = new WeakMap<Socket, ServerResponse>()
  #log: FastifyBaseLogger | null = null
  #cutOff = 0

  constructor(options: ConnectionsOptions) {
    this.#options = options
    this.#bodies = new BodyWatch({
      limits: options.limits,
      nowMs: options.nowMs,
      onFault: ({ limit, message }, { socket }) =>
        this.#refuse(socket, [limit, 'request_timeout', message]),
    })
  }

  get open(): number {
    return this.#open.size
  }

  /** How many requests the server cut off before their answer was complete. */
  get cutOff(): number {
    return this.#cutOff
  }

  /** Closes all open connections. */
  cut(): void {
    this.#cutOff = [...this.#open].filter((socket) => this.#answers.has(socket)).length
    for (const socket of this.#open) socket.destroy()
  }

  watch(server: Server, log: FastifyBaseLogger): void {
    this.#log = log
    server.prependListener('connection', (socket: Socket) => this.#admit(socket))
    if (server instanceof TlsServer) {
      server.prependListener('connection', (socket: Socket) => this.#awaitHandshake(socket))
      server.prependListener('secureConnection', (socket: TLSSocket) => this.#secure(socket))
    }
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request
      this.#answers.set(socket, response)
      response.once('close', () => this.#answers.delete(socket))
      this.#bodies.add(request, response)
    })
    server.on('checkExpectation', ({ socket }: IncomingMessage) => {
      const message = 'Expect: nothing but 100-continue is understood'
      this.#refuse(socket, [null, 'expectation_failed', message])
    })
    server.on('connect', (_request, socket) => {
      this.#refuse(socket as Socket, [null, 'method_not_allowed', 'This server is no proxy'])
    })
  }

  /** For a hook before every route: the refusal of the whole connection, or null. */
  refusalOf(socket: Socket): HttpError | null {
    const refusal = this.#tooMany.get(socket)
    if (refusal === undefined) return null
    const [limit, kind, message] = refusal
    return new HttpError(kind, message, {
      ...(limit !== null && { limit }),
      headers: { Connection: 'close', 'Retry-After': '1' },
    })
  }

  /** Node's listener for input that is no request and so never reaches a route. */
  readonly onClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
    // Without a handshake, no channel for an answer exists.
    const isSecuring = socket instanceof TLSSocket && !this.#open.has(socket)
    if (error.code === 'ECONNRESET' || !socket.writable || isSecuring) {
      socket.destroy()
      return
    }
    const { headerBytes, headerSeconds, bodySeconds } = this.#options.limits
    if (error.code === 'HPE_HEADER_OVERFLOW') {
      const message = `The request line and headers have more than ${headerBytes} bytes`
      this.#refuse(socket, ['headerBytes', 'headers_too_large', message])
    } else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      const isBody = this.#answers.has(socket)
      const [limit, what, seconds] = isBody
        ? (['bodySeconds', 'body', bodySeconds] as const)
        : (['headerSeconds', 'headers', headerSeconds] as const)
      const message = `The ${what} did not come to an end within ${seconds} seconds`
      this.#refuse(socket, [limit, 'request_timeout', message])
    } else {
      const message = 'What came is not a request of HTTP/1.1'
      this.#refuse(socket, [null, 'bad_request', message])
    }
  }

  #admit(socket: Socket): void {
    const { limits, trusts, onRefusal } = this.#options
    const address = socket.remoteAddress ?? ''
    const key = addressKey(address)
    const ofAddress = (this.#byAddress.get(key) ?? 0) + 1
    this.#open.add(socket)
    this.#byAddress.set(key, ofAddress)
    socket.once('close', () => {
      this.#open.delete(socket)
      const left = this.#byAddress.get(key)! - 1
      if (left > 0) this.#byAddress.set(key, left)
      else this.#byAddress.delete(key)
    })
    const { connections, connectionsPerAddress } = limits
    const [count, limit, max] =
      this.#open.size > connections
        ? ([this.#open.size, 'connections', connections] as const)
        : ([
            trusts(address) ? 0 : ofAddress,
            'connectionsPerAddress',
            connectionsPerAddress,
          ] as const)
    if (count <= max) return
    if (count > max * 2) {
      onRefusal(limit)
      socket.destroy()
    } else if (limit === 'connections') {
      this.#tooMany.set(socket, [limit, 'unavailable', `More than ${max} connections are open`])
    } else {
      const message = `More than ${max} connections of this address are open`
      this.#tooMany.set(socket, [limit, 'too_many_requests', message])
    }
  }

  #awaitHandshake(socket: Socket): void {
    const end = otherEnd(socket)
    this.#handshakes.set(end, socket)
    socket.once('close', () => {
      if (this.#handshakes.get(end) === socket) this.#handshakes.delete(end)
    })
  }

  /** Requests and answers know only the TLS socket, so from now on it replaces the one below it. */
  #secure(socket: TLSSocket): void {
    const end = otherEnd(socket)
    const below = this.#handshakes.get(end)
    if (below === undefined) return
    this.#handshakes.delete(end)
    this.#open.delete(below)
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    const refusal = this.#tooMany.get(below)
    if (refusal !== undefined) this.#tooMany.set(socket, refusal)
  }

  /** Answers, unless an answer has begun, then closes. */
  #refuse(socket: Socket, [limit, kind, message]: Refusal): void {
    if (limit !== null) this.#options.onRefusal(limit)
    const { requestId, status, text } = rawReply(kind, message)
    this.#log?.info({ requestId, address: socket.remoteAddress, status }, message)
    if (socket.writable && this.#answers.get(socket)?.headersSent !== true) socket.write(text)
    socket.destroySoon()
  }
}

function otherEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
