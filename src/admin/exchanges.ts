import { GatewayError } from '../errors/gateway-error.ts'
import { adminRoute } from './admin-route.ts'
import { exchangeListSchema, exchangeQuerySchema, exchangeSchema } from './exchange-schemas.ts'
import { sightOf } from './sight.ts'

export const listExchangesRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/exchanges',
  scope: 'self',
  summary: "List the exchanges that run and those that ended last; an admin sees everybody's",
  status: 200,
  input: exchangeQuerySchema,
  output: exchangeListSchema,
  handle: async (context, { last }) => context.exchanges.list(await sightOf(context), last),
})

export const stopExchangeRoute = adminRoute({
  method: 'DELETE',
  pattern: '/admin/exchanges/:id',
  scope: 'self',
  changes: 'by commit',
  summary: 'Stop an exchange that runs: one of the own, an admin any',
  status: 200,
  input: null,
  output: exchangeSchema,
  async handle(context) {
    const id = context.params['id'] ?? ''
    const stopped = context.exchanges.stop(await sightOf(context), id)
    if (stopped === undefined)
      throw new GatewayError('not_found', { message: `No exchange "${id}" is running: it may have ended by itself` })
    // After the deed: what runs away is to be stopped even while nothing can be written.
    const { user, key_name, model, upstream } = stopped
    await context.commit(({ audit }) => audit('exchange.stop', id, { user, key: key_name, model, upstream }))
    return stopped
  },
})
