import type { AdminRoutes, Key } from '../../admin-types.ts'
import { limitChanges, limitTexts, type LimitTexts, parseLimits } from './limit-fields.ts'

export const scopeFields = [
  { name: 'chat', label: 'chat', says: 'ask models: chat, generate, responses, messages' },
  { name: 'embed', label: 'embed', says: 'make embeddings' },
  { name: 'models:read', label: 'models:read', says: 'see which models there are' },
  { name: 'models:write', label: 'models:write', says: 'pull, create, copy and delete models' },
  { name: 'metrics', label: 'metrics', says: 'read /metrics' },
  { name: 'admin', label: 'admin', says: 'everything in this console' },
] as const

/** `agent` stands alone: it has a form of its own. */
export type GrantedScope = (typeof scopeFields)[number]['name']

export const usualScopes: readonly GrantedScope[] = ['chat', 'embed', 'models:read']

export const ends = [
  { id: 'never', label: 'Never', seconds: null },
  { id: '1h', label: 'In 1 hour', seconds: 3600 },
  { id: '1d', label: 'In 1 day', seconds: 86_400 },
  { id: '7d', label: 'In 7 days', seconds: 7 * 86_400 },
  { id: '30d', label: 'In 30 days', seconds: 30 * 86_400 },
  { id: '90d', label: 'In 90 days', seconds: 90 * 86_400 },
  { id: '1y', label: 'In 1 year', seconds: 365 * 86_400 },
  { id: 'at', label: 'At a time of your own', seconds: null },
] as const

export type EndId = (typeof ends)[number]['id']

/** What stands in the fields of the form. */
export interface KeyForm {
  readonly name: string
  readonly user: string
  readonly scopes: readonly GrantedScope[]
  /** Patterns with commas, spaces or lines between; empty is all. */
  readonly models: string
  readonly upstreams: string
  readonly pools: string
  readonly end: EndId
  /** Of a field of type datetime-local. */
  readonly endAt: string
  readonly class: 'interactive' | 'batch'
  readonly weight: string
  readonly limits: LimitTexts
  readonly format: 'crl' | 'ollama-uuid'
}

export const emptyKeyForm: KeyForm = {
  name: '',
  user: '',
  scopes: usualScopes,
  models: '',
  upstreams: '',
  pools: '',
  end: 'never',
  endAt: '',
  class: 'interactive',
  weight: '1',
  limits: limitTexts({}),
  format: 'crl',
}

export type FormField = 'name' | 'scopes' | 'end' | 'weight' | 'limits'

export type FormResult<Body> =
  | { readonly kind: 'body'; readonly body: Body }
  | { readonly kind: 'problem'; readonly field: FormField; readonly message: string }

export interface FormContext {
  readonly now: number
  /** `own`: a key of whoever asks; `agent`: one that opens the door for agents alone. */
  readonly kind: 'key' | 'own' | 'agent'
}

export type NewKey = AdminRoutes['POST /admin/keys']['input']
export type KeyChange = AdminRoutes['POST /admin/keys/change']['input']

/** What the API is sent, or the first field that is not right. */
export function newKeyBody(form: KeyForm, { now, kind }: FormContext): FormResult<NewKey> {
  const name = form.name.trim()
  const problem = nameProblem(name) ?? (kind === 'agent' ? undefined : scopesProblem(form.scopes))
  if (problem !== undefined) return problem
  const end = endOf(form, now)
  if (end.kind === 'problem') return end
  const terms = termsOf(form)
  if (terms.kind === 'problem') return terms
  const user = kind === 'own' || form.user.trim() === '' ? {} : { user: form.user.trim() }
  if (kind === 'agent') {
    const pools = wordsOf(form.pools)
    return { kind: 'body', body: { name, ...user, scopes: ['agent'], ...(pools.length > 0 && { pools }), ...end.body } }
  }
  const format = kind === 'key' && form.format !== 'crl' ? { format: form.format } : {}
  return { kind: 'body', body: { name, ...user, scopes: [...form.scopes], ...terms.body, ...end.body, ...format } }
}

/** The part of a key that can be changed afterwards. */
export type ChangeableKey = Pick<Key, 'id' | 'models' | 'upstreams' | 'class' | 'weight' | 'limits' | 'expires_at'>

/** The fields of a key that is there; `at` keeps its end as it is unless somebody chooses another. */
export function formOf(key: ChangeableKey): KeyForm {
  return {
    ...emptyKeyForm,
    models: (key.models ?? []).join(', '),
    upstreams: (key.upstreams ?? []).join(', '),
    class: key.class,
    weight: String(key.weight),
    limits: limitTexts(key.limits),
    end: key.expires_at === null ? 'never' : 'at',
    endAt: key.expires_at === null ? '' : localDateTime(Date.parse(key.expires_at)),
  }
}

/** Only what is different, so that nothing that somebody else has changed meanwhile is put back. Null: nothing is. */
export function keyChangeBody(key: ChangeableKey, form: KeyForm, now: number): FormResult<KeyChange | null> {
  const before = formOf(key)
  const isEndChanged = form.end !== before.end || form.endAt !== before.endAt
  const end = isEndChanged ? endOf(form, now) : { kind: 'body' as const, body: {} }
  if (end.kind === 'problem') return end
  const terms = termsOf(form)
  if (terms.kind === 'problem') return terms
  const parsed = parseLimits(form.limits)
  if (parsed.kind === 'problem') return { kind: 'problem', field: 'limits', message: parsed.message }
  const limits = limitChanges(key.limits, parsed.limits)
  const ended = isEndChanged && form.end === 'never' ? { expires_at: null } : end.body
  const changes = {
    ...listChange('models', key.models, wordsOf(form.models)),
    ...listChange('upstreams', key.upstreams, wordsOf(form.upstreams)),
    ...(form.class !== key.class && { class: form.class }),
    ...(Number(form.weight) !== key.weight && { weight: Number(form.weight) }),
    ...(limits !== undefined && { limits }),
    ...ended,
  }
  return { kind: 'body', body: Object.keys(changes).length === 0 ? null : { key: key.id, ...changes } }
}

/** The value of a datetime-local field. */
export function localDateTime(at: number): string {
  const date = new Date(at)
  const two = (part: number): string => String(part).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`
}

function listChange(
  name: 'models' | 'upstreams',
  before: readonly string[] | null,
  after: string[],
): Pick<KeyChange, 'models' | 'upstreams'> {
  if ((before ?? []).join('\n') === after.join('\n')) return {}
  return { [name]: after.length === 0 ? null : after }
}

function termsOf(form: KeyForm): FormResult<Omit<NewKey, 'name'>> {
  const parsed = parseLimits(form.limits)
  if (parsed.kind === 'problem') return { kind: 'problem', field: 'limits', message: parsed.message }
  const weight = Number(form.weight)
  if (!Number.isInteger(weight) || weight < 1 || weight > 100)
    return { kind: 'problem', field: 'weight', message: 'Weight is a whole number from 1 to 100' }
  const [models, upstreams] = [wordsOf(form.models), wordsOf(form.upstreams)]
  return {
    kind: 'body',
    body: {
      ...(models.length > 0 && { models }),
      ...(upstreams.length > 0 && { upstreams }),
      ...(form.class === 'batch' && { class: form.class }),
      ...(weight !== 1 && { weight }),
      ...(Object.keys(parsed.limits).length > 0 && { limits: parsed.limits }),
    },
  }
}

function endOf({ end, endAt }: KeyForm, now: number): FormResult<Pick<NewKey, 'expires_in_seconds' | 'expires_at'>> {
  if (end === 'never') return { kind: 'body', body: {} }
  if (end !== 'at') {
    const seconds = ends.find(({ id }) => id === end)?.seconds ?? null
    return { kind: 'body', body: { expires_in_seconds: seconds } }
  }
  const at = Date.parse(endAt)
  if (Number.isNaN(at)) return { kind: 'problem', field: 'end', message: 'Say when the key ends, with day and time' }
  if (at <= now) return { kind: 'problem', field: 'end', message: 'The end is in the past: choose a later one' }
  return { kind: 'body', body: { expires_at: new Date(at).toISOString() } }
}

/** The gateway has the last word; this says the common mistakes before anything is sent. */
export function nameProblem(name: string): Extract<FormResult<never>, { kind: 'problem' }> | undefined {
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u.test(name)) return undefined
  const rule = 'A name is up to 64 letters, digits, spaces or . _ @ + -, beginning with a letter or digit'
  return { kind: 'problem', field: 'name', message: name === '' ? 'Give it a name' : rule }
}

function scopesProblem(scopes: readonly string[]): Extract<FormResult<never>, { kind: 'problem' }> | undefined {
  if (scopes.length > 0) return undefined
  return { kind: 'problem', field: 'scopes', message: 'Choose at least one thing that the key may do' }
}

function wordsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((word) => word !== ''))]
}
