/** Random feeds, by import and API, on PostgreSQL against the model. */
import { runOn } from '../support/on-engine.ts'

await runOn('postgres', 'exactness/*.test.ts')
