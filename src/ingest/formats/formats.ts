/** The list of formats a feed can have. */
import type { FeedFormat } from '../../domain/directory.ts'
import type { CdrReader } from './cdr-format.ts'
import { CsvReader } from './csv.ts'
import { NdjsonReader } from './ndjson.ts'

export const CDR_FORMATS: Readonly<Record<FeedFormat, () => CdrReader>> = {
  csv: () => new CsvReader(),
  ndjson: () => new NdjsonReader(),
}
