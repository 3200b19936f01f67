import * as z from 'zod'
import { upstreamStateSchema } from './upstream-schemas.ts'

const textSchema = z.string().nullable()

const modelSchema = z.object({
  name: z.string(),
  size: z.number().nullable().meta({ description: 'Bytes on the disk; null: the upstream does not say' }),
  digest: z.string().nullable(),
  loaded: z.boolean().meta({ description: 'It was in memory when the upstream was asked last' }),
  parameters: textSchema.meta({ description: 'How many, such as 8.2B, as the upstream says' }),
  quantization: textSchema.meta({ description: 'Such as Q4_K_M' }),
  modified_at: textSchema.meta({ description: 'When it came there, as the upstream says' }),
})

const modelPlaceSchema = z.object({
  name: z.string().meta({ description: 'Of the upstream' }),
  state: z
    .enum(['there', 'loaded', 'missing'])
    .meta({ description: 'missing: `models.desired` wants it there, and it is not' }),
  size: z.number().nullable(),
  digest: z.string().nullable(),
})

export const fleetModelsSchema = z
  .object({
    upstreams: z.array(
      z.object({
        name: z.string(),
        pool: z.string().nullable().meta({ description: 'Of an agent' }),
        provider: z.boolean().meta({ description: 'It has no disk that models could be pulled to' }),
        state: upstreamStateSchema,
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
    models: z
      .array(
        z.object({
          name: z.string(),
          differs: z.boolean().meta({ description: 'Under this one name there are different files' }),
          upstreams: z.array(modelPlaceSchema),
        }),
      )
      .meta({ description: 'The same by model' }),
  })
  .meta({ id: 'FleetModels' })

export type FleetModels = z.output<typeof fleetModelsSchema>
