import type { UpstreamSettings } from '../../upstreams/settings.ts'
import { isOldOllama, safeOllamaVersion } from '../welcome.ts'
import { checkProvider } from './check-provider.ts'
import type { Check } from './check.ts'
import { probe, versionOf, type Answer } from './probe.ts'

export interface UpstreamReport {
  readonly check: Check
  /** Its `Date` field. */
  readonly date: string | undefined
}

export async function checkUpstream(settings: UpstreamSettings): Promise<UpstreamReport> {
  if (settings.provider !== null) return { check: await checkProvider(settings, settings.provider), date: undefined }
  const name = `upstream ${settings.name}`
  if (!settings.enabled)
    return { check: { name, state: 'ok', message: `${settings.url} is not enabled` }, date: undefined }
  const answer = await probe(`${settings.url}/api/version`, settings)
  const date = answer.kind === 'answered' ? answer.headers.date : undefined
  const version = versionOf(answer)
  if (version === undefined) return { check: { name, ...failure(settings, answer) }, date }
  const models = countModels(await probe(`${settings.url}/api/tags`, settings))
  return { check: { name, ...judge(settings, version, models) }, date }
}

type Finding = Omit<Check, 'name'>

function judge({ url }: UpstreamSettings, version: string, models: number | undefined): Finding {
  const message = `${url} runs Ollama ${version} with ${models ?? 'an unreadable list of'} ${models === 1 ? 'model' : 'models'}`
  if (isOldOllama(version)) {
    return {
      state: 'warn',
      message,
      advice: `Update it to ${safeOllamaVersion} or newer: older ones have known security holes`,
    }
  }
  if (models === 0) return { state: 'warn', message, advice: 'Pull one on that machine: ollama pull qwen3:8b' }
  return { state: models === undefined ? 'warn' : 'ok', message }
}

function failure({ url }: UpstreamSettings, answer: Answer): Finding {
  if (answer.kind === 'failed') {
    const advice = 'Start Ollama there (ollama serve), or correct the url; requests go to the other upstreams meanwhile'
    return { state: 'fail', message: `${url} cannot be reached: ${answer.reason}`, advice }
  }
  const refused = answer.status === 401 || answer.status === 403
  const advice = refused
    ? 'Give its credentials: headers, or username and password'
    : 'Check the url: something else answers there'
  return { state: 'fail', message: `${url} answered ${answer.status} where Ollama says its version`, advice }
}

function countModels(answer: Answer): number | undefined {
  if (answer.kind === 'failed' || typeof answer.json !== 'object' || answer.json === null) return undefined
  return 'models' in answer.json && Array.isArray(answer.json.models) ? answer.json.models.length : undefined
}
