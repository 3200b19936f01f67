import type { ComponentChildren } from 'preact'
import type { Key } from '../../admin-types.ts'
import { Time } from '../../parts/time.tsx'
import { linkTo } from '../../place.ts'
import { limitsText } from './limit-fields.ts'

/** Everything that may be told about a key. */
export function KeyFacts({ of: key }: { readonly of: Key }) {
  return (
    <dl class="terms">
      <Fact name="User">
        <a href={linkTo('keys', [], { user: key.user })}>{key.user}</a>
      </Fact>
      <Fact name="May do">{key.scopes.join(', ')}</Fact>
      <Fact name="Models">{key.models?.join(', ') ?? 'every local one'}</Fact>
      <Fact name="Upstreams">{key.upstreams?.join(', ') ?? 'all'}</Fact>
      {key.pools !== null && <Fact name="Pools">{key.pools.join(', ')}</Fact>}
      <Fact name="Queue">{key.weight === 1 ? key.class : `${key.class}, weight ${key.weight}`}</Fact>
      <Fact name="Limits">{limitsText(key.limits) || 'none of its own'}</Fact>
      <Fact name="Made">
        <Time at={key.created_at} />
      </Fact>
      <Fact name="Last used">
        <Time at={key.last_used_at} otherwise="never" />
      </Fact>
      {key.revoked_at === null ? (
        <Fact name="Ends">
          <Time at={key.expires_at} otherwise="never" />
        </Fact>
      ) : (
        <Fact name="Revoked">
          <Time at={key.revoked_at} />
        </Fact>
      )}
      {key.old_secret_until !== null && (
        <Fact name="Old secret works">
          until <Time at={key.old_secret_until} />
        </Fact>
      )}
      <Fact name={key.kind === 'ssh' ? 'SSH key' : 'Secret'}>
        <code>…{key.hint}</code>
      </Fact>
      <Fact name="Id">
        <code>{key.id}</code>
      </Fact>
    </dl>
  )
}

export function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
