/** What an accounting packet is: a reading of a session, or an announcement about its whole NAS. */
import { RESTARTS_MAX, type Restart } from '../../domain/restart.ts'
import { CountedNames } from './radius-warnings.ts'

export type Status = 'start' | 'stop' | 'interim'

export const STATUSES: ReadonlyMap<string, Status> = new Map([
  ['1', 'start'],
  ['start', 'start'],
  ['2', 'stop'],
  ['stop', 'stop'],
  ['3', 'interim'],
  ['interim-update', 'interim'],
  // The name in dictionaries before RFC 2869.
  ['alive', 'interim'],
])

/** A NAS that has come up again. Going down is not included, because stops may follow. */
const RESTARTS: readonly string[] = ['7', 'accounting-on']

export function isRestart(status: string): boolean {
  return RESTARTS.includes(status.toLowerCase())
}

/** The restarts that one delivery announces. */
export class Announcements {
  readonly #restarts = new Map<string, Restart>()
  readonly #names = new CountedNames()

  get restarts(): readonly Restart[] {
    return [...this.#restarts.values()]
  }

  /** False if there are too many. */
  add(restart: Restart): boolean {
    const key = `${restart.at} ${restart.seriesPrefix}`
    if (!this.#restarts.has(key) && this.#restarts.size >= RESTARTS_MAX) return false
    this.#restarts.set(key, restart)
    this.#names.add(restart.seriesPrefix.slice(0, -1))
    return true
  }

  warnings(): string[] {
    if (this.#names.total === 0) return []
    return [
      `restarts were announced (Accounting-On), after which sessions count from 0, by NAS: ${this.#names.told()}`,
    ]
  }
}
