/** Larger random feeds, different in every run, on PostgreSQL against the model. */
import { runOn } from '../../support/on-engine.ts'

runOn('postgres', 'exactness/*.long.ts')
