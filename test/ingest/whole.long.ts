/** Every format, cut and damaged at random. */
import { runWhole } from '../support/file-suites.ts'

runWhole(
  'ingest/{canonical,radius,roaming}-format*.test.ts',
  'ingest/mapped/{json-elements,own-mappings,ready-mappings}.test.ts',
)
