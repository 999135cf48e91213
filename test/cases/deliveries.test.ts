/** Small deliveries as imperfect sources send them, each with what it has to come to. */
import { CARRIER_CASES } from './carriers-cases.ts'
import { describeCases } from './cases.ts'
import { FILE_CASES } from './files-cases.ts'
import { JOINED_CASES } from './joined-cases.ts'
import { JSON_CASES } from './json-cases.ts'
import { NETWORK_CASES } from './networks-cases.ts'
import { RADIUS_CASES } from './radius-cases.ts'
import { RADIUS_SPELLING_CASES } from './radius-spelling-cases.ts'
import { SUPERSIM_CASES } from './supersim-cases.ts'
import { ROAMING_CASES } from './tap3-cases.ts'

describeCases([
  ...RADIUS_CASES,
  ...RADIUS_SPELLING_CASES,
  ...SUPERSIM_CASES,
  ...CARRIER_CASES,
  ...NETWORK_CASES,
  ...FILE_CASES,
  ...JOINED_CASES,
  ...JSON_CASES,
  ...ROAMING_CASES,
])
