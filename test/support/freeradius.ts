/**
 * A FreeRADIUS server for the test alone, on a free loopback port, and packets sent to it by `radclient`.
 * Neither comes in an npm package: tests that need them run if they are installed, and fail in CI if they
 * are not.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const INSTALL_FREERADIUS =
  'apt-get install -y --no-install-recommends freeradius freeradius-utils'

export function hasFreeRadius(): boolean {
  const isThere = (program: string) => spawnSync(program, ['-v']).status === 0
  return isThere('freeradius') && isThere('radclient')
}

/** The files that the server writes from the same packets. */
export const WRITTEN = ['packets.detail', 'values.ndjson', 'objects.ndjson'] as const

export interface FreeRadius {
  /** Each after the answer to the previous one; values as `radclient` reads them. */
  send(packets: readonly Readonly<Record<string, string | number>>[]): Promise<void>
  read(file: (typeof WRITTEN)[number]): Promise<Buffer>
  stop(): Promise<void>
}

export interface FreeRadiusOptions {
  /** The zone in which it writes times. */
  readonly zone: string
  /** Adds 64-bit octets to each packet, like the policy `acct_counters64`. */
  readonly has64Bit?: boolean
}

const SECRET = 'loopback'

const COUNTERS_64_BIT = `
      if (&Acct-Input-Octets || &Acct-Output-Octets) {
        update request {
          &Acct-Input-Octets64 = "%{expr:(&Acct-Input-Gigawords << 32) | &Acct-Input-Octets}"
          &Acct-Output-Octets64 = "%{expr:(&Acct-Output-Gigawords << 32) | &Acct-Output-Octets}"
        }
      }`

function configuration(folder: string, port: number, has64Bit: boolean): string {
  return `
  run_dir = ${folder}
  logdir = ${folder}
  log {
    destination = stdout
  }
  security {
    allow_vulnerable_openssl = yes
  }
  client loopback {
    ipaddr = 127.0.0.1
    secret = ${SECRET}
  }
  modules {
    expr {
    }
    detail {
      filename = ${folder}/packets.detail
      header = "%t"
    }
    json json_values {
      encode {
        output_mode = object_simple
      }
    }
    json json_objects {
      encode {
        output_mode = object
      }
    }
    linelog values {
      filename = ${folder}/values.ndjson
      format = "%{json_values_encode:&request:[*]}"
    }
    linelog objects {
      filename = ${folder}/objects.ndjson
      format = "%{json_objects_encode:&request:[*]}"
    }
  }
  server accounting {
    listen {
      type = acct
      ipaddr = 127.0.0.1
      port = ${port}
    }
    preacct {${has64Bit ? COUNTERS_64_BIT : ''}
    }
    accounting {
      detail
      # JSON has no line for the time of receipt.
      if (!&Event-Timestamp) {
        update request {
          &Event-Timestamp := "%{expr:%l - %{%{Acct-Delay-Time}:-0}}"
        }
      }
      values
      objects
    }
  }
`
}

export async function startFreeRadius({
  zone,
  has64Bit = false,
}: FreeRadiusOptions): Promise<FreeRadius> {
  const folder = await mkdtemp(join(tmpdir(), 'simtally-freeradius-'))
  const port = await freeUdpPort()
  await writeFile(join(folder, 'radiusd.conf'), configuration(folder, port, has64Bit))
  const args = ['-f', '-l', 'stdout', '-d', folder, '-n', 'radiusd']
  const server = spawn('freeradius', args, {
    env: { ...process.env, TZ: zone },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await ready(server).catch(async (error) => {
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  return {
    send: (packets) => send(port, packets),
    read: (file) => readFile(join(folder, file)),
    stop: async () => {
      const ended = once(server, 'close')
      server.kill('SIGTERM')
      const killing = setTimeout(() => server.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(killing)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function ready(server: ChildProcess): Promise<void> {
  let output = ''
  return new Promise((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      output += chunk
      if (output.includes('Ready to process requests')) resolve()
    }
    server.stdout!.on('data', listen)
    server.stderr!.on('data', listen)
    server.once('error', reject)
    server.once('close', () => reject(new Error(`FreeRADIUS ended: ${output}`)))
  })
}

async function send(port: number, packets: Parameters<FreeRadius['send']>[0]): Promise<void> {
  const blocks = packets.map((packet) =>
    Object.entries(packet)
      .map(([name, value]) => `${name} = ${typeof value === 'string' ? quoted(value) : value}\n`)
      .join(''),
  )
  const client = spawn('radclient', ['-q', '-r', '3', `127.0.0.1:${port}`, 'acct', SECRET])
  let output = ''
  for (const stream of [client.stdout, client.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  client.stdin.end(blocks.join('\n'))
  const [code] = await once(client, 'close')
  if (code !== 0) throw new Error(`radclient ended with ${code}: ${output}`)
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}
