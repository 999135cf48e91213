/** Random feeds, by import and API, on Citus against the model. */
import { runOn } from '../../support/on-engine.ts'

runOn('citus', 'exactness/*.test.ts')
