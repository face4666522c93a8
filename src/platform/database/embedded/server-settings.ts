/** What the server is told at every start. Given as arguments, so that an old cluster gets new settings too. */
export function serverArguments(options: {
  cluster: string
  port: number
  durable: boolean
  settings: Record<string, string>
}): string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port: options.port,
    // A socket's path may have 107 bytes, fewer than many a clone's; loopback is all that is needed.
    unix_socket_directories: '',
    shared_buffers: '128MB',
    max_connections: 100,
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    // Errors go to the client that made them, and a statement's text or a row's values (verbose) never to the log.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    ...durability(options.durable),
    ...options.settings,
  }
  return ['-D', options.cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

function durability(durable: boolean): Record<string, string> {
  const value = durable ? 'on' : 'off'
  return { fsync: value, synchronous_commit: value, full_page_writes: value }
}
