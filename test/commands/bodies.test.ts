/** Commands as they lie in a store for another process: what is written is read again as it was, and what is none is refused in words (R5, I10). */
import { CommandUnreadable } from 'signalbox/errors';
import { describe, expect, test } from 'vitest';
import { allowedIn, commandNamed, readCommand, wayOf } from '../../src/commands/index.ts';
import type { CommandMessage } from '../../src/core/message.ts';
import type { JsonObject } from '../../src/json.ts';
import type { ApprovalAsk } from '../../src/people.ts';

const ask: ApprovalAsk = {
  act: 'defer',
  by: 'mia',
  roles: ['boss'],
  onBehalfOf: null,
  comment: 'so',
  form: { n: 1 },
  value: null,
  patch: null,
  as: null,
  to: { users: ['tom'], roles: [] },
  until: 5,
  digest: 'd',
  version: 2,
  made: null,
  fault: null,
};
const asker = { id: 'a', type: 'cancel', by: 'mia', reason: null, known: false };
const MESSAGES: readonly CommandMessage[] = [
  { type: 'cancel', reason: 'enough', compensate: true, force: false },
  { type: 'cancel', reason: null, compensate: false, force: true, asker },
  { type: 'pause', above: true, refused: null },
  { type: 'pause', refused: null, asker: { ...asker, type: 'pause', by: null, reason: 'so' } },
  { type: 'resume', refused: null },
  {
    type: 'retry',
    id: 'i',
    path: 'a/b',
    reason: 'again',
    by: null,
    input: { n: 1 },
    refused: 'the run has ended',
    known: false,
  },
  { type: 'skip', id: 'i', path: 'a/b', reason: 'on', by: 'mia', refused: 'the run has ended', known: false },
  {
    type: 'resolve',
    id: 'i',
    path: 'a/b',
    reason: 'by hand',
    by: 'mia',
    output: 5,
    refused: 'the run has ended',
    known: false,
  },
  { type: 'signal', id: 's', name: 'go', payload: [1], answer: null, known: false },
  {
    type: 'signal',
    id: 's',
    name: 'go',
    payload: null,
    asker: { ...asker, type: 'signal' },
    answer: null,
    known: false,
  },
  { type: 'decide', id: 'd', path: 'a/b', number: 1, ask, answer: null, known: false },
];
const bodies = MESSAGES.map((message) => ({
  message,
  body: JSON.parse(JSON.stringify(wayOf(message.type).write(message))) as JsonObject,
}));

test('every command but a start is for runs of other processes, too, and is played here', () => {
  const names = MESSAGES.map(({ type }) => type as string);
  const all = [
    ...allowedIn('pending'),
    ...allowedIn('running'),
    ...allowedIn('paused'),
    ...allowedIn('awaitingIntervention'),
  ];
  expect([...new Set(all)].filter((name) => !names.includes(name))).toEqual(['start']);
  expect(() => wayOf('start')).toThrow(CommandUnreadable);
});

describe.each(bodies)('$message.type', ({ message, body }) => {
  test('is read as it was written', () => {
    expect(readCommand(body)).toEqual(message);
  });

  test('is refused if one of its fields is something else, and nothing of it is done', () => {
    const odd = [7, 'x', true, [], {}, -1, null];
    for (const [field, { fits }] of Object.entries(wayOf(message.type).body)) {
      const wrong = odd.filter((value) => !fits(value as never));
      for (const value of wrong)
        expect(() => readCommand({ ...body, [field]: value as never }), `${field}: ${JSON.stringify(value)}`).toThrow(
          new RegExp(`${message.type} that was left for a run cannot be read: its "${field}" is `),
        );
      const { [field]: _, ...without } = body;
      if (!fits(undefined)) expect(() => readCommand(without)).toThrow(CommandUnreadable);
    }
  });
});

test.each([[{}], [{ type: 'dance' }], [{ type: '__proto__' }], [{ type: 'start' }], [{ type: 7 }]])(
  '%j is none',
  (body) => {
    expect(() => readCommand(body as JsonObject)).toThrow(CommandUnreadable);
  },
);

test('what is said to a step or to an approval leaves a record, also where it is refused; the history says all else', () => {
  const kept = MESSAGES.map(({ type }) => [type, commandNamed(type)?.record ?? null]);
  expect(Object.fromEntries(kept)).toEqual({
    cancel: null,
    pause: null,
    resume: null,
    signal: null,
    retry: 'intervention',
    skip: 'intervention',
    resolve: 'intervention',
    decide: 'decision',
  });
});
