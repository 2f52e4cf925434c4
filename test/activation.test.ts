/** Lines of text that start something (P207): what is read as one, whatever stands around it, and what becomes of it. */
import {
  type Activation,
  activationIn,
  activations,
  createSignalbox,
  InvalidOption,
  orchestrator,
  program,
  track,
} from 'signalbox';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { Anything } from './helpers/stage.ts';

type Row = readonly [text: string, mode: Activation['mode'] | null, subject?: string, details?: string];

/** What a text asks for, as a row of the table. */
function rowOf(text: string): Row {
  const found = activationIn(text);
  if (found === null) return [text, null];
  const { mode, subject, details } = found;
  return details === '' ? [text, mode, subject] : [text, mode, subject, details];
}

const table: readonly Row[] = [
  // The four, as they are written.
  ['Master Loop für den Shop', 'program', 'den Shop'],
  ['Conductor Track: checkout', 'track', 'checkout'],
  ['Workflow for: the newsletter', 'workflow', 'the newsletter'],
  ['Checkpoint: coverage', 'checkpoint', 'coverage'],
  // Case, spelling, colon, space.
  ['master loop fuer shop', 'program', 'shop'],
  ['MASTER LOOP FÜR: shop', 'program', 'shop'],
  ['Master Loop fu\u0308r shop', 'program', 'shop'],
  ['Master  Loop\tfor:shop', 'program', 'shop'],
  ['  conductor\u00a0track checkout  ', 'track', 'checkout'],
  ['Conductor Track for: checkout', 'track', 'checkout'],
  ['WORKFLOW FOR the newsletter', 'workflow', 'the newsletter'],
  ['Workflow für : Rundbrief', 'workflow', 'Rundbrief'],
  ['Workflow for\uff1a 時事通信', 'workflow', '時事通信'],
  ['checkpoint für Release 2', 'checkpoint', 'Release 2'],
  ['Checkpoint form', 'checkpoint', 'form'],
  ['Checkpoint: a: b', 'checkpoint', 'a: b'],
  // Other scripts, joined words, emoji, right to left.
  ['Workflow for: Рассылка', 'workflow', 'Рассылка'],
  ['Workflow for: می\u200cخواهم', 'workflow', 'می\u200cخواهم'],
  ['Checkpoint: 👩\u200d🚀', 'checkpoint', '👩\u200d🚀'],
  // In quotes, over lines, with more below.
  ['Workflow for: "the newsletter"', 'workflow', 'the newsletter'],
  ['Master Loop für „den Shop“', 'program', 'den Shop'],
  ["Checkpoint: ' coverage '", 'checkpoint', 'coverage'],
  ['Workflow for: "the shop" and "the rest', 'workflow', '"the shop" and "the rest'],
  ['Workflow for: “the\r\nnewsletter”\r\nby Friday', 'workflow', 'the newsletter', 'by Friday'],
  ['Workflow for: "never closed\nmore', 'workflow', '"never closed', 'more'],
  ['Workflow for:\n\n  the newsletter', 'workflow', 'the newsletter'],
  ['Checkpoint: coverage\nof all\n\n  packages  \n', 'checkpoint', 'coverage', 'of all\n\npackages'],
  // The first that asks for something, among others.
  ['Hello,\nConductor Track: checkout\nthanks', 'track', 'checkout', 'thanks'],
  ['Checkpoint: one\nfirst\nWorkflow for: two', 'checkpoint', 'one', 'first'],
  ['Checkpoint:\nWorkflow for: two', 'workflow', 'two'],
  // What cannot be seen, or turns text around, is taken out.
  ['\ufeffWorkflow for: a\u0000b\u0007c', 'workflow', 'a b c'],
  ['Workflow for: \u202egpj.exe\u202c', 'workflow', 'gpj.exe'],
  ['Workflow for: a\ud800', 'workflow', 'a\ufffd'],
  [`Workflow for: ${'x'.repeat(1_000)}`, 'workflow', 'x'.repeat(1_000)],
  // Nothing to start with.
  ['', null],
  [' \n\t\r\n', null],
  ['Workflow for:', null],
  ['Workflow for: …', null],
  ['Master Loop für', null],
  ['Checkpoint for', null],
  ['Checkpoint: ""', null],
  ['Checkpoint: "', null],
  ['Checkpoint: \u200b\u2066', null],
  ['Workflow format: x', null],
  ['Checkpoints: x', null],
  ['Conductor Tracking: x', null],
  ['Master Loop: shop', null],
  ['MasterLoop for: shop', null],
  ['Workflow: shop', null],
  ['See Workflow for: x', null],
  ['> Workflow for: what somebody else has said', null],
  ['"Workflow for: spoken of"', null],
  ['Сheckpoint: with a letter of another script', null],
  [`Workflow for: ${'x'.repeat(1_001)}`, null],
  [`Checkpoint: "${'x'.repeat(600)}\n${'y'.repeat(600)}"`, null],
];

describe('a text', () => {
  test.each(table.map((row) => [JSON.stringify(row).slice(0, 80), row] as const))('%s', (_, row) => {
    expect(rowOf(row[0])).toEqual(row);
  });

  test.each([undefined, null, 1, {}, ['Checkpoint: x']])('that is none asks for nothing: %j', (value) => {
    expect(activationIn(value as never)).toBe(null);
  });

  test('of any length is read in one go', () => {
    const megabyte = 1_000_000;
    const long = [
      `Master${' '.repeat(megabyte)}`,
      `Checkpoint: "${'\n"x'.repeat(megabyte / 3)}`,
      '\n'.repeat(megabyte),
      `${'Checkpoint:\n'.repeat(20_000)}`,
      `${'Workflow for '.repeat(megabyte / 13)}`,
      `Checkpoint: x${'\n'.repeat(megabyte)}`,
    ];
    expect(long.map((text) => activationIn(text)?.mode ?? null)).toEqual([null, null, null, null, null, 'checkpoint']);
  });

  test('never throws, and never asks for something that nobody can see', () => {
    const piece = fc.oneof(
      fc.constantFrom('Checkpoint', 'Workflow for', ':', ' ', '\n', '"', '„', '\u202e', '\u0000', '\ud800'),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const found = activationIn(pieces.join(''));
        if (found === null) return;
        expect(found.subject).toMatch(/[\p{L}\p{N}\p{S}]/u);
        expect(found.subject).not.toMatch(/\p{Cc}/u);
        expect(found.subject).toBe(found.subject.trim());
      }),
    );
  });
});

describe('a table of activations', () => {
  const made = (subject: string) => ({ input: { subject } });

  test('starts what the application has for each of the four', async () => {
    const body = track('t', { input: Anything }).gate('g', {
      criteria: { coverage: { min: 80, required: true } },
      values: () => ({ coverage: 91 }),
    });
    const head = { version: '1', input: z.object({ subject: z.string() }) } as const;
    const delivery = program('delivery', { ...head, phases: { one: { tasks: { body } } } });
    const flow = orchestrator('flow', head).track('t', body);
    const alone = orchestrator('alone', head).track('t', body);
    const quality = orchestrator('quality', head).track('t', body);
    await using box = await createSignalbox({ orchestrators: [delivery, flow, alone, quality], logger: () => {} });
    const activate = activations({
      program: ({ subject }) => box.start(delivery, made(subject)),
      track: ({ subject }) => box.start(alone, made(subject)),
      workflow: ({ subject }) => box.start(flow, made(subject)),
      checkpoint: ({ subject }) => box.start(quality, made(subject)),
    });
    const started: string[] = [];
    for (const text of ['Master Loop für a', 'Conductor Track: b', 'Workflow for: c', 'Checkpoint: d']) {
      const run = await activate(text);
      await run.result();
      const { orchestrator: name, input } = await run.snapshot();
      started.push(`${name} ${JSON.stringify(input)}`);
    }
    expect(started).toEqual([
      'delivery {"subject":"a"}',
      'alone {"subject":"b"}',
      'flow {"subject":"c"}',
      'quality {"subject":"d"}',
    ]);
  });

  test('answers with what its functions answer', () => {
    const activate = activations({ program: ({ subject }) => subject.length, checkpoint: ({ details }) => details });
    expectTypeOf(activate).returns.toEqualTypeOf<string | number>();
    expect([activate('Master Loop für abc'), activate('Checkpoint: a\nb')]).toEqual([3, 'b']);
  });

  test('says what would do, where a text asks for nothing or for what it has not', () => {
    const activate = activations({ program: () => 1, checkpoint: () => 2 });
    for (const text of ['hello', 'Checkpoint:', 'Workflow for: x']) {
      expect(() => activate(text)).toThrow(InvalidOption);
      expect(() => activate(text)).toThrow('a line like "Master Loop für …", "Checkpoint: …"');
    }
  });

  test('has the four and no others', () => {
    expect(() => activations({ programme: () => 1 } as never)).toThrow('Did you mean "program"?');
    expect(() => activations({ program: 1 } as never)).toThrow('"program" cannot be 1: it takes a function');
    expect(() => activations(null as never)).toThrow(InvalidOption);
  });
});
