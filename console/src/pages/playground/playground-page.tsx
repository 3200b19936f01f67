import { useEffect, useRef, useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { TextField } from '../../parts/field.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Empty } from '../../parts/states.tsx'
import { replacePlace, linkTo, usePlace } from '../../place.ts'
import { ChatTurn } from './chat-turn.tsx'
import { useChat, type Turn } from './use-chat.ts'
import { useAllowedModels } from './use-allowed-models.ts'
import '../pages.css'
import './playground.css'

export function PlaygroundPage() {
  const { rest } = usePlace()
  const models = useAllowedModels()
  const [typed, setTyped] = useState<string | null>(null)
  const [system, setSystem] = useState('')
  const model = typed ?? rest[0] ?? models?.[0] ?? ''
  const chat = useChat()
  function choose(name: string): void {
    setTyped(name)
    replacePlace(linkTo('playground', name === '' ? [] : [name]))
  }
  return (
    <>
      <PageHead
        title="Playground"
        note="A request like any other: with your limits, in the ledger, through the same queue."
      >
        <Button disabled={chat.turns.length === 0} onClick={chat.clear}>
          New conversation
        </Button>
      </PageHead>
      <div class="filters">
        <TextField
          label="Model"
          value={model}
          choices={models ?? []}
          placeholder={models?.length === 0 ? 'no model is there' : 'which model'}
          onInput={choose}
        />
        <TextField label="System prompt" value={system} placeholder="none" onInput={setSystem} />
      </div>
      <Conversation turns={chat.turns} />
      <Ask
        model={model}
        isRunning={chat.isRunning}
        onStop={chat.stop}
        onAsk={(text) => chat.ask({ model, system, text })}
      />
    </>
  )
}

function Conversation({ turns }: { readonly turns: readonly Turn[] }) {
  const end = useRef<HTMLDivElement>(null)
  const last = turns.at(-1)
  useEffect(() => {
    const box = end.current?.parentElement
    // Whoever has scrolled up to read stays there.
    if (box != null && box.scrollHeight - box.scrollTop - box.clientHeight < 120)
      end.current?.scrollIntoView({ block: 'end' })
  }, [last?.answer, last?.thinking, turns.length])
  if (turns.length === 0) {
    return (
      <Empty title="Ask something">
        <p>
          Each answer says which server gave it, how long it waited, loaded and read, and how fast it was written.
          Nothing of it is kept but in this page.
        </p>
      </Empty>
    )
  }
  return (
    <div class="conversation" role="log" aria-label="Conversation" tabIndex={0}>
      {turns.map((turn) => (
        <ChatTurn key={turn.id} of={turn} />
      ))}
      <div ref={end} />
    </div>
  )
}

interface AskProps {
  readonly model: string
  readonly isRunning: boolean
  onAsk(text: string): void
  onStop(): void
}

function Ask({ model, isRunning, onAsk, onStop }: AskProps) {
  const [text, setText] = useState('')
  const canAsk = !isRunning && text.trim() !== '' && model.trim() !== ''
  function send(): void {
    if (!canAsk) return
    onAsk(text)
    setText('')
  }
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
      onKeyDown={(event) => {
        // Enter while a word is being composed chooses it.
        if (
          event.key !== 'Enter' ||
          event.shiftKey ||
          event.isComposing ||
          !(event.target instanceof HTMLTextAreaElement)
        )
          return
        event.preventDefault()
        send()
      }}
    >
      <TextField
        label="Message"
        hint="Enter sends, Shift and Enter begin a new line."
        rows={3}
        value={text}
        onInput={setText}
      />
      <div class="buttons">
        {isRunning && <Button onClick={onStop}>Stop</Button>}
        <Button kind="main" type="submit" disabled={!canAsk}>
          Send
        </Button>
      </div>
    </form>
  )
}
