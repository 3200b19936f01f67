import { z } from 'zod'
import { choice, listOf, secret, secretFile, setting, toggle } from '../lib/setting.ts'
import { readSecret, type SettingPath, type SettingsContext } from '../lib/settings-context.ts'
import type { Secret } from '../lib/secret.ts'

export type ProviderType = 'openai' | 'anthropic' | 'openai-compatible'
export type UpstreamType = 'ollama' | ProviderType

/** What a provider has that an Ollama has not. */
export interface ProviderSettings {
  readonly type: ProviderType
  /** Null: it wants none, as servers of one's own often do not. */
  readonly apiKey: Secret | null
  /** Globs over the names in its list; a name without wildcard counts as listed. Null: all it lists. */
  readonly models: readonly string[] | null
  /** Whether its host name may resolve to a private or loopback address. */
  readonly allowPrivate: boolean
}

/** Where a provider is unless its url says otherwise. */
const publicUrls: Readonly<Record<UpstreamType, string | null>> = {
  ollama: null,
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  'openai-compatible': null,
}

const modelPattern = setting(z.string(), (text) => (/^[\w.:/*?@+-]{1,512}$/.test(text) ? text : undefined), {
  wanted: 'the name of a model, or a pattern such as gpt-*',
  description: '',
})

export const providerShape = {
  type: choice(
    ['ollama', 'openai', 'anthropic', 'openai-compatible'],
    'What it is: an Ollama, or a provider that is spoken to in its own API.',
  ).prefault('ollama'),
  api_key: secret("Key of the provider, sent in place of the caller's."),
  api_key_file: secretFile('api_key'),
  models: listOf(modelPattern, {
    wanted: 'a list of model names or patterns such as gpt-*',
    description: 'Which of the models a provider lists are served; a plain name is served without being listed.',
  }).optional(),
  allow_private: toggle('Whether the host name of a provider may lead to a private or loopback address.').prefault(
    'off',
  ),
}

interface RawProvider {
  readonly type: UpstreamType
  readonly enabled: boolean
  readonly api_key?: Secret | undefined
  readonly api_key_file?: string | undefined
  readonly models?: readonly string[] | undefined
  readonly allow_private: boolean
  readonly memory?: number | undefined
  readonly slots: number | null
}

export function publicUrl(type: UpstreamType): string | null {
  return publicUrls[type]
}

/** Null for an Ollama. */
export function toProviderSettings(
  raw: RawProvider,
  at: SettingPath,
  context: SettingsContext,
): ProviderSettings | null {
  const { type } = raw
  const apiKey = readSecret({ value: raw.api_key, file: raw.api_key_file }, [...at, 'api_key'], context)
  if (type === 'ollama') {
    for (const key of ['api_key', 'api_key_file', 'models'] as const) {
      if (raw[key] !== undefined) context.problem([...at, key], 'is for providers: give the upstream a type')
    }
    return null
  }
  if (raw.memory !== undefined) context.problem([...at, 'memory'], 'is for Ollama servers: a provider loads no models')
  if (raw.slots !== null) context.problem([...at, 'slots'], 'is for Ollama servers: a provider has no slots to count')
  const isWritten = raw.api_key !== undefined || raw.api_key_file !== undefined
  if (!isWritten && raw.enabled && type !== 'openai-compatible') {
    context.problem(at, `is of type ${type} and has no api_key: it would refuse every request`)
  }
  return { type, apiKey, models: raw.models ?? null, allowPrivate: raw.allow_private }
}
