import { useState } from 'preact/hooks'
import type { EffectiveConfig } from '../../admin-types.ts'
import { useAsk } from '../../api/use-ask.ts'
import { Button } from '../../parts/button.tsx'
import { CheckField, TextField } from '../../parts/field.tsx'
import { Icon } from '../../parts/icons.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Time } from '../../parts/time.tsx'
import { inert } from '../logs/log-text.ts'
import { sectionsOf, sourceText, valueText, type Section } from './setting-text.ts'
import '../pages.css'
import './config.css'

export function ConfigPage() {
  const asked = useAsk('GET /admin/config')
  return (
    <>
      <PageHead title="Config" note={asked.answer === null ? undefined : <Origin of={asked.answer} />}>
        <Button onClick={() => asked.reload()}>Read again</Button>
      </PageHead>
      <Answer asked={asked} rows={12}>
        {(config) => (
          <>
            <Troubles of={config} />
            <Settings of={config} />
          </>
        )}
      </Answer>
    </>
  )
}

function Origin({ of: { file, read_at } }: { readonly of: EffectiveConfig }) {
  return (
    <>
      {file === null ? 'There is no file' : <code>{file}</code>}, read <Time at={read_at} />
    </>
  )
}

/** What somebody has to do something about. */
function Troubles({ of: { refused, warnings, needs_restart } }: { readonly of: EffectiveConfig }) {
  return (
    <>
      {refused !== null && (
        <section class="state problem" role="alert">
          <h2>
            <Icon name="warn" /> The file was changed <Time at={refused.at} /> and refused
          </h2>
          <p>What held before still holds. The gateway takes the file as soon as it is right.</p>
          <Lines texts={refused.problems} />
        </section>
      )}
      {needs_restart.length > 0 && (
        <section class="state notes">
          <h2>
            <Icon name="pause" /> Changed, and in force after the next start
          </h2>
          <Lines texts={needs_restart} />
        </section>
      )}
      {warnings.length > 0 && (
        <section class="state notes">
          <h2>
            <Icon name="warn" /> Probably not meant
          </h2>
          <Lines texts={warnings} />
        </section>
      )}
    </>
  )
}

function Lines({ texts }: { readonly texts: readonly string[] }) {
  return (
    <ul class="lines">
      {texts.map((text) => (
        <li key={text}>
          <code>{inert(text)}</code>
        </li>
      ))}
    </ul>
  )
}

function Settings({ of: { settings, file } }: { readonly of: EffectiveConfig }) {
  const hasOwn = settings.some(({ source }) => source !== 'default')
  const [search, setSearch] = useState('')
  const [changedOnly, setChangedOnly] = useState(hasOwn)
  const sections = sectionsOf(settings, { search, changedOnly })
  const own = settings.filter(({ source }) => source !== 'default').length
  return (
    <>
      <div class="filters">
        <TextField label="Find" type="search" value={search} onInput={setSearch} placeholder="name, value, source" />
        <CheckField
          label={`Only what somebody has set, ${own} of ${settings.length}`}
          checked={changedOnly}
          onChange={setChangedOnly}
        />
      </div>
      {sections.length === 0 && (
        <Empty title={changedOnly && own === 0 ? 'Everything is as it comes' : 'No setting is like that'}>
          <p>
            {changedOnly && own === 0
              ? `Show all to see the defaults. ${file === null ? 'corral init writes a file to start from.' : ''}`
              : 'Take a word out of the search, or show the defaults too.'}
          </p>
        </Empty>
      )}
      {sections.map((section) => (
        <SectionTable key={section.name} of={section} />
      ))}
    </>
  )
}

function SectionTable({ of: { name, settings } }: { readonly of: Section }) {
  return (
    <section class="card settings" aria-label={name}>
      <h2>{name}</h2>
      <dl>
        {settings.map((setting) => (
          <div key={setting.name}>
            <dt>
              <code>{setting.name}</code>
            </dt>
            <dd>
              <code>{inert(valueText(setting.value))}</code>
            </dd>
            <dd class={setting.source === 'default' ? 'source' : 'source own'}>{inert(sourceText(setting))}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
