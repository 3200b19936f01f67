import { useMemo } from 'preact/hooks'
import type { Usage } from '../../admin-types.ts'
import { session } from '../../api/session.ts'
import { useAsk } from '../../api/use-ask.ts'
import { formatCount, formatMoney, formatMs, formatPercent, UNKNOWN } from '../../format.ts'
import { Button } from '../../parts/button.tsx'
import { SelectField } from '../../parts/field.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { linkTo, replacePlace, usePlace } from '../../place.ts'
import { useStore } from '../../store.ts'
import { csvText } from './csv.ts'
import { DayChart } from './day-chart.tsx'
import { measures, type MeasureId } from './measures.ts'
import { saveFile } from './save-file.ts'
import { dayOf, type RangeId, rangeStart, ranges } from './usage-range.ts'
import { groupings, groupName, type Grouping, usageSeries } from './usage-series.ts'
import '../pages.css'
import './usage.css'

interface Shown {
  readonly by: Grouping
  readonly range: RangeId
  readonly show: MeasureId
}

/** Everybody's use for an admin, one's own for a member. */
export function UsagePage() {
  const state = useStore(session)
  const isAdmin = state.kind === 'in' && state.session.scopes.includes('admin')
  const { query } = usePlace()
  const shown: Shown = {
    by: groupings.find((each) => each === query.get('by')) ?? (isAdmin ? 'user' : 'model'),
    range: ranges.find(({ id }) => id === query.get('range'))?.id ?? '7d',
    show: measures.find(({ id }) => id === query.get('show'))?.id ?? 'requests',
  }
  return (
    <UsageOf key={isAdmin ? 'all' : 'own'} route={isAdmin ? 'GET /admin/usage' : 'GET /admin/me/usage'} shown={shown} />
  )
}

interface UsageOfProps {
  readonly route: 'GET /admin/usage' | 'GET /admin/me/usage'
  readonly shown: Shown
}

function UsageOf({ route, shown }: UsageOfProps) {
  const { by, range } = shown
  const start = rangeStart(range, Date.now())
  const since = start === null ? {} : { since: new Date(start).toISOString() }
  const sums = useAsk(route, { input: { by, ...since } })
  const days = useAsk(route, { input: { by: `day,${by}`, ...since } })
  const rows = sums.answer ?? []
  const isOwn = route === 'GET /admin/me/usage'
  return (
    <>
      <PageHead
        title={isOwn ? 'Your usage' : 'Usage'}
        note={isOwn ? 'With all of your keys together.' : 'From the ledger.'}
      >
        <Button onClick={() => Promise.all([sums.reload(), days.reload()])}>Read again</Button>
        <Button disabled={rows.length === 0} onClick={() => saveFile(fileName(shown), usageCsv(days.answer ?? [], by))}>
          Save days as CSV
        </Button>
      </PageHead>
      <Choices shown={shown} isOwn={isOwn} />
      <Answer asked={sums} rows={14}>
        {(found) =>
          found.length === 0 ? (
            <NothingUsed range={range} />
          ) : (
            <>
              <Totals rows={found} />
              <Answer asked={days} rows={10}>
                {(daily) => <Chart rows={daily} shown={shown} />}
              </Answer>
              <UsageTable rows={found} by={by} />
            </>
          )
        }
      </Answer>
    </>
  )
}

function Choices({ shown, isOwn }: { readonly shown: Shown; readonly isOwn: boolean }) {
  const go = (changes: Partial<Shown>): void => replacePlace(linkTo('usage', [], { ...shown, ...changes }))
  const offered = isOwn ? groupings.filter((each) => each !== 'user') : groupings
  return (
    <div class="filters">
      <SelectField
        label="From"
        value={shown.range}
        options={ranges.map(({ id, label }) => ({ value: id, label }))}
        onChange={(range) => go({ range })}
      />
      <SelectField
        label="By"
        value={shown.by}
        options={offered.map((each) => ({ value: each, label: headings[each] }))}
        onChange={(by) => go({ by })}
      />
      <SelectField
        label="Show"
        value={shown.show}
        options={measures.map(({ id, label }) => ({ value: id, label }))}
        onChange={(show) => go({ show })}
      />
    </div>
  )
}

function Totals({ rows }: { readonly rows: readonly Usage[] }) {
  const sum = (valueOf: (row: Usage) => number): number => rows.reduce((total, row) => total + valueOf(row), 0)
  const requests = sum((row) => row.requests)
  const errors = sum((row) => row.errors)
  const cost = sum((row) => row.cost)
  return (
    <dl class="totals card">
      <Total name="Requests" value={formatCount(requests)} />
      <Total
        name="Errors"
        value={formatCount(errors)}
        note={requests > 0 ? formatPercent(errors / requests) : undefined}
      />
      <Total name="Tokens read" value={formatCount(sum((row) => row.prompt_tokens))} />
      <Total name="Tokens written" value={formatCount(sum((row) => row.completion_tokens))} />
      {cost > 0 && <Total name="Cost" value={formatMoney(cost)} />}
    </dl>
  )
}

function Total({
  name,
  value,
  note,
}: {
  readonly name: string
  readonly value: string
  readonly note?: string | undefined
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">
        {value}
        {note !== undefined && <small> {note}</small>}
      </dd>
    </div>
  )
}

function Chart({ rows, shown: { by, range, show } }: { readonly rows: readonly Usage[]; readonly shown: Shown }) {
  const measure = measures.find(({ id }) => id === show) ?? measures[0]
  const data = useMemo(() => {
    const now = Date.now()
    return usageSeries(rows, { by, measure, since: rangeStart(range, now), now })
  }, [rows, by, measure, range])
  if (data.series.length === 0) {
    return (
      <div class="card chart-empty">
        <p class="note">Of {measure.label.toLowerCase()} there is nothing to draw in this time.</p>
      </div>
    )
  }
  return (
    <section class="card">
      <DayChart of={data} measure={measure} label={`${measure.label} by day and ${by}`} />
    </section>
  )
}

function UsageTable({ rows, by }: { readonly rows: readonly Usage[]; readonly by: Grouping }) {
  return (
    <Table
      key={by}
      label={`Usage by ${by}`}
      rows={rows}
      columns={columnsFor(by)}
      rowKey={(row) => `${row[by] ?? ''} ${rows.indexOf(row)}`}
      sorted={{ by: 'requests', down: true }}
      minWidth={66}
    />
  )
}

function columnsFor(by: Grouping): Column<Usage>[] {
  return [
    {
      key: 'name',
      title: headings[by],
      sortBy: (row) => groupName(row, by),
      cell: (row) => <span title={groupName(row, by)}>{groupName(row, by)}</span>,
    },
    count('requests', 'Requests', ({ requests }) => requests),
    count('errors', 'Errors', ({ errors }) => errors),
    count('prompt', 'Tokens read', ({ prompt_tokens }) => prompt_tokens),
    count('completion', 'Tokens written', ({ completion_tokens }) => completion_tokens),
    { ...count('cost', 'Cost', ({ cost }) => cost), cell: ({ cost }) => (cost === 0 ? UNKNOWN : formatMoney(cost)) },
    time('first', 'First token', ({ first_token_ms }) => first_token_ms),
    time('queue', 'In the queue', ({ queue_ms }) => queue_ms),
  ]
}

const headings: Readonly<Record<Grouping, string>> = { user: 'User', key: 'Key', model: 'Model', upstream: 'Upstream' }

function count(key: string, title: string, valueOf: (row: Usage) => number): Column<Usage> {
  return { key, title, width: '7.5rem', end: true, sortBy: valueOf, cell: (row) => formatCount(valueOf(row)) }
}

function time(key: string, title: string, valueOf: (row: Usage) => number | null): Column<Usage> {
  const cell: Column<Usage>['cell'] = (row) => (
    <span title="The mean of those of which it is known">{formatMs(valueOf(row))}</span>
  )
  return { key, title, width: '8rem', end: true, sortBy: valueOf, cell }
}

function NothingUsed({ range }: { readonly range: RangeId }) {
  return (
    <Empty title={range === 'all' ? 'Nothing was used yet' : 'Nothing was used in this time'}>
      <p>Every request that goes through the gateway has its row in the ledger, and is counted here when it is over.</p>
      {range !== 'all' && (
        <a class="button" href={linkTo('usage', [], { range: 'all' })}>
          Look at everything
        </a>
      )}
    </Empty>
  )
}

function fileName({ by, range }: Shown): string {
  return `corral-usage-${by}-${range}-${dayOf(Date.now())}.csv`
}

function usageCsv(rows: readonly Usage[], by: Grouping): string {
  const sums = [
    'requests',
    'errors',
    'prompt_tokens',
    'completion_tokens',
    'cost',
    'first_token_ms',
    'queue_ms',
  ] as const
  const sorted = rows.toSorted((a, b) => ((a.day ?? '') < (b.day ?? '') ? -1 : 1))
  return csvText(
    ['day', by, ...sums],
    sorted.map((row) => [row.day, row[by], ...sums.map((name) => row[name])]),
  )
}
