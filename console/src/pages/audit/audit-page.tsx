import { useState } from 'preact/hooks'
import type { AuditEntry } from '../../admin-types.ts'
import { useAsk } from '../../api/use-ask.ts'
import { Button } from '../../parts/button.tsx'
import { SelectField, TextField } from '../../parts/field.tsx'
import { Mark } from '../../parts/mark.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { inert } from '../logs/log-text.ts'
import { csvText } from '../usage/csv.ts'
import { saveFile } from '../usage/save-file.ts'
import { actionText, actorText, detailText, matchesAudit } from './audit-text.ts'
import '../pages.css'

const spans = [
  { value: '86400', label: 'The last day' },
  { value: '604800', label: 'The last 7 days' },
  { value: '2592000', label: 'The last 30 days' },
  { value: '', label: 'Everything' },
] as const

const MOST = 10_000

export function AuditPage() {
  const [span, setSpan] = useState<(typeof spans)[number]['value']>('2592000')
  const [search, setSearch] = useState('')
  const asked = useAsk('GET /admin/audit', {
    input: { limit: MOST, ...(span !== '' && { since_seconds: Number(span) }) },
  })
  const shown = (asked.answer ?? []).filter((entry) => matchesAudit(entry, search))
  return (
    <>
      <PageHead title="Audit" note="Who changed what, and who tried what they may not.">
        <Button onClick={() => asked.reload()}>Read again</Button>
        <Button disabled={shown.length === 0} onClick={() => saveFile('corral-audit.csv', auditCsv(shown))}>
          Save as CSV
        </Button>
      </PageHead>
      <div class="filters">
        <TextField label="Find" type="search" value={search} onInput={setSearch} placeholder="who, what, to what" />
        <SelectField label="From" value={span} options={spans} onChange={(value) => setSpan(value)} />
      </div>
      <Answer asked={asked} rows={10}>
        {(entries) => (
          <>
            <Table
              label="Audit log"
              rows={shown}
              columns={columns}
              rowKey={(entry) => String(entries.length - entries.indexOf(entry))}
              minWidth={62}
              empty={<NothingFound total={entries.length} />}
            />
            <p class="hint">
              {shown.length === entries.length ? entries.length : `${shown.length} of ${entries.length}`} entries
              {entries.length === MOST && ', the newest: there are more'}
            </p>
          </>
        )}
      </Answer>
    </>
  )
}

function NothingFound({ total }: { readonly total: number }) {
  if (total > 0) {
    return (
      <Empty title="No entry is like that">
        <p>Take a word out of the search, or look further back.</p>
      </Empty>
    )
  }
  return (
    <Empty title="Nothing was changed in this time">
      <p>Every change of users, keys and the fleet is written down here, and so is what somebody tried who may not.</p>
    </Empty>
  )
}

const columns: Column<AuditEntry>[] = [
  { key: 'at', title: 'When', width: '7.5rem', sortBy: ({ at }) => at, cell: ({ at }) => <Time at={at} /> },
  {
    key: 'who',
    title: 'Who',
    width: '20%',
    sortBy: actorText,
    cell: (entry) => <span title={actorText(entry)}>{inert(actorText(entry))}</span>,
  },
  {
    key: 'what',
    title: 'What',
    width: '14rem',
    sortBy: ({ action }) => action,
    cell: ({ action }) =>
      action === 'refused' ? (
        <Mark kind="warn">{actionText(action)}</Mark>
      ) : (
        <span title={action}>{actionText(action)}</span>
      ),
  },
  {
    key: 'subject',
    title: 'To what',
    width: '18%',
    sortBy: ({ subject }) => subject,
    cell: ({ subject }) => <span title={subject}>{inert(subject)}</span>,
  },
  {
    key: 'detail',
    title: 'With',
    cell: ({ detail }) => <span title={detailText(detail)}>{inert(detailText(detail))}</span>,
  },
]

function auditCsv(entries: readonly AuditEntry[]): string {
  const rows = entries.map(({ at, user, key, key_id, action, subject, detail }) => [
    ...[at, user, key, key_id, action, subject],
    JSON.stringify(detail),
  ])
  return csvText(['at', 'user', 'key', 'key_id', 'action', 'subject', 'detail'], rows)
}
