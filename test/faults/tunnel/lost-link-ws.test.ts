import { describeLostLinks } from './lost-link.ts'

describeLostLinks('ws')
