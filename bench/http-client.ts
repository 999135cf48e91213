/**
 * A client that costs little compared to the servers it calls: persistent connections, requests as bytes
 * prepared beforehand, answers read up to their length. Each connection asks the next question as soon as it
 * has its answer.
 */
import { connect, type Socket } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')

/** A request of one path, in bytes. */
export function getRequest(path: string, authorization: string): Buffer {
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nhost: bench\r\nauthorization: ${authorization}\r\n\r\n`,
  )
}

export interface AskOptions {
  readonly connections: number
  /** After this many answers, the connection that got the last one waits for `pause`. */
  readonly pauseEvery?: number
  readonly pause?: () => Promise<void>
}

/** Sends each request once. Returns the bytes of all bodies, and throws for an answer that is not 200. */
export async function askAll(
  url: string,
  requests: readonly Buffer[],
  { connections, pauseEvery = 0, pause = async () => {} }: AskOptions,
): Promise<number> {
  let next = 0
  let bytes = 0
  const caller = async () => {
    const connection = await Connection.open(url)
    try {
      while (next < requests.length) {
        const number = next++
        bytes += await connection.ask(requests[number]!)
        if (pauseEvery > 0 && number % pauseEvery === pauseEvery - 1) await pause()
      }
    } finally {
      connection.close()
    }
  }
  await Promise.all(Array.from({ length: connections }, caller))
  return bytes
}

class Connection {
  readonly #socket: Socket
  #answered: (bytes: number) => void = () => {}
  #failed: (error: Error) => void = () => {}
  #head: Buffer = Buffer.alloc(0)
  /** Bytes of the body still to come; null while reading the head. */
  #missing: number | null = null
  #length = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#take(chunk as Buffer))
    socket.on('error', (error) => this.#failed(error))
    socket.on('close', () => this.#failed(new Error('the server closed a connection')))
  }

  static open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => resolve(new Connection(socket)))
      socket.setNoDelay(true)
      socket.once('error', reject)
    })
  }

  ask(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve
      this.#failed = reject
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    let body = chunk
    if (this.#missing === null) {
      const all = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk])
      const end = all.indexOf(HEAD_END)
      if (end === -1) {
        this.#head = all
        return
      }
      const head = all.toString('latin1', 0, end)
      const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? []
      if (!head.startsWith('HTTP/1.1 200') || length === undefined) {
        this.#failed(new Error(head.split('\r\n')[0]))
        return
      }
      this.#head = Buffer.alloc(0)
      this.#length = Number(length)
      this.#missing = this.#length
      body = all.subarray(end + HEAD_END.length)
    }
    this.#missing -= body.length
    if (this.#missing > 0) return
    this.#missing = null
    this.#answered(this.#length)
  }
}
