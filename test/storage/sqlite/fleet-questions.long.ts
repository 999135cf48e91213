/**
 * Questions about a fleet on SQLite, where monthly totals answer too, in more worlds than the contract
 * has.
 */
import { describeFleetQuestions } from '../../contract/fleet-questions.ts'
import { SQLITE } from '../../contract/sqlite-engine.ts'

const WORLDS = 60

describeFleetQuestions(SQLITE, WORLDS)
