/** What an audit finds, added up look by look and step by step. */
import { AUDIT_DIFFERENCES_MAX, type AuditDifference } from './report.ts'

export class Found {
  readonly differences: AuditDifference[] = []
  count = 0
  ledgerRows = 0
  cells = 0

  add(differences: readonly AuditDifference[], count = differences.length): void {
    this.count += count
    const room = AUDIT_DIFFERENCES_MAX - this.differences.length
    this.differences.push(...differences.slice(0, Math.max(0, room)))
  }

  addAll({ differences, count, ledgerRows, cells }: Found): void {
    this.add(differences, count)
    this.ledgerRows += ledgerRows
    this.cells += cells
  }
}
