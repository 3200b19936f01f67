import type { UpstreamState } from '../../routing/fleet/upstream-state.ts'
import type { AgentState } from '../../tunnel/agent/run-agent.ts'
import type { LogDestination } from '../../telemetry/log.ts'
import type { Terminal } from '../terminal.ts'

export interface StatusFacts {
  readonly id: string
  readonly state: AgentState
  readonly running: number
  readonly ollama: UpstreamState
  readonly now: number
}

const EVERY_MS = 1_000
const CLEAR_LINE = '\r\u001b[2K'

/** Writes whole lines, above the status line. Undefined where stderr is no terminal. */
export function linesAboveStatus({ stderr }: Terminal['host']): LogDestination | undefined {
  if (!stderr.isTTY) return undefined
  return { isTTY: true, write: (text) => stderr.write(`${CLEAR_LINE}${text}`) }
}

/** For what is printed elsewhere, on what may be the same terminal. */
export function clearStatusLine({ stderr }: Terminal['host']): void {
  if (stderr.isTTY) stderr.write(CLEAR_LINE)
}

/** One line at the bottom of a terminal, kept current. Where stderr is no terminal there is none. */
export function showStatusLine(terminal: Terminal, facts: () => StatusFacts): () => void {
  const { stderr } = terminal.host
  if (!stderr.isTTY) return () => {}
  const timer = setInterval(() => {
    // A terminal that does not know its width says 0.
    stderr.write(`${CLEAR_LINE}${statusText(facts()).slice(0, (stderr.columns || 80) - 1)}`)
  }, EVERY_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    stderr.write(CLEAR_LINE)
  }
}

export function statusText({ id, state, running, ollama, now }: StatusFacts): string {
  return `${id}: ${linkText(state, now)} | ${running} running | ${ollamaText(ollama)}`
}

export function ollamaText({ health, version, models }: UpstreamState): string {
  if (health !== 'up') return 'Ollama does not answer'
  const count = models?.size ?? 0
  return `Ollama ${version ?? ''}, ${count} ${count === 1 ? 'model' : 'models'}`
}

function linkText(state: AgentState, now: number): string {
  switch (state.kind) {
    case 'connecting':
      return 'connecting'
    case 'stopped':
      return 'stopped'
    case 'waiting':
      return `not connected, again in ${Math.max(0, Math.ceil((state.until - now) / 1000))} s`
    case 'connected': {
      const { transport, roundTripMs } = state
      return `connected ${transport}${roundTripMs === null ? '' : `, ${Math.round(roundTripMs)} ms`}`
    }
  }
}
