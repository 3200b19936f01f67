import { GatewayError } from '../errors/gateway-error.ts'
import { globMatcher } from '../lib/glob.ts'
import { addField, type BodyEdit, removeField, replaceValue } from './body-edits.ts'
import type { BodyFacts } from './body-facts.ts'
import { rawValue, type ScannedField, scanObject } from './object-scan.ts'
import type { ModelPolicy } from './settings.ts'

/** What the policies of a model make of a request's body: the byte ranges to change, none by default. */
export type PolicyEdits = (facts: BodyFacts, canonicalModel: string) => BodyEdit[]

/** Options of Ollama whose change makes it load a model anew, for everybody. */
const LOAD_OPTIONS = ['num_batch', 'num_gpu', 'main_gpu', 'use_mmap', 'num_thread', 'draft_num_predict']

/** Options are a handful of numbers; they are read in one go. */
const LONGEST_OPTIONS = 64 * 1024

/** The policy that governs a model, by its canonical name; undefined: none does. */
export type PolicyOf = (canonicalModel: string) => ModelPolicy | undefined

export function createPolicyOf(policies: readonly ModelPolicy[]): PolicyOf {
  const compiled = policies.map((policy) => ({ policy, matches: globMatcher(policy.match) }))
  return (canonicalModel) => compiled.find((each) => each.matches(canonicalModel))?.policy
}

/**
 * `num_ctx` and `keep_alive` of ordinary keys are governed here: one user's value reloads or pins the model for all.
 * Bodies pass unchanged as long as every policy says `allow`.
 */
export function createPolicyEdits(policies: readonly ModelPolicy[]): PolicyEdits {
  if (policies.every((policy) => policy.numCtx === 'allow' && policy.keepAlive === 'allow')) return () => []
  const policyOf = createPolicyOf(policies)
  return (facts, canonicalModel) => {
    const governing = policyOf(canonicalModel)
    if (governing === undefined) return []
    return [...keepAliveEdits(facts, governing), ...optionEdits(facts, governing)]
  }
}

function keepAliveEdits(facts: BodyFacts, policy: ModelPolicy): BodyEdit[] {
  const field = facts.fields.get('keep_alive')
  if (policy.keepAlive === 'allow') return []
  if (policy.keepAlive === 'strip') return field === undefined ? [] : [removeField(facts.bytes, field)]
  const value = JSON.stringify(policy.keepAlive)
  return [field === undefined ? addField(facts, 'keep_alive', value) : replaceValue(field, value)]
}

/** The contents of `options` are matched exactly by Ollama, no folding. */
function optionEdits(facts: BodyFacts, policy: ModelPolicy): BodyEdit[] {
  if (policy.numCtx === 'allow') return []
  const field = facts.fields.get('options')
  const wanted = policy.numCtx === 'strip' ? undefined : `{"num_ctx":${policy.numCtx}}`
  if (field === undefined) return wanted === undefined ? [] : [addField(facts, 'options', wanted)]
  if (field.type !== 'object') return wanted === undefined ? [] : [replaceValue(field, wanted)]
  const options = optionFields(facts, field)
  const kept = options.filter((each) => each.name !== 'num_ctx' && !LOAD_OPTIONS.includes(each.name))
  const parts = kept.map((each) => `${JSON.stringify(each.name)}:${each.raw}`)
  if (policy.numCtx !== 'strip') parts.push(`"num_ctx":${policy.numCtx}`)
  return kept.length === options.length && wanted === undefined ? [] : [replaceValue(field, `{${parts.join(',')}}`)]
}

function optionFields(facts: BodyFacts, field: ScannedField): { name: string; raw: string }[] {
  if (field.valueEnd - field.valueStart > LONGEST_OPTIONS) {
    throw new GatewayError('invalid_input', { message: 'The field "options" is too long to be read' })
  }
  const bytes = facts.bytes.subarray(field.valueStart, field.valueEnd)
  const scan = scanObject(bytes, () => true)
  let step = scan.next()
  while (step.done !== true) step = scan.next()
  const result = step.value
  if (result.kind === 'malformed') return []
  return result.fields.map((each) => ({ name: each.name, raw: rawValue(result, each) }))
}
