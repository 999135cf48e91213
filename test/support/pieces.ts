/** Cuts bytes into chunks, as they come from a network. */

/** Chunks of these sizes, over and over, each with memory of its own. */
export function* inPieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    yield Uint8Array.from(bytes.subarray(at, at + size))
    at += size
  }
}
