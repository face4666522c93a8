import { analyticsModule } from './analytics/index.ts'
import { classificationModule } from './classification/index.ts'
import { connectorsModule } from './connectors/index.ts'
import { ingestionModule } from './ingestion/index.ts'
import { policiesModule } from './policies/index.ts'
import { reportsModule } from './reports/index.ts'
import { slaModule } from './sla/index.ts'
import { ticketsModule } from './tickets/index.ts'

/** The support desk: tickets of helpdesks, fetched, understood, counted, and told of when they are urgent. */
export const supportDesk = [
  classificationModule,
  ticketsModule,
  analyticsModule,
  connectorsModule,
  ingestionModule,
  policiesModule,
  slaModule,
  reportsModule,
]
