import * as z from 'zod'

const timeSchema = z.iso.datetime()

export const effectiveConfigSchema = z
  .object({
    file: z.string().nullable().meta({ description: 'Null: there is none' }),
    read_at: timeSchema.meta({ description: 'When what holds was read' }),
    settings: z.array(
      z.object({
        name: z.string().meta({ description: 'Such as auth.key_file or upstreams[0].url' }),
        value: z.unknown().meta({ description: 'As written; secrets are redacted' }),
        source: z.enum(['flag', 'env', 'file', 'default']),
        detail: z.string().meta({ description: 'The flag, the variable, or file:line:column' }),
      }),
    ),
    warnings: z.array(z.string()).meta({ description: 'What can be meant and probably is not' }),
    needs_restart: z.array(z.string()).meta({ description: 'Settings that were changed and do not hold yet' }),
    refused: z
      .object({ at: timeSchema, problems: z.array(z.string()) })
      .nullable()
      .meta({ description: 'The last reload, where it was refused: what held before still holds' }),
  })
  .meta({ id: 'EffectiveConfig' })

export type EffectiveConfig = z.output<typeof effectiveConfigSchema>
