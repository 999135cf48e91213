/** The table of a TAP batch that gives the UTC offsets of local times, by the codes in its events. */
import { shown } from '../../domain/usage-error.ts'
import { asciiOf, integerOf, walkElement } from './ber.ts'
import { offsetSecondsOf } from './local-time.ts'
import { integerText, type StatedInteger, type StatedOffset } from './roaming-record.ts'
import { TAG } from './tap3-tags.ts'

const FIELD = 'utcTimeOffsetCode'
const NO_CODE: StatedOffset = {
  field: FIELD,
  seconds: null,
  value: null,
  rule: 'a value is required',
}

export class UtcOffsets {
  readonly #offsets = new Map<number | bigint, StatedOffset & { readonly text: string }>()

  read(bytes: Buffer, from: number, to: number): void {
    let code: number | bigint | null = null
    let text = ''
    walkElement(bytes, from, to, {
      open: (_, tag) => {
        if (tag !== TAG.utcTimeOffsetInfo) return
        code = null
        text = ''
      },
      value: (parent, tag, _, valueFrom, valueTo) => {
        if (parent !== TAG.utcTimeOffsetInfo) return
        if (tag === TAG.utcTimeOffsetCode) code = integerOf(bytes, valueFrom, valueTo)
        if (tag === TAG.utcTimeOffset) text = asciiOf(bytes, valueFrom, valueTo)
      },
      close: (tag) => {
        if (tag === TAG.utcTimeOffsetInfo && code !== null) this.#add(code, text)
      },
    })
  }

  #add(code: number | bigint, text: string): void {
    const before = this.#offsets.get(code)
    if (before?.text === text) return
    const seconds = offsetSecondsOf(text)
    const rule =
      before !== undefined
        ? `NetworkInfo gives it two offsets, ${shown(before.text)} and ${shown(text)}`
        : `NetworkInfo gives it the offset ${shown(text)}, expected +hhmm or -hhmm`
    this.#offsets.set(code, {
      field: FIELD,
      seconds: before === undefined ? seconds : null,
      value: String(code),
      rule,
      text,
    })
  }

  of(code: StatedInteger): StatedOffset {
    if (code === undefined) return NO_CODE
    const known = code === null ? undefined : this.#offsets.get(code)
    if (known !== undefined) return known
    const rule = 'expected one of the codes that NetworkInfo explains'
    return { field: FIELD, seconds: null, value: String(integerText(code)), rule }
  }
}
