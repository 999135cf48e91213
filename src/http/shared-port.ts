/**
 * Listening on a port together with other processes, and with several sockets each. The system deals
 * connections out among all sockets that listen; nobody hands them over.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { FastifyListenOptions } from 'fastify'
import type { HttpServer } from './route-context.ts'

/**
 * One turn of the event loop accepts one connection of each socket. A server that is busy takes tens
 * of milliseconds for a turn: with one socket, the last of hundreds of connections that come at once,
 * a health check perhaps, would wait for seconds.
 */
const SOCKETS = 32

/**
 * Whether another program has the port has to be found out before: sockets that share it are let in.
 * Fails as listening does. Closing the server closes all sockets, and waits for what came over them.
 */
export async function listenTogether(
  server: HttpServer,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<void> {
  // Fastify hands its options on to Node, which knows one more than Fastify's types.
  const options: FastifyListenOptions & { reusePort: boolean } = { port, host, reusePort: true }
  try {
    await server.listen(options)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTSUP') throw error
    // macOS and Windows cannot: the serving process hands connections over, one at a time.
    await server.listen({ port, host })
    return
  }
  const { address, port: taken } = server.server.address() as AddressInfo
  await acceptBeside(server.server, { host: address, port: taken, reusePort: true })
}

async function acceptBeside(
  server: Server,
  address: { readonly host: string; readonly port: number; readonly reusePort: true },
): Promise<void> {
  const onConnection = (socket: Socket) => server.emit('connection', socket)
  // As Node asks for its own: with HTTP, a caller may end its side first; below TLS, it has gone then.
  const { allowHalfOpen } = server as Server & { readonly allowHalfOpen: boolean }
  const others = Array.from({ length: SOCKETS - 1 }, () =>
    createServer({ allowHalfOpen, noDelay: true }, onConnection),
  )
  closeWith(server, others)
  await Promise.all(others.map((other) => once(other.listen(address), 'listening')))
}

function closeWith(server: Server, others: readonly Server[]): void {
  const closeOwn = server.close.bind(server)
  server.close = (onClosed) => {
    const closed = others.map((other) => new Promise((resolve) => other.close(resolve)))
    return closeOwn((error) => void Promise.all(closed).then(() => onClosed?.(error)))
  }
}
