import { useAsk } from '../../api/use-ask.ts'
import { Answer } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { Fact } from '../keys/key-facts.tsx'
import { limitsText } from '../keys/limit-fields.ts'
import { LimitUses } from './limit-use.tsx'

/** Who is logged in, and what that key may do. */
export function AboutMe() {
  const asked = useAsk('GET /admin/me')
  return (
    <Answer asked={asked} rows={2}>
      {({ user, key, limits }) => (
        <section class="card about-me" aria-label="About you">
          <dl class="terms">
            <Fact name="You are">
              {user.name}, {user.role}
            </Fact>
            <Fact name="Logged in with">{key.name}</Fact>
            <Fact name="It may">{key.scopes.join(', ')}</Fact>
            <Fact name="Models">{key.models?.join(', ') ?? 'every local one'}</Fact>
            <Fact name="Limits of all your keys">{limitsText(user.limits) || 'none'}</Fact>
            <Fact name="Limits of this key">{limitsText(key.limits) || 'none of its own'}</Fact>
            <Fact name="This key ends">
              <Time at={key.expires_at} otherwise="never" />
            </Fact>
          </dl>
          <LimitUses of={limits} />
        </section>
      )}
    </Answer>
  )
}
