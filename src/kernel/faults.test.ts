import { describe, expect, it } from 'vitest'
import { declaredFaults, declareFaults, Fault } from './faults.ts'

const testFault = declareFaults({ 'kernel_test.gone': 410 })

describe('a fault', () => {
  it('has the status of its code, a sentence for the caller and one for the operator', () => {
    const cause = new Error('why')
    const fault = testFault('kernel_test.gone', { public: 'Ask again.', internal: 'row 7 was deleted', cause })
    expect(fault).toBeInstanceOf(Fault)
    expect(fault).toMatchObject({
      ...{ code: 'kernel_test.gone', status: 410, public: 'Ask again.', cause },
      message: 'kernel_test.gone: row 7 was deleted',
      ...{ headers: {}, extensions: {} },
    })
  })
})

describe('declaring', () => {
  it('makes a code known with its status', () => {
    expect(declaredFaults().get('kernel_test.gone')).toBe(410)
  })

  it('a code twice throws and leaves the first as it was', () => {
    expect(() => declareFaults({ 'kernel_test.gone': 404 })).toThrow('Fault code kernel_test.gone is declared twice')
    expect(declaredFaults().get('kernel_test.gone')).toBe(410)
  })
})
