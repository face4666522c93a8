/** Ends an exhaustive `switch`; a new union member becomes a compile error at the call. */
export function assertNever(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`)
}
