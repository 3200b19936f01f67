import type { ComponentChildren } from 'preact'
import type { Exchange } from '../../admin-types.ts'
import { formatAbsolute, formatCount, formatMs, formatRate, UNKNOWN } from '../../format.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Mark } from '../../parts/mark.tsx'
import { stateText } from './exchange-text.ts'
import { StopButton } from './stop-button.tsx'

/** All that is known of one exchange; goes on changing while it runs. */
export function ExchangeDialog({ exchange, onClose }: { readonly exchange: Exchange; onClose(): void }) {
  const { kind, text } = stateText(exchange)
  return (
    <Dialog title={`${exchange.method} ${exchange.path}`} onClose={onClose}>
      <dl class="facts">
        <Fact name="State">
          <Mark kind={kind}>{text}</Mark>
        </Fact>
        {factsOf(exchange).map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
      {exchange.state !== 'ended' && (
        <footer class="buttons">
          <StopButton exchange={exchange} />
        </footer>
      )}
    </Dialog>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{children}</dd>
    </div>
  )
}

function factsOf(exchange: Exchange): readonly (readonly [name: string, value: string])[] {
  const { user, key_name, model, model_asked, upstream, attempts, cache, started_at, status, error, id } = exchange
  return [
    ['User', user === null ? 'nobody was let in' : `${user}, with key ${key_name}`],
    ['Asked for', model_asked ?? UNKNOWN],
    ['Model', model ?? UNKNOWN],
    ['Upstream', attempts > 1 ? `${upstream}, the last of ${attempts} that were asked` : (upstream ?? UNKNOWN)],
    ['Cache', cache ?? 'not asked'],
    ['Began', formatAbsolute(started_at)],
    ['In the queue', formatMs(exchange.queue_ms)],
    ['First token after', formatMs(exchange.first_token_ms)],
    ['Total', formatMs(exchange.total_ms)],
    ['Tokens of the prompt', formatCount(exchange.prompt_tokens)],
    ['Tokens of the answer', `${formatCount(exchange.tokens)} in ${formatCount(exchange.chunks)} pieces`],
    ['Speed', formatRate(exchange.tokens_per_second)],
    ['Status', status === null ? 'nothing sent yet' : `${status}${error === null ? '' : `, ${error}`}`],
    ['Request id', id],
  ]
}
