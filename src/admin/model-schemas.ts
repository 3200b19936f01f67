import * as z from 'zod'

const modelSchema = z.object({
  name: z.string(),
  size: z.number().nullable().meta({ description: 'Bytes on the disk; null: the upstream does not say' }),
  digest: z.string().nullable(),
  loaded: z.boolean().meta({ description: 'It was in memory when the upstream was asked last' }),
})

export const fleetModelsSchema = z
  .object({
    upstreams: z.array(
      z.object({
        name: z.string(),
        pool: z.string().nullable().meta({ description: 'Of an agent' }),
        provider: z.boolean().meta({ description: 'It has no disk that models could be pulled to' }),
        state: z.enum(['up', 'down', 'unknown', 'disabled']),
        fault: z.string().nullable(),
        models: z.array(modelSchema).nullable().meta({ description: 'Null: its list was never read' }),
        desired: z
          .array(z.string())
          .nullable()
          .meta({ description: 'What `models.desired` wants there; null: it says nothing of this upstream' }),
        assigned: z
          .array(z.string())
          .meta({ description: 'Models that `models.assignments` sends there, or to its pool' }),
      }),
    ),
  })
  .meta({ id: 'FleetModels' })

export type FleetModels = z.output<typeof fleetModelsSchema>
