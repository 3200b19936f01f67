import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { z } from 'zod'
import { authSlice, toAuthSettings } from '../auth/settings.ts'
import { cacheSlice, toCacheSettings } from '../cache/settings.ts'
import { httpSlice, isOwnAddress, toHttpSettings } from '../http/settings.ts'
import type { SettingPath, SettingsContext } from '../lib/settings-context.ts'
import { ledgerSlice, toLedgerSettings } from '../ledger/settings.ts'
import { toLimitSettings } from '../limits/settings.ts'
import { modelsSlice, toModelSettings } from '../proxy/settings.ts'
import { queueSlice, routingSlice, toQueueSettings, toRoutingSettings } from '../routing/settings.ts'
import { storeSlice, toStoreSettings } from '../store/settings.ts'
import { logSlice, toLogSettings, toTraceSettings, tracesSlice } from '../telemetry/settings.ts'
import { agentsSlice, toAgentSettings } from '../tunnel/settings.ts'
import { toUpstreamSettings, upstreamsSlice } from '../upstreams/settings.ts'
import { ConfigError } from './config-error.ts'
import { checkAgreement } from './cross-checks.ts'
import { deepFreeze } from './deep-freeze.ts'
import { describeIssue, describeUnknown } from './describe-issue.ts'
import { readEnvironment, type Environment } from './dot-env.ts'
import { writeEnvironment, writeFoundOllama } from './environment-layer.ts'
import { listSources } from './list-sources.ts'
import { createProblemList, type ProblemList } from './problem-list.ts'
import { readBounded } from './read-bounded.ts'
import { configSchema, dotted } from './schema.ts'
import { settingWarnings } from './setting-warnings.ts'
import type { LoadedConfig, LoadInput, Settings } from './settings.ts'
import {
  createWrittenSettings,
  dropEmptySettings,
  originAt,
  valueAt,
  writeSetting,
  type WrittenSettings,
} from './written-settings.ts'

const defaultFiles = ['corral.yaml', 'corral.yml', 'corral.json'] as const

/** Flag over environment over file over default. Throws ConfigError with every problem there is. */
export async function loadConfig(input: LoadInput): Promise<LoadedConfig> {
  const environment = readEnvironment(input.env, input.cwd)
  const file = findFile(input, environment)
  const problems = createProblemList()
  const written = file === null ? createWrittenSettings() : await readFileLayer(file, { input, environment, problems })
  dropEmptySettings(written.tree)
  writeEnvironment(written, environment, input.cwd)
  if (input.flags?.listen !== undefined) {
    const origin = { source: 'flag', detail: '--listen', folder: input.cwd } as const
    const { listen } = input.flags
    writeSetting(written, ['listen'], { value: listen.includes(',') ? listen.split(',') : listen, origin })
  }
  writeFoundOllama(written, environment, { cwd: input.cwd, isOwn: ownAddressTest(written) })
  const settings = toSettings(written, createContext(written, { cwd: input.cwd, problems }), problems)
  if (settings === undefined || problems.count > 0) throw problems.toError()
  return deepFreeze({ settings, sources: listSources(written), file, warnings: settingWarnings(settings) })
}

/** Absolute. A file that was named must be there; one of the usual names may be. */
function findFile({ file, cwd }: LoadInput, { variables }: Environment): string | null {
  const named = file ?? variables['CORRAL_CONFIG']
  if (named !== undefined) return resolve(cwd, named)
  const usual = defaultFiles.find((name) => existsSync(join(cwd, name)))
  return usual === undefined ? null : join(cwd, usual)
}

/** Whether a URL leads to where the gateway is about to listen; of a broken `listen` nothing is known. */
function ownAddressTest({ tree }: WrittenSettings): (url: string) => boolean {
  const parsed = httpSlice.listen.safeParse(tree['listen'])
  return (url) => parsed.success && URL.canParse(url) && isOwnAddress(parsed.data, new URL(url))
}

interface FileReading {
  readonly input: LoadInput
  readonly environment: Environment
  readonly problems: ProblemList
}

async function readFileLayer(path: string, { input, environment, problems }: FileReading): Promise<WrittenSettings> {
  const fromHere = relative(input.cwd, path)
  const label = fromHere === '' || fromHere.startsWith('..') ? path : fromHere
  const read = readBounded(path)
  if (read.kind === 'unreadable')
    throw new ConfigError([`The config ${JSON.stringify(label)} cannot be read: ${read.sentence}`])
  const { readYamlTree } = await import('./yaml-tree.ts')
  const written = readYamlTree({ text: read.text, label, folder: dirname(path) }, environment.variables, problems)
  // Where the syntax is broken, everything else would be guessed.
  if (problems.count > 0 && Object.keys(written.tree).length === 0) throw problems.toError()
  return written
}

/** Each slice is checked by itself, so that a problem in one does not hide those of the others. */
function toSettings(written: WrittenSettings, context: SettingsContext, problems: ProblemList): Settings | undefined {
  const unknown = Object.keys(written.tree).filter((key) => !Object.hasOwn(configSchema.shape, key))
  for (const { place, sentence } of describeUnknown([], { names: unknown, written })) problems.add(place, sentence)

  function slice<S extends z.ZodRawShape, T>(
    shape: S,
    toReady: (raw: z.output<z.ZodObject<S>>, context: SettingsContext) => T,
  ): T | undefined {
    const parsed = z.object(shape).safeParse(written.tree)
    if (parsed.success) return toReady(parsed.data, context)
    for (const issue of parsed.error.issues) {
      for (const { place, sentence } of describeIssue(issue, written)) problems.add(place, sentence)
    }
    return undefined
  }

  const parts = {
    http: slice(httpSlice, toHttpSettings),
    auth: slice(authSlice, toAuthSettings),
    upstreams: slice(upstreamsSlice, toUpstreamSettings),
    agents: slice(agentsSlice, toAgentSettings),
    models: slice(modelsSlice, toModelSettings),
    routing: slice(routingSlice, toRoutingSettings),
    queue: slice(queueSlice, toQueueSettings),
    limits: slice({ limits: httpSlice.limits }, toLimitSettings),
    cache: slice(cacheSlice, toCacheSettings),
    store: slice(storeSlice, toStoreSettings),
    ledger: slice(ledgerSlice, toLedgerSettings),
    log: slice(logSlice, toLogSettings),
    traces: slice(tracesSlice, toTraceSettings),
  }
  if (!isWhole(parts)) return undefined
  checkAgreement(parts, context)
  return parts
}

function isWhole(parts: { [K in keyof Settings]: Settings[K] | undefined }): parts is Settings {
  return Object.values(parts).every((part) => part !== undefined)
}

interface ContextTerms {
  readonly cwd: string
  readonly problems: ProblemList
}

function createContext(written: WrittenSettings, { cwd, problems }: ContextTerms): SettingsContext {
  /** A default is nobody's, wherever the section around it was written. */
  const originOf = (at: SettingPath) => (valueAt(written.tree, at) === undefined ? undefined : originAt(written, at))
  const context: SettingsContext = {
    absolutePath: (path, at) => resolve(originOf(at)?.folder ?? cwd, path),
    readText(path, at) {
      const read = readBounded(context.absolutePath(path, at))
      if (read.kind === 'text') return read.text
      context.problem(at, `names ${JSON.stringify(path)}, which cannot be read: ${read.sentence}`)
      return undefined
    },
    problem(at, sentence) {
      const origin = originAt(written, at)
      const place = origin === undefined || origin.source === 'default' ? '' : origin.detail
      problems.add(place, `${dotted(at)} ${sentence}`)
    },
  }
  return context
}
