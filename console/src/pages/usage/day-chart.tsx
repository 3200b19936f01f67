import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useStore } from '../../store.ts'
import { theme } from '../../theme.ts'
import type { Measure } from './measures.ts'
import { stacked, type UsageSeries } from './usage-series.ts'

interface DayChartProps {
  readonly of: UsageSeries
  readonly measure: Measure
  /** What it shows, in words. */
  readonly label: string
}

const HEIGHT = 240

/** Sums of a day as a stack of bars, means as lines; the legend has the numbers of the day under the pointer. */
export function DayChart({ of: data, measure, label }: DayChartProps) {
  const [place, setPlace] = useState<number | null>(null)
  const figure = useChart({ data, measure, onDay: setPlace })
  const day = place === null ? undefined : data.days[place]
  return (
    <figure class="chart" ref={figure} aria-label={label}>
      <div class="plot" role="img" aria-label={`${label}. The table below has the numbers.`} />
      <ul class="legend">
        {data.series.map(({ name, values, total }, index) => (
          <li key={name ?? ''}>
            <i class={`swatch series-${index}`} aria-hidden="true" />
            <span class="cut" title={name ?? undefined}>
              {name ?? 'all others'}
            </span>
            <span class="number">
              {place === null ? measure.kind === 'sum' && measure.format(total) : measure.format(values[place] ?? null)}
            </span>
          </li>
        ))}
      </ul>
      <figcaption class="hint">{day === undefined ? 'Days are those of UTC.' : `On ${day} (UTC)`}</figcaption>
    </figure>
  )
}

interface Charted {
  readonly data: UsageSeries
  readonly measure: Measure
  /** Which day is under the pointer; null: none. */
  onDay(place: number | null): void
}

function useChart({ data, measure, onDay }: Charted) {
  const figure = useRef<HTMLElement>(null)
  const chosenTheme = useStore(theme)
  useEffect(() => {
    const host = figure.current?.querySelector<HTMLElement>('.plot')
    if (host == null) return
    const colours = [...(figure.current?.querySelectorAll('.swatch') ?? [])]
    const draw = (): uPlot => {
      const drawn = colours.map((swatch) => getComputedStyle(swatch).backgroundColor)
      return new uPlot(optionsOf({ data, measure, onDay, host, colours: drawn }), alignedData(data, measure), host)
    }
    let chart = draw()
    const redraw = (): void => {
      chart.destroy()
      chart = draw()
    }
    const sizes = new ResizeObserver(() => chart.setSize({ width: host.clientWidth, height: HEIGHT }))
    sizes.observe(host)
    const dark = matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', redraw)
    return () => {
      dark.removeEventListener('change', redraw)
      sizes.disconnect()
      chart.destroy()
    }
  }, [data, measure, onDay, chosenTheme])
  return figure
}

interface Drawing extends Charted {
  readonly host: HTMLElement
  readonly colours: readonly string[]
}

/** Of a stack the highest is drawn first, and the others over it. */
function alignedData({ days, series }: UsageSeries, { kind }: Measure): uPlot.AlignedData {
  const times = days.map((day) => Date.parse(day) / 1000)
  const values = kind === 'sum' ? stacked(series) : series.map((each) => [...each.values])
  return [times, ...values.toReversed()]
}

function optionsOf({ data, measure, onDay, host, colours }: Drawing): uPlot.Options {
  const style = getComputedStyle(host)
  const axis = { stroke: style.color, grid: { stroke: style.borderTopColor, width: 1 }, ticks: { show: false } }
  const bars = uPlot.paths.bars?.({ size: [0.72, 48], align: 0 })
  const series = colours.map((colour): uPlot.Series => {
    if (measure.kind === 'mean') return { stroke: colour, width: 2, points: { size: 6, fill: colour }, spanGaps: true }
    return {
      fill: colour,
      stroke: colour,
      width: 0,
      points: { show: false },
      ...(bars !== undefined && { paths: bars }),
    }
  })
  return {
    width: host.clientWidth,
    height: HEIGHT,
    // The ledger's days, whatever the clock on the wall says.
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    legend: { show: false },
    cursor: { y: false, points: { show: measure.kind === 'mean' }, drag: { x: false, y: false } },
    scales: {
      x: { time: true, range: () => edges(data.days) },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.05 : 1] },
    },
    axes: [
      {
        ...axis,
        size: 28,
        values: (_, splits) => splits.map((seconds) => dayText(new Date(seconds * 1000))),
        incrs: [86_400, 2 * 86_400, 7 * 86_400, 14 * 86_400, 30 * 86_400, 90 * 86_400],
        space: 56,
      },
      { ...axis, size: 64, values: (_, splits) => splits.map((value) => measure.short(value)) },
    ],
    series: [{}, ...series.toReversed()],
    hooks: { setCursor: [({ cursor }) => onDay(cursor.idx ?? null)] },
  }
}

const shortDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

function dayText(at: Date): string {
  return shortDay.format(at)
}

/** Half a day more at both ends, so that bars have room. */
function edges(days: readonly string[]): [number, number] {
  const [first = '', last = ''] = [days[0], days.at(-1)]
  return [Date.parse(first) / 1000 - 43_200, Date.parse(last) / 1000 + 43_200]
}
