/** Imperfect sources' deliveries come to the same on PostgreSQL. */
import { runOn } from '../../support/on-engine.ts'

runOn('postgres', 'cases/*.test.ts')
