/** All tests of the API on PostgreSQL, with all that is tried at random. */
import { runOn } from '../../support/on-engine.ts'

process.env.SIMTALLY_TEST_VOLUME = 'whole'
runOn('postgres', 'http/*.test.ts')
