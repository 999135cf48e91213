/** The list of schema steps, oldest first. A step that was released is never edited. */
import { initialSchema } from './0001-initial.ts'
import { feedSettings } from './0002-feed-settings.ts'
import { readings } from './0003-readings.ts'
import { simMonth } from './0004-sim-month.ts'
import { completeness } from './0005-completeness.ts'
import { undo } from './0006-undo.ts'
import { simNames } from './0007-sim-names.ts'
import { checksums } from './0008-checksums.ts'
import { operatorsHand } from './0009-operators-hand.ts'
import { feedGrants } from './0010-feed-grants.ts'
import { numberBringers } from './0011-number-bringers.ts'
import { acts } from './0012-acts.ts'
import { coverage } from './0013-coverage.ts'
import { repeats } from './0014-repeats.ts'
import { undoneVersions } from './0015-undone-versions.ts'
import { deliverers } from './0016-deliverers.ts'

/** The version of a schema is how many of these steps it has taken. */
export const MIGRATIONS: readonly string[] = [
  initialSchema,
  feedSettings,
  readings,
  simMonth,
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
