/** The list of schema steps, oldest first. A step that was released is never edited. */
import { initialSchema } from './0001-initial.ts'
import { readings } from './0002-readings.ts'
import { completeness } from './0003-completeness.ts'
import { undo } from './0004-undo.ts'
import { simNames } from './0005-sim-names.ts'
import { checksums } from './0006-checksums.ts'
import { operatorsHand } from './0007-operators-hand.ts'
import { feedGrants } from './0008-feed-grants.ts'
import { numberBringers } from './0009-number-bringers.ts'
import { acts } from './0010-acts.ts'
import { coverage } from './0011-coverage.ts'
import { repeats } from './0012-repeats.ts'
import { undoneVersions } from './0013-undone-versions.ts'
import { deliverers } from './0014-deliverers.ts'

/** The version of a schema is how many of these steps it has taken. */
export const MIGRATIONS: readonly string[] = [
  initialSchema,
  readings,
  completeness,
  undo,
  simNames,
  checksums,
  operatorsHand,
  feedGrants,
  numberBringers,
  acts,
  coverage,
  repeats,
  undoneVersions,
  deliverers,
]
