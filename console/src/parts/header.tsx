/** The header of every page. */
import { API_ROOT } from '../base.ts'
import { Mark } from '../pages/sign-in.tsx'
import { accountSid, accounts, isOperator } from '../state/accounts.ts'
import { hrefOf, show, view } from '../state/navigation.ts'
import { byteUnits, theme } from '../state/preferences.ts'
import { session, signOut } from '../state/session.ts'
import type { Page } from '../state/view.ts'
import { useAct } from './act.tsx'
import { showHelp } from './help.tsx'
import { Choice } from './panel.tsx'
import { RangePicker } from './range-picker.tsx'
import { SimSearch } from './sim-search.tsx'

const LINKS = [
  { page: 'fleet', name: 'Fleet' },
  { page: 'sims', name: 'SIMs' },
  { page: 'feeds', name: 'Feeds' },
  { page: 'manage', name: 'Manage' },
] as const

/** Pages that belong below another one. */
const WITHIN: Readonly<Partial<Record<Page, Page>>> = { sim: 'sims', import: 'feeds' }

export function Header() {
  const { page } = view.value
  return (
    <header class="top">
      <a class="brand" href={hrefOf({ page: 'fleet', subject: null, filters: {}, at: null })}>
        <Mark />
        <span>Simtally</span>
      </a>
      <nav aria-label="Pages">
        {LINKS.map((link) => (
          <a
            key={link.page}
            href={hrefOf({ page: link.page, subject: null, at: null, filters: {}, search: null })}
            aria-current={
              page === link.page ? 'page' : WITHIN[page] === link.page ? 'true' : undefined
            }
          >
            {link.name}
          </a>
        ))}
      </nav>
      <SimSearch />
      <div class="right">
        <AccountName />
        <RangePicker />
        <Menu />
      </div>
    </header>
  )
}

function AccountName() {
  const { page } = view.value
  if (!isOperator.value) return null
  return (
    <select
      aria-label="Account"
      value={accountSid.value ?? ''}
      onChange={(event) =>
        show({
          account: event.currentTarget.value,
          // Keeps the current page, unless its subject belongs to the other account.
          page: page === 'sims' || page === 'manage' ? page : 'fleet',
          ...{ subject: null, at: null, filters: {}, search: null },
        })
      }
    >
      {accounts.value?.map(({ sid, name }) => (
        <option key={sid} value={sid}>
          {name}
        </option>
      ))}
    </select>
  )
}

function Menu() {
  const { account, name, credential_sid, scope } = session.value!
  const act = useAct()
  return (
    <details class="menu">
      <summary aria-label="Menu" class="icon">
        ☰
      </summary>
      <div class="card popup end">
        <p>
          <strong>{account?.name ?? name ?? 'Operator'}</strong>
          <br />
          <span class="muted small">
            {credential_sid.slice(0, 10)}…, {isOperator.value ? 'operator, ' : ''}
            {scope}
          </span>
        </p>
        <Choice
          label="Units of data"
          value={byteUnits.value}
          options={[
            { value: 'decimal', name: 'kB, MB' },
            { value: 'binary', name: 'KiB, MiB' },
          ]}
          onChoose={(units) => {
            byteUnits.value = units
          }}
        />
        <Choice
          label="Colours"
          value={theme.value}
          options={[
            { value: 'system', name: 'System' },
            { value: 'light', name: 'Light' },
            { value: 'dark', name: 'Dark' },
          ]}
          onChoose={(chosen) => {
            theme.value = chosen
          }}
        />
        <ul>
          <li>
            <button type="button" class="plain" onClick={showHelp}>
              Keys <kbd>?</kbd>
            </button>
          </li>
          <li>
            <a href={`${API_ROOT}docs`} target="_blank" rel="noreferrer">
              The API
            </a>
          </li>
          <li>
            <button type="button" class="plain" onClick={() => void act.run(signOut)}>
              Sign out
            </button>
            {act.failure !== null && (
              <p class="failure" role="alert">
                You are still signed in. {act.failure}
              </p>
            )}
          </li>
        </ul>
      </div>
    </details>
  )
}
