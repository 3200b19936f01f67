import { GatewayError } from '../errors/gateway-error.ts'
import { addField, type BodyEdit, replaceValue } from './body-edits.ts'
import type { BodyFacts } from './body-facts.ts'
import { foldName } from './known-fields.ts'
import { type ObjectScan, rawValue, type ScannedField, scanObject } from './object-scan.ts'

const OPTIONS = 'stream_options'
const ASKING = 'include_usage'
/** They are a handful of words; they are read in one go. */
const LONGEST_OPTIONS = 64 * 1024

/**
 * What makes a request for an OpenAI stream ask for its counts too: undefined where the client asks itself, and where
 * the field is no valid one, about which the upstream has words of its own.
 */
export function usageEdit(facts: BodyFacts): BodyEdit | undefined {
  const field = facts.fields.get(OPTIONS)
  if (field === undefined) return addField(facts, OPTIONS, `{"${ASKING}":true}`)
  if (field.type === 'scalar' && isNull(facts, field)) return replaceValue(field, `{"${ASKING}":true}`)
  return field.type === 'object' ? editWithin(facts, field) : undefined
}

function editWithin(facts: BodyFacts, field: ScannedField): BodyEdit | undefined {
  if (field.valueEnd - field.valueStart > LONGEST_OPTIONS) {
    throw new GatewayError('invalid_input', { message: `The field "${OPTIONS}" is too long to be read` })
  }
  const bytes = facts.bytes.subarray(field.valueStart, field.valueEnd)
  const scan = scanOptions(bytes)
  if (scan.kind === 'malformed') return undefined
  const edit = editOf(bytes, onlyAsking(scan.fields))
  return edit && { ...edit, start: edit.start + field.valueStart, end: edit.end + field.valueStart }
}

function editOf(bytes: Uint8Array, asking: ScannedField | undefined): BodyEdit | undefined {
  if (asking === undefined) return addField({ bytes }, ASKING, 'true')
  if (asking.type !== 'scalar') return undefined
  return isNull({ bytes }, asking) || rawValue({ bytes }, asking) === 'false' ? replaceValue(asking, 'true') : undefined
}

/** Go folds these names as the top-level ones, and the last one counts. */
function onlyAsking(fields: readonly ScannedField[]): ScannedField | undefined {
  const [asking, another] = fields
  if (another !== undefined || (asking !== undefined && asking.name !== ASKING)) {
    throw new GatewayError('ambiguous_field', {
      message: `The field "${OPTIONS}" must name "${ASKING}" once, and spell it so`,
    })
  }
  return asking
}

function scanOptions(bytes: Uint8Array): ObjectScan {
  const scan = scanObject(bytes, (name) => foldName(name) === ASKING)
  let step = scan.next()
  while (step.done !== true) step = scan.next()
  return step.value
}

function isNull(scan: { bytes: Uint8Array }, field: ScannedField): boolean {
  return rawValue(scan, field) === 'null'
}
