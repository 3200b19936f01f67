import * as z from 'zod'
import { roles } from '../auth/role.ts'
import { scopes } from '../auth/scope.ts'

const secretSchema = z.string().min(1).max(1024)

export const logInSchema = z
  .strictObject({
    key: secretSchema.optional().meta({ description: 'Any key of a user in the store' }),
    link: secretSchema.optional().meta({ description: 'In place of a key: what stands behind `#link=`' }),
  })
  .refine(({ key, link }) => (key === undefined) !== (link === undefined), {
    path: ['key'],
    error: 'or "link" is needed, and not both',
  })

export const consoleSessionSchema = z
  .object({
    user: z.string(),
    role: z.enum(roles),
    scopes: z.array(z.enum(scopes)).meta({ description: 'Of the key that it was opened with' }),
    key_name: z.string(),
    csrf: z.string().meta({ description: 'Goes with every change, in the header corral-csrf' }),
    expires_at: z.iso.datetime().meta({ description: 'Later with each use, and at most seven days from the start' }),
    secure: z
      .boolean()
      .meta({ description: 'False: it came over plain HTTP from elsewhere, where browsers drop the cookie' }),
  })
  .meta({ id: 'ConsoleSession' })

export const loggedOutSchema = z.object({ ended: z.literal(true) })

export const newLinkSchema = z.strictObject({
  key: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .meta({ description: 'At the machine itself only: id or name of the key to log in with' }),
})

export const consoleLinkSchema = z
  .object({
    link: z.string().meta({ description: 'Logs in once' }),
    url: z.string().meta({ description: 'The same as a path of the gateway; behind the # it is sent nowhere' }),
    expires_at: z.iso.datetime(),
    user: z.string(),
    key_name: z.string(),
  })
  .meta({ id: 'ConsoleLink' })

export type LogIn = z.output<typeof logInSchema>
export type ConsoleSessionView = z.output<typeof consoleSessionSchema>
