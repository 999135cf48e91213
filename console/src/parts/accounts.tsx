/** Accounts with their home sets. The operator creates and changes them; an account sees its own. */
import { useSignal } from '@preact/signals'
import { answerOf, server } from '../api/server.ts'
import { countText } from '../format/quantity.ts'
import { dayText, instantOf } from '../format/time.ts'
import { Scrolling } from '../scrolling.tsx'
import {
  type Account as AccountRow,
  accountSid,
  accounts,
  readAccounts,
} from '../state/accounts.ts'
import { useAnswer } from '../state/answer.ts'
import { hrefOf } from '../state/navigation.ts'
import { isAdmin, session } from '../state/session.ts'
import { Dialog, Failure, fieldsOf, Secret, useAct } from './act.tsx'
import { Answered, Panel } from './panel.tsx'

/** Typing finds the rest. */
const SHOWN_MAX = 50

/** The signed-in account. */
export function Account() {
  const sid = session.value?.account?.sid ?? ''
  const answer = useAnswer(`account ${sid}`, (signal) =>
    answerOf(server.GET('/v1/Accounts/{Sid}', { params: { path: { Sid: sid } }, signal })),
  )
  return (
    <Panel size="wide" title="Account">
      <Answered answer={answer} lines={3}>
        {(account) => (
          <>
            <dl class="facts">
              {factsOf(account).map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
            <p class="muted small">The operator of the server changes these.</p>
          </>
        )}
      </Answered>
    </Panel>
  )
}

function factsOf(account: AccountRow): readonly (readonly [string, string])[] {
  return [
    ['SID', account.sid],
    ['Name', account.name],
    ['Home networks', account.home_plmns.join(' ') || 'none'],
    ['Home countries', account.home_countries.join(' ') || 'none'],
    ['Registers SIMs', account.may_register_numbers ? 'itself' : 'the operator'],
    ['Made', dayText(instantOf(account.date_created))],
  ]
}

export function Accounts() {
  const typed = useSignal('')
  const changing = useSignal<AccountRow | 'new' | null>(null)
  const token = useSignal<{ readonly sid: string; readonly secret: string } | null>(null)
  const notice = useSignal<string | null>(null)
  const wanted = typed.value.trim().toLowerCase()
  const all = accounts.value ?? []
  const found = all.filter(({ sid, name }) => `${sid} ${name}`.toLowerCase().includes(wanted))
  return (
    <Panel
      size="wide"
      title="Accounts"
      aside={
        <div class="choices">
          {all.length > SHOWN_MAX && (
            <input
              type="search"
              aria-label="Find an account by name or SID"
              placeholder="Name or SID"
              onInput={(event) => {
                typed.value = event.currentTarget.value
              }}
            />
          )}
          {isAdmin.value && (
            <button
              type="button"
              onClick={() => {
                changing.value = 'new'
              }}
            >
              New account …
            </button>
          )}
        </div>
      }
    >
      {notice.value !== null && (
        <p class="notice" role="status">
          {notice}
        </p>
      )}
      <AccountTable
        accounts={found.slice(0, SHOWN_MAX)}
        onChange={(account) => {
          changing.value = account
        }}
      />
      {found.length > SHOWN_MAX && (
        <p class="muted small">
          The first {SHOWN_MAX} of {countText(found.length)}. Type a part of a name to find others.
        </p>
      )}
      {changing.value !== null && (
        <AccountForm
          account={changing.value === 'new' ? null : changing.value}
          onClose={() => {
            changing.value = null
          }}
          onMade={(made) => {
            token.value = made
          }}
          onSaid={(text) => {
            notice.value = text
          }}
        />
      )}
      {token.value !== null && (
        <Secret
          title="The new account"
          facts={[
            ['Account SID', token.value.sid],
            ['Auth token', token.value.secret],
          ]}
          onKept={() => {
            token.value = null
          }}
        />
      )}
    </Panel>
  )
}

function AccountTable({
  accounts: shown,
  onChange,
}: {
  readonly accounts: readonly AccountRow[]
  readonly onChange: (account: AccountRow) => void
}) {
  if (shown.length === 0) return <p class="empty">No account is called like this.</p>
  return (
    <Scrolling label="Accounts, as a table">
      <table class="words">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">SID</th>
            <th scope="col">Home networks</th>
            <th scope="col">Home countries</th>
            <th scope="col">Registers SIMs</th>
            <th scope="col">
              <span class="unseen">Change it</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((account) => (
            <tr key={account.sid} aria-current={account.sid === accountSid.value}>
              <th scope="row">
                <a href={hrefOf({ account: account.sid })}>{account.name || account.sid}</a>
              </th>
              <td>
                <code>{account.sid}</code>
              </td>
              <td>{account.home_plmns.join(' ')}</td>
              <td>{account.home_countries.join(' ')}</td>
              <td>{account.may_register_numbers ? 'itself' : 'the operator'}</td>
              <td>
                {isAdmin.value && (
                  <button type="button" onClick={() => onChange(account)}>
                    Change …<span class="unseen"> {account.name}</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  )
}

interface AccountFormProps {
  /** Null for a new account. */
  readonly account: AccountRow | null
  readonly onClose: () => void
  readonly onMade: (made: { readonly sid: string; readonly secret: string }) => void
  readonly onSaid: (text: string) => void
}

function AccountForm({ account, onClose, onMade, onSaid }: AccountFormProps) {
  const act = useAct()
  const submit = (event: SubmitEvent) => {
    const field = fieldsOf(event)
    const body = {
      Name: field('name'),
      HomePlmns: field('plmns'),
      HomeCountries: field('countries'),
      MayRegisterNumbers: String(field('registers') === 'on'),
    }
    void act.run(async () => {
      if (account === null) {
        const made = await answerOf(server.POST('/v1/Accounts', { body }))
        onMade({ sid: made.sid, secret: made.auth_token })
      } else {
        const path = { Sid: account.sid }
        const changed = await answerOf(
          server.POST('/v1/Accounts/{Sid}', { params: { path }, body }),
        )
        onSaid(saidOf(account, changed))
      }
      await readAccounts()
      onClose()
    })
  }
  return (
    <Dialog title={account === null ? 'New account' : 'Change the account'} onClose={onClose}>
      <form class="fields" onSubmit={submit}>
        <label>
          Name
          <input name="name" required maxLength={64} defaultValue={account?.name ?? ''} />
        </label>
        <label>
          Home networks
          <input
            name="plmns"
            placeholder="310-260 310-160"
            defaultValue={account?.home_plmns.join(' ')}
          />
        </label>
        <label>
          Home countries
          <input
            name="countries"
            placeholder="US PR"
            defaultValue={account?.home_countries.join(' ')}
          />
        </label>
        <label class="check">
          <input type="checkbox" name="registers" defaultChecked={account?.may_register_numbers} />
          It may register SIMs with their numbers itself
        </label>
        <p class="muted small">
          Usage on a home network is at home; elsewhere in a home country it is national roaming,
          and anywhere else international.
        </p>
        <Failure of={act} />
        <div class="actions">
          <button type="submit" class="primary" disabled={act.isBusy}>
            {account === null ? 'Make it' : 'Save'}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/**
 * A home set applies to future usage. Changing what is already counted is a separate decision, made
 * elsewhere.
 */
function saidOf(before: AccountRow, now: AccountRow): string {
  const homeOf = ({ home_plmns, home_countries }: AccountRow) =>
    JSON.stringify([home_plmns, home_countries])
  if (homeOf(before) === homeOf(now)) return `${now.name} is saved.`
  return (
    `${now.name} is saved. Its new home set classifies the records that come from now on. Counted usage ` +
    'keeps its zone until it is reclassified, on the server’s machine: ' +
    `simtally reclassify --since DATE --account ${now.sid}`
  )
}
