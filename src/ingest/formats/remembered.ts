/** What readers remember of the texts they have met. */

/** How many distinct networks or dates are remembered; a delivery has some hundreds. */
const REMEMBERED_MAX = 10_000

export function remember<V>(map: Map<string, V>, key: string, value: V): void {
  if (map.size >= REMEMBERED_MAX) map.clear()
  map.set(ownCopy(key), value)
}

/** Text cut from a line keeps the whole chunk in memory that it was read from; a copy does not. */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}
