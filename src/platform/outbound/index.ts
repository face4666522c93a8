export { type Outbound, openOutbound } from './open-outbound.ts'
export { OutboundRefused } from './refused.ts'
