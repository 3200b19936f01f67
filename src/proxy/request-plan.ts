import type { Principal } from '../auth/principal.ts'
import type { Dialect } from '../dialects/dialect.ts'
import type { StreamFormat } from '../dialects/stream-format.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { type AnyModelName, parseAnyModelName } from '../lib/model-name.ts'
import { addField, type BodyEdit, replaceValue, spliceBody } from './body-edits.ts'
import type { BodyFacts } from './body-facts.ts'
import type { PolicyEdits } from './model-policy.ts'
import { NO_PROMPT, type Prompt } from './prompt.ts'
import { promptOf } from './prompt-view.ts'
import type { Route, RouteKind } from './route.ts'
import { usageEdit } from './usage-asking.ts'

/** What of a request's content decides where it goes and what is sent there. */
export interface RequestPlan {
  /** Canonical name of the model that routing looks for; null where the request names none. */
  readonly model: string | null
  /** Canonical name of the one that the request names, or of the default one. */
  readonly asked: string | null
  readonly body: readonly Uint8Array[]
  /** The body without what asks for counts; undefined: it asks for none. */
  readonly bodyUnasked?: (() => readonly Uint8Array[]) | undefined
  /** Null: the answer is one whole. */
  readonly format: StreamFormat | null
  readonly prompt: Prompt
  /** The same request for the next model that may answer where this one fails; undefined: there is none. */
  another(): RequestPlan | undefined
}

export interface PlanInput {
  readonly route: Route
  readonly principal: Principal
  /** Upstreams that the request names. */
  readonly named: readonly string[] | null
  readonly facts: BodyFacts
  /** The model that `facts` names, or the default one. */
  readonly asked: AnyModelName | null
  /** Is written into a body that names no model. */
  readonly defaultModel?: string | undefined
}

/** Who asks for a model, and how. */
export interface StandInCaller {
  readonly principal: Principal
  readonly dialect: Dialect
  readonly kind: RouteKind
  /** Upstreams that the request is kept to. */
  readonly named: readonly string[] | null
}

/** What planning asks of the rest of the gateway. */
export interface PlanRules {
  /** Undefined: allowed. */
  judge(principal: Principal, use: { names: readonly string[]; webSearch: boolean }): GatewayError | undefined
  /** The name of the model that answers for this one, alias or fallback, or undefined for itself. */
  standIn(canonical: string, caller: StandInCaller): string | undefined
  /** Names of the models that may answer where this one fails, in order. */
  fallbacks(canonical: string, caller: StandInCaller): readonly string[]
  readonly edits: PolicyEdits
}

/** Throws GatewayError where the principal may not do what the body asks. */
export function planRequest(input: PlanInput, rules: PlanRules): RequestPlan {
  const { route, facts, defaultModel } = input
  const asked = input.asked === null ? null : canonicalOf(input.asked)
  // A write must reach the model it names: who deletes one that is missing must not delete the one in its place.
  const isWritable = facts.model === null ? defaultModel !== undefined : facts.model.field !== null
  const isReplaceable = isWritable && route.kind !== 'write'
  const standIn = asked !== null && isReplaceable ? rules.standIn(asked, callerOf(input)) : undefined
  const planned = planWith(input, { written: standIn ?? defaultModel, asked }, rules)
  if (planned instanceof GatewayError) throw planned
  if (asked === null || !isReplaceable || route.kind !== 'generate')
    return { ...planned, asked, another: () => undefined }
  return { ...planned, asked, another: () => planAnother(input, { asked, models: [planned.model] }, rules) }
}

function callerOf({ route, principal, named }: PlanInput): StandInCaller {
  return { principal, dialect: route.dialect, kind: route.kind, named }
}

type OnePlan = Omit<RequestPlan, 'another' | 'asked'>

/** What was asked for, and the models that were tried for it. */
interface Tried {
  readonly asked: string
  readonly models: readonly (string | null)[]
}

/** With the first of the model's fallbacks that was not tried and that the principal may use. */
function planAnother(input: PlanInput, tried: Tried, rules: PlanRules): RequestPlan | undefined {
  for (const name of rules.fallbacks(tried.asked, callerOf(input))) {
    const canonical = canonicalOf(parseAnyModelName(name))
    if (canonical === null || tried.models.includes(canonical)) continue
    const planned = tryPlanWith(input, name, rules)
    if (planned instanceof GatewayError) continue
    const next = { ...tried, models: [...tried.models, canonical] }
    return { ...planned, asked: tried.asked, another: () => planAnother(input, next, rules) }
  }
  return undefined
}

function tryPlanWith(input: PlanInput, written: string, rules: PlanRules): OnePlan | GatewayError {
  try {
    return planWith(input, { written, asked: null }, rules)
  } catch (error) {
    // The policy of this model may refuse what that of the first let pass.
    if (error instanceof GatewayError) return error
    throw error
  }
}

/** `written`: the name that goes into the body; undefined: what stands there stays. */
function planWith(
  { route, principal, facts }: PlanInput,
  { written, asked }: { readonly written: string | undefined; readonly asked: string | null },
  rules: PlanRules,
): OnePlan | GatewayError {
  const named = facts.model?.name
  const names = facts.models.map((name) => (written !== undefined && name === named ? written : name))
  if (named === undefined && written !== undefined) names.push(written)
  const denied = rules.judge(principal, { names, webSearch: facts.webSearch })
  if (denied !== undefined) return denied
  const model = written === undefined ? asked : canonicalOf(parseAnyModelName(written))
  const edits = nameEdits(facts, written).concat(streamEdits(route, facts))
  if (model !== null && route.dialect === 'ollama' && route.kind === 'generate')
    edits.push(...rules.edits(facts, model))
  const format = streamFormat(route, facts.stream)
  const asking = format?.dialect === 'openai' && facts.isObject ? usageEdit(facts) : undefined
  const body = (all: readonly BodyEdit[]): readonly Uint8Array[] =>
    all.length === 0 ? [facts.bytes] : spliceBody(facts.bytes, all)
  return {
    model,
    body: body(asking === undefined ? edits : [...edits, asking]),
    bodyUnasked: asking === undefined ? undefined : () => body(edits),
    format: asking === undefined || format === null ? format : { ...format, hidesUsage: true },
    prompt: route.kind === 'generate' ? promptOf(facts) : NO_PROMPT,
  }
}

/** How the answer to this request streams. Decided by route and body alone, never by Accept or Content-Type. */
export function streamFormat(route: Route, stream: boolean | undefined): StreamFormat | null {
  const streams = stream ?? route.impliedStream ?? route.streamsByDefault
  return route.stream === 'whole' || !streams ? null : { framing: route.stream, dialect: route.dialect }
}

function nameEdits(facts: BodyFacts, written: string | undefined): BodyEdit[] {
  if (written === undefined) return []
  const field = facts.model?.field ?? facts.fields.get('model')
  return [
    field === undefined
      ? addField(facts, 'model', JSON.stringify(written))
      : replaceValue(field, JSON.stringify(written)),
  ]
}

function streamEdits(route: Route, facts: BodyFacts): BodyEdit[] {
  if (route.impliedStream === undefined || facts.fields.has('stream') || !facts.isObject) return []
  return [addField(facts, 'stream', String(route.impliedStream))]
}

function canonicalOf(name: AnyModelName): string | null {
  return name.kind === 'invalid' ? null : name.canonical
}
