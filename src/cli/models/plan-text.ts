import type { PlannedModel, PlannedRemoval, UpstreamPlan } from '../../admin/sync-plan.ts'
import { bytesText } from '../status/amounts.ts'

/** The plan in lines for a person. */
export function planText(plans: readonly UpstreamPlan[]): string[] {
  return plans.flatMap(({ upstream, pulls, removals, bytesNow, problem }) => {
    if (problem !== null) return [`${upstream}: left out, ${problem}`]
    if (pulls.length + removals.length === 0) return [`${upstream}: has what it should have`]
    const [coming, going] = [total(pulls), total(removals)]
    const unknown = pulls.filter(({ bytes }) => bytes === null).length
    const after = `${bytesText(bytesNow + coming - going)}${unknown === 0 ? '' : ` and ${unknown} of unknown size`}`
    return [
      `${upstream}: models take ${bytesText(bytesNow)} now, ${after} afterwards`,
      ...removals.map((each) => `  remove ${modelText(each)}${warningOf(each)}`),
      ...pulls.map((each) => `  pull ${modelText(each)}`),
    ]
  })
}

function warningOf({ isLast, isAssigned }: PlannedRemoval): string {
  const warnings = [isLast ? 'the last copy' : '', isAssigned ? 'assigned there' : ''].filter((text) => text !== '')
  return warnings.length === 0 ? '' : `: ${warnings.join(', ')}`
}

function total(models: readonly PlannedModel[]): number {
  return models.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)
}

function modelText({ model, bytes }: PlannedModel): string {
  return `${model} (${bytes === null ? 'size unknown' : bytesText(bytes)})`
}
