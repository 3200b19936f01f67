import { unmapped, type Remark } from './annotated-yaml.ts'
import { isTree, isVariable, textOf, type Taker } from './foreign-tree.ts'

const MAX_SHOWN = 160

/** A remark for each key that nobody took, with what is known about it. */
export function tellRest(taker: Taker, place: string, reasons: Readonly<Record<string, string>> = {}): Remark[] {
  return taker.rest().map(([name, value]) => {
    const reason = Object.hasOwn(reasons, name) ? reasons[name] : 'Corral has no such setting'
    return leftover(place === '' ? name : `${place}.${name}`, value, reason)
  })
}

export function leftover(path: string, value: unknown, reason = 'it cannot be used here'): Remark {
  const name = path.split('.').at(-1) ?? ''
  return unmapped(`${path}: ${shown(value, name)}; ${reason}`)
}

/** A foreign value as part of a comment. Whatever may be a secret is left out. */
export function shown(value: unknown, name = ''): string {
  const text = JSON.stringify(withoutSecrets(value, name)) ?? 'nothing'
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}...`
}

/** Whether a text is, or may be, what lets somebody in. */
export function mayBeSecret(text: string): boolean {
  if (/^(?:sk|pk|rk|gsk|xai|ghp|hf|crl|key|ollama)[-_]|^eyJ|\bbearer\s|\/\/[^/\s]*@/i.test(text)) return true
  return /^[\w+/=-]{20,}$/.test(text) && /\d/.test(text) && /[a-z]/i.test(text)
}

function isSecretName(name: string): boolean {
  return /key|token|secret|passw|salt|credential|auth|pepper|cookie|dsn/i.test(name)
}

function withoutSecrets(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, name))
  if (isTree(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets(inner, key)]))
  }
  if (typeof value === 'boolean' || value === null || isVariable(value)) return value
  return isSecretName(name) || mayBeSecret(textOf(value)) ? '(not shown, it may be a secret)' : value
}
