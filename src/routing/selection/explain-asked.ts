import { explainRoute, type ExplainDeps, type ExplainRequest } from './explain.ts'
import type { RouteExplanation, UpstreamVerdict } from './explanation.ts'
import type { Fallbacks } from '../fallbacks.ts'

export interface ExplainAskedDeps extends ExplainDeps {
  readonly fallbacks: Pick<Fallbacks, 'choose'>
}

/** Of `asked`, which is an alias of `question.model` where the two differ. Both are canonical. */
export function explainAsked(asked: string, question: ExplainRequest, deps: ExplainAskedDeps): RouteExplanation {
  const standIn = deps.fallbacks.choose(question.model, { ...question, kind: 'generate' })
  const explained = explainRoute(question, deps)
  if (standIn === undefined) {
    return { ...explained, asked, because: asked === question.model ? null : 'alias', insteadOf: null }
  }
  const insteadOf = { model: question.model, upstreams: explained.upstreams.map(passedOver) }
  return { ...explainRoute({ ...question, model: standIn.canonical }, deps), asked, because: 'fallback', insteadOf }
}

/** Where a fallback is preferred to one that could be tried, that is because the model fails there. */
function passedOver(verdict: UpstreamVerdict): UpstreamVerdict {
  return verdict.eligible
    ? { ...verdict, eligible: false, reason: 'the model failed on it lately', expected: null }
    : verdict
}
