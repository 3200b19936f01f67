import { describe, expect, it } from 'vitest'
import { FITTED } from './fitted-trace.ts'
import { jain, maxMinShares } from './jain.ts'
import { synthesise } from './synthetic-trace.ts'
import { fitTrace } from './trace-fit.ts'
import { parseTrace } from './trace.ts'

describe('a trace', () => {
  it('is read to the ten millionth of a second', () => {
    const text =
      'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:16:01.6805950,396,109\n'
    const [first, second] = parseTrace(text)
    expect(first).toEqual({ atMs: 0, promptTokens: 374, answerTokens: 44 })
    expect(second?.atMs).toBeCloseTo(15_000.005, 3)
  })

  it('that is none is refused with the line', () => {
    expect(() => parseTrace('a,b,c\n2023-11-16 18:15:46,1,2\nyesterday,1,2\n')).toThrow('Line 3 of the trace')
  })
})

describe('a trace made from what was measured of one', () => {
  const again = fitTrace(synthesise(FITTED, 7), 'made')

  it('measures like the one it resembles', () => {
    expect(again.requests / FITTED.requests).toBeCloseTo(1, 1)
    expect(again.durationMs / FITTED.durationMs).toBeCloseTo(1, 2)
    expect(again.gapVariation).toBeCloseTo(FITTED.gapVariation, 1)
    expect(again.rankCorrelation).toBeCloseTo(FITTED.rankCorrelation, 1)
    expect(Math.max(...again.minutes)).toBeCloseTo(Math.max(...FITTED.minutes), 0)
    for (const step of [10, 20, 30]) {
      expect((again.promptQuantiles[step] ?? 0) / (FITTED.promptQuantiles[step] ?? 1)).toBeCloseTo(1, 0)
      expect((again.answerQuantiles[step] ?? 0) / (FITTED.answerQuantiles[step] ?? 1)).toBeCloseTo(1, 0)
    }
  })
})

describe('fairness', () => {
  it('gives nobody more than he wants, and shares out the rest evenly', () => {
    expect(maxMinShares([1, 10, 4], 9)).toEqual([1, 4, 4])
    expect(maxMinShares([1, 2], 9)).toEqual([1, 2])
  })

  it('is 1 where all have their share, and less where one has it all', () => {
    expect(jain([2, 2, 2])).toBe(1)
    expect(jain([1, 0, 0, 0])).toBe(0.25)
  })
})
