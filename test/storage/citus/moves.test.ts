/** Whole stores move to Citus. */
import { describeMoves } from '../../contract/moves.ts'

describeMoves('citus')
