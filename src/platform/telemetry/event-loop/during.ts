import { AsyncLocalStorage } from 'node:async_hooks'

const current = new AsyncLocalStorage<string>()

/**
 * Does `work` under a name: `POST /classify`, `task ingestion.run`. Whatever is begun in it, timers and callbacks included, goes
 * under that name until something in it takes another one. Names are a label of metrics: there are a bounded number of them.
 */
export const during = <Result>(name: string, work: () => Result): Result => current.run(name, work)

/** What runs at this very moment; undefined when it goes under no name. */
export const whatRuns = (): string | undefined => current.getStore()
