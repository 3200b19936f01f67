import * as z from 'zod'
import { parseAnyModelName } from '../lib/model-name.ts'

const timeSchema = z.iso.datetime()

const jobStepSchema = z.object({
  upstream: z.string(),
  action: z.enum(['pull', 'remove']),
  model: z.string(),
  state: z
    .enum(['waiting', 'running', 'done', 'failed', 'skipped', 'cancelled'])
    .meta({ description: 'skipped: there was no space left for an earlier one' }),
  status: z.string().meta({ description: "In the upstream's own words" }),
  total_bytes: z.number().nullable().meta({ description: 'Of the layers that it has told of so far' }),
  completed_bytes: z.number().nullable(),
  bytes_per_second: z.number().nullable().meta({ description: 'Over the last seconds; null where nothing is moved' }),
  error: z.string().nullable(),
})

export const jobSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['pull', 'delete', 'sync']),
    model: z.string().nullable().meta({ description: 'Null: several' }),
    state: z.enum(['running', 'done', 'failed', 'cancelled']).meta({ description: 'failed: some step was not done' }),
    user: z.string().nullable().meta({ description: 'Who began it; null: with a key of no user' }),
    key_name: z.string().nullable(),
    started_at: timeSchema,
    ended_at: timeSchema.nullable(),
    steps: z.array(jobStepSchema),
  })
  .meta({ id: 'Job' })

export type JobView = z.output<typeof jobSchema>

export const jobListSchema = z.object({
  jobs: z.array(jobSchema).meta({ description: 'The newest first: those that run, and the last that have ended' }),
})

const modelNameSchema = z
  .string()
  .max(1024)
  .refine((name) => parseAnyModelName(name).kind !== 'invalid', { error: 'is not the name of a model' })

/** As many as a request can name. */
const MOST_UPSTREAMS = 64

export const modelJobSchema = z.strictObject({
  model: modelNameSchema,
  upstreams: z
    .array(z.string().max(256))
    .min(1)
    .max(MOST_UPSTREAMS)
    .meta({ description: 'Names of upstreams, or of pools for all their agents; * for all that are no providers' }),
})

export const syncSchema = z.strictObject({
  prune: z.boolean().default(false).meta({ description: 'Remove what `models.desired` does not want there, too' }),
  dry_run: z.boolean().default(false).meta({ description: 'Only say what would be done' }),
})

const plannedModelSchema = z.object({
  model: z.string(),
  bytes: z.number().nullable().meta({ description: 'As far as some upstream has it' }),
})

export const syncPlanSchema = z.object({
  plan: z
    .array(
      z.object({
        upstream: z.string(),
        pulls: z.array(plannedModelSchema),
        removals: z.array(
          plannedModelSchema.extend({
            last_copy: z.boolean().meta({ description: 'No upstream would have it afterwards but by a pull' }),
            assigned: z.boolean().meta({ description: 'The config sends requests for it there' }),
          }),
        ),
        bytes_now: z.number().meta({ description: 'What its models take' }),
        problem: z.string().nullable().meta({ description: 'Why nothing can be done there' }),
      }),
    )
    .meta({ description: 'Upstreams of which `models.desired` says nothing are left alone' }),
  job: jobSchema.nullable().meta({ description: 'Null: nothing is to be done, or only the plan was asked for' }),
})
