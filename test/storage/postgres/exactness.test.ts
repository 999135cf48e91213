/** Random feeds, by import and API, on PostgreSQL against the model. */
import { runOn } from '../../support/on-engine.ts'

runOn('postgres', 'exactness/*.test.ts')
