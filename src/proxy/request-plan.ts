import type { Principal } from '../auth/principal.ts'
import type { Dialect } from '../dialects/dialect.ts'
import type { StreamFormat } from '../dialects/stream-format.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { type AnyModelName, parseAnyModelName } from '../lib/model-name.ts'
import { addField, type BodyEdit, replaceValue, spliceBody } from './body-edits.ts'
import type { BodyFacts } from './body-facts.ts'
import type { PolicyEdits } from './model-policy.ts'
import { NO_PROMPT, type Prompt } from './prompt.ts'
import { promptOf } from './prompt-view.ts'
import type { Route } from './route.ts'

/** What of a request's content decides where it goes and what is sent there. */
export interface RequestPlan {
  /** Canonical name of the model that routing looks for; null where the request names none. */
  readonly model: string | null
  readonly body: readonly Uint8Array[]
  /** Null: the answer is one whole. */
  readonly format: StreamFormat | null
  readonly prompt: Prompt
}

export interface PlanInput {
  readonly route: Route
  readonly principal: Principal
  readonly facts: BodyFacts
  /** The model that `facts` names. */
  readonly asked: AnyModelName | null
}

/** What planning asks of the rest of the gateway. */
export interface PlanRules {
  /** Undefined: allowed. */
  judge(principal: Principal, use: { names: readonly string[]; webSearch: boolean }): GatewayError | undefined
  /** The name of the model that answers for this one, alias or fallback, or undefined for itself. */
  standIn(canonical: string, caller: { principal: Principal; dialect: Dialect }): string | undefined
  readonly edits: PolicyEdits
}

/** Throws GatewayError where the principal may not do what the body asks. */
export function planRequest({ route, principal, facts, ...input }: PlanInput, rules: PlanRules): RequestPlan {
  const named = facts.model
  const asked = input.asked === null ? null : canonicalOf(input.asked)
  // A write must reach the model it names: who deletes one that is missing must not delete the one in its place.
  const replaceable = asked !== null && named?.field !== null && route.kind !== 'write'
  const standIn = replaceable ? rules.standIn(asked, { principal, dialect: route.dialect }) : undefined
  const names =
    standIn === undefined ? facts.models : facts.models.map((name) => (name === named?.name ? standIn : name))
  const denied = rules.judge(principal, { names, webSearch: facts.webSearch })
  if (denied !== undefined) throw denied
  const model = standIn === undefined ? asked : canonicalOf(parseAnyModelName(standIn))
  const edits = nameEdits(facts, standIn).concat(streamEdits(route, facts))
  if (model !== null && route.dialect === 'ollama' && route.kind === 'generate')
    edits.push(...rules.edits(facts, model))
  return {
    model,
    body: edits.length === 0 ? [facts.bytes] : spliceBody(facts.bytes, edits),
    format: streamFormat(route, facts.stream),
    prompt: route.kind === 'generate' ? promptOf(facts) : NO_PROMPT,
  }
}

/** How the answer to this request streams. Decided by route and body alone, never by Accept or Content-Type. */
export function streamFormat(route: Route, stream: boolean | undefined): StreamFormat | null {
  const streams = stream ?? route.impliedStream ?? route.streamsByDefault
  return route.stream === 'whole' || !streams ? null : { framing: route.stream, dialect: route.dialect }
}

function nameEdits(facts: BodyFacts, standIn: string | undefined): BodyEdit[] {
  const field = facts.model?.field
  return standIn === undefined || field == null ? [] : [replaceValue(field, JSON.stringify(standIn))]
}

function streamEdits(route: Route, facts: BodyFacts): BodyEdit[] {
  if (route.impliedStream === undefined || facts.fields.has('stream') || facts.fields.size === 0) return []
  return [addField(facts, 'stream', String(route.impliedStream))]
}

function canonicalOf(name: AnyModelName): string | null {
  return name.kind === 'invalid' ? null : name.canonical
}
