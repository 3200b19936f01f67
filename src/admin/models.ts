import { adminRoute } from './admin-route.ts'
import { fleetModelsSchema } from './model-schemas.ts'
import { modelsOf } from './models-by-name.ts'
import { isWithinReach } from './reach.ts'

export const listModelsRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/models',
  scope: 'admin',
  summary: 'List the models on each upstream, and those that should be there',
  status: 200,
  input: null,
  output: fleetModelsSchema,
  async handle(context) {
    const upstreams = context.models().upstreams.filter((upstream) => isWithinReach(context, upstream))
    return { upstreams, models: modelsOf(upstreams) }
  },
})
