import { connection, status } from '../../api/live.ts'
import { Mark } from '../../parts/mark.tsx'
import { linkTo } from '../../place.ts'
import { useStore } from '../../store.ts'
import { newAgents } from './new-agents.ts'

interface AgentWaitProps {
  /** When the key was made, on the clock of the gateway. */
  readonly since: string
  readonly pools: readonly string[]
}

/** Waits for whoever dials in with a new key, and says so the moment it is there. */
export function AgentWait({ since, pools }: AgentWaitProps) {
  const now = useStore(status)
  const { state } = useStore(connection)
  const agents = now === null ? [] : newAgents(now.upstreams, { since, pools })
  return (
    <div class="agent-wait" aria-live="polite">
      {agents.length === 0 && <Waiting isConnected={state === 'open'} />}
      {agents.map(({ name, agent, version, models, fault }) => (
        <div key={name} class="agent-there">
          <Mark kind={fault === null ? 'good' : 'warn'}>{name} is connected</Mark>
          <p>
            From {agent.address} ({agent.host}) over {agent.transport}, pool {agent.pool}.{' '}
            {fault ??
              `Ollama ${version ?? 'is being asked'}, ${models.length === 1 ? '1 model' : `${models.length} models`}.`}{' '}
            <a href={linkTo('fleet')}>See the fleet</a>
          </p>
        </div>
      ))}
    </div>
  )
}

function Waiting({ isConnected }: { readonly isConnected: boolean }) {
  if (!isConnected)
    return <Mark kind="warn">This page is not connected to the gateway just now: it goes on when it is</Mark>
  return (
    <>
      <Mark kind="busy">Waiting for the agent</Mark>
      <p class="hint">
        It says on its terminal what it is doing. Where nothing comes, run the same line with --check: it looks at
        Ollama, DNS, TLS, the clock and each way to connect.
      </p>
    </>
  )
}
