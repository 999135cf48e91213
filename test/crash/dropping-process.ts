/**
 * A process that drops files into a folder as carriers' transfers do: in pieces, with pauses, under
 * the final name or a temporary one: `node dropping-process.ts <folder> <first> <count>`.
 */
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { seededRandom } from '../support/killed-process.ts'
import { contentOf, nameOf } from './dropped-files.ts'

/** Far below the settle time of the watcher, also where the machine is busy. */
const PAUSE_MS_MAX = 20
const PIECES_MAX = 6

const [folder = '', firstText = '', countText = ''] = process.argv.slice(2)
const first = Number(firstText)
const next = seededRandom(first + 1)

for (let file = first; file < first + Number(countText); file++) {
  const name = nameOf(file)
  const plain = Buffer.from(contentOf(file))
  const bytes = name.endsWith('.gz') ? gzipSync(plain) : plain
  // The final name, or one that says that the file is not complete.
  const written = [name, `${name}.part`, `.${name}`][Math.floor(next() * 3)]!
  await writeInPieces(join(folder, written), bytes)
  if (written !== name) await rename(join(folder, written), join(folder, name))
}

async function writeInPieces(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx')
  const pieces = 1 + Math.floor(next() * PIECES_MAX)
  let from = 0
  for (let piece = 1; piece <= pieces; piece++) {
    const to = piece === pieces ? bytes.length : from + Math.floor(next() * (bytes.length - from))
    await file.write(bytes.subarray(from, to))
    from = to
    await setTimeout(next() * PAUSE_MS_MAX)
  }
  await file.close()
}
