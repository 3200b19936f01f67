import { useEffect, useState } from 'preact/hooks'
import type { LogLine } from '../../admin-types.ts'
import { onLiveEvent, wantLogs } from '../../api/live.ts'
import { useAsk } from '../../api/use-ask.ts'
import { formatAbsolute } from '../../format.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { SelectField, TextField } from '../../parts/field.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { Fact } from '../keys/key-facts.tsx'
import { fieldsText, inert, type Level, levels, matchesLog, mergeLines } from './log-text.ts'

const MOST = 1000

export function GatewayLog() {
  const asked = useAsk('GET /admin/logs', { input: { last: MOST } })
  const [level, setLevel] = useState<Level>('trace')
  const [search, setSearch] = useState('')
  const [paused, setPaused] = useState<readonly LogLine[] | null>(null)
  const [open, setOpen] = useState<LogLine | null>(null)
  const { fresh, missed } = useFreshLines()
  const lines = paused ?? mergeLines(fresh, asked.answer?.lines ?? [])
  const shown = lines.filter((line) => matchesLog(line, { level, search }))
  return (
    <>
      <div class="filters">
        <TextField
          label="Find"
          type="search"
          value={search}
          onInput={setSearch}
          placeholder="words of the line or its fields"
        />
        <SelectField
          label="From level"
          value={level}
          options={levels.map((each) => ({ value: each, label: each }))}
          onChange={(value) => setLevel(value)}
        />
        <Button onClick={() => setPaused(paused === null ? lines : null)}>
          {paused === null ? 'Hold still' : 'Go on'}
        </Button>
      </div>
      <Answer asked={asked} rows={12}>
        {({ level: written }) => (
          <>
            <Table
              label="Log of the gateway"
              rows={shown}
              columns={columnsFor(setOpen)}
              rowKey={({ number }) => String(number)}
              rowClass={(line) => `level-${line.level}`}
              minWidth={48}
              empty={<NothingFound total={lines.length} />}
            />
            <p class="hint">
              {shown.length} of {lines.length} lines. The gateway writes {written} and above (log.level).
              {missed > 0 && ` ${missed} lines came faster than they could be told.`}
            </p>
          </>
        )}
      </Answer>
      {open !== null && <LineDialog of={open} onClose={() => setOpen(null)} />}
    </>
  )
}

/** What came while somebody looks, the newest first. */
function useFreshLines(): { readonly fresh: readonly LogLine[]; readonly missed: number } {
  const [state, setState] = useState<{ readonly fresh: readonly LogLine[]; readonly missed: number }>({
    fresh: [],
    missed: 0,
  })
  useEffect(() => {
    wantLogs(true)
    const forget = onLiveEvent('log', ({ lines, missed }) => {
      setState((before) => ({ fresh: mergeLines(lines.toReversed(), before.fresh), missed: before.missed + missed }))
    })
    return () => {
      forget()
      wantLogs(false)
    }
  }, [])
  return state
}

function NothingFound({ total }: { readonly total: number }) {
  return (
    <Empty title={total > 0 ? 'No line is like that' : 'The log is empty'}>
      <p>
        {total > 0 ? 'Take a word out of the search, or lower the level.' : 'Lines appear here as they are written.'}
      </p>
    </Empty>
  )
}

const marks = { trace: 'idle', debug: 'idle', info: 'good', warn: 'warn', error: 'bad', fatal: 'bad' } as const

function columnsFor(onOpen: (line: LogLine) => void): Column<LogLine>[] {
  return [
    {
      key: 'at',
      title: 'When',
      width: '7.5rem',
      cell: ({ at }) => <Time at={at} />,
    },
    { key: 'level', title: 'Level', width: '5.5rem', cell: ({ level }) => <Mark kind={marks[level]}>{level}</Mark> },
    {
      key: 'message',
      title: 'What',
      width: '38%',
      cell: (line) => (
        <button class="link" type="button" onClick={() => onOpen(line)} title={inert(line.message)}>
          {inert(line.message)}
        </button>
      ),
    },
    {
      key: 'fields',
      title: 'With',
      cell: ({ fields }) => (
        <code class="one-line" title={fieldsText(fields)}>
          {fieldsText(fields)}
        </code>
      ),
    },
  ]
}

function LineDialog({
  of: { number, at, level, message, fields },
  onClose,
}: {
  readonly of: LogLine
  onClose(): void
}) {
  return (
    <Dialog title={`Line ${number}`} onClose={onClose} wide>
      <p>
        <Mark kind={marks[level]}>{level}</Mark>
      </p>
      <p class="whole">{inert(message)}</p>
      <dl class="terms">
        <Fact name="When">{formatAbsolute(at)}</Fact>
        {Object.entries(fields).map(([name, value]) => (
          <Fact key={name} name={inert(name)}>
            <code>{inert(typeof value === 'string' ? value : JSON.stringify(value))}</code>
          </Fact>
        ))}
      </dl>
    </Dialog>
  )
}
