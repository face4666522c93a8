import type { Mapping, Preset } from './mapping.ts'

const ISO_WITHOUT_ZONE = 'yyyy-MM-dd HH:mm:ss'

/**
 * How the exports of known helpdesks are to be read, as JSON of their API or as CSV of their console. Names are found
 * whatever their case; what an account has named otherwise is said beside the preset. Times of CSV files are those of the
 * account and need a `zone` beside it.
 */
export const PRESET_MAPPINGS: Readonly<Record<Preset, Mapping>> = {
  /** @see https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#json-format */
  zendesk: {
    columns: {
      id: ['id', 'Ticket ID'],
      customer_id: ['requester_id', 'Requester'],
      subject: ['subject', 'raw_subject'],
      message: ['description'],
      status: ['status', 'Ticket status'],
      source: ['via.channel', 'Via'],
      created_at: ['created_at', 'Created at', 'Created'],
      updated_at: ['updated_at', 'Updated at', 'Updated'],
    },
    constants: { subject: '', message: '' },
    formats: { created_at: [ISO_WITHOUT_ZONE], updated_at: [ISO_WITHOUT_ZONE] },
  },
  /** @see https://developers.freshdesk.com/api/#ticket_attributes */
  freshdesk: {
    columns: {
      id: ['id', 'Ticket ID'],
      customer_id: ['requester_id', 'Contact ID', 'Email'],
      subject: ['subject'],
      message: ['description_text', 'description'],
      status: ['status'],
      source: ['source'],
      created_at: ['created_at', 'Created time'],
      updated_at: ['updated_at', 'Last update time'],
    },
    constants: { subject: '', message: '' },
    statuses: { 2: 'open', 3: 'pending', 4: 'closed', 5: 'closed', 6: 'pending', 7: 'pending' },
    formats: { created_at: [ISO_WITHOUT_ZONE], updated_at: [ISO_WITHOUT_ZONE] },
  },
  /** @see https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations */
  intercom: {
    columns: {
      id: ['id', 'Conversation ID'],
      customer_id: ['contacts.contacts.0.id', 'source.author.id', 'User ID', 'Contact ID'],
      subject: ['source.subject', 'title', 'Conversation title'],
      message: ['source.body', 'Conversation first message', 'First message'],
      status: ['state', 'Conversation state'],
      source: ['source.type', 'Channel', 'Conversation channel'],
      created_at: ['created_at', 'Conversation started at'],
      updated_at: ['updated_at', 'Conversation last updated at'],
    },
    constants: { subject: '', message: '' },
    formats: { created_at: ['unix', ISO_WITHOUT_ZONE], updated_at: ['unix', ISO_WITHOUT_ZONE] },
  },
  /** @see https://support.atlassian.com/jira-software-cloud/docs/export-your-search-results/ */
  'jira-csv': {
    columns: {
      id: ['Issue key', 'Key'],
      customer_id: ['Reporter Id', 'Reporter', 'Creator Id', 'Creator'],
      subject: ['Summary'],
      message: ['Description'],
      status: ['Status Category', 'Status'],
      created_at: ['Created'],
      updated_at: ['Updated'],
    },
    constants: { source: 'jira', message: '' },
    statuses: {
      Backlog: 'open',
      'Selected for Development': 'open',
      'In Review': 'open',
      'Waiting for support': 'open',
    },
    formats: {
      created_at: ['dd/MMM/yy h:mm a', 'dd/MMM/yyyy h:mm a', 'yyyy-MM-dd HH:mm'],
      updated_at: ['dd/MMM/yy h:mm a', 'dd/MMM/yyyy h:mm a', 'yyyy-MM-dd HH:mm'],
    },
  },
  /** @see https://help.salesforce.com/s/articleView?id=sf.exporting_data.htm */
  'salesforce-csv': {
    columns: {
      id: ['Case Number', 'CaseNumber', 'Id', 'Case ID'],
      customer_id: ['ContactId', 'Contact ID', 'AccountId', 'Contact Name', 'Account Name'],
      subject: ['Subject'],
      message: ['Description'],
      status: ['Status'],
      source: ['Case Origin', 'Origin'],
      created_at: ['CreatedDate', 'Date/Time Opened', 'Created Date'],
      updated_at: ['LastModifiedDate', 'Case Last Modified Date', 'Last Modified Date'],
    },
    constants: { subject: '', message: '' },
    statuses: { Working: 'open', Escalated: 'open' },
    formats: {
      created_at: ['M/d/yyyy h:mm a', 'M/d/yyyy, h:mm a'],
      updated_at: ['M/d/yyyy h:mm a', 'M/d/yyyy, h:mm a'],
    },
  },
}
