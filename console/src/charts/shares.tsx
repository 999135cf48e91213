/** Rows with each one's share of the whole. A click on a row filters the view by it. */

import { mostOf } from '../format/quantity.ts'

export interface Share {
  readonly key: string
  readonly name: string
  /** Shown beside the name: a code or a number. */
  readonly detail?: string
  readonly amount: bigint
  /** Where a click leads; null if the row cannot be chosen. */
  readonly href: string | null
  readonly isChosen?: boolean
}

export function Shares({
  shares,
  label,
  amountText,
  exactText,
}: {
  readonly shares: readonly Share[]
  readonly label: string
  readonly amountText: (amount: bigint) => string
  readonly exactText: (amount: bigint) => string
}) {
  const most = mostOf(shares.map(({ amount }) => amount))
  return (
    <ol class="shares" aria-label={label}>
      {shares.map((share) => {
        const part = `${Number((share.amount * 1000n) / most) / 10}%`
        const row = (
          <>
            <i class="part" style={{ width: part }} />
            <span class="name">{share.name}</span>
            {share.detail !== undefined && <span class="muted detail">{share.detail}</span>}
            <span class="amount" title={exactText(share.amount)}>
              {amountText(share.amount)}
            </span>
          </>
        )
        return (
          <li key={share.key}>
            {share.href === null ? (
              <span class="share">{row}</span>
            ) : (
              <a
                class="share"
                href={share.href}
                aria-current={share.isChosen === true ? 'true' : undefined}
              >
                {row}
              </a>
            )}
          </li>
        )
      })}
    </ol>
  )
}
