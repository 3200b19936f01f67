import { formatMs } from '../../format.ts'
import { Mark } from '../../parts/mark.tsx'
import { phases, type Lane, type RoutePicture, type Span, type Step } from './route-picture.ts'

const words = { queue: 'queue', load: 'load the model', prefill: 'read the prompt', network: 'network' } as const
/** Of the drawing of a lane; what is drawn is stretched to the room there is. */
const WIDTH = 1000

/** Models from top to bottom as one leads to the next, each with a lane of time for every upstream. */
export function RouteDrawing({ of: picture }: { readonly of: RoutePicture }) {
  const hasTimes = picture.steps.some(({ lanes }) => lanes.some(({ spans }) => spans.length > 0))
  return (
    <div class="drawing">
      {hasTimes && <Legend />}
      <ol class="steps">
        {picture.steps.map((step) => (
          <StepDrawing key={step.model} of={step} scaleMs={picture.scaleMs} />
        ))}
      </ol>
      {hasTimes && <Scale ticksMs={picture.ticksMs} />}
    </div>
  )
}

function StepDrawing({ of: { model, because, lanes }, scaleMs }: { readonly of: Step; readonly scaleMs: number }) {
  return (
    <li class="step">
      <h2>
        {because !== null && <span class="because">{because === 'alias' ? 'is an alias of' : 'falls back to'}</span>}
        <code>{model}</code>
      </h2>
      <ul class="lanes">
        {lanes.map((lane) => (
          <LaneDrawing key={lane.name} of={lane} scaleMs={scaleMs} />
        ))}
      </ul>
    </li>
  )
}

const marks = { chosen: 'good', possible: 'idle', out: 'bad' } as const

function LaneDrawing({ of: lane, scaleMs }: { readonly of: Lane; readonly scaleMs: number }) {
  return (
    <li class={`lane ${lane.verdict}`}>
      <span class="lane-name">
        <Mark kind={marks[lane.verdict]}>{lane.name}</Mark>
      </span>
      <span class="lane-track">
        {lane.spans.length > 0 && <Spans of={lane.spans} scaleMs={scaleMs} />}
        {lane.totalMs !== null && (
          <span class="lane-total number" title={parts(lane.spans)}>
            {formatMs(lane.totalMs)}
          </span>
        )}
      </span>
      <span class="lane-reason">
        {lane.reason}
        {lane.spans.length > 0 && <small class="number">{parts(lane.spans)}</small>}
      </span>
    </li>
  )
}

function Spans({ of: spans, scaleMs }: { readonly of: readonly Span[]; readonly scaleMs: number }) {
  const at = (ms: number): number => (ms / scaleMs) * WIDTH
  return (
    <svg viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {spans.map(({ phase, fromMs, toMs }) => (
        // What takes no time worth a pixel is seen all the same.
        <rect
          key={phase}
          class={`phase-${phase}`}
          x={at(fromMs)}
          y={0}
          width={Math.max(2, at(toMs) - at(fromMs))}
          height={10}
        />
      ))}
    </svg>
  )
}

function Legend() {
  return (
    <p class="legend">
      Until the first token:
      {phases.map((phase) => (
        <span key={phase}>
          <i class={`swatch phase-${phase}`} aria-hidden="true" /> {words[phase]}
        </span>
      ))}
    </p>
  )
}

function Scale({ ticksMs }: { readonly ticksMs: readonly number[] }) {
  return (
    <div class="scale number" aria-hidden="true">
      {ticksMs.map((ms) => (
        <span key={ms}>{formatMs(ms)}</span>
      ))}
    </div>
  )
}

function parts(spans: readonly Span[]): string {
  return spans.map(({ phase, fromMs, toMs }) => `${words[phase]} ${formatMs(toMs - fromMs)}`).join(' + ')
}
