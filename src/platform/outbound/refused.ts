/**
 * Thrown instead of making a request that may not be made. Not worth repeating: the address itself is the reason.
 * `public` is for whoever chose the address and does not say what its name resolved to: that would let a customer map
 * the network we stand in. `message` is for the operator and does. Neither has the path, query or credentials of the
 * URL, which may be secrets.
 */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused'
  readonly public: string

  constructor(sentences: { public: string; internal: string }) {
    super(sentences.internal)
    this.public = sentences.public
  }
}
