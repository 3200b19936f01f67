export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/

/**
 * Reads Prometheus' text format, version 0.0.4, as written by a producer that leaves nothing to guess. Throws where a
 * line is odd, a family is told twice or not announced, a series stands twice, or a histogram does not add up.
 */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, { -readonly [K in keyof Family]: Family[K] } & { samples: Sample[] }>()
  const seen = new Set<string>()
  let current: string | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
    if (comment !== null) {
      const [, what, name = '', rest = ''] = comment
      if (!METRIC.test(name)) throw new Error(`an odd name: ${line}`)
      if (what === 'HELP') {
        if (families.has(name)) throw new Error(`${name} is told twice`)
        if (rest === '') throw new Error(`${name} has no help`)
        families.set(name, { name, type: 'gauge', help: rest, samples: [] })
        current = name
        continue
      }
      const family = families.get(name)
      if (family === undefined || name !== current || family.samples.length > 0) throw new Error(`a late ${line}`)
      if (rest !== 'counter' && rest !== 'gauge' && rest !== 'histogram') throw new Error(`an odd type: ${line}`)
      family.type = rest
      continue
    }
    const sample = parseSample(line)
    const family = families.get(current ?? '')
    if (family === undefined || !belongs(sample.name, family)) throw new Error(`a sample of no family: ${line}`)
    const key = seriesKey(sample)
    if (seen.has(key)) throw new Error(`a series stands twice: ${line}`)
    seen.add(key)
    family.samples.push(sample)
  }
  for (const family of families.values()) checkFamily(family)
  return families
}

function parseSample(line: string): Sample {
  const head = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{|\s)/.exec(line)
  if (head === null) throw new Error(`no sample: ${line}`)
  const [, name = '', next] = head
  const labels: Record<string, string> = {}
  let at = name.length
  if (next === '{') {
    at += 1
    const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|\})/y
    for (let more = true; more; ) {
      label.lastIndex = at
      const [whole, key = '', value = '', border] = label.exec(line) ?? []
      if (whole === undefined || Object.hasOwn(labels, key)) throw new Error(`odd labels: ${line}`)
      labels[key] = value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
      at += whole.length
      more = border === ','
    }
  }
  const value = line.slice(at)
  if (!value.startsWith(' ') || !NUMBER.test(value.slice(1))) throw new Error(`no number: ${line}`)
  return { name, labels, value: Number(value.slice(1).replace('Inf', 'Infinity')) }
}

function belongs(name: string, family: Pick<Family, 'name' | 'type'>): boolean {
  if (family.type !== 'histogram') return name === family.name
  return [`${family.name}_bucket`, `${family.name}_sum`, `${family.name}_count`].includes(name)
}

function checkFamily({ name, type, samples }: Family): void {
  if (samples.length === 0) throw new Error(`${name} has no sample`)
  if (type === 'counter' && !name.endsWith('_total')) throw new Error(`${name} is a counter without _total`)
  for (const { value } of samples) if (type !== 'gauge' && !(value >= 0)) throw new Error(`${name} is ${value}`)
  if (type === 'histogram') checkHistogram(name, samples)
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = Map.groupBy(samples, ({ labels: { le: _le, ...labels } }) => seriesKey({ name, labels }))
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => Number((labels['le'] ?? 'x').replace('+Inf', 'Infinity')))
    const isRising = (values: readonly number[], strictly: boolean): boolean =>
      values.every((value, place) => place === 0 || value > (values[place - 1] ?? 0) - (strictly ? 0 : 1e-9))
    if (!isRising(bounds, true) || bounds.at(-1) !== Infinity)
      throw new Error(`${key} has odd bounds: ${bounds.join()}`)
    const counts = buckets.map(({ value }) => value)
    if (!isRising(counts, false)) throw new Error(`${key} falls: ${counts.join()}`)
    const count = group.find((sample) => sample.name === `${name}_count`)?.value
    const sums = group.filter((sample) => sample.name === `${name}_sum`)
    if (count !== counts.at(-1) || sums.length !== 1) throw new Error(`${key} does not add up`)
  }
}

function seriesKey({ name, labels }: Pick<Sample, 'name' | 'labels'>): string {
  return JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))])
}

/** The sum of all samples with this name and, among others, these labels. */
export function total(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const samples = families.get(name.replace(/_(?:bucket|sum|count)$/, ''))?.samples ?? families.get(name)?.samples ?? []
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0)
}
