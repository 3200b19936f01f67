import { render } from 'preact'
import { App } from './app.tsx'
import { applyTheme } from './theme.ts'
import './styles/base.css'
import './styles/frame.css'
import './styles/parts.css'

applyTheme()
const page = document.getElementById('page')
if (page !== null) render(<App />, page)
