/**
 * Groups of SIMs and the keys of their labels. They are created and named here, and given to SIMs on their
 * pages or by a list.
 */
import { useSignal } from '@preact/signals'
import { answerOf, type Schema, server } from '../api/server.ts'
import { dayText, instantOf } from '../format/time.ts'
import { Scrolling } from '../scrolling.tsx'
import { accountSid, isAccountKnown } from '../state/accounts.ts'
import { askAgain, useAnswer } from '../state/answer.ts'
import { hrefOf } from '../state/navigation.ts'
import { isAdmin } from '../state/session.ts'
import { Dialog, Failure, fieldsOf, useAct } from './act.tsx'
import { useLabelKeys } from './label-keys.ts'
import { Answered, Panel } from './panel.tsx'

type Group = Schema<'Group'>

/** The API's list has more. */
const SHOWN_MAX = 1_000

export function Groups() {
  return (
    <>
      <GroupPanel />
      <LabelPanel />
    </>
  )
}

function GroupPanel() {
  const naming = useSignal<Group | null>(null)
  const answer = useGroups()
  return (
    <Panel title="Groups">
      <Answered
        answer={answer}
        isEmpty={({ groups }) => groups.length === 0}
        empty="No group yet. A SIM is in one group at a time, and its usage belongs to its group at that time."
      >
        {({ groups, meta }) => (
          <>
            <Scrolling label="Groups, as a table">
              <table class="words">
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col">Made</th>
                    <th scope="col">
                      <span class="unseen">Rename it</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {groups.map((group) => (
                    <tr key={group.sid}>
                      <th scope="row">
                        <a href={usageHref({ group: group.unique_name ?? group.sid })}>
                          {group.unique_name ?? group.sid}
                        </a>
                      </th>
                      <td>{dayText(instantOf(group.date_created))}</td>
                      <td>
                        {isAdmin.value && (
                          <button
                            type="button"
                            onClick={() => {
                              naming.value = group
                            }}
                          >
                            Rename …<span class="unseen"> {group.unique_name ?? group.sid}</span>
                          </button>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scrolling>
            {meta.next_page_url !== null && (
              <p class="muted small">The first {SHOWN_MAX}; the API lists all.</p>
            )}
          </>
        )}
      </Answered>
      {isAdmin.value && <NewGroup />}
      {naming.value !== null && (
        <Rename
          of={naming.value}
          onClose={() => {
            naming.value = null
          }}
        />
      )}
    </Panel>
  )
}

/** The groups of the account in view. */
export function useGroups() {
  const account = accountSid.value
  return useAnswer(isAccountKnown.value ? `groups ${account}` : null, (signal) => {
    const query = { PageSize: String(SHOWN_MAX), ...(account !== null && { AccountSid: account }) }
    return answerOf(server.GET('/v1/Groups', { params: { query }, signal }))
  })
}

function usageHref(filters: { readonly group: string }): string {
  return hrefOf({ page: 'fleet', subject: null, at: null, filters })
}

function NewGroup() {
  const act = useAct()
  const account = accountSid.value
  const submit = (event: SubmitEvent) => {
    const field = fieldsOf(event)
    const form = event.currentTarget as HTMLFormElement
    void act.run(async () => {
      const body = {
        UniqueName: field('name'),
        ...(account !== null && { AccountSid: account }),
      }
      await answerOf(server.POST('/v1/Groups', { body }))
      form.reset()
      askAgain()
    })
  }
  return (
    <>
      <form class="row" onSubmit={submit} aria-label="New group">
        <label>
          Name
          <input name="name" required maxLength={64} placeholder="trackers" autocomplete="off" />
        </label>
        <button type="submit" class="primary" disabled={act.isBusy}>
          Make a group
        </button>
      </form>
      <Failure of={act} />
    </>
  )
}

function Rename({ of, onClose }: { readonly of: Group; readonly onClose: () => void }) {
  const act = useAct()
  const submit = (event: SubmitEvent) => {
    const field = fieldsOf(event)
    void act.run(async () => {
      const params = {
        path: { SidOrName: of.sid },
        query: accountSid.value === null ? {} : { AccountSid: accountSid.value },
      }
      const body = { UniqueName: field('name') }
      await answerOf(server.POST('/v1/Groups/{SidOrName}', { params, body }))
      onClose()
      askAgain()
    })
  }
  return (
    <Dialog title="Rename the group" onClose={onClose}>
      <form class="fields" onSubmit={submit}>
        <label>
          Name
          <input name="name" required maxLength={64} defaultValue={of.unique_name ?? ''} />
        </label>
        <p class="muted small">Its SIMs and their usage stay in it. Links with the old name end.</p>
        <Failure of={act} />
        <div class="actions">
          <button type="submit" class="primary" disabled={act.isBusy}>
            Rename
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}

function LabelPanel() {
  const answer = useLabelKeys()
  return (
    <Panel title="Labels">
      <Answered
        answer={answer}
        empty="No SIM has a label yet. Add labels on the page of a SIM, or in the column labels of a list."
      >
        {(keys) => (
          <ul class="chips">
            {keys.map((key) => (
              <li key={key}>
                <a
                  href={hrefOf({
                    page: 'fleet',
                    subject: null,
                    at: null,
                    filters: {},
                    labelKey: key,
                  })}
                >
                  {key}
                </a>
              </li>
            ))}
          </ul>
        )}
      </Answered>
    </Panel>
  )
}
