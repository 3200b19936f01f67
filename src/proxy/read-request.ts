import type { Principal } from '../auth/principal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { headerValue } from '../lib/raw-headers.ts'
import { parseAnyModelName } from '../lib/model-name.ts'
import { type BodyFacts, formFacts, noFacts, peekBody, peekSmallBody } from './body-facts.ts'
import type { ClientRequest } from './client-port.ts'
import { multipartModels } from './multipart-model.ts'
import { rawValue } from './object-scan.ts'
import { type PlanRules, planRequest, type RequestPlan } from './request-plan.ts'
import type { Route } from './route.ts'
import { upstreamChoice } from './upstream-choice.ts'

export interface ReadRules extends PlanRules {
  /** For requests that name no model. */
  readonly defaultModel: string | null
  /** Undefined where the lists know the model; else a look for it, bounded, before anyone judges it. */
  lookFor(canonical: string): Promise<void> | undefined
}

export interface ReadInput {
  readonly request: ClientRequest
  readonly route: Route
  readonly principal: Principal
  /** Decoded values of the route's pattern. */
  readonly params: Readonly<Record<string, string>>
}

/** Bodies up to this are peeked at in one go. */
const SMALL_BODY = 256 * 1024

/** What a collected body means: at once where nothing has to be waited for. Throws, or rejects with, GatewayError. */
export function readRequest(input: ReadInput, bytes: Uint8Array, rules: ReadRules): RequestPlan | Promise<RequestPlan> {
  const options = { readTools: input.route.dialect === 'anthropic' || input.route.dialect === 'responses' }
  if (input.route.body === 'json' && bytes.length > SMALL_BODY) {
    return peekBody(bytes, options).then((facts) => plan(input, facts, rules))
  }
  return plan(input, smallFacts(input, bytes, options), rules)
}

function smallFacts(input: ReadInput, bytes: Uint8Array, options: { readTools: boolean }): BodyFacts {
  switch (input.route.body) {
    case 'json':
      return peekSmallBody(bytes, options)
    case 'multipart':
      return formFacts(bytes, formModels(input.request, bytes))
    default:
      return pathFacts(bytes, input)
  }
}

function formModels(request: ClientRequest, bytes: Uint8Array): string[] {
  const models = multipartModels(headerValue(request.headers, 'content-type'), bytes)
  if (models === null) throw new GatewayError('bad_body', { message: 'The request body is not a multipart form' })
  return models
}

/** `/v1/models/NAME` names its model in the path. */
function pathFacts(bytes: Uint8Array, input: ReadInput): BodyFacts {
  const name = input.params['name']
  return name === undefined ? noFacts(bytes) : formFacts(bytes, [name])
}

function plan(input: ReadInput, facts: BodyFacts, rules: ReadRules): RequestPlan | Promise<RequestPlan> {
  const defaultModel = namesNoModel(input.route, facts) ? (rules.defaultModel ?? undefined) : undefined
  const name = facts.model?.name ?? defaultModel
  const asked = name === undefined ? null : parseAnyModelName(name)
  const choice = upstreamChoice(input.request.headers)
  // Of one that cannot be read the client is told when its request is routed.
  const named = choice instanceof GatewayError ? null : choice
  const planned = (): RequestPlan => planRequest({ ...input, named, facts, asked, defaultModel }, rules)
  const look = asked?.kind === 'local' && input.route.kind !== 'write' ? rules.lookFor(asked.canonical) : undefined
  return look === undefined ? planned() : look.then(planned)
}

/** Runs a model and says nothing of which, or `""` or `null`, which is the same to Go. */
function namesNoModel(route: Route, facts: BodyFacts): boolean {
  if (facts.model !== null || !facts.isObject || route.kind !== 'generate') return false
  const field = facts.fields.get('model')
  return field === undefined || field.type === 'string' || rawValue(facts, field) === 'null'
}
