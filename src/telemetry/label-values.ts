/** What stands for all that has no label of its own. */
export const OTHER = 'other'
/** What stands for there being none. */
export const NONE = 'none'

export interface LabelTerms {
  readonly max: number
  /** Whether it is something of the fleet's own, and not what somebody has invented. */
  isKnown(value: string): boolean
}

/**
 * The value itself for the first `max` that are known, and `other` for the rest: a scrape stays as small as the fleet,
 * whatever clients ask for.
 */
export function createLabelValues({ max, isKnown }: LabelTerms): (value: string | null) => string {
  const taken = new Set<string>()
  return (value) => {
    if (value === null) return NONE
    if (taken.has(value)) return value
    if (taken.size >= max || !isKnown(value)) return OTHER
    taken.add(value)
    return value
  }
}
