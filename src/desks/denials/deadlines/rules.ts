import type { DeadlineRule } from './rule.ts'

const VERIFIED = '2026-11-28'
const ever = { version: 1, effectiveFrom: null, effectiveTo: null, verified: VERIFIED }

/** The law's time limits, federal. States and plans may give more time; a letter that says so wins. */
export const DEADLINE_RULES: readonly DeadlineRule[] = [
  {
    ...{ id: 'erisa-internal-appeal', kind: 'appeal', laws: ['ERISA'], count: 180, unit: 'days', from: 'receipt' },
    ...{ ...ever, rollsOver: false, citation: '29 CFR 2560.503-1(h)(3)(i)' },
  },
  {
    ...{
      id: 'aca-internal-appeal',
      kind: 'appeal',
      laws: ['Marketplace', 'commercial'],
      count: 180,
      unit: 'days',
      from: 'receipt',
    },
    ...{ ...ever, rollsOver: false, citation: '45 CFR 147.136(b)(2)(i), (b)(3)(i)' },
  },
  {
    ...{
      id: 'ma-reconsideration-60',
      kind: 'appeal',
      laws: ['Medicare Advantage'],
      count: 60,
      unit: 'days',
      from: 'notice',
    },
    ...{ ...ever, effectiveTo: '2024-12-31', rollsOver: false, citation: '42 CFR 422.582(b), before 89 FR 30448' },
  },
  {
    ...{
      id: 'ma-reconsideration-65',
      kind: 'appeal',
      laws: ['Medicare Advantage'],
      count: 65,
      unit: 'days',
      from: 'notice',
    },
    ...{ ...ever, effectiveFrom: '2025-01-01', rollsOver: false, citation: '42 CFR 422.582(b)' },
  },
  {
    ...{
      id: 'medicare-redetermination',
      kind: 'appeal',
      laws: ['Medicare'],
      count: 120,
      unit: 'days',
      from: 'receipt',
    },
    ...{ ...ever, receiptPresumedDays: 5, rollsOver: false, citation: '42 CFR 405.942(a)' },
  },
  {
    ...{
      id: 'medicare-reconsideration',
      kind: 'second_appeal',
      laws: ['Medicare'],
      count: 180,
      unit: 'days',
      from: 'decision',
    },
    ...{ ...ever, receiptPresumedDays: 5, rollsOver: false, citation: '42 CFR 405.962(a)' },
  },
  {
    ...{ id: 'medicaid-plan-appeal', kind: 'appeal', laws: ['Medicaid'], count: 60, unit: 'days', from: 'notice' },
    ...{ ...ever, rollsOver: false, citation: '42 CFR 438.402(c)(2)(ii)' },
  },
  {
    ...{
      id: 'medicaid-fair-hearing',
      kind: 'second_appeal',
      laws: ['Medicaid'],
      count: 120,
      unit: 'days',
      from: 'decision',
    },
    ...{ ...ever, rollsOver: false, citation: '42 CFR 438.408(f)(2)' },
  },
  {
    ...{
      id: 'aca-external-review',
      kind: 'external_review',
      laws: ['ERISA', 'Marketplace', 'commercial'],
      count: 4,
      unit: 'months',
      from: 'decision',
    },
    ...{ ...ever, rollsOver: true, citation: '45 CFR 147.136(d)(2)(i)' },
  },
  {
    ...{
      id: 'medicare-timely-filing',
      kind: 'timely_filing',
      laws: ['Medicare'],
      count: 1,
      unit: 'years',
      from: 'service',
    },
    ...{ ...ever, rollsOver: false, citation: '42 CFR 424.44(a)(1)' },
  },
  {
    ...{
      id: 'erisa-decision-urgent',
      kind: 'decision',
      when: 'urgent',
      laws: ['ERISA', 'Marketplace', 'commercial'],
      count: 72,
      unit: 'hours',
      from: 'submission',
    },
    ...{ ...ever, rollsOver: false, citation: '29 CFR 2560.503-1(i)(2)(i)' },
  },
  {
    ...{
      id: 'erisa-decision-pre-service',
      kind: 'decision',
      when: 'pre_service',
      laws: ['ERISA', 'Marketplace', 'commercial'],
      count: 30,
      unit: 'days',
      from: 'submission',
    },
    ...{ ...ever, rollsOver: false, citation: '29 CFR 2560.503-1(i)(2)(ii)' },
  },
  {
    ...{
      id: 'erisa-decision-post-service',
      kind: 'decision',
      when: 'post_service',
      laws: ['ERISA', 'Marketplace', 'commercial'],
      count: 60,
      unit: 'days',
      from: 'submission',
    },
    ...{ ...ever, rollsOver: false, citation: '29 CFR 2560.503-1(i)(2)(iii)' },
  },
  {
    ...{
      id: 'ma-decision-urgent',
      kind: 'decision',
      when: 'urgent',
      laws: ['Medicare Advantage'],
      count: 72,
      unit: 'hours',
      from: 'submission',
    },
    ...{ ...ever, rollsOver: false, citation: '42 CFR 422.590(e)' },
  },
  {
    ...{
      id: 'ma-decision-pre-service',
      kind: 'decision',
      when: 'pre_service',
      laws: ['Medicare Advantage'],
      count: 30,
      unit: 'days',
      from: 'submission',
    },
    ...{ ...ever, rollsOver: false, citation: '42 CFR 422.590(a)' },
  },
  {
    ...{
      id: 'ma-decision-post-service',
      kind: 'decision',
      when: 'post_service',
      laws: ['Medicare Advantage'],
      count: 60,
      unit: 'days',
      from: 'submission',
    },
    ...{ ...ever, rollsOver: false, citation: '42 CFR 422.590(b)' },
  },
  {
    ...{
      id: 'medicaid-decision-urgent',
      kind: 'decision',
      when: 'urgent',
      laws: ['Medicaid'],
      count: 72,
      unit: 'hours',
      from: 'submission',
    },
    ...{ ...ever, rollsOver: false, citation: '42 CFR 438.408(b)(3)' },
  },
  {
    ...{
      id: 'medicaid-decision-pre-service',
      kind: 'decision',
      when: 'pre_service',
      laws: ['Medicaid'],
      count: 30,
      unit: 'days',
      from: 'submission',
    },
    ...{ ...ever, rollsOver: false, citation: '42 CFR 438.408(b)(2)' },
  },
  {
    ...{
      id: 'medicare-decision-post-service',
      kind: 'decision',
      when: 'post_service',
      laws: ['Medicare'],
      count: 60,
      unit: 'days',
      from: 'submission',
    },
    ...{ ...ever, rollsOver: false, citation: '42 CFR 405.950(a)' },
  },
]
