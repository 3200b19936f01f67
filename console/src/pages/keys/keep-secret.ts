import { confirm } from '../../parts/dialog.tsx'

/** Before a secret goes out of sight by Escape or the cross, which are pressed by mistake. */
export function mayLoseSecret(): Promise<boolean> {
  return confirm({
    title: 'Have you kept the key?',
    text: 'It is not shown again. Without it the key is of no use, until it gets a new secret.',
    action: 'I have it',
  })
}
