import type { UpstreamState } from '../../routing/upstream-state.ts'
import type { AgentState } from '../../tunnel/agent/run-agent.ts'
import type { Terminal } from '../terminal.ts'

export interface StatusFacts {
  readonly id: string
  readonly state: AgentState
  readonly running: number
  readonly ollama: UpstreamState
  readonly now: number
}

const EVERY_MS = 1_000

/** One line at the bottom of a terminal, kept current. Where stderr is no terminal there is none. */
export function showStatusLine(terminal: Terminal, facts: () => StatusFacts): () => void {
  const { stderr } = terminal.host
  if (!stderr.isTTY) return () => {}
  const timer = setInterval(() => {
    stderr.write(`\r\u001b[2K${statusText(facts()).slice(0, (stderr.columns ?? 80) - 1)}`)
  }, EVERY_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    stderr.write('\r\u001b[2K')
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
