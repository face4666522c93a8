import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Facts, type Field, factOf } from '../facts/index.ts'
import { checkPack, writePack } from '../packs/index.ts'
import { decode, readingOf } from '../reading/index.ts'
import { type CaseText, findInCase } from './find-in-case.ts'

const letter = (name: string) =>
  readFileSync(new URL(`../../../../eval/denials/letters/${name}`, import.meta.url), 'utf8')
const PRIOR_AUTHORIZATION = letter('pa_denial_001.txt')
const NECESSITY = letter('medical_necessity_denial_001.txt')
const CODING = letter('coding_error_denial_001.txt')

const ofText = (text: string, others: CaseText[] = []) =>
  findInCase({
    texts: [{ documentId: 'letter', docType: 'denial_letter', text }, ...others],
    ...{ context: {}, corrections: [], today: '2024-03-20' },
  })
const read = (facts: Facts, field: Field) => factOf(facts, field)?.normalised
const codesOf = (facts: Facts) =>
  [...new Set(facts.codes.map(({ type, group, code }) => `${type} ${group ? `${group}-` : ''}${code}`))].sort()
const pack = (text: string) => {
  const found = ofText(text)
  const source = {
    facts: found,
    deadlines: found.deadlines,
    route: found.routing.route,
    plan: found.plan,
    today: '2024-03-20',
  }
  return { source, documents: writePack(source) }
}

describe('the letters of the specification', () => {
  it('prior authorization: route, dates, codes, ids and amounts are right', () => {
    const found = ofText(PRIOR_AUTHORIZATION)
    expect([found.routing.route, found.deadlines[0]?.kind, found.deadlines[0]?.date]).toEqual([
      'prior_auth_needed',
      'appeal',
      '2024-07-13',
    ])
    expect(found.deadlines[0]).toMatchObject({ basis: 'stated_time', rolled: '2024-07-15', hasConflict: false })
    expect(codesOf(found)).toEqual(['CARC CO-197', 'CPT 72148'])
    const fields = [
      'payer.member_id',
      'payer.group_number',
      'payer.claim_number',
      'dates.date_of_service',
      'dates.date_of_denial',
    ] as const
    expect(fields.map((field) => read(found, field))).toEqual([
      ...['ABC123456789', '98765', 'CLM2024011500001', '2024-01-05', '2024-01-15'],
    ])
    expect([
      read(found, 'amounts.billed'),
      read(found, 'amounts.allowed'),
      read(found, 'amounts.patient_responsibility'),
    ]).toEqual([...['2500.00', '0.00', '2500.00']])
    expect([read(found, 'contact_info.phone'), read(found, 'contact_info.fax')]).toEqual([
      '800-555-1234',
      '800-555-4321',
    ])
    expect([read(found, 'service.provider_name'), read(found, 'service.facility_name')]).toEqual([
      ...['Dr. Jane Wilson', 'Raleigh Medical Center'],
    ])
  })

  it('medical necessity: sixty days from the notice, and J0135 is no CPT', () => {
    const found = ofText(NECESSITY)
    expect([found.routing.route, found.deadlines[0]?.date]).toEqual(['medical_necessity_appeal', '2024-04-01'])
    expect(codesOf(found)).toEqual(['HCPCS J0135', 'ICD-10-CM M05.79'])
    expect(read(found, 'service.provider_name')).toBe('Dr. Robert Johnson')
    expect(read(found, 'payer.group_number')).toBeUndefined()
  })

  it('coding error: ninety days are for a corrected claim, and the time to appeal is an assumption', () => {
    const found = ofText(CODING)
    expect(found.routing.route).toBe('claim_correction_resubmit')
    const byKind = Object.fromEntries(found.deadlines.map((each) => [each.kind, each]))
    expect(byKind.corrected_claim).toMatchObject({ date: '2024-06-08', basis: 'stated_time' })
    expect(byKind.appeal).toMatchObject({ basis: 'assumption', question: expect.stringContaining('What kind of plan') })
    expect(codesOf(found)).toEqual(['CPT 29881', 'modifier 59'])
    expect(read(found, 'payer.claim_number')).toBe('AET2024031000123')
  })

  it.each([PRIOR_AUTHORIZATION, NECESSITY, CODING])('every fact and code stands at its place', (text) => {
    const found = ofText(text)
    const lines = text.split('\n').map((line) => line.trimEnd())
    const whole = `${lines.join('\n')}\n`
    for (const { evidence } of [...found.facts, ...found.codes, ...found.windows]) {
      expect(whole.slice(evidence.start, evidence.end)).toBe(evidence.quote)
    }
  })

  it.each([PRIOR_AUTHORIZATION, NECESSITY, CODING])(
    'what is written from one has nothing that is not in it',
    (text) => {
      const { source, documents } = pack(text)
      expect(checkPack(documents, source).filter(({ kind }) => kind !== 'blank')).toEqual([])
      expect(Object.values(documents).join('\n')).not.toMatch(/\bNone\b|\bundefined\b|\bnull\b/)
    },
  )
})

describe('faults of the system before', () => {
  const deadline = (sentence: string, noticed = 'March 2, 2026') =>
    ofText(
      `ACME HEALTH PLAN\n\n${noticed}\n\nDear Ann Lee,\n\nWe have denied your claim because the service is not medically necessary.\n\n${sentence}\n`,
    ).deadlines.find(({ kind }) => kind === 'appeal')?.date

  it('1: a deadline in numbers, in words and in number words is what it says', () => {
    expect(deadline('You must appeal by 11/15/2026.')).toBe('2026-11-15')
    expect(deadline('You must appeal by 12/31/2026.')).toBe('2026-12-31')
    expect(deadline('Appeals must be received no later than October 5, 2026.')).toBe('2026-10-05')
    expect(deadline('You have 180 days to appeal from the date of this notice.')).toBe('2026-08-29')
    expect(deadline('You may appeal within one hundred eighty (180) days of this notice.')).toBe('2026-08-29')
    expect(deadline('You may file an appeal within 6 months of the date of this letter.')).toBe('2026-09-02')
  })

  it('3: ZIPs, boxes, telephones and group numbers are no codes, and a code has its own type', () => {
    const found =
      ofText(`AETNA\nP.O. Box 30374\nAtlanta, GA 30301\n\nMay 1, 2026\n\nGroup Number: 98765\nPhone: (800) 555-1234\n
Procedure codes: 19301, 20610\nDiagnosis: S72.001A\nReason code: CARC 197\nRemark code: N362\nTake vitamin B12 daily.\n`)
    expect(codesOf(found)).toEqual(['CARC 197', 'CPT 19301', 'CPT 20610', 'ICD-10-CM S72.001A', 'RARC N362'])
  })

  it('4: prose is no id, and what is not known is a field to fill in', () => {
    const { documents } = pack(
      'AETNA\n\nMay 1, 2026\n\nDear Ann Lee,\n\nYour claim Processing is over. Your identification is needed. We denied it because it was not medically necessary.\n',
    )
    expect(documents['call_script.md']).toContain('[Fill in: claim number]')
    expect(documents['call_script.md']).toContain('[Fill in: member id]')
  })

  it('5: the latest date is not the date of the letter, and days to answer a question are no days to appeal', () => {
    const found =
      ofText(`ACME HEALTH PLAN\n\nJanuary 10, 2026\n\nDear Ann Lee,\n\nWe need more information. Please send the medical records within 30 days.\n
You may appeal by December 31, 2026.\n`)
    expect(read(found, 'dates.date_of_denial')).toBe('2026-01-10')
    const byKind = Object.fromEntries(found.deadlines.map(({ kind, date }) => [kind, date]))
    expect(byKind).toMatchObject({ appeal: '2026-12-31', information: '2026-02-09' })
  })

  it('6: what says nothing has no route, and what has no text is not read as a letter', () => {
    expect(ofText('hello world')).toMatchObject({ isLegible: false, routing: { route: null } })
    expect(ofText(PRIOR_AUTHORIZATION.slice(0, 60))).toMatchObject({ isLegible: false })
  })

  it('11: a deadline that has gone by is what it was', () => {
    const found = findInCase({
      texts: [{ documentId: 'letter', docType: 'denial_letter', text: NECESSITY }],
      context: {},
      corrections: [],
      today: '2026-11-28',
    })
    expect(found.deadlines[0]?.date).toBe('2024-04-01')
    expect(found.plan.steps.every(({ deadline }) => deadline === null || deadline === '2024-04-01')).toBe(true)
  })

  it('12: a word within a name is no signal', () => {
    const found = ofText(`${NECESSITY.replaceAll('Robert Johnson', 'Jacob McCobb')}`)
    expect(found.routing.signals.map(({ route }) => route)).not.toContain('coordination_of_benefits')
  })

  it('19: UTF-16 text is text', () => {
    const bytes = Buffer.from(`\ufeff${PRIOR_AUTHORIZATION}`, 'utf16le')
    expect(decode(bytes)).toBe(PRIOR_AUTHORIZATION)
    expect(decode(Buffer.from(PRIOR_AUTHORIZATION, 'utf16le'))).toBe(PRIOR_AUTHORIZATION)
  })

  it('20: the gate sees dates in words, J-codes, diagnoses, telephones and names that no paper has', () => {
    const { source } = pack(PRIOR_AUTHORIZATION)
    const invented =
      'On March 25, 2030 Dr. Alan Other billed J1234 and M17.11 for $9,999.00. Call (900) 555-0000. Claim XYZ99887766.'
    const kinds = checkPack({ 'appeal_letter.md': invented }, source).map(({ kind, text }) => [kind, text])
    expect(kinds).toEqual([
      ['date', 'March 25, 2030'],
      ['name', 'Dr. Alan Other'],
      ['code', 'J1234'],
      ['code', 'M17.11'],
      ['amount', '$9,999.00'],
      ['telephone', '(900) 555-0000'],
      ['identifier', 'XYZ99887766'],
    ])
  })
})

describe('the same letter, written otherwise', () => {
  const essence = (text: string) => {
    const found = ofText(text)
    return [
      ...[
        'payer.member_id',
        'payer.claim_number',
        'dates.date_of_service',
        'dates.date_of_denial',
        'amounts.billed',
      ].map((field) => read(found, field as Field)),
      ...[found.routing.route, found.deadlines.map(({ kind, date }) => `${kind} ${date}`), codesOf(found)],
    ]
  }
  it('has the same facts with other styles of dates, more ZIPs and telephones, and another payer’s footer', () => {
    const numeric = PRIOR_AUTHORIZATION.replace('January 15, 2024', '01/15/2024').replace('January 5, 2024', '1/5/2024')
    const more = `${PRIOR_AUTHORIZATION}\nAurora, CO 80012\nCall (303) 555-0199\nAetna is a trademark of Aetna Inc.\n`
    const reordered = PRIOR_AUTHORIZATION.replace(
      'Member ID: ABC123456789\nGroup Number: 98765\nClaim Number: CLM2024011500001',
      'Claim Number: CLM2024011500001\nMember ID: ABC123456789\nGroup Number: 98765',
    )
    for (const text of [numeric, more, reordered]) expect(essence(text)).toEqual(essence(PRIOR_AUTHORIZATION))
  })
})

describe('a hostile letter', () => {
  it('is read within bounds: blanks and empty lines are few, and so is what is kept', () => {
    const blanks = ofText(`${PRIOR_AUTHORIZATION}${'\n'.repeat(50_000)}${`${' '.repeat(1_999)}x\n`.repeat(50)}`)
    expect(blanks.routing.route).toBe('prior_auth_needed')
    const telephones = Array.from({ length: 7_000 }, (_, n) => `Call 800-${200 + Math.floor(n / 100)}-${1_000 + n}`)
    const found = ofText(`${PRIOR_AUTHORIZATION}\n${telephones.join('\n')}`)
    expect(found.candidates.length).toBeLessThan(100)
    expect(JSON.stringify(found).length).toBeLessThan(200_000)
    const codes = Array.from({ length: 5_000 }, (_, n) => `CO-${(n % 900) + 1}`).join(' ')
    expect(ofText(`${PRIOR_AUTHORIZATION}\n${codes}`).codes.length).toBeLessThanOrEqual(300)
  })

  it('has lines without end cut, and pages of nothing but lines', () => {
    const reading = readingOf(['a\n'.repeat(200_000)])
    expect(reading.lines.length).toBeLessThanOrEqual(50_000)
  })
})

describe('several papers', () => {
  it('that say different things are a conflict, and the letter counts', () => {
    const eob: CaseText = {
      documentId: 'eob',
      docType: 'eob',
      text: 'EXPLANATION OF BENEFITS\nClaim Number: CLM999\nAmount Billed: $2,600.00\nAmount Paid: $0.00\n',
    }
    const found = ofText(PRIOR_AUTHORIZATION, [eob])
    expect(
      found.conflicts.map(({ field, values }) => [field, values.map(({ normalised }) => normalised)]),
    ).toContainEqual(['amounts.billed', ['2500.00', '2600.00']])
    expect([read(found, 'amounts.billed'), read(found, 'amounts.paid')]).toEqual(['2500.00', '0.00'])
  })

  it('a person’s word counts before all of them', () => {
    const found = findInCase({
      ...{ texts: [{ documentId: 'letter', docType: 'denial_letter', text: NECESSITY }], today: '2024-03-20' },
      ...{ context: { payer_name: 'Acme' }, corrections: [{ field: 'dates.date_of_denial', value: '2024-02-11' }] },
    })
    expect([read(found, 'payer.name'), found.deadlines[0]?.date]).toEqual(['Acme', '2024-04-11'])
    expect(found.candidates.find(({ field }) => field === 'dates.date_of_denial')).toMatchObject({
      normalised: '2024-02-01',
      lostBecause: 'a person says otherwise',
    })
  })
})
