import { adminRoute } from './admin-route.ts'
import { fleetModelsSchema } from './model-schemas.ts'

export const listModelsRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/models',
  scope: 'admin',
  summary: 'List the models on each upstream, and those that should be there',
  status: 200,
  input: null,
  output: fleetModelsSchema,
  async handle({ principal, models }) {
    const granted = principal === 'operator' ? null : principal.upstreams
    const { upstreams } = models()
    const isGranted = (name: string | null): boolean => granted === null || (name !== null && granted.includes(name))
    return { upstreams: upstreams.filter(({ name, pool }) => isGranted(name) || isGranted(pool)) }
  },
})
