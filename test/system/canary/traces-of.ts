/** Where a secret was found, and in which form. */
export interface Trace {
  readonly secret: string
  readonly form: string
  readonly where: string
  /** What stands before it. */
  readonly context: string
}

/**
 * What of a secret must not be found: its end, which is what a careless cut leaves, but for as much as a hint may show.
 * In base64 the text depends on where in a group of three bytes it begins.
 */
export function formsOf(secret: string): ReadonlyMap<string, string> {
  const core = secret.slice(Math.max(0, secret.length - 18))
  const bytes = Buffer.from(core)
  const hex = bytes.toString('hex')
  const everyByte = hex.replace(/../g, '%$&')
  const forms = new Map([
    ['plain', core],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['url', encodeURIComponent(core)],
    ['url, every byte', everyByte],
    ['URL, EVERY BYTE', everyByte.toUpperCase()],
    ['reversed', [...core].toReversed().join('')],
  ])
  for (const shift of [0, 1, 2]) {
    // What surrounds it shares the first and the last characters.
    const base64 = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
      .slice(shift === 0 ? 0 : shift + 1, -2)
    forms.set(`base64 +${shift}`, base64)
    forms.set(`base64url +${shift}`, base64.replaceAll('+', '-').replaceAll('/', '_'))
  }
  return forms
}

/** Every secret, by its name, in every form, in every text. */
export function findTraces(secrets: ReadonlyMap<string, string>, texts: ReadonlyMap<string, string>): Trace[] {
  const traces: Trace[] = []
  for (const [secret, value] of secrets) {
    for (const [form, needle] of formsOf(value)) {
      for (const [where, text] of texts) {
        const at = text.indexOf(needle)
        if (at >= 0) traces.push({ secret, form, where, context: text.slice(Math.max(0, at - 80), at) })
      }
    }
  }
  return traces
}
