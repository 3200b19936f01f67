import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { metricCatalogue } from '../src/telemetry/metric-catalogue.ts'
import { keepFile } from './keep-file.ts'
import { metricsDocs } from './metrics-docs.ts'
import { replaceSection } from './page-section.ts'

/** Keeps the table in docs/metrics.md in step with the catalogue. */
const pagePath = join(import.meta.dirname, '..', 'docs', 'metrics.md')
const page = readFileSync(pagePath, 'utf8')
keepFile(pagePath, replaceSection(page, 'metrics', metricsDocs(metricCatalogue)), process.argv.includes('--check'))
