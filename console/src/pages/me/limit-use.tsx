import type { LimitUse } from '../../admin-types.ts'
import { formatMoney, formatShort } from '../../format.ts'
import { Bar } from '../../parts/bar.tsx'
import { Time } from '../../parts/time.tsx'
import { limitFields } from '../keys/limit-fields.ts'

/** How much of each limit is used now. */
export function LimitUses({ of: uses }: { readonly of: readonly LimitUse[] }) {
  if (uses.length === 0) return null
  return (
    <ul class="limit-uses" aria-label="What is used of the limits">
      {uses.map((use) => (
        <li key={`${use.scope} ${use.name} ${use.limit}`}>
          <Use of={use} />
        </li>
      ))}
    </ul>
  )
}

const whose = { key: 'this key', user: 'all your keys', model: 'everybody' } as const

function Use({ of: { scope, name, limit, most, used, reserved, resets_at } }: { readonly of: LimitUse }) {
  const label = limitFields.find((field) => field.name === limit)?.label ?? limit
  const format = limit === 'money_per_month' ? formatMoney : formatShort
  const title = `${label}, ${scope === 'model' ? name : whose[scope]}`
  return (
    <>
      <span class="limit-name">{title}</span>
      <Bar value={used + reserved} max={most} label={title} />
      <span class="number note">
        {format(used)} of {format(most)}
        {reserved > 0 && `, ${format(reserved)} set aside for what runs`}
        {resets_at !== null && (
          <>
            , whole again <Time at={resets_at} />
          </>
        )}
      </span>
    </>
  )
}
