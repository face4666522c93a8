import type { Reading } from './reading.ts'
import type { Walk } from './walk.ts'

/** Without a connector: the specification's provider, whose pages are walked. */
export type IngestionPayload = { connector_id?: string | undefined }

/** A walk over the provider's pages, or a reading of what changed at a connector. */
export type RunProgress = Walk | Reading
