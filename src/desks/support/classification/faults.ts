import { declareFaults } from '../../../kernel/faults.ts'

export const classificationFault = declareFaults({ 'classification.invalid_rules': 422 })
