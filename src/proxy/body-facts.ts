import { GatewayError } from '../errors/gateway-error.ts'
import { foldName, isExactName, isKnownName } from './known-fields.ts'
import { type ObjectScan, rawValue, type ScannedField, scanObject, stringValue } from './object-scan.ts'

/** What a JSON body says that the gateway must know. Nothing else of it was read. */
export interface BodyFacts {
  readonly bytes: Uint8Array
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
/** Tool lists beyond this are not read for `web_search`: they are taken to hold it. */
const LONGEST_TOOLS = 4 << 20

/**
 * Peeks at a body, yielding between megabytes. A body that is no JSON object has no facts: Ollama's decoder refuses
 * it in its own words. Throws `ambiguous_field` where Go would read something else than was checked.
 */
export async function peekBody(bytes: Uint8Array, options: { readTools: boolean }): Promise<BodyFacts> {
  const scan = scanObject(bytes, isKnownName)
  let step = scan.next()
  while (step.done !== true) {
    await new Promise<void>((resolve) => setTimeout(resolve, 0))
    step = scan.next()
  }
  return bodyFacts(bytes, step.value, options)
}

/** The same in one go, for a body that is known to be small. */
export function peekSmallBody(bytes: Uint8Array, options: { readTools: boolean }): BodyFacts {
  const scan = scanObject(bytes, isKnownName)
  let step = scan.next()
  while (step.done !== true) step = scan.next()
  return bodyFacts(bytes, step.value, options)
}

export function noFacts(bytes: Uint8Array): BodyFacts {
  return { bytes, fields: new Map(), models: [], model: null, stream: undefined, webSearch: false }
}

/** Facts of a form, whose fields were read otherwise. */
export function formFacts(bytes: Uint8Array, models: readonly string[]): BodyFacts {
  const name = models[0]
  return { ...noFacts(bytes), models, model: name === undefined ? null : { name, field: null } }
}

function bodyFacts(bytes: Uint8Array, scan: ObjectScan, options: { readTools: boolean }): BodyFacts {
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
    fields,
    models: named.map((each) => each.name),
    model: named.find(({ field }) => field?.name !== 'destination' && field?.name !== 'from') ?? null,
    stream: stream === undefined ? undefined : booleanValue(rawValue(scan, stream)),
    webSearch: tools !== undefined && hasWebSearch(scan, tools),
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

function booleanValue(raw: string): boolean | undefined {
  if (raw === 'true') return true
  return raw === 'false' ? false : undefined
}

/** `tools[].type` of Responses and Messages; nested names fold in Go as the top-level ones do. */
function hasWebSearch(scan: { bytes: Uint8Array }, field: ScannedField): boolean {
  if (field.valueEnd - field.valueStart > LONGEST_TOOLS) return true
  let tools: unknown
  try {
    tools = JSON.parse(rawValue(scan, field))
  } catch {
    return false
  }
  return Array.isArray(tools) && tools.some(isWebSearch)
}

function isWebSearch(tool: unknown): boolean {
  if (typeof tool !== 'object' || tool === null) return false
  return Object.entries(tool).some(
    ([name, value]) =>
      ['type', 'name'].includes(foldName(name)) && typeof value === 'string' && value.startsWith('web_search'),
  )
}
