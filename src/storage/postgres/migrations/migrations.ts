/** The list of schema steps, oldest first. A released step is never edited. */
import { checksums } from './0001-checksums.ts'
import { groups } from './0001-groups.ts'
import { initialSchema } from './0001-initial.ts'
import { consoleSessions } from './0002-console.ts'
import { moves } from './0003-moves.ts'
import { erasing } from './0004-erasing.ts'
import { partsByPlace } from './0005-parts-by-place.ts'

/** A schema's version is how many of these steps it has taken. */
export const MIGRATIONS: readonly string[] = [
  initialSchema + groups + checksums,
  consoleSessions,
  moves,
  erasing,
  partsByPlace,
]
