/** Paths into a record: `operator.country.mcc`, `tags[0]`, `"a key.with dots".x`. */

export type PathStep = string | number

const STEP = /^(?:"([^"]+)"|([^.[\]"]+))((?:\[\d{1,6}\])*)(?:\.|$)/

/** The steps, or null if the text is no path. */
export function parsePath(text: string): readonly PathStep[] | null {
  const steps: PathStep[] = []
  let rest = text
  while (rest !== '') {
    const match = STEP.exec(rest)
    if (match === null) return null
    const [whole, quoted, plain, indexes = ''] = match
    steps.push(quoted ?? plain!)
    for (const [, index] of indexes.matchAll(/\[(\d+)\]/g)) steps.push(Number(index))
    rest = rest.slice(whole.length)
    if (rest === '' && whole.endsWith('.')) return null
  }
  return steps.length === 0 ? null : steps
}
