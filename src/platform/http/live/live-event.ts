/** One event for those who listen; the same for all of them, so that it is written once. */
export type LiveEvent = {
  /** By which a listener that comes back says what it has seen; digits. Without one it begins with what is then. */
  id?: string
  /** The kind of event. */
  event: string
  /** JSON, on one line. */
  data: string
}

/** Why a stream is over. */
export type LiveEnd = 'finished' | 'stopping' | 'access over'

/** One listener, however it is reached. */
export type LiveSink = {
  /** False: it takes no more for now, and what comes next waits in memory. */
  write(event: LiveEvent): boolean
  /** Something that is no event: proxies close connections on which nothing moves. Answers like `write`. */
  keepAlive(): boolean
  /** It takes more again. */
  onDrain(listener: () => void): void
  /** It is gone, whoever ended it. */
  onClosed(listener: () => void): void
  /** After what was written. */
  end(why: LiveEnd): void
  /** At once. */
  destroy(): void
}
