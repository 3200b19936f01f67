import { z } from 'zod'
import { choice, section, settingFacts } from '../lib/setting.ts'
import type { SettingsContext } from '../lib/settings-context.ts'

export interface LogSettings {
  readonly level: LogLevel
  /** `auto` is pretty on a terminal and JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'pretty'
  /** Absolute path of the folder the request log is written to; null: none. */
  readonly requests: string | null
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export type LogLevel = (typeof levels)[number]

const wantedFolder = 'the path of a folder, or off'

export const logSlice = {
  log: section('What is written down. The log goes to stderr.', {
    level: choice(levels, { fallback: 'info', description: `From which level on: ${levels.join(', ')}.` }),
    format: choice(['auto', 'json', 'pretty'], {
      fallback: 'auto',
      description: '`json`, `pretty`, or `auto`: pretty on a terminal and JSON elsewhere.',
    }),
    requests: z
      .union([z.string().min(1).max(4096), z.literal(false)], { error: wantedFolder })
      .register(settingFacts, {
        description: 'Folder for the request log, one file a day and one line per exchange; `off` for none.',
      })
      .prefault('logs/'),
  }).prefault({}),
}

export function toLogSettings({ log }: z.output<z.ZodObject<typeof logSlice>>, context: SettingsContext): LogSettings {
  const isOff = log.requests === false || log.requests === 'off'
  return {
    level: log.level,
    format: log.format,
    requests: isOff ? null : context.absolutePath(String(log.requests), ['log', 'requests']),
  }
}
