import { describeLostLinks } from './lost-link.ts'

describeLostLinks('sse')
