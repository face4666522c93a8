import { expect, test } from 'vitest'
import { timeZoneName } from './time-zone.ts'

test.for([
  ['UTC', 'UTC'],
  ['Europe/Berlin', 'Europe/Berlin'],
  ['europe/berlin', 'Europe/Berlin'],
  ['Asia/Kolkata', 'Asia/Kolkata'],
  ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
])('%s is the time zone %s', ([text, name]) => {
  expect(timeZoneName(text ?? '')).toBe(name)
})

test.for(['', 'Mars/Olympus', '+01:00', 'Europe/Berlin ', "UTC'; drop table tenants", 'E'.repeat(65), 'Europe/\u0000'])(
  '%j is no time zone',
  (text) => {
    expect(timeZoneName(text)).toBeNull()
  },
)
