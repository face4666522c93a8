import { describe, expect, it } from 'vitest'
import { checkOptions, defaultOptions, knobNames, knobs, optionsFromEnvironment, variableName } from './options.ts'

describe('the options', () => {
  it('are what was shipped when nothing is set, on the loopback interface', () => {
    expect(optionsFromEnvironment({})).toEqual({})
    expect(defaultOptions).toMatchObject({
      port: 9000,
      host: '127.0.0.1',
      data: 'specification',
      tickets: 10_000,
      tenants: 4,
      deleted: 0.05,
      modified: 0.1,
      pageSizeCap: 100,
      rateLimit: 60,
      rateWindowSeconds: 60,
      notify: 'shipped',
    })
  })

  it('are read from the environment, where an empty text is no setting', () => {
    const environment = {
      MOCK_PROVIDER_PORT: '0',
      MOCK_PROVIDER_DATA: 'realistic',
      MOCK_PROVIDER_DELETED: '0.2',
      MOCK_PROVIDER_REDRAW: 'false',
      MOCK_PROVIDER_RATE_WINDOW_SECONDS: '5',
      MOCK_PROVIDER_NEWEST_AT: '2026-03-02T09:30:00Z',
      MOCK_PROVIDER_HOST: '',
    }
    expect(optionsFromEnvironment(environment)).toEqual({
      port: 0,
      data: 'realistic',
      deleted: 0.2,
      redraw: false,
      rateWindowSeconds: 5,
      newestAt: '2026-03-02T09:30:00Z',
    })
  })

  it.each([
    ['MOCK_PROVIDER_PORT', '70000', 'a whole number from 0 to 65535, e.g. MOCK_PROVIDER_PORT=9000'],
    ['MOCK_PROVIDER_TICKETS', 'many', 'a whole number from 0 to 1000000, e.g. MOCK_PROVIDER_TICKETS=10000'],
    ['MOCK_PROVIDER_MODIFIED', '1.5', 'a number from 0 to 1, e.g. MOCK_PROVIDER_MODIFIED=0.1'],
    ['MOCK_PROVIDER_DATA', 'real', 'one of specification, realistic, e.g. MOCK_PROVIDER_DATA=specification'],
    ['MOCK_PROVIDER_REDRAW', 'maybe', 'true or false, e.g. MOCK_PROVIDER_REDRAW=true'],
    ['MOCK_PROVIDER_NEWEST_AT', 'yesterday', 'an ISO 8601 time with its zone, e.g. MOCK_PROVIDER_NEWEST_AT=2026-'],
    ['MOCK_PROVIDER_HOST', 'a b', 'a host name or address, e.g. MOCK_PROVIDER_HOST=127.0.0.1'],
  ])('%s=%s is refused with its bound and an example', (name, text, sentence) => {
    expect(() => optionsFromEnvironment({ [name]: text })).toThrow(`${name} must be ${sentence}`)
  })

  it('name every setting that is wrong, each in a sentence of its own', () => {
    expect(() => checkOptions({ rateLimit: -1, notify: 'never' })).toThrow(
      /rateLimit must be .*\.\nnotify must be .*\.$/,
    )
  })

  it.each(knobNames)('the example of %s is one it accepts', (name) => {
    expect(() => optionsFromEnvironment({ [variableName(name)]: knobs[name].example })).not.toThrow()
  })
})
