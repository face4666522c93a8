import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

const EVENT_LOOP_SAMPLE_MS = 1_000

/** The process's metrics. No label carries a tenant, a path with ids or anything else without bound. */
export function createMetrics() {
  const registry = new Registry()
  // The default looks at the event loop every 10 ms: an idle process would wake a hundred times a second for it.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS })
  const requests = new Histogram({
    name: 'signalbox_http_request_seconds',
    help: 'Time to answer a request, by declared route',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })
  const taskAttempts = new Histogram({
    name: 'signalbox_task_attempt_seconds',
    help: 'Time of one attempt at a task, by kind and how it ended',
    labelNames: ['kind', 'outcome'],
    buckets: [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200],
    registers: [registry],
  })
  const reapedTasks = new Counter({
    name: 'signalbox_tasks_lost_total',
    help: 'Tasks whose worker went away',
    registers: [registry],
  })
  const deliveryAttempts = new Counter({
    name: 'signalbox_delivery_attempts_total',
    help: 'Attempts to deliver a signal, by kind of channel and how they ended',
    labelNames: ['kind', 'outcome'],
    registers: [registry],
  })
  const circuitChanges = new Counter({
    name: 'signalbox_circuit_changes_total',
    help: 'Changes of the state of circuit breakers, by whose it is and what it became',
    labelNames: ['circuit', 'state'],
    registers: [registry],
  })
  return {
    deliveryAttempted: (ended: { kind: string; outcome: string }) => deliveryAttempts.inc(ended),
    /** Those of channels, of which there may be many, are counted as one. */
    circuitChanged: (circuit: string, { to }: { to: string }) =>
      circuitChanges.inc({ circuit: circuit.replace(/:.*/, ''), state: to }),
    requestAnswered: (answered: { method: string; route: string; status: number; seconds: number }) =>
      requests.observe({ method: answered.method, route: answered.route, status: answered.status }, answered.seconds),
    taskEnded: (ended: { kind: string; outcome: string; seconds: number }) =>
      taskAttempts.observe({ kind: ended.kind, outcome: ended.outcome }, ended.seconds),
    tasksLost: (count: number) => reapedTasks.inc(count),
    /** Registers a gauge that is read when somebody scrapes. */
    gauge: (name: string, help: string, read: () => number | Promise<number>) => {
      new Gauge({
        name,
        help,
        registers: [registry],
        async collect() {
          this.set(await read())
        },
      })
    },
    contentType: registry.contentType,
    scrape: () => registry.metrics(),
  }
}

export type Metrics = ReturnType<typeof createMetrics>
