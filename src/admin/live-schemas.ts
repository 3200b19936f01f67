import * as z from 'zod'
import { roles } from '../auth/role.ts'
import { exchangeSchema } from './exchange-schemas.ts'
import { jobListSchema } from './job-schemas.ts'
import { logLineSchema } from './log-schemas.ts'
import { wholeStatusSchema } from './status.ts'

const timeSchema = z.iso.datetime()

const helloSchema = z
  .object({
    version: z.string(),
    started_at: timeSchema.meta({ description: 'Of the gateway: another one than before is another process' }),
    user: z.string(),
    role: z.enum(roles).meta({ description: 'member: the exchanges are those of the user alone' }),
  })
  .meta({ id: 'LiveHello' })

const exchangesSchema = z
  .object({
    at: timeSchema.meta({ description: 'On the clock of the gateway' }),
    whole: z
      .boolean()
      .meta({ description: 'Whether `began` is all that runs: what was known before and is not among it is over' }),
    began: z.array(exchangeSchema),
    changed: z.array(exchangeSchema),
    ended: z.array(exchangeSchema).meta({
      description: 'The oldest first. What has begun and ended since the last event is here only',
    }),
  })
  .meta({ id: 'LiveExchanges' })

const logSchema = z
  .object({
    missed: z.int().meta({ description: 'Lines that are not remembered any more' }),
    lines: z.array(logLineSchema).meta({ description: 'The oldest first' }),
  })
  .meta({ id: 'LiveLog' })

/** What GET /admin/live tells, by the name of the event. `status`, `jobs` and `log` are for admins. */
export const liveEvents = {
  hello: helloSchema,
  status: wholeStatusSchema,
  exchanges: exchangesSchema,
  jobs: jobListSchema,
  log: logSchema,
}

export const liveQuerySchema = z.object({
  logs: z
    .enum(['0', '1'])
    .default('0')
    .meta({ description: '1: the lines of the log too, from now on; for admins only' }),
})

export type LiveEvents = { readonly [Name in keyof typeof liveEvents]: z.output<(typeof liveEvents)[Name]> }
