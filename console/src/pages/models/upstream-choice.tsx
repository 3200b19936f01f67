import type { FleetModels } from '../../admin-types.ts'
import { CheckField } from '../../parts/field.tsx'

export type FleetUpstream = FleetModels['upstreams'][number]

interface UpstreamChoiceProps {
  readonly legend: string
  readonly upstreams: readonly FleetUpstream[]
  readonly chosen: readonly string[]
  onChange(chosen: readonly string[]): void
  /** What there is to say of one. */
  hintFor(upstream: FleetUpstream): string | undefined
}

/** Some of the upstreams. */
export function UpstreamChoice({ legend, upstreams, chosen, onChange, hintFor }: UpstreamChoiceProps) {
  const names = upstreams.map(({ name }) => name)
  const hasAll = names.every((name) => chosen.includes(name))
  return (
    <fieldset>
      <legend>{legend}</legend>
      {upstreams.length > 1 && (
        <CheckField label="All of them" checked={hasAll} onChange={(checked) => onChange(checked ? names : [])} />
      )}
      <div class="checks">
        {upstreams.map((upstream) => {
          const hint = hintFor(upstream)
          return (
            <CheckField
              key={upstream.name}
              label={upstream.name}
              {...(hint !== undefined && { hint })}
              checked={chosen.includes(upstream.name)}
              onChange={(checked) =>
                onChange(checked ? [...chosen, upstream.name] : chosen.filter((name) => name !== upstream.name))
              }
            />
          )
        })}
      </div>
    </fieldset>
  )
}
