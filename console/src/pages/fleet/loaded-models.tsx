import type { Upstream } from '../../admin-types.ts'
import { formatBytes, formatRate } from '../../format.ts'
import { Bar } from '../../parts/bar.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Time } from '../../parts/time.tsx'

type Loaded = Upstream['loaded'][number]

/** What an upstream has in its memory. */
export function LoadedModels({ upstream }: { readonly upstream: Upstream }) {
  const { loaded, memory_bytes: limit, name } = upstream
  const used = loaded.reduce((sum, { memory_bytes }) => sum + (memory_bytes ?? 0), 0)
  return (
    <div class="memory">
      <p class="hint row">
        <span>Memory</span>
        <span class="number">
          {loaded.some(({ memory_bytes }) => memory_bytes === null) && 'at least '}
          {formatBytes(used)}
          {limit === null ? ' in use' : ` of ${formatBytes(limit)}`}
        </span>
      </p>
      {limit !== null && <Bar value={used} max={limit} label={`Memory of ${name} in use, in bytes`} />}
      {loaded.length === 0 ? (
        <p class="hint none">No model is loaded.</p>
      ) : (
        <ul>
          {loaded.map((model) => (
            <LoadedModel key={model.model} model={model} of={Math.max(limit ?? used, 1)} />
          ))}
        </ul>
      )}
    </div>
  )
}

function LoadedModel({ model: loaded, of }: { readonly model: Loaded; readonly of: number }) {
  const { model, state, memory_bytes, expires_at } = loaded
  return (
    <li class="loaded">
      <div class="line">
        <b class="cut" title={model}>
          {model}
        </b>
        <Slots {...loaded} />
      </div>
      <Bar value={memory_bytes ?? 0} max={of} label={`Memory of ${model}, in bytes`} />
      <div class="line hint">
        <span class="number">{memory_bytes === null ? 'size not known' : formatBytes(memory_bytes)}</span>
        {state === 'loading' ? (
          <Mark kind="busy">loading</Mark>
        ) : (
          <span>
            {expires_at === null ? (
              'stays'
            ) : (
              <>
                unloads <Time at={expires_at} />
              </>
            )}
          </span>
        )}
      </div>
      <p class="number hint" title="Learnt from its answers: how fast it reads a prompt, and writes an answer">
        reads {formatRate(loaded.prefill_tokens_per_second)}, writes {formatRate(loaded.decode_tokens_per_second)}
      </p>
    </li>
  )
}

/** More would not be counted by eye. */
const MOST_PIPS = 16

function Slots({ running, slots }: Loaded) {
  if (slots === null) return <span class="hint number">{running} running</span>
  return (
    <span class="slots">
      {slots <= MOST_PIPS &&
        Array.from({ length: slots }, (_, at) => (
          <i key={at} class={at < running ? 'pip busy' : 'pip'} aria-hidden="true" />
        ))}
      <span class="number hint">
        {running} of {slots} busy
      </span>
    </span>
  )
}
