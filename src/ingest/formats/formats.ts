/** The list of formats that a feed can have. */
import type { FeedFormat } from '../../domain/directory.ts'
import { byLine, type CdrFormat, lineRereader, refuseSettings } from './cdr-format.ts'
import { CsvReader, csvRereader } from './csv.ts'
import { decodedReader } from './decoded-reader.ts'
import { MAPPED_FORMAT } from './mapped.ts'
import { NdjsonReader } from './ndjson.ts'
import { nrtrde } from './nrtrde.ts'
import { tellingOtherForm } from './other-form.ts'
import { RADIUS_FORMAT } from './radius.ts'
import { tap3 } from './tap3.ts'

/** UTF-8, unless a byte order mark says UTF-16, as in spreadsheets' "Unicode text". */
const BY_ITS_MARK = { stated: undefined, isXml: false }

export const CDR_FORMATS: Readonly<Record<FeedFormat, CdrFormat>> = {
  csv: {
    checkSettings: refuseSettings,
    createReader: () =>
      tellingOtherForm(decodedReader(byLine(new CsvReader()), BY_ITS_MARK), {
        form: 'CSV',
        remedyOf: (other) =>
          `a feed of format ${other === 'JSON' ? 'ndjson, or mapped,' : 'mapped'} reads ${other}`,
      }),
    createRereader: (_, header) => csvRereader(header),
  },
  ndjson: {
    checkSettings: refuseSettings,
    createReader: () => decodedReader(byLine(new NdjsonReader()), BY_ITS_MARK),
    createRereader: () => lineRereader(new NdjsonReader()),
  },
  mapped: MAPPED_FORMAT,
  radius: RADIUS_FORMAT,
  tap3,
  nrtrde,
}
