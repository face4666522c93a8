declare module '@socialgouv/jours-feries' {
  /** By name; dates are midnight in the zone of the process. */
  export default function joursFeries(year: number, options?: { alsace?: boolean }): Record<string, Date>
}
