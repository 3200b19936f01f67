import type { ExpectedTimes, RouteExplanation, UpstreamVerdict } from '../routing/selection/explanation.ts'
import { adminRoute, type AdminContext } from './admin-route.ts'
import { routeExplanationSchema, routeQuestionSchema, type UpstreamVerdictView } from './schemas.ts'

export const explainRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/route/explain',
  scope: 'admin',
  summary: 'Say where a request for a model would go now, and why not elsewhere',
  status: 200,
  input: routeQuestionSchema,
  output: routeExplanationSchema,
  async handle(context, { model, prompt_tokens }) {
    const { upstreams, insteadOf, ...rest } = await explainAnyhow(context, { model, promptTokens: prompt_tokens })
    const instead_of = insteadOf && { ...insteadOf, upstreams: insteadOf.upstreams.map(verdictView) }
    return { ...rest, upstreams: upstreams.map(verdictView), instead_of }
  },
})

/** Every Ollama speaks the first; the other is for models that only a provider of that API has. */
async function explainAnyhow(
  { explain, principal }: AdminContext,
  question: { readonly model: string; readonly promptTokens: number },
): Promise<RouteExplanation> {
  const caller = principal === 'operator' ? { keyId: '', upstreams: null } : principal
  const usual = await explain({ ...question, principal: caller, dialect: 'openai' })
  if (usual.selected !== null) return usual
  const other = await explain({ ...question, principal: caller, dialect: 'anthropic' })
  return other.selected === null ? usual : other
}

function verdictView({ name, eligible, reason, expected }: UpstreamVerdict): UpstreamVerdictView {
  return { name, eligible, reason, expected_ms: rounded(expected) }
}

/** To a tenth of a millisecond. Null where nobody can tell when it would be served. */
function rounded(expected: ExpectedTimes | null): ExpectedTimes | null {
  if (expected === null || !Number.isFinite(expected.total)) return null
  const round = (ms: number): number => Math.round(ms * 10) / 10
  const { queue, load, prefill, network, total } = expected
  return {
    queue: round(queue),
    load: round(load),
    prefill: round(prefill),
    network: round(network),
    total: round(total),
  }
}
