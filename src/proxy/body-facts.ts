import { GatewayError } from '../errors/gateway-error.ts'
import { nextTurn } from '../lib/next-turn.ts'
import { foldName, isExactName, isKnownName } from './known-fields.ts'
import { rawValue, type ScannedField, scanObject, someItem, stringValue } from './object-scan.ts'

/** What a JSON body says that the gateway must know. Nothing else of it was read. */
export interface BodyFacts {
  readonly bytes: Uint8Array
  /** Whether it is a JSON object at all: only then can something be written into it. */
  readonly isObject: boolean
  readonly fields: ReadonlyMap<string, ScannedField>
  /** Every model the request names, as it was written, empty names left out. */
  readonly models: readonly string[]
  /** The one that runs: `model`, else its old alias `name`, else `source`. */
  readonly model: NamedModel | null
  readonly stream: boolean | undefined
  readonly webSearch: boolean
}

export interface NamedModel {
  readonly name: string
  /** Where it stands in a JSON body; null in a form. */
  readonly field: ScannedField | null
}

const MODEL_FIELDS = ['model', 'name', 'source', 'destination', 'from'] as const
/** A name longer than this fits no part of the grammar. */
const LONGEST_MODEL = 4096
/** What says which kind of tool it is. */
const TOOL_FIELDS: ReadonlySet<string> = new Set(['type', 'name'])

/**
 * Peeks at a body, yielding between megabytes. A body that is no JSON object has no facts: Ollama's decoder refuses
 * it in its own words. Throws `ambiguous_field` where Go would read something else than was checked.
 */
export async function peekBody(bytes: Uint8Array, options: { readTools: boolean }): Promise<BodyFacts> {
  const reading = bodyFacts(bytes, options)
  let step = reading.next()
  while (step.done !== true) {
    await nextTurn()
    step = reading.next()
  }
  return step.value
}

/** The same in one go, for a body that is known to be small. */
export function peekSmallBody(bytes: Uint8Array, options: { readTools: boolean }): BodyFacts {
  const reading = bodyFacts(bytes, options)
  let step = reading.next()
  while (step.done !== true) step = reading.next()
  return step.value
}

export function noFacts(bytes: Uint8Array): BodyFacts {
  return { bytes, isObject: false, fields: new Map(), models: [], model: null, stream: undefined, webSearch: false }
}

/** Facts of a form, whose fields were read otherwise. */
export function formFacts(bytes: Uint8Array, models: readonly string[]): BodyFacts {
  const name = models[0]
  return { ...noFacts(bytes), models, model: name === undefined ? null : { name, field: null } }
}

function* bodyFacts(bytes: Uint8Array, options: { readTools: boolean }): Generator<void, BodyFacts> {
  const scan = yield* scanObject(bytes, isKnownName)
  if (scan.kind === 'malformed') return noFacts(bytes)
  const fields = new Map<string, ScannedField>()
  for (const field of scan.fields) {
    refuseAmbiguous(field.name, fields)
    fields.set(field.name, field)
  }
  const named = namedModels(scan, fields)
  const stream = fields.get('stream')
  const tools = options.readTools ? fields.get('tools') : undefined
  return {
    bytes,
    isObject: true,
    fields,
    models: named.map((each) => each.name),
    model: named.find(({ field }) => field?.name !== 'destination' && field?.name !== 'from') ?? null,
    stream: stream?.type === 'scalar' ? booleanValue(scan, stream) : undefined,
    webSearch:
      tools?.type === 'array' && (yield* someItem(bytes.subarray(tools.valueStart, tools.valueEnd), isWebSearch)),
  }
}

function refuseAmbiguous(name: string, seen: ReadonlyMap<string, ScannedField>): void {
  if (!isExactName(name)) {
    throw new GatewayError('ambiguous_field', {
      message: `The field ${JSON.stringify(name)} would be read as "${foldName(name)}": spell it so`,
    })
  }
  if (seen.has(name)) {
    throw new GatewayError('ambiguous_field', { message: `The field "${name}" stands twice in the body` })
  }
}

function namedModels(scan: { bytes: Uint8Array }, fields: ReadonlyMap<string, ScannedField>): NamedModel[] {
  const named: NamedModel[] = []
  for (const key of MODEL_FIELDS) {
    const field = fields.get(key)
    if (field === undefined || field.type !== 'string') continue
    if (field.valueEnd - field.valueStart > LONGEST_MODEL) throw new GatewayError('invalid_model_name')
    const name = stringValue(scan, field)
    if (name !== undefined && name.trim() !== '') named.push({ name, field })
  }
  return named
}

function booleanValue(scan: { bytes: Uint8Array }, field: ScannedField): boolean | undefined {
  if (field.valueEnd - field.valueStart > 'false'.length) return undefined
  const raw = rawValue(scan, field)
  if (raw === 'true') return true
  return raw === 'false' ? false : undefined
}

/**
 * One of `tools` of Responses and Messages; nested names fold in Go as the top-level ones do. A name may stand there
 * twice, and Go passes over a null: any of them counts.
 */
function* isWebSearch(tool: Uint8Array): Generator<void, boolean> {
  const scan = yield* scanObject(tool, (name) => TOOL_FIELDS.has(foldName(name)))
  return (
    scan.kind === 'object' && scan.fields.some((field) => stringValue(scan, field)?.startsWith('web_search') === true)
  )
}
