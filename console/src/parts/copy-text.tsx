import { useState } from 'preact/hooks'
import { Button } from './button.tsx'
import { Icon } from './icons.tsx'

/** Text to be pasted elsewhere; where the browser lets no page copy, it can still be marked by hand. */
export function CopyText({ text, label }: { readonly text: string; readonly label: string }) {
  const [copied, setCopied] = useState(false)
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 2_000)
  }
  return (
    <div class="copy-text">
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
      {/* Only where the page came over TLS or from this machine. */}
      {globalThis.isSecureContext && (
        <Button label={`Copy: ${label}`} onClick={copy}>
          <Icon name={copied ? 'good' : 'copy'} /> {copied ? 'Copied' : 'Copy'}
        </Button>
      )}
    </div>
  )
}
