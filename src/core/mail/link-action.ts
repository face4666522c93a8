/** What somebody does with the secret of a mail: a form of one page, and the route that it is sent to. */
export type LinkAction = {
  /** In the address: `/link#<name>=<token>`. */
  name: string
  title: string
  /** What is asked besides the secret. */
  fields: readonly { name: string; label: string; type: 'text' | 'password'; autocomplete: string }[]
  button: string
  /** Of a public route that takes `token` and the fields, below /api/v1. */
  path: `/${string}`
  done: string
}
