import type { Upstream } from '../../admin-types.ts'
import { CopyText } from '../../parts/copy-text.tsx'
import { Mark } from '../../parts/mark.tsx'
import { linkTo } from '../../place.ts'
import { UpstreamForm } from './upstream-form.tsx'

/** Nobody answers yet: the three ways to change that. It goes by itself when somebody does. */
export function FirstRun({ configured }: { readonly configured: readonly Upstream[] }) {
  return (
    <section class="first-run" aria-labelledby="first-run">
      <header>
        <h2 id="first-run">No Ollama answers yet</h2>
        <p class="hint" role="status">
          <Mark kind="busy">This page becomes the fleet as soon as one does.</Mark>
        </p>
      </header>
      <div class="ways">
        <section class="card stack">
          <h3>Start one on this machine</h3>
          {configured.length > 0 && (
            <p>
              The gateway looks for it at{' '}
              {configured.map(({ name, url }, at) => (
                <>
                  {at > 0 && ', '}
                  <code key={name}>{url}</code>
                </>
              ))}
              .
            </p>
          )}
          <CopyText label="Start Ollama" text="ollama serve" />
          <CopyText label="Fetch a small model" text="ollama pull qwen3:0.6b" />
        </section>
        <section class="card stack">
          <h3>Add one by its URL</h3>
          <p>Where the gateway can reach it. It has to listen on more than its own loopback:</p>
          <CopyText label="Let Ollama listen for others" text="OLLAMA_HOST=0.0.0.0:11434 ollama serve" />
          <UpstreamForm onAdded={() => {}} />
        </section>
        <section class="card stack">
          <h3>Let one dial in</h3>
          <p>
            Behind NAT or a firewall, an agent beside the Ollama connects to the gateway and opens no port. Make a key
            for it, and paste its line there.
          </p>
          <p>
            <a class="button main" href={linkTo('keys', ['new-agent'])}>
              Make an agent key
            </a>
          </p>
        </section>
      </div>
    </section>
  )
}
