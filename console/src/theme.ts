import { createStore } from './store.ts'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const NAME = 'corral-theme'

export const theme = createStore<Theme>(readTheme())

export function applyTheme(): void {
  const chosen = theme.get()
  if (chosen === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = chosen
}

export function chooseTheme(chosen: Theme): void {
  theme.set(chosen)
  applyTheme()
  try {
    localStorage.setItem(NAME, chosen)
  } catch {
    // A browser that keeps nothing: the choice holds as long as the page.
  }
}

function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(NAME)
    return themes.find((each) => each === kept) ?? 'system'
  } catch {
    return 'system'
  }
}
