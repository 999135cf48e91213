/** The example deliveries of the format `mapped`, with their settings and what they come to. */
import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { FeedSettings } from '../../../src/domain/directory.ts'
import type { ToldReading } from '../../support/format-reading.ts'

const FOLDER = new URL('../../fixtures/mapped/', import.meta.url)

export interface MappedDelivery {
  readonly name: string
  readonly bytes: Uint8Array
  readonly settings: FeedSettings
  readonly expected: ToldReading
}

interface Expected {
  /** Of a ready mapping; a delivery of `own` has its mapping beside it. */
  readonly settings?: FeedSettings
  readonly reading: ToldReading
}

/** The ready mappings' and `own`. */
export const MAPPED_FOLDERS: readonly string[] = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

/** Those of one folder, in the order of their names. */
export function deliveriesOf(folder: string): readonly MappedDelivery[] {
  const here = new URL(`${folder}/`, FOLDER)
  return readdirSync(here)
    .filter((file) => !/^LICENSE|\.expected\.json$|\.mapping\.yaml$/.test(file))
    .sort()
    .map((file) => {
      const base = file.split('.')[0]!
      const text = (ending: string) => readFileSync(new URL(base + ending, here), 'utf8')
      const { settings, reading } = JSON.parse(text('.expected.json')) as Expected
      return {
        name: `${folder}/${file}`,
        bytes: readFileSync(new URL(file, here)),
        settings: settings ?? { mapping: parse(text('.mapping.yaml')) },
        expected: reading,
      }
    })
}
