import { z } from 'zod'
import { choice, section, setting } from '../lib/setting.ts'
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

const requests = setting(
  z.union([z.string(), z.literal(false)]),
  (written) => {
    if (written === 'off') return false
    return written === '' ? undefined : written
  },
  {
    wanted: 'the path of a folder, or off',
    description: 'Folder for the request log, one file a day and one line per exchange; `off` for none.',
  },
)

export const logSlice = {
  log: section('What is written down. The log itself goes to stderr.', {
    level: choice(levels, `From which level on: ${levels.join(', ')}.`).prefault('info'),
    format: choice(
      ['auto', 'json', 'pretty'],
      '`json`, `pretty`, or `auto`: pretty on a terminal and JSON elsewhere.',
    ).prefault('auto'),
    requests: requests.prefault('logs/'),
  }).prefault({}),
}

export function toLogSettings({ log }: z.output<z.ZodObject<typeof logSlice>>, context: SettingsContext): LogSettings {
  return {
    level: log.level,
    format: log.format,
    requests: log.requests === false ? null : context.absolutePath(log.requests, ['log', 'requests']),
  }
}
