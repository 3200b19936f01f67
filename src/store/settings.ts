import { z } from 'zod'
import type { Secret } from '../lib/secret.ts'
import { secret, secretFile, section, setting } from '../lib/setting.ts'
import { readSecret, type SettingsContext } from '../lib/settings-context.ts'

export interface StoreSettings {
  /** `sqlite:/absolute/path`. */
  readonly url: string
  /** Null: the file beside the database holds it. */
  readonly pepper: Secret | null
}

const url = setting(z.string(), parseUrl, {
  wanted: 'sqlite: and the path of a file',
  description: 'Database: `sqlite:PATH`. The file `corral.secret` lies beside it.',
})

export const storeSlice = {
  store: section('Where users and keys are kept.', {
    url: url.prefault('sqlite:corral.db'),
    pepper: secret('Secret that stored keys are hashed with, in place of the file `corral.secret`.'),
    pepper_file: secretFile('pepper'),
  }).prefault({}),
}

export function toStoreSettings(
  { store }: z.output<z.ZodObject<typeof storeSlice>>,
  context: SettingsContext,
): StoreSettings {
  return {
    url: `sqlite:${context.absolutePath(store.url, ['store', 'url'])}`,
    pepper: readSecret({ value: store.pepper, file: store.pepper_file }, ['store', 'pepper'], context),
  }
}

/** The path in it. */
function parseUrl(url: string): string | undefined {
  const path = /^sqlite:(?:\/\/(?=\/))?([^:\0?#][^\0?#]*)$/i.exec(url)?.[1]
  return path === undefined || path.startsWith('//') || path.endsWith('/') ? undefined : path
}
