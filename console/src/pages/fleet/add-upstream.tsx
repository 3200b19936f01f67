import { useState } from 'preact/hooks'
import { Dialog } from '../../parts/dialog.tsx'
import { UpstreamForm } from './upstream-form.tsx'

export function AddUpstream({ onClose }: { onClose(): void }) {
  const [isAdded, setAdded] = useState(false)
  if (isAdded) return null
  return (
    <Dialog title="Add an upstream" onClose={onClose}>
      <p>
        An Ollama that the gateway can reach by URL. It is kept in the gateway's store; what stands in{' '}
        <code>corral.yaml</code> comes first.
      </p>
      <UpstreamForm
        onAdded={() => {
          setAdded(true)
          onClose()
        }}
      />
    </Dialog>
  )
}
