import type { Upstream } from '../../admin-types.ts'
import { formatCount, formatMs } from '../../format.ts'
import { Mark, type MarkKind } from '../../parts/mark.tsx'
import { Time } from '../../parts/time.tsx'
import { LoadedModels } from './loaded-models.tsx'
import { faultText } from './fault-text.ts'
import { UpstreamActions } from './upstream-actions.tsx'

const marks: Readonly<Record<Upstream['state'], MarkKind>> = {
  up: 'good',
  down: 'bad',
  unknown: 'busy',
  draining: 'pause',
  disabled: 'idle',
}

const words: Readonly<Record<Upstream['state'], string>> = {
  up: 'up',
  down: 'down',
  unknown: 'not asked yet',
  draining: 'draining',
  disabled: 'disabled',
}

/** One upstream: how it is, what it has in memory and how busy it is. */
export function UpstreamCard({ upstream }: { readonly upstream: Upstream }) {
  const { name, state, wake, slow, fault } = upstream
  return (
    <section class={`card upstream ${state}`} aria-label={`Upstream ${name}`}>
      <header>
        <h2 class="cut" title={name}>
          {name}
        </h2>
        {wake === 'waking' ? <Mark kind="busy">waking up</Mark> : <Mark kind={marks[state]}>{words[state]}</Mark>}
        {slow && (
          <Mark kind="warn" title="Its last health probe took longer than max_response_time">
            slow
          </Mark>
        )}
        <UpstreamActions upstream={upstream} />
      </header>
      <Whereabouts upstream={upstream} />
      {fault !== null && state === 'down' && <p class="wrong fault">{faultText(fault)}</p>}
      <Load upstream={upstream} />
      {!upstream.provider && upstream.version !== null && <LoadedModels upstream={upstream} />}
    </section>
  )
}

function Whereabouts({
  upstream: { url, agent, version, priority, provider, origin },
}: {
  readonly upstream: Upstream
}) {
  return (
    <p class="hint whereabouts">
      {agent === null ? (
        <span class="mono cut" title={url}>
          {url}
        </span>
      ) : (
        <span class="cut" title={`${agent.software} at ${agent.address}, over ${agent.transport}`}>
          agent on {agent.host}, pool {agent.pool}, {agent.connected ? 'connected' : 'gone since it connected'}{' '}
          <Time at={agent.connected_at} />
        </span>
      )}
      <span class="cut">
        {provider ? 'provider' : `Ollama ${version ?? 'of unknown version'}`}, priority {priority}
        {origin === 'added' && ', added here'}
      </span>
    </p>
  )
}

function Load({ upstream: { running, waiting, round_trip_ms, models } }: { readonly upstream: Upstream }) {
  return (
    <dl class="load">
      <div>
        <dt>Running</dt>
        <dd class="number">{formatCount(running)}</dd>
      </div>
      <div>
        <dt>Waiting for it</dt>
        <dd class="number">{formatCount(waiting)}</dd>
      </div>
      <div>
        <dt>Round trip</dt>
        <dd class="number">{formatMs(round_trip_ms)}</dd>
      </div>
      <div>
        <dt>Models</dt>
        <dd class="number" title={models.join('\n')}>
          {formatCount(models.length)}
        </dd>
      </div>
    </dl>
  )
}
