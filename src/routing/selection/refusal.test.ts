import { describe, expect, it } from 'vitest'
import { createFleetBed, type FleetBed, PRINCIPAL, testMember } from '../__fixtures__/fleet-bed.ts'

const m = ['m:latest']
const assignedTo = (...names: string[]) => ({ assignments: new Map([['m:latest', names]]) })

async function refusalOf(bed: FleetBed, request: Parameters<FleetBed['ask']>[0] = {}): Promise<string | undefined> {
  const asked = bed.ask(request)
  for (let n = 0; n < 10; n++) await Promise.resolve()
  return asked.error?.message
}

function takeDown({ core }: FleetBed, name: string): void {
  core.fleet.apply(name, { kind: 'probe-failed', failure: 'unreachable', detail: 'x' })
}

describe('a request that nobody can serve is told', () => {
  it('where its model is assigned, and what is the matter there', async () => {
    const bed = createFleetBed({ dead: m, other: m }, assignedTo('dead'))
    takeDown(bed, 'dead')
    expect(await refusalOf(bed)).toBe('Model "m:latest" is assigned to dead, which is down')
    const members = [testMember('a'), testMember('off', { enabled: false })]
    const several = createFleetBed({ a: m, off: m }, { ...assignedTo('a', 'off', 'gone'), members })
    takeDown(several, 'a')
    const whole = 'Model "m:latest" is assigned to a, which is down, and off, which is disabled'
    expect(await refusalOf(several)).toBe(`${whole}, and gone, which is not there`)
    const principal = { ...PRINCIPAL, upstreams: ['a'] }
    expect(await refusalOf(several, { principal })).toBe('Model "m:latest" is assigned to a, which is down')
  })

  it('no name that its key may not reach', async () => {
    const bed = createFleetBed({ dead: m, other: m }, assignedTo('dead'))
    takeDown(bed, 'dead')
    expect(await refusalOf(bed, { principal: { ...PRINCIPAL, upstreams: ['other'] } })).not.toContain('dead')
  })

  it('which of the upstreams that it names cannot take it, and why', async () => {
    const members = [testMember('a'), testMember('b'), testMember('off', { enabled: false })]
    const bed = createFleetBed({ a: m, b: m, off: m }, { ...assignedTo('a'), members })
    expect(await refusalOf(bed, { named: ['off', 'b'] })).toBe(
      'corral-upstream names off, which is disabled, and b, to which model "m:latest" is not assigned',
    )
    const alone = createFleetBed({ off: m }, { member: { enabled: false } })
    expect(await refusalOf(alone, { named: ['off'] })).toBe('corral-upstream names off, which is disabled')
  })

  it('that the model is too large for every memory', async () => {
    const members = [2, 4].map((gb) => testMember(`with-${gb}`, { memoryBytes: gb * 2 ** 30 }))
    const memory = { memory: { m: 8 * 2 ** 30 }, memoryPatterns: [] }
    const bed = createFleetBed({ 'with-2': m, 'with-4': m }, { members, memory })
    expect(await refusalOf(bed)).toBe(
      'Model "m:latest" needs more memory than any upstream that may serve it has: it takes 8.0 GB, and the largest, with-4, has 4.0 GB',
    )
  })
})
