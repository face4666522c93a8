import { readFileSync } from 'node:fs'
import { CORE_SCHEMA, load } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { variables } from '../../src/kernel/config-variables.ts'
import { RESERVED_SECONDS } from '../../src/lambda.ts'
import { BATCH_MAX } from '../../src/platform/queue/index.ts'

type Statement = { Action: string[]; Resource: string }
// biome-ignore lint/suspicious/noExplicitAny: a document of CloudFormation, whose parts the rules name
type Template = { Resources: Record<string, { Type: string; Properties: any }> }

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const text = read('ops/aws/template.yaml')
const makefile = read('Makefile')

/** The template, with `@Name` for what refers to another part of it. */
function parse(template: string): Template {
  const plain = template
    .replaceAll(/!(?:Ref|GetAtt) ([\w.:]+)/g, "'@$1'")
    .replaceAll('!Sub ', '')
    .replaceAll(/!(?:Not|Equals|If) /g, '')
  return load(plain, { schema: CORE_SCHEMA }) as Template
}

const of = ({ Resources }: Template, name: string) => Resources[name]?.Properties
const statementsOf = (template: Template): Statement[] => [
  ...of(template, 'WorkerRole').Policies[0].PolicyDocument.Statement,
  ...of(template, 'ProcessesPolicy').PolicyDocument.Statement,
]
const eventOf = (template: Template) => of(template, 'Worker').Events.Task.Properties

type Rule = { rule: string; holds: (template: Template) => boolean; planted: [string, string] }

const rules: readonly Rule[] = [
  {
    rule: 'messages stay hidden for six times as long as the function may take',
    holds: (t) => of(t, 'Tasks').VisibilityTimeout >= 6 * of(t, 'Worker').Timeout,
    planted: ['VisibilityTimeout: 5400', 'VisibilityTimeout: 5399'],
  },
  {
    rule: 'most of an invocation is left for tasks when what is reserved for its end is taken off',
    holds: (t) => of(t, 'Worker').Timeout >= 4 * RESERVED_SECONDS,
    planted: ['Timeout: 900', 'Timeout: 30'],
  },
  {
    rule: 'one bad record comes again alone',
    holds: (t) => eventOf(t).FunctionResponseTypes.includes('ReportBatchItemFailures'),
    planted: ['[ReportBatchItemFailures]', '[]'],
  },
  {
    rule: 'a batch is no larger than what SQS hands out at once',
    holds: (t) => eventOf(t).BatchSize <= BATCH_MAX && eventOf(t).Queue === '@Tasks.Arn',
    planted: ['BatchSize: 10', 'BatchSize: 100'],
  },
  {
    rule: 'what is received too often goes to the dead letters, and is kept there for longer',
    holds: (t) => {
      const { RedrivePolicy, MessageRetentionPeriod } = of(t, 'Tasks')
      const { deadLetterTargetArn, maxReceiveCount } = RedrivePolicy
      const isThere = deadLetterTargetArn === '@DeadLetters.Arn' && maxReceiveCount >= 3
      return isThere && of(t, 'DeadLetters').MessageRetentionPeriod > MessageRetentionPeriod
    },
    planted: ['deadLetterTargetArn: !GetAtt DeadLetters.Arn', 'deadLetterTargetArn: !GetAtt Tasks.Arn'],
  },
  {
    rule: 'no right is for everything: none has a star, and only network interfaces are of no single resource',
    holds: (t) =>
      statementsOf(t).every(
        ({ Action, Resource }) =>
          Action.every((action) => !action.includes('*')) &&
          (Resource !== '*' || Action.every((action) => action.startsWith('ec2:'))),
      ),
    planted: ['Action: [sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes]', 'Action: [sqs:*]'],
  },
  {
    rule: 'the function may not send: relays of other processes do',
    holds: (t) =>
      !of(t, 'WorkerRole').Policies[0].PolicyDocument.Statement.some(({ Action }: Statement) =>
        Action.includes('sqs:SendMessage'),
      ),
    planted: ['[sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes]', '[sqs:SendMessage]'],
  },
  {
    rule: 'every variable that it sets is one that the program reads',
    holds: (t) => Object.keys(of(t, 'Worker').Environment.Variables).every((name) => Object.hasOwn(variables, name)),
    planted: ['SQS_QUEUE_URL: !Ref Tasks', 'SQS_URL: !Ref Tasks'],
  },
  {
    rule: 'dead letters, old messages and failing invocations ring',
    holds: (t) => {
      const alarms = Object.values(t.Resources).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
      const metrics = alarms.map(({ Properties: { MetricName } }) => MetricName).toSorted()
      return metrics.join() === 'ApproximateAgeOfOldestMessage,ApproximateNumberOfMessagesVisible,Errors'
    },
    planted: ['MetricName: Errors', 'MetricName: Invocations'],
  },
  {
    rule: 'the handler is what the Makefile makes',
    holds: (t) => of(t, 'Worker').Handler === 'index.handler' && makefile.includes('/index.mjs"'),
    planted: ['Handler: index.handler', 'Handler: lambda.handler'],
  },
]

describe('the template for AWS', () => {
  it.each(rules)('$rule', ({ holds }) => {
    expect(holds(parse(text))).toBe(true)
  })
})

describe('the check of it', () => {
  it.each(rules)('bites: $rule', ({ holds, planted: [before, after] }) => {
    expect(text).toContain(before)
    expect(holds(parse(text.replace(before, after)))).toBe(false)
  })
})
