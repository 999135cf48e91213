/** Whose usage is in view. An account sees its own; an operator chooses. */
import { computed, effect, signal } from '@preact/signals'
import { rowsOf, type Schema, server } from '../api/server.ts'
import { isSilence } from '../failure.ts'
import { ASK_AGAIN_MS } from './answer.ts'
import { view } from './navigation.ts'
import { session } from './session.ts'

export type Account = Schema<'Account'>

/** For an operator; undefined until they are known. */
export const accounts = signal<readonly Account[] | undefined>(undefined)

export const isOperator = computed(() => session.value?.role === 'operator')

/** The account that questions name; null for an account, whose questions name none. */
export const accountSid = computed(() =>
  isOperator.value ? (view.value.account ?? accounts.value?.[0]?.sid ?? null) : null,
)

/** False until it is known whose usage to ask for. */
export const isAccountKnown = computed(() => !isOperator.value || accountSid.value !== null)

/** The account to name in a question about this SIM, whichever account is in view. */
export function accountOf(sim: Schema<'Sim'>): string | null {
  return isOperator.value ? sim.account_sid : null
}

/** Why the accounts are not known; null if they are, or will be. */
export const accountsFailure = signal<unknown>(null)

effect(() => {
  if (isOperator.value) findAccounts()
  else {
    accounts.value = undefined
    accountsFailure.value = null
  }
})

/** Asks until somebody answers. */
export function findAccounts(): void {
  readAccounts().catch((failure: unknown) => {
    accountsFailure.value = failure
    if (isSilence(failure)) setTimeout(() => isOperator.peek() && findAccounts(), ASK_AGAIN_MS)
  })
}

/** Asks again after a change. */
export async function readAccounts(): Promise<void> {
  const found: Account[] = []
  for await (const account of rowsOf(server, '/v1/Accounts', { query: { PageSize: '1000' } })) {
    found.push(account)
  }
  accounts.value = found
  accountsFailure.value = null
}
