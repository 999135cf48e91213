/** HTTP on bare sockets, for what no client would send. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  /** 0 if nothing was answered. */
  readonly status: number
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** Opens a connection and sends the given text; it stays open. */
export async function openSocket(port: number, text: string | Buffer = ''): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  await once(socket, 'connect')
  if (text.length > 0) socket.write(text)
  return socket
}

/** What comes until the other side closes. */
export async function answerOn(socket: Socket): Promise<RawAnswer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!socket.destroyed) {
    await Promise.race([once(socket, 'end'), once(socket, 'close')])
    socket.destroy()
  }
  return parsed(Buffer.concat(chunks).toString())
}

/** Sends it over a separate connection. Its answer has to end with the connection. */
export async function talk(port: number, text: string | Buffer): Promise<RawAnswer> {
  return await answerOn(await openSocket(port, text))
}

function parsed(answer: string): RawAnswer {
  const [head = '', ...rest] = answer.split('\r\n\r\n')
  const [line = '', ...fields] = head.split('\r\n')
  const headers = fields.map((field) => {
    const colon = field.indexOf(':')
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()]
  })
  return {
    status: Number(line.split(' ')[1] ?? 0),
    headers: Object.fromEntries(headers),
    text: rest.join('\r\n\r\n'),
  }
}
