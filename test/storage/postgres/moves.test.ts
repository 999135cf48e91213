/** Whole stores move to PostgreSQL. */
import { describeMoves } from '../../contract/moves.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

describeMoves('postgres')
