/** What becomes of a commit whose answer is lost, on Citus. */
import { describeCommitOutcome } from '../../contract/commit-outcome.ts'

describeCommitOutcome('citus')
