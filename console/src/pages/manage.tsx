/** Accounts, keys, groups and lists of SIMs: each as far as the user may change it. */

import { Account, Accounts } from '../parts/accounts.tsx'
import { Groups } from '../parts/groups.tsx'
import { Keys } from '../parts/keys.tsx'
import { Panel } from '../parts/panel.tsx'
import { SimList } from '../parts/sim-list.tsx'
import { useTitle } from '../parts/title.ts'
import { accountSid, accounts, isOperator } from '../state/accounts.ts'
import { isAdmin, session } from '../state/session.ts'

export function ManagePage() {
  useTitle('Manage')
  const chosen = accounts.value?.find(({ sid }) => sid === accountSid.value)
  const name = session.value?.account?.name ?? chosen?.name
  return (
    <div class="page manage">
      <div class="title">
        <h1>Manage</h1>
        {name !== undefined && <span class="muted">{name}</span>}
      </div>
      {isOperator.value ? <Accounts /> : <Account />}
      {isAdmin.value ? <Keys /> : <NoKeys />}
      <Groups />
      {isAdmin.value && <SimList />}
    </div>
  )
}

function NoKeys() {
  return (
    <Panel title="Keys">
      <p class="empty">
        Changing keys, groups and SIMs needs the scope <code>admin</code>; this session has{' '}
        <code>{session.value?.scope}</code>. Sign in with the account’s auth token, or with a key
        that has it.
      </p>
    </Panel>
  )
}
