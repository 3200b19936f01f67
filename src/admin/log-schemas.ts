import * as z from 'zod'

/** How many lines of the gateway's log are remembered. */
export const MAX_LOG_LINES = 1000

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

export const logLineSchema = z
  .object({
    number: z.int().meta({ description: 'Counts up from the start of the gateway' }),
    at: z.iso.datetime(),
    level: z.enum(logLevels),
    message: z.string(),
    fields: z.record(z.string(), z.unknown()).meta({ description: 'What the line says besides' }),
  })
  .meta({ id: 'LogLine' })

export const logsSchema = z
  .object({
    level: z.enum([...logLevels, 'silent']).meta({ description: 'From which level on the gateway logs at all' }),
    lines: z.array(logLineSchema).meta({ description: 'The newest first' }),
  })
  .meta({ id: 'Logs' })

export const logQuerySchema = z.object({
  level: z.enum(logLevels).default('trace').meta({ description: 'The least that is wanted' }),
  search: z
    .string()
    .max(256)
    .optional()
    .meta({ description: 'What a line says somewhere, its fields included; upper and lower case are the same' }),
  last: z.coerce.number().int().min(1).max(MAX_LOG_LINES).default(200).meta({ description: 'How many, at most' }),
})

export type LogLineView = z.output<typeof logLineSchema>
export type LogQuery = z.output<typeof logQuerySchema>
export type LogsView = z.output<typeof logsSchema>
