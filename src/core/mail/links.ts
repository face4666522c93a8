import type { LinkAction } from './link-action.ts'
import { linkPage } from './link-page.ts'

/** The paragraph of a mail that leads its reader on. */
export type WriteLink = (token: string) => string

export type Links = ReturnType<typeof openLinks>

/**
 * Links for mails. They begin with the address that the operator has configured and never with what a request says of itself:
 * whoever asks for a mail to somebody else must not choose where its link leads. Without that address a mail has the secret alone.
 */
export function openLinks(publicUrl: string | undefined) {
  const actions: LinkAction[] = []
  return {
    declareAction: (action: LinkAction): WriteLink => {
      actions.push(action)
      return (token) => {
        if (publicUrl === undefined)
          return `Your code, to be sent as "token" to POST /api/v1${action.path}:\n\n${token}`
        // Behind the #, which browsers keep to themselves: the secret is in no log on the way.
        return `${action.button}:\n\n${publicUrl.replace(/\/$/, '')}/link#${action.name}=${token}`
      }
    },
    page: () => linkPage(actions),
  }
}
