/** What readers remember of the texts they have met. */

/** Distinct networks or dates remembered while reading; a delivery has some hundreds. */
const REMEMBERED_MAX = 10_000

export function remember<V>(map: Map<string, V>, key: string, value: V): void {
  if (map.size >= REMEMBERED_MAX) map.clear()
  map.set(ownCopy(key), value)
}

/** A text cut from a line keeps the whole chunk it was read from in memory; a copy does not. */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}
