/** Changes a SIM: its names and status, its group, and its labels. */
import { useSignal } from '@preact/signals'
import { answerOf, type Schema, server } from '../api/server.ts'
import { accountOf } from '../state/accounts.ts'
import { askAgain, useAnswer } from '../state/answer.ts'
import { Failure, fieldsOf, useAct } from './act.tsx'
import { useLabelKeys } from './label-keys.ts'
import { Answered, Panel } from './panel.tsx'
import type { Sim } from './sim-search.tsx'

const STATUSES = 'new ready active suspended deactivated canceled scheduled updating'.split(' ')

export interface SimChangeProps {
  readonly sim: Sim
  readonly membership: Schema<'Membership'>
}

export function SimChange({ sim, membership }: SimChangeProps) {
  return (
    <Panel size="wide" title="Change it" isForActing>
      <Names sim={sim} key={`names ${sim.date_updated}`} />
      <Place sim={sim} membership={membership} key={`place ${JSON.stringify(membership)}`} />
    </Panel>
  )
}

function useChange(sim: Sim) {
  const act = useAct()
  const said = useSignal('')
  const change = (body: Record<string, string | string[]>, text: string) =>
    act.run(async () => {
      said.value = ''
      const path = { SidOrUniqueName: sim.sid }
      await answerOf(
        server.POST('/v1/Sims/{SidOrUniqueName}', { params: { path }, body: body as object }),
      )
      said.value = text
      askAgain()
    })
  return { act, said, change }
}

function Names({ sim }: { readonly sim: Sim }) {
  const { act, said, change } = useChange(sim)
  const submit = (event: SubmitEvent) => {
    const field = fieldsOf(event)
    void change(
      {
        ...{ FriendlyName: field('friendly'), UniqueName: field('unique') },
        ...{ Status: field('status') },
      },
      'Saved.',
    )
  }
  return (
    <form class="row" onSubmit={submit} aria-label="Names and status">
      <label>
        Friendly name
        <input name="friendly" maxLength={64} defaultValue={sim.friendly_name ?? ''} />
      </label>
      <label>
        Unique name
        <input name="unique" maxLength={64} defaultValue={sim.unique_name ?? ''} />
      </label>
      <label>
        Status
        <select name="status">
          {STATUSES.map((status) => (
            <option key={status} selected={status === sim.status}>
              {status}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" disabled={act.isBusy}>
        Save names and status
      </button>
      <Failure of={act} />
      <p role="status">{said}</p>
    </form>
  )
}

function Place({ sim, membership }: SimChangeProps) {
  const account = accountOf(sim)
  const groups = useAnswer(`groups ${account}`, (signal) => {
    const query = { PageSize: '1000', ...(account !== null && { AccountSid: account }) }
    return answerOf(server.GET('/v1/Groups', { params: { query }, signal }))
  })
  const keys = useLabelKeys()
  const { act, said, change } = useChange(sim)
  const labels = Object.entries(membership.labels)

  const submit = (event: SubmitEvent) => {
    const field = fieldsOf(event)
    const group = field('group')
    const label = field('key')
    const since = field('since')
    const body = {
      ...(group !== (membership.group_sid ?? '') && { Group: group }),
      ...(label !== '' && { Label: [`${label}=${field('value')}`] }),
      ...(since !== '' && { Since: since }),
    }
    void change(body, 'Saved.')
  }

  return (
    <Answered answer={groups} lines={3}>
      {({ groups: known }) => (
        <form class="row" onSubmit={submit} aria-label="Group and labels">
          <label>
            Group
            <select name="group">
              <option value="">in no group</option>
              {known.map((group) => (
                <option
                  key={group.sid}
                  value={group.sid}
                  selected={group.sid === membership.group_sid}
                >
                  {group.unique_name ?? group.sid}
                </option>
              ))}
            </select>
          </label>
          <label>
            Label
            <input
              name="key"
              list="label-keys"
              maxLength={64}
              placeholder="customer"
              autocomplete="off"
            />
            <datalist id="label-keys">
              {keys.value?.map((key) => (
                <option key={key} value={key} />
              ))}
            </datalist>
          </label>
          <label>
            Its value; leave it empty to end the label
            <input name="value" maxLength={256} placeholder="acme" autocomplete="off" />
          </label>
          <label>
            Since (UTC); empty for now
            <input type="date" name="since" />
          </label>
          <button type="submit" disabled={act.isBusy}>
            Save group and label
          </button>
          <Failure of={act} />
          <p role="status">{said}</p>
          <p class="muted small">
            {labels.length === 0
              ? 'It has no label.'
              : `Labels: ${labels.map(([key, value]) => `${key}=${value}`).join(', ')}.`}{' '}
            Usage belongs to the group and the labels at the time of use.
          </p>
        </form>
      )}
    </Answered>
  )
}
