import type * as z from 'zod'
import { GatewayError } from '../errors/gateway-error.ts'
import { invalid } from '../auth/issue-key.ts'
import { parseAnyModelName } from '../lib/model-name.ts'
import { adminRoute, type AdminContext } from './admin-route.ts'
import { jobListSchema, jobSchema, modelJobSchema, syncPlanSchema, syncSchema, type JobView } from './job-schemas.ts'
import type { JobOrder, JobStepOrder } from './job-desk.ts'
import type { FleetModels } from './model-schemas.ts'
import { checkReach, isWithinReach } from './reach.ts'
import { planSync, type UpstreamPlan } from './sync-plan.ts'

export const listJobsRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/jobs',
  scope: 'admin',
  summary: 'List the changes of models that the gateway carries out, and the last ones that have ended',
  status: 200,
  input: null,
  output: jobListSchema,
  handle: async (context) => ({ jobs: context.jobs.list().filter((job) => isOwn(context, job)) }),
})

export const cancelJobRoute = adminRoute({
  method: 'DELETE',
  pattern: '/admin/jobs/:id',
  scope: 'admin',
  changes: 'by commit',
  summary: 'Cancel what of a job is not done; what was pulled so far is kept for the next pull',
  status: 200,
  input: null,
  output: jobSchema,
  async handle(context) {
    const id = context.params['id'] ?? ''
    const job = context.jobs.list().find((each) => each.id === id)
    if (job === undefined) throw new GatewayError('not_found', { message: `There is no job ${JSON.stringify(id)}` })
    if (!isOwn(context, job))
      throw new GatewayError('model_denied', { message: 'This key may not reach its upstreams' })
    await context.commit(({ audit }) => audit('job.cancel', job.model ?? job.kind, { id }))
    return context.jobs.cancel(id) ?? job
  },
})

export const pullModelRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/models/pull',
  scope: 'admin',
  changes: 'by commit',
  summary: 'Pull a model on upstreams, as a job of the gateway',
  status: 201,
  input: modelJobSchema,
  output: jobSchema,
  handle: (context, input) => changeModel(context, 'pull', input),
})

export const deleteModelRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/models/delete',
  scope: 'admin',
  changes: 'by commit',
  summary: 'Remove a model from upstreams, as a job of the gateway; * is all that have it',
  status: 201,
  input: modelJobSchema,
  output: jobSchema,
  handle: (context, input) => changeModel(context, 'delete', input),
})

export const syncModelsRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/models/sync',
  scope: 'admin',
  changes: 'by commit',
  summary: 'Bring the upstreams in step with `models.desired`, as a job of the gateway',
  status: 200,
  input: syncSchema,
  output: syncPlanSchema,
  async handle(context, { prune, dry_run }) {
    const upstreams = context.models().upstreams.filter((upstream) => isWithinReach(context, upstream))
    const plans = planSync({ upstreams }, { prune })
    if (plans.length === 0) throw invalid('The config has nothing under models.desired')
    const steps = plans.flatMap(stepsOf)
    if (dry_run || steps.length === 0) return { plan: plans.map(planView), job: null }
    for (const { model } of steps) checkMayChange(context, model)
    const job = await begin(context, { kind: 'sync', model: null, steps })
    return { plan: plans.map(planView), job }
  },
})

type ModelJobInput = z.output<typeof modelJobSchema>

function changeModel(context: AdminContext, kind: 'pull' | 'delete', input: ModelJobInput): Promise<JobView> {
  checkMayChange(context, input.model)
  const action = kind === 'pull' ? 'pull' : 'remove'
  const model = canonicalOf(input.model)
  const places = placesOf(context, input.upstreams).filter(
    ({ name, models }) =>
      kind === 'pull' || input.upstreams.includes(name) || models?.some((each) => each.name === model),
  )
  if (places.length === 0) throw new GatewayError('not_found', { message: `No upstream has ${input.model}` })
  const steps = places.map(({ name }) => ({ upstream: name, action, model: input.model }) as const)
  return begin(context, { kind, model: input.model, steps })
}

const NOBODY = { user: null, keyName: null, keyId: null }

async function begin(context: AdminContext, order: Omit<JobOrder, 'user' | 'keyName' | 'keyId'>): Promise<JobView> {
  const { principal } = context
  context.jobs.checkRoom()
  const upstreams = [...new Set(order.steps.map(({ upstream }) => upstream))]
  await context.commit(({ audit }) => audit(`models.${order.kind}`, order.model ?? 'models.desired', { upstreams }))
  const { user, keyName, keyId } = principal === 'operator' ? NOBODY : principal
  return context.jobs.start({ ...order, user, keyName, keyId })
}

/** As for a request that changes models: being an admin is not all. */
function checkMayChange({ principal, mayUseModel }: AdminContext, model: string): void {
  if (principal === 'operator') return
  if (!principal.scopes.has('models:write'))
    throw new GatewayError('missing_scope', { message: 'This key has no scope "models:write"' })
  const denied = mayUseModel(principal, canonicalOf(model))
  if (denied !== undefined) throw denied
}

type Place = FleetModels['upstreams'][number]

/** The upstreams that names stand for. Throws GatewayError `not_found`, `model_denied` or `invalid_input`. */
function placesOf(context: AdminContext, names: readonly string[]): Place[] {
  const all = context.models().upstreams
  const able = all.filter((place) => !place.provider && place.state !== 'disabled' && isWithinReach(context, place))
  const places = names.flatMap((name) => {
    if (name === '*') return able
    const named = all.filter((place) => place.name === name || place.pool === name)
    if (named.length === 0)
      throw new GatewayError('not_found', { message: `There is no upstream ${JSON.stringify(name)}` })
    for (const place of named) checkPlace(context, place)
    return named
  })
  if (places.length === 0) throw invalid('There is no upstream that models could be changed at')
  return [...new Set(places)]
}

function checkPlace(context: AdminContext, place: Place): void {
  checkReach(context, place)
  if (place.provider) throw invalid(`Upstream "${place.name}" is a provider: its models are not changed from here`)
  if (place.state === 'disabled') throw invalid(`Upstream "${place.name}" is disabled: enable it first`)
}

function isOwn(context: AdminContext, { steps }: JobView): boolean {
  const pools = new Map(context.models().upstreams.map(({ name, pool }) => [name, pool]))
  return steps.every(({ upstream }) => isWithinReach(context, { name: upstream, pool: pools.get(upstream) ?? null }))
}

function stepsOf({ upstream, removals, pulls }: UpstreamPlan): JobStepOrder[] {
  // What goes first makes room for what comes.
  return [
    ...removals.map(({ model }) => ({ upstream, action: 'remove', model }) as const),
    ...pulls.map(({ model }) => ({ upstream, action: 'pull', model }) as const),
  ]
}

function planView({ upstream, pulls, removals, bytesNow, problem }: UpstreamPlan) {
  return {
    upstream,
    pulls: [...pulls],
    removals: removals.map(({ isLast, isAssigned, ...each }) => ({ ...each, last_copy: isLast, assigned: isAssigned })),
    bytes_now: bytesNow,
    problem,
  }
}

function canonicalOf(model: string): string {
  const parsed = parseAnyModelName(model)
  return parsed.kind === 'invalid' ? model : parsed.canonical
}
