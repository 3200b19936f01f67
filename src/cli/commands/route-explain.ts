import { type Command, InvalidArgumentError } from 'commander'
import { explainRoute } from '../../admin/route-explain.ts'
import { type RouteExplanationView, USUAL_PROMPT_TOKENS } from '../../admin/schemas.ts'
import type { StoreOptions } from '../options.ts'
import { addGatewayOptions, openRunningGateway } from '../running-gateway.ts'
import { shortTimeText } from '../status/amounts.ts'
import { type FittedCell, type FittedColumn, fitTable } from '../status/fitted-table.ts'
import { painter } from '../status/painter.ts'
import type { Terminal } from '../terminal.ts'

interface ExplainOptions extends StoreOptions {
  readonly json?: boolean
  readonly promptTokens: number
}

export function routeExplain(command: Command, terminal: Terminal): void {
  addGatewayOptions(command)
    .argument('<model>', 'as a client would name it')
    .option('--prompt-tokens <n>', 'length of the prompt', parseTokens, USUAL_PROMPT_TOKENS)
    .option('--json', 'print a JSON object')
    .action(async (model: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ExplainOptions>()
      const { administration } = await openRunningGateway(terminal, options)
      const input = { model, prompt_tokens: options.promptTokens }
      const explanation = await administration.call(explainRoute, { input })
      if (options.json) return terminal.print(JSON.stringify(explanation, null, 2))
      for (const line of explanationLines(explanation, terminal)) terminal.print(line)
    })
}

const columns: readonly FittedColumn[] = [
  { heading: '', align: 'left', spare: 0 },
  { heading: 'UPSTREAM', align: 'left', spare: 0 },
  { heading: 'TOTAL', align: 'right', spare: 0 },
  { heading: 'QUEUE', align: 'right', spare: 0 },
  { heading: 'LOAD', align: 'right', spare: 0 },
  { heading: 'PREFILL', align: 'right', spare: 0 },
  { heading: 'NETWORK', align: 'right', spare: 0 },
  { heading: 'WHY', align: 'left', spare: 0 },
]

function explanationLines(explanation: RouteExplanationView, terminal: Terminal): string[] {
  const { model, selected, upstreams, asked, instead_of: insteadOf } = explanation
  const meant = insteadOf?.model ?? model
  const lines = asked === meant ? [] : [`${asked}: an alias of ${meant}`]
  if (insteadOf !== null) {
    lines.push(`${meant}: nobody can serve it now`, ...verdictLines(insteadOf.upstreams, null, terminal), '')
  }
  return [...lines, heading(explanation), ...verdictLines(upstreams, selected, terminal)]
}

function heading({ model, selected, missing, because }: RouteExplanationView): string {
  if (missing) return `${model}: nobody has it: a request would be a 404`
  if (selected === null) return `${model}: nobody can serve it now`
  return `${model}: goes to ${selected}${because === 'fallback' ? ', as its fallback' : ''}`
}

function verdictLines(
  upstreams: RouteExplanationView['upstreams'],
  selected: string | null,
  terminal: Terminal,
): string[] {
  if (upstreams.length === 0) return ['There are no upstreams']
  const rows = upstreams.map((upstream) => upstreamRow(upstream, upstream.name === selected))
  // A reason is not cut to the terminal: it stands last, and may wrap.
  return ['', ...fitTable(columns, rows, { width: Infinity, paint: painter(terminal) })]
}

function upstreamRow(upstream: RouteExplanationView['upstreams'][number], isSelected: boolean): FittedCell[] {
  const { name, eligible, reason, expected_ms: expected } = upstream
  const tone = eligible ? null : 'faint'
  const time = (ms: number | undefined): FittedCell => ({ text: ms === undefined ? '' : shortTimeText(ms), tone })
  return [
    { text: isSelected ? '>' : '', tone: 'good' },
    { text: name, tone: isSelected ? 'good' : tone },
    time(expected?.total),
    time(expected?.queue),
    time(expected?.load),
    time(expected?.prefill),
    time(expected?.network),
    { text: reason, tone },
  ]
}

function parseTokens(value: string): number {
  const tokens = Number(value)
  if (!/^\d+$/.test(value) || tokens > 10_000_000) {
    throw new InvalidArgumentError('It must be a whole number of tokens, at most 10000000.')
  }
  return tokens
}
