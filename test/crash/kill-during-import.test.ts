/** Imports that are killed at random moments. */

import { share } from '../support/volume.ts'
import { describeKilledImports } from './killed-imports.ts'

describeKilledImports({ kills: share(3, 25) })
