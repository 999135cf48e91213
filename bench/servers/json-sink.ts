/**
 * A `node:http` server that parses each body as JSON and answers how many elements it had. It keeps nothing.
 * With a path, it first appends the bodies to that file, and one fsync covers all that are waiting.
 */
import { open } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const [, , path] = process.argv
const file = path === undefined ? null : await open(path, 'a')

let waiting: { readonly body: Buffer; readonly answer: () => void }[] = []
let isWriting = false

async function writeWaiting(): Promise<void> {
  if (isWriting || file === null) return
  isWriting = true
  while (waiting.length > 0) {
    const together = waiting
    waiting = []
    await file.writev(together.map(({ body }) => body))
    await file.datasync()
    for (const { answer } of together) answer()
  }
  isWriting = false
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const events = JSON.parse(body.toString()) as unknown[]
    const text = Buffer.from(JSON.stringify({ accepted: events.length }))
    const answer = () => {
      response.writeHead(200, {
        'content-type': 'application/json; charset=utf-8',
        'content-length': text.length,
      })
      response.end(text)
    }
    if (file === null) return answer()
    waiting.push({ body, answer })
    void writeWaiting()
  })
})
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
