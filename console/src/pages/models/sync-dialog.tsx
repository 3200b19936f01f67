import { useState } from 'preact/hooks'
import type { AdminRoutes, FleetModels } from '../../admin-types.ts'
import { ask } from '../../api/ask.ts'
import { useAsk } from '../../api/use-ask.ts'
import { formatBytes } from '../../format.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { CheckField } from '../../parts/field.tsx'
import { Mark } from '../../parts/mark.tsx'
import { done } from '../../parts/notices.tsx'
import { Answer, Empty } from '../../parts/states.tsx'

type Plan = AdminRoutes['POST /admin/models/sync']['output']['plan'][number]

interface SyncDialogProps {
  readonly of: FleetModels
  onClose(): void
}

/** What would be done is shown before anything is. */
export function SyncDialog({ of: { upstreams }, onClose }: SyncDialogProps) {
  const [prune, setPrune] = useState(false)
  const isDesired = upstreams.some(({ desired }) => desired !== null)
  const asked = useAsk('POST /admin/models/sync', isDesired ? { input: { prune, dry_run: true } } : null)
  async function sync(): Promise<void> {
    const { job } = await ask('POST /admin/models/sync', { input: { prune, dry_run: false } })
    done(job === null ? 'Everything is in step already' : 'The fleet is being brought in step')
    onClose()
  }
  const changes = (asked.answer?.plan ?? []).reduce(
    (count, { pulls, removals }) => count + pulls.length + removals.length,
    0,
  )
  return (
    <Dialog title="Bring the fleet in step" onClose={onClose} wide>
      {isDesired ? (
        <>
          <CheckField
            label="Remove what the config does not want there, too"
            hint="What nobody else has would be gone."
            checked={prune}
            onChange={setPrune}
          />
          <Answer asked={asked} rows={4}>
            {({ plan }) => (changes === 0 ? <InStep plan={plan} /> : <PlanList plan={plan} />)}
          </Answer>
        </>
      ) : (
        <Empty title="The config wants nothing in particular">
          <p>
            <code>models.desired</code> says which models each upstream should have. With it, this brings them there,
            and a page of the fleet tells what is missing.
          </p>
        </Empty>
      )}
      <footer class="buttons">
        <Button onClick={onClose}>Cancel</Button>
        {isDesired && (
          <Button kind="main" disabled={changes === 0 || asked.loading} onClick={sync}>
            Do it
          </Button>
        )}
      </footer>
    </Dialog>
  )
}

function InStep({ plan }: { readonly plan: readonly Plan[] }) {
  const problems = plan.filter(({ problem }) => problem !== null)
  return (
    <>
      <p>
        <Mark kind="good">Everything that can be reached is as the config wants it</Mark>
      </p>
      {problems.length > 0 && <PlanList plan={problems} />}
    </>
  )
}

function PlanList({ plan }: { readonly plan: readonly Plan[] }) {
  return (
    <ul class="plan">
      {plan.map(({ upstream, pulls, removals, problem }) => (
        <li key={upstream}>
          <h3>{upstream}</h3>
          {problem !== null && <Mark kind="warn">{problem}</Mark>}
          <ul>
            {pulls.map(({ model, bytes }) => (
              <li key={model}>
                <Mark kind="good">pull</Mark> {model}{' '}
                <span class="note">{bytes === null ? '' : formatBytes(bytes)}</span>
              </li>
            ))}
            {removals.map(({ model, bytes, last_copy, assigned }) => (
              <li key={model}>
                <Mark kind="bad">remove</Mark> {model}{' '}
                <span class="note">{bytes === null ? '' : formatBytes(bytes)}</span>
                {last_copy && <Mark kind="warn">nobody else has it</Mark>}
                {assigned && <Mark kind="warn">the config sends requests for it here</Mark>}
              </li>
            ))}
          </ul>
          {problem === null && pulls.length + removals.length === 0 && <p class="note">in step</p>}
        </li>
      ))}
    </ul>
  )
}
