import { useEffect, useRef, useState } from 'preact/hooks'
import { messageOf } from '../../api/api-error.ts'
import { send } from '../../api/ask.ts'
import { ended, messagesOf, newTurn, withEvent, withHead, type Turn } from './chat-state.ts'
import { createLineReader, parseChatLine } from './chat-stream.ts'

export type { Turn } from './chat-state.ts'

export interface Question {
  readonly model: string
  readonly system: string
  readonly text: string
}

export interface Chat {
  readonly turns: readonly Turn[]
  readonly isRunning: boolean
  ask(question: Question): void
  stop(): void
  clear(): void
}

/** A conversation for as long as the page is there; leaving it stops what runs. */
export function useChat(): Chat {
  const [turns, setTurns] = useState<readonly Turn[]>([])
  const running = useRef<AbortController | null>(null)
  const count = useRef(0)
  useEffect(() => () => running.current?.abort(), [])
  function ask({ model, system, text }: Question): void {
    const turn = newTurn((count.current += 1), text)
    const messages = messagesOf(turns, system, text)
    const stopped = new AbortController()
    running.current = stopped
    setTurns((before) => [...before, turn])
    void runTurn(turn, { body: { model, messages }, stopped: stopped.signal }, (next) =>
      setTurns((before) => before.map((each) => (each.id === next.id ? next : each))),
    )
  }
  const isRunning = turns.at(-1)?.state === 'running'
  return {
    turns,
    isRunning,
    ask,
    stop: () => running.current?.abort(),
    clear() {
      running.current?.abort()
      setTurns([])
    },
  }
}

interface Run {
  readonly body: object
  readonly stopped: AbortSignal
}

/** Tells of each state of the turn, up to the last. Never rejects. */
async function runTurn(begun: Turn, { body, stopped }: Run, tell: (turn: Turn) => void): Promise<void> {
  const startedAt = performance.now()
  const elapsed = (): number => performance.now() - startedAt
  let turn = begun
  const become = (next: Turn): void => tell((turn = next))
  const take = (lines: readonly string[]): void => {
    for (const line of lines) {
      const event = parseChatLine(line)
      if (event !== undefined) turn = withEvent(turn, event, elapsed())
    }
    tell(turn)
  }
  try {
    const init = { method: 'POST', body: JSON.stringify(body), signal: stopped }
    const response = await send('/admin/playground/chat', init)
    become(withHead(turn, response.headers))
    const reader = createLineReader()
    for await (const chunk of response.body ?? []) take(reader.push(chunk))
    take(reader.end())
    become(ended(turn, 'end', elapsed()))
  } catch (error) {
    become(ended(turn, stopped.aborted ? 'stopped' : { problem: messageOf(error) }, elapsed()))
  }
}
