import { useEffect, useState } from 'preact/hooks'
import type { RouteExplanation } from '../../admin-types.ts'
import { status } from '../../api/live.ts'
import { useAsk } from '../../api/use-ask.ts'
import { formatCount } from '../../format.ts'
import { Button } from '../../parts/button.tsx'
import { TextField } from '../../parts/field.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { linkTo, replacePlace, usePlace } from '../../place.ts'
import { useStore } from '../../store.ts'
import { RouteDrawing } from './route-drawing.tsx'
import { routePicture } from './route-picture.ts'
import '../pages.css'
import './route.css'

/** About what a turn of a conversation has. */
const USUAL_TOKENS = 1000
const sizes = [100, 1000, 8000, 32_000, 128_000] as const

export function RoutePage() {
  const { rest, query } = usePlace()
  const [model = ''] = rest
  const tokens = Number(query.get('tokens') ?? USUAL_TOKENS)
  const asked = useAsk('GET /admin/route/explain', model === '' ? null : { input: { model, prompt_tokens: tokens } })
  return (
    <>
      <PageHead title="Route" note="Where a request would go now, and why not elsewhere.">
        {model !== '' && <Button onClick={() => asked.reload()}>Ask again</Button>}
      </PageHead>
      <Question model={model} tokens={tokens} />
      {model === '' ? <NothingAsked /> : <Answer asked={asked}>{(answer) => <Explained of={answer} />}</Answer>}
    </>
  )
}

function Question({ model, tokens }: { readonly model: string; readonly tokens: number }) {
  const upstreams = useStore(status)?.upstreams ?? []
  const [name, setName] = useState(model)
  const [size, setSize] = useState(String(tokens))
  const [wrong, setWrong] = useState<string | null>(null)
  useEffect(() => {
    setName(model)
    setSize(String(tokens))
  }, [model, tokens])
  function go(next: { readonly name: string; readonly size: string }): void {
    const count = Number(next.size.replaceAll(/[ ,_]/g, ''))
    if (!Number.isInteger(count) || count < 0 || count > 10_000_000) return setWrong('A whole number up to 10,000,000')
    setWrong(null)
    if (next.name.trim() !== '') replacePlace(linkTo('route', [next.name.trim()], { tokens: String(count) }))
  }
  return (
    <form
      class="filters route-question"
      onSubmit={(event) => {
        event.preventDefault()
        go({ name, size })
      }}
    >
      <TextField
        label="Model"
        value={name}
        choices={[...new Set(upstreams.flatMap(({ models }) => models))].toSorted()}
        placeholder="as a client would name it"
        onInput={setName}
      />
      <TextField label="Tokens of the prompt" value={size} error={wrong} onInput={setSize} />
      <div class="sizes" role="group" aria-label="Usual sizes">
        {sizes.map((each) => (
          <Button key={each} kind="quiet" onClick={() => go({ name, size: String(each) })}>
            {formatCount(each)}
          </Button>
        ))}
      </div>
      <Button kind="main" type="submit">
        Explain
      </Button>
    </form>
  )
}

function NothingAsked() {
  const upstreams = useStore(status)?.upstreams ?? []
  const models = [...new Set(upstreams.flatMap((upstream) => upstream.models))].toSorted().slice(0, 12)
  return (
    <Empty title="Which model?">
      <p>
        Say what a client would ask for. Nothing is sent anywhere: the gateway tells what it would decide, by what it
        knows of each server at this moment.
      </p>
      <ul class="chips">
        {models.map((model) => (
          <li key={model}>
            <a class="button" href={linkTo('route', [model])}>
              {model}
            </a>
          </li>
        ))}
      </ul>
    </Empty>
  )
}

function Explained({ of: explanation }: { readonly of: RouteExplanation }) {
  const picture = routePicture(explanation)
  return (
    <section class="card route" aria-label="The decision">
      <p class={`outcome ${picture.outcome}`} aria-live="polite">
        {picture.sentence}
      </p>
      <RouteDrawing of={picture} />
    </section>
  )
}
