/**
 * A network between a program and its PostgreSQL that fails when a test wants it to: it cuts a connection
 * around a statement such as COMMIT, stops carrying bytes, or refuses. Loopback only.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Where a connection is cut, as the server sees the statement. */
export type Cut =
  /** It never comes, and the server notices that the client is gone. */
  | 'before'
  /** It never comes, and the server believes that the client is alive. */
  | 'before, unnoticed'
  /** It is carried out, but the answer is lost. */
  | 'after'

/** A simple query with this text, as `pg` sends it. */
const COMMIT = Buffer.from('Q\0\0\0\x0bCOMMIT\0', 'latin1')

interface Pair {
  readonly client: Socket
  readonly server: Socket
}

export class TcpProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  /** The server's side of connections whose other side went away unnoticed. */
  readonly #unnoticed = new Set<Socket>()
  readonly #port: number
  #cut: { readonly where: Cut; readonly at: Buffer; readonly done: () => void } | null = null
  #before: { readonly at: Buffer; readonly work: () => Promise<void> } | null = null
  #frozen = false
  #refuses = false

  private constructor(port: number) {
    this.#port = port
    this.#server = createServer((client) => this.#join(client))
  }

  /** Carries bytes to and from the URL's host and port. */
  static async open(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(Number(new URL(url).port))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** The URL through the proxy. */
  through(url: string): string {
    const by = new URL(url)
    by.port = String((this.#server.address() as AddressInfo).port)
    return by.href
  }

  /**
   * Cuts at the next COMMIT, or at a statement that contains this text; resolves once that has happened.
   */
  cutAt(where: Cut, statement: string | null = null): Promise<void> {
    const at = statement === null ? COMMIT : Buffer.from(statement)
    return new Promise((done) => {
      this.#cut = { where, at, done }
    })
  }

  /** Runs `work` before it carries the next statement that contains the text; resolves after it. */
  before(statement: string, work: () => Promise<void>): Promise<void> {
    return new Promise((done, fail) => {
      this.#before = { at: Buffer.from(statement), work: () => work().then(done, fail) }
    })
  }

  /** Carries nothing any more, on existing connections and new ones; closes none. */
  freeze(): void {
    this.#frozen = true
    for (const { client, server } of this.#pairs) {
      client.pause()
      server.pause()
    }
  }

  /** Cuts every connection and lets no new one through until told otherwise. */
  refuse(refuses: boolean): void {
    this.#refuses = refuses
    if (refuses) for (const pair of this.#pairs) this.#end(pair)
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) this.#end(pair)
    for (const server of this.#unnoticed) server.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket): void {
    client.on('error', () => {})
    if (this.#refuses) {
      client.resetAndDestroy()
      return
    }
    const server = connect(this.#port, '127.0.0.1')
    server.on('error', () => {})
    const pair = { client, server }
    this.#pairs.add(pair)
    client.on('data', (bytes: Buffer) => this.#fromClient(pair, bytes))
    server.on('data', (bytes) => client.write(bytes))
    client.on('close', () => this.#end(pair))
    server.on('close', () => this.#end(pair))
    if (this.#frozen) {
      client.pause()
      server.pause()
    }
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair)
    pair.client.destroy()
    pair.server.destroy()
  }

  #fromClient(pair: Pair, bytes: Buffer): void {
    const before = this.#before
    if (before !== null && bytes.includes(before.at)) {
      this.#before = null
      pair.client.pause()
      before.work().then(() => {
        pair.server.write(bytes)
        pair.client.resume()
      })
      return
    }
    const cut = this.#cut
    if (cut === null || !bytes.includes(cut.at)) {
      pair.server.write(bytes)
      return
    }
    this.#cut = null
    this.#cutHere(pair, bytes, cut.where)
    cut.done()
  }

  #cutHere(pair: Pair, bytes: Buffer, where: Cut): void {
    const { client, server } = pair
    if (where === 'before') {
      this.#end(pair)
      return
    }
    client.removeAllListeners('close')
    server.removeAllListeners('data')
    if (where === 'before, unnoticed') {
      client.resetAndDestroy()
      this.#pairs.delete(pair)
      this.#unnoticed.add(server)
      return
    }
    server.once('data', () => {
      client.resetAndDestroy()
      this.#end(pair)
    })
    server.write(bytes)
  }
}
