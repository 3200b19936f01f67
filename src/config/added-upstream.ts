import { z } from 'zod'
import { GatewayError } from '../errors/gateway-error.ts'
import { toUpstreamSettings, type UpstreamSettings, upstreamsSlice } from '../upstreams/settings.ts'
import type { SettingPath } from '../lib/settings-context.ts'
import { describeIssue } from './describe-issue.ts'
import { createWrittenSettings } from './written-settings.ts'

const slice = z.object(upstreamsSlice)

/** An upstream that no config has, by the rules of those that it has. Throws GatewayError `invalid_input`. */
export function readAddedUpstream(name: string, terms: object): UpstreamSettings {
  const tree = { upstreams: [withoutGaps({ ...terms, name })] }
  const parsed = slice.safeParse(tree)
  if (!parsed.success) {
    const written = { ...createWrittenSettings(), tree }
    const [first] = parsed.error.issues.flatMap((issue) => describeIssue(issue, written))
    throw refused(first?.sentence ?? 'terms are not valid')
  }
  const [settings] = toUpstreamSettings(parsed.data, {
    absolutePath: (path) => path,
    readText: () => undefined,
    problem(at: SettingPath, sentence: string) {
      throw refused(`${at.slice(2).join('.')} ${sentence}`)
    },
  })
  if (settings === undefined) throw refused('terms are not valid')
  // It would stand in the store for all who can read a backup.
  if (settings.headers.length > 0) throw refused('url has credentials: one that wants them belongs into the config')
  return settings
}

function withoutGaps(written: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined))
}

/** Where it would stand in a config is of no interest. */
function refused(sentence: string): GatewayError {
  const plain = sentence.replace(/^upstreams\[0\]\.?/, '')
  return new GatewayError('invalid_input', { message: `The upstream's ${plain}` })
}
