export { FILE_BYTES_MAX, type ReadDocument, readDocument } from './read-document.ts'
export { decode, readText } from './read-text.ts'
export { type Line, lineAt, type Reading, readingOf } from './reading.ts'
