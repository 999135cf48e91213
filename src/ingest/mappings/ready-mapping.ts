/** A ready mapping: a carrier's records, with settings for what the carrier leaves open. */
import type { ConflictPolicy } from '../../domain/usage-event.ts'
import type { Mapping, PlmnParts } from '../mapped/mapping.ts'
import { isTimeZone } from '../mapped/time-zone.ts'

export interface MappingSetting {
  /** What it decides, as a sentence without its full stop. */
  readonly meaning: string
  /** Its values and what each means; null if any text that `accepts` allows is a value. */
  readonly choices: Readonly<Record<string, string>> | null
  readonly accepts: (text: string) => boolean
  /** What is expected if there are no choices. */
  readonly expected: string
  /** `required` if the carrier does not say it and it must not be guessed. */
  readonly otherwise: 'required' | { readonly value: string } | 'left out'
}

export interface ReadyMapping {
  readonly name: string
  /** The carrier, and which of its records are read. */
  readonly title: string
  readonly settings: Readonly<Record<string, MappingSetting>>
  /** What its feed does, by default, with a record that is stored with other content. */
  readonly onConflict: ConflictPolicy
  /**
   * `given` has a checked value for every setting that is not left out. For the same `given`, the ids,
   * SIMs and times of records never change: feeds only keep a mapping's name, and a record that came
   * again under another identity would be counted again.
   */
  readonly build: (given: Readonly<Record<string, string>>) => Mapping
}

/** A setting with a list of values; without a default, it must be stated. */
export function oneOf(
  meaning: string,
  choices: Readonly<Record<string, string>>,
  value?: string,
): MappingSetting {
  return {
    meaning,
    choices,
    accepts: (text) => Object.hasOwn(choices, text),
    expected: `one of ${Object.keys(choices).join(', ')}`,
    otherwise: value === undefined ? 'required' : { value },
  }
}

export function optional(setting: MappingSetting): MappingSetting {
  return { ...setting, otherwise: 'left out' }
}

export function timeZone(meaning: string): MappingSetting {
  return {
    meaning,
    choices: null,
    accepts: isTimeZone,
    expected: 'UTC, an offset such as +05:45, or a name such as Europe/Berlin',
    otherwise: 'required',
  }
}

export const MEGABYTE = oneOf('how many bytes the carrier means by MB', {
  MB: '1,000,000 bytes',
  MiB: '1,048,576 bytes',
})

export const TOTAL_IS = oneOf('where to count bytes whose direction the carrier does not state', {
  download: 'to the device',
  upload: 'from the device',
})

export const MNC_DIGITS = optional(
  oneOf('how long MNCs are if leading zeros have been lost', {
    2: 'two digits: 7 is 07',
    3: 'three digits: 7 is 007',
  }),
)

/** The network at the two references; `given` includes `MNC_DIGITS`. */
export function plmnIn(
  mcc: string,
  mnc: string,
  { mnc_digits: digits }: Readonly<Record<string, string>>,
): PlmnParts {
  return { mcc, mnc, ...(digits !== undefined && { mnc_digits: Number(digits) }) }
}

/** By default, records that span time count at their end. */
export const BOOKED_AT = oneOf(
  'when a record that spans time counts',
  { end: 'at its end', start: 'at its start' },
  'end',
)
