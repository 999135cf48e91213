/** The list of formats a feed can have. */
import type { FeedFormat } from '../../domain/directory.ts'
import { byLine, type CdrFormat, refuseSettings } from './cdr-format.ts'
import { CsvReader } from './csv.ts'
import { MAPPED_FORMAT } from './mapped.ts'
import { NdjsonReader } from './ndjson.ts'
import { nrtrde } from './nrtrde.ts'
import { RADIUS_FORMAT } from './radius.ts'
import { tap3 } from './tap3.ts'

export const CDR_FORMATS: Readonly<Record<FeedFormat, CdrFormat>> = {
  csv: { checkSettings: refuseSettings, createReader: () => byLine(new CsvReader()) },
  ndjson: { checkSettings: refuseSettings, createReader: () => byLine(new NdjsonReader()) },
  mapped: MAPPED_FORMAT,
  radius: RADIUS_FORMAT,
  tap3,
  nrtrde,
}
