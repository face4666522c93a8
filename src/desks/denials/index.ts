import { casesModule } from './cases/index.ts'

/** The denials desk: from a letter to an appeal, with every fact traceable. */
export const denialsDesk = [casesModule]
