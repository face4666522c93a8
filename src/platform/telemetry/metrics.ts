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
  return {
    requestAnswered: (answered: { method: string; route: string; status: number; seconds: number }) =>
      requests.observe({ method: answered.method, route: answered.route, status: answered.status }, answered.seconds),
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
    /** A gauge with labels that is read when somebody scrapes: what the last reading does not name is gone. */
    gaugeOf: <Label extends string>(
      name: string,
      help: string,
      { labels, read }: { labels: readonly Label[]; read: () => Promise<readonly GaugeReading<Label>[]> },
    ) => {
      new Gauge({
        ...{ name, help, labelNames: [...labels], registers: [registry] },
        async collect() {
          const readings = await read()
          this.reset()
          for (const { value, ...named } of readings) this.set(named as unknown as Record<Label, string>, value)
        },
      })
    },
    /** A gauge that is set when its value is known. */
    gaugeBy: (name: string, help: string, labelNames: readonly string[]) =>
      new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] }),
    counter: (name: string, help: string, labelNames: readonly string[] = []) =>
      new Counter({ name, help, labelNames: [...labelNames], registers: [registry] }),
    /** `buckets`: upper bounds in seconds. */
    histogram: (name: string, help: string, labelNames: readonly string[], buckets: readonly number[]) =>
      new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers: [registry] }),
    contentType: registry.contentType,
    scrape: () => registry.metrics(),
  }
}

/** A value, and the labels that it is for. */
export type GaugeReading<Label extends string> = { value: number } & Record<Label, string>

export type Metrics = ReturnType<typeof createMetrics>
