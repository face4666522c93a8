/** What stands in the mails of this module. Nothing in them was written by people: readers may not have agreed to hear from them. */
export type LetterText = { subject: string; text: string }

const paragraphs = (...lines: string[]): string => `${lines.join('\n\n')}\n`

export const resetLetter = (link: string, minutes: number): LetterText => ({
  subject: 'Set a new password for Signalbox',
  text: paragraphs(
    'Somebody, perhaps you, wants to set a new password for the Signalbox account of this address.',
    link,
    `This works once, within ${minutes} minutes. If it was not you, do nothing: your password stays as it is.`,
  ),
})

export const invitationLetter = (
  link: string,
  tenant: { tenantId: string; role: string; days: number },
): LetterText => ({
  subject: 'An invitation to Signalbox',
  text: paragraphs(
    `You are invited to the tenant "${tenant.tenantId}" of a Signalbox installation, as ${tenant.role}.`,
    link,
    `This works once, within ${tenant.days} days. If you do not expect it, do nothing.`,
  ),
})

export const proofLetter = (link: string, hours: number): LetterText => ({
  subject: 'Confirm your address for Signalbox',
  text: paragraphs(
    'Somebody who is signed in to Signalbox with this address wants to confirm that it is theirs.',
    link,
    `This works once, within ${hours} hours, where you are signed in. If it was not you, do nothing; with "forgot password" you can take the account over.`,
  ),
})

export const NOTICES = ['password_changed', 'second_factor_on', 'second_factor_off'] as const
export type Notice = (typeof NOTICES)[number]

const WHAT_HAPPENED: Record<Notice, string> = {
  password_changed: 'The password of your Signalbox account was changed, and all its sessions were ended.',
  second_factor_on: 'Signing in to your Signalbox account asks for a code of your authenticator app from now on.',
  second_factor_off: 'Signing in to your Signalbox account does not ask for a code of your authenticator app any more.',
}

export const noticeLetter = (notice: Notice): LetterText => ({
  subject: 'Your Signalbox account was changed',
  text: paragraphs(
    WHAT_HAPPENED[notice],
    'If it was not you, set a new password with "forgot password", and tell the operator of your installation.',
  ),
})
