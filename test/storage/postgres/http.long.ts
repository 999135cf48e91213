/** All tests of the API on PostgreSQL, with the full volume of random trials. */
import { runOn } from '../../support/on-engine.ts'

process.env.SIMTALLY_TEST_VOLUME = 'whole'
runOn('postgres', 'http/*.test.ts')
