import { useEffect, useState } from 'preact/hooks'
import type { CreatedKey } from '../../admin-types.ts'
import { session } from '../../api/session.ts'
import { useAsk } from '../../api/use-ask.ts'
import { Button } from '../../parts/button.tsx'
import { CopyText } from '../../parts/copy-text.tsx'
import { SelectField } from '../../parts/field.tsx'
import { Mark } from '../../parts/mark.tsx'
import { useStore } from '../../store.ts'
import { AgentWait } from './agent-wait.tsx'
import { agentLine, clientLines, type Connection, type Shell } from './client-lines.ts'
import { ClientTabs } from './client-tabs.tsx'
import { tryKey, type Trial } from './try-key.ts'

/** A secret, this once, and what to do with it. */
export function SecretShown({ created, onClose }: { readonly created: CreatedKey; onClose(): void }) {
  const [shell, setShell] = useState<Shell>(() => (navigator.userAgent.includes('Windows') ? 'powershell' : 'sh'))
  const isAgent = created.scopes.includes('agent')
  const shells = <ShellChoice shell={shell} onChange={setShell} />
  return (
    <div class="secret">
      <p>
        <strong>This is the only time it is shown.</strong> It belongs to user {created.user}.
      </p>
      <CopyText text={created.secret} label="The key" />
      {isAgent ? (
        <ForAgent created={created} shell={shell} shells={shells} />
      ) : (
        <ForClients created={created} shell={shell} shells={shells} />
      )}
      <footer class="buttons">
        <Button kind="main" onClick={onClose}>
          Done
        </Button>
      </footer>
    </div>
  )
}

interface PartProps {
  readonly created: CreatedKey
  readonly shell: Shell
  readonly shells: preact.ComponentChildren
}

function ForAgent({ created, shell, shells }: PartProps) {
  return (
    <>
      <h3>On the machine with the Ollama, run</h3>
      <CopyText text={agentLine({ url: location.origin, secret: created.secret, shell })} label="Line for the agent" />
      {shells}
      <AgentWait since={created.created_at} pools={created.pools ?? []} />
    </>
  )
}

function ForClients({ created, shell, shells }: PartProps) {
  const [trial, setTrial] = useState<Trial | null>(null)
  const pathKeys = usePathKeys()
  useEffect(() => {
    const left = new AbortController()
    void tryKey(created, left.signal).then((found) => left.signal.aborted || setTrial(found))
    return () => left.abort()
  }, [created])
  const connection: Connection = {
    url: location.origin,
    secret: created.secret,
    shell,
    model: trial?.model ?? 'MODEL',
    pathKeys,
  }
  return (
    <>
      <p class="trial" aria-live="polite">
        <TrialMark trial={trial} />
      </p>
      <ClientTabs clients={clientLines(connection)} />
      {shells}
    </>
  )
}

/** Members cannot ask: it is on unless somebody turned it off. */
function usePathKeys(): boolean {
  const state = useStore(session)
  const isAdmin = state.kind === 'in' && state.session.scopes.includes('admin')
  const { answer } = useAsk('GET /admin/config', isAdmin ? {} : null)
  return answer?.settings.find(({ name }) => name === 'auth.path_keys')?.value !== 'off'
}

function TrialMark({ trial }: { readonly trial: Trial | null }) {
  if (trial === null) return <Mark kind="busy">Trying it</Mark>
  if (trial.kind === 'refused') return <Mark kind="warn">{trial.message}</Mark>
  if (trial.kind === 'works') return <Mark kind="good">{trial.message}</Mark>
  return <Mark kind="idle">{trial.message}</Mark>
}

const shellOptions = [
  { value: 'sh', label: 'sh, bash, zsh' },
  { value: 'powershell', label: 'PowerShell' },
] as const

function ShellChoice({ shell, onChange }: { readonly shell: Shell; onChange(shell: Shell): void }) {
  return <SelectField label="Shell" value={shell} options={shellOptions} onChange={onChange} />
}
