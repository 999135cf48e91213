/** An address that leads nowhere. */

import { CONSOLE_PATH } from '../base.ts'
import { useTitle } from '../parts/title.ts'

export function MissingPage() {
  useTitle('No such page')
  return (
    <div class="card failed">
      <h1>There is no such page</h1>
      <p>
        The address may be cut off. <a href={CONSOLE_PATH}>Go to the fleet</a>, or press{' '}
        <kbd>/</kbd> to find a SIM.
      </p>
    </div>
  )
}
