/**
 * Listens on a port together with other processes, and on several sockets in each. The system distributes
 * connections among all listening sockets; no process hands them over.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { FastifyListenOptions } from 'fastify'
import type { HttpServer } from './route-context.ts'

/**
 * A turn of the event loop accepts one connection per socket, and takes tens of milliseconds on a busy
 * server. With one socket, the last of hundreds of simultaneous connections, perhaps a health check, would
 * wait for seconds.
 */
const SOCKETS = 32

/**
 * Checks first that no other program has the port, because the system lets any socket in that shares it.
 * Fails as listening does. Closing the server closes all sockets and waits for their connections.
 */
export async function listenTogether(
  server: HttpServer,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<void> {
  // Fastify passes its options on to Node, which knows one more than Fastify's types.
  const options: FastifyListenOptions & { reusePort: boolean } = { port, host, reusePort: true }
  try {
    await server.listen(options)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTSUP') throw error
    // macOS and Windows cannot share: the serving process hands over connections, one at a time.
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
  // As Node sets it for its own sockets: over HTTP, a caller may end its side first; below TLS, that means it
  // has left.
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
