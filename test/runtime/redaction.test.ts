/** Redaction (S34): what is declared secret leaves the box nowhere, and what is stored, handed to bodies and resulted in stays whole. */
import fc from 'fast-check';
import { createSignalbox, type LogLine, memory, orchestrator, type Redact, type Run, task, track } from 'signalbox';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/json.ts';
import { RedactionGate } from '../../src/views/gate.ts';
import { REDACTED, redacted, rulesOf, type RedactionRules } from '../../src/views/redaction.ts';
import { Anything, eventsOf, fakeClock, rejection, settled, soon } from '../helpers/stage.ts';

const head = { version: '1', input: Anything } as const;
const input = { input: Anything } as const;
const CARD = '4111111111111111';
const TOKEN = 'tok-98fe';

/** A run that has a secret in each place where one can be. */
function leaking(seen: unknown[] = []) {
  const fetch = task('fetch', {
    input: Anything,
    output: Anything,
    run: ({ input: given, log, progress }) => {
      seen.push(given);
      log(`the card is ${CARD}`, { card: CARD, password: 'hunter2' });
      progress(0.5, `at ${CARD}`);
      return { token: TOKEN, kept: 'fine' };
    },
  });
  const broken = task('broken', {
    input: Anything,
    output: Anything,
    retry: { maxAttempts: 2, delay: 0 },
    run: ({ input: given }) => {
      throw new Error(`declined: ${(given as { card: string }).card}`, { cause: new Error(`for ${CARD}`) });
    },
  });
  return orchestrator('leaking', { ...head, onFailure: 'pause' }).track(
    'pay',
    track('pay', input)
      .step('fetch', fetch, ({ input: i }) => i)
      .set('remember', { token: ({ outputs }) => (outputs.fetch as { token: string }).token })
      .emit('told', {
        event: 'told',
        data: ({ outputs }) => ({ token: (outputs.fetch as { token: string }).token, card: CARD }),
      })
      .step('broken', broken, ({ input: i }) => ({ card: (i as { card: { number: string } }).card.number })),
    { input: ({ input: i }) => i },
  );
}

const REDACT: readonly Redact[] = [
  'input.card.number',
  'outputs.*.token',
  'data.token',
  '*.password',
  'variables.token',
];
const START = { card: { number: CARD, name: 'A. B.' }, password: 'hunter2', shown: 'yes' };

async function played(redact: readonly Redact[] | undefined, seen: unknown[] = []) {
  const flow = leaking(seen);
  const store = memory();
  const lines: LogLine[] = [];
  const heard: unknown[] = [];
  const clock = fakeClock();
  const options = { orchestrators: [flow], store, clock, logger: (line: LogLine) => void lines.push(line) };
  const box = clock.follow(await createSignalbox({ ...options, ...(redact === undefined ? {} : { redact }) } as never));
  box.on('*', (event) => void heard.push(event));
  const run = (await box.start(
    flow as never,
    {
      id: 'r',
      input: START,
      metadata: { tenant: 'acme', password: 'hunter2' },
    } as never,
  )) as Run<unknown>;
  await settled(box);
  await clock.advance(1);
  await run.retry('pay/broken', { reason: `try ${CARD} again`, by: 'me', input: { card: CARD } });
  await settled(box);
  return { box, run, store, lines, heard, clock };
}

describe('what is secret', () => {
  test('is in nothing that is told, and whole where it is kept (S34)', async () => {
    const seen: unknown[] = [];
    const { box, run, store, lines, heard } = await played(REDACT, seen);
    const interventions = [];
    for await (const each of run.interventions()) interventions.push(each);
    const told: { [what: string]: unknown } = {
      heard,
      history: await eventsOf(run),
      snapshot: await run.snapshot(),
      export: await run.export(),
      list: await box.runs(),
      interventions,
      lines: lines.map((line) => ({ ...line, said: [line.error?.message, line.error?.stack, String(line.error)] })),
    };
    await run.cancel({ reason: `no more of ${CARD}` });
    const outcome = await soon(run.outcome());
    told.outcome = outcome;
    const failure = await rejection<Error>(run.result());
    told.failure = [failure.message, failure.stack, JSON.stringify(failure), String(failure.cause)];
    told.end = await eventsOf(run);
    for (const [what, value] of Object.entries(told)) {
      const text = JSON.stringify(value);
      expect(text.includes(CARD), `the card in ${what}`).toBe(false);
      expect(text.includes('hunter2'), `the password in ${what}`).toBe(false);
      // What is declared of it is its paths. In a text of a line or an event nobody can know it by these.
      expect(text.includes(TOKEN), `the token in ${what}`).toBe(false);
      if (what !== 'outcome') expect(text, what).toContain(REDACTED);
    }
    expect(told.export).toMatchObject({
      format: 1,
      redacted: true,
      run: { input: { card: { name: 'A. B.' }, shown: 'yes' } },
    });
    expect(told.snapshot).toMatchObject({ steps: { 'pay/fetch': { output: { token: REDACTED, kept: 'fine' } } } });
    // Kept whole, and handed on whole.
    expect(seen).toEqual([START]);
    expect(await store.readRun('r')).toMatchObject({ input: START, metadata: { password: 'hunter2' } });
    expect(JSON.stringify(await store.readActors('r'))).toContain(TOKEN);
    expect(JSON.stringify(await store.readEvents('r', { after: 0, limit: 100 }))).toContain(CARD);
    await box.close();
  });

  test('is in no failure, whoever asks how the run has ended, and in no child that was handed it', async () => {
    const bad = task('bad', {
      input: Anything,
      output: Anything,
      run: ({ input: given }) => Promise.reject(new Error(`no ${(given as { pin: string }).pin}`)),
    });
    const child = orchestrator('child', head).track(
      't',
      track('t', input).step('s', bad, () => ({ pin: '9274-11' })),
      {
        input: ({ input: i }) => i,
      },
    );
    const flow = orchestrator('flow', head).track(
      't',
      track('t', input).run('c', child, ({ input: i }) => i),
      { input: ({ input: i }) => i },
    );
    const lines: LogLine[] = [];
    await using box = await createSignalbox({
      orchestrators: [flow, child],
      redact: ['input.pin'],
      logger: (line) => void lines.push(line),
    });
    const run = await box.start(flow, { id: 'r', input: { pin: '9274-11' } });
    const told: unknown[] = [await run.outcome()];
    for await (const summary of run.children()) {
      told.push(summary, await box.run(summary.run).outcome(), await eventsOf(box.run(summary.run)));
    }
    const { message } = await rejection(run.result());
    const text = JSON.stringify([told, message, lines.map((line) => [line, line.error?.message])]);
    expect(told).toHaveLength(4);
    expect(text).toContain(`no ${REDACTED}`);
    expect(text).not.toContain('9274-11');
  });

  test('is what a run results in as well: whoever asks for its result gets it whole', async () => {
    const flow = orchestrator('flow', head).track(
      't',
      track('t', input).step('s', task('s', { input: Anything, output: Anything, run: () => ({ token: TOKEN }) })),
    );
    await using box = await createSignalbox({ orchestrators: [flow], redact: ['**.token'] });
    const run = await box.start(flow, { input: null });
    expect(await run.result()).toEqual({ t: { token: TOKEN } });
    expect(await run.outcome()).toMatchObject({ output: { t: { token: TOKEN } }, outputs: { t: { token: TOKEN } } });
    expect((await run.snapshot()).output).toEqual({ t: { token: REDACTED } });
  });

  test('may be what a pattern finds in any text, or what stands under a key', async () => {
    const { box, run, lines, heard } = await played([/\b\d{16}\b/, /tok-\w+/, { key: /^pass/i }]);
    const told = JSON.stringify([heard, await eventsOf(run), await run.snapshot(), await run.export(), lines]);
    for (const secret of [CARD, TOKEN, 'hunter2']) expect(told).not.toContain(secret);
    await box.close();
  });

  test('is nothing, if nothing is declared: what is told is what there is', async () => {
    const { box, run, heard } = await played(undefined);
    expect(JSON.stringify(heard)).toContain(CARD);
    expect(await run.export()).toMatchObject({ redacted: false, run: { input: START } });
    const gate = new RedactionGate(rulesOf([]));
    const event = { run: 'r', seq: 1, at: 0, type: 'run.completed', path: '' } as const;
    expect(gate.event(event, undefined)).toBe(event);
    const logger = (): void => {};
    expect(gate.logger(logger, () => undefined)).toBe(logger);
    await box.close();
  });

  test('never makes a number of a history anything else', async () => {
    const { box, run } = await played([/\d+/]);
    for (const event of await eventsOf(run))
      expect(event).toMatchObject({ seq: expect.any(Number), at: expect.any(Number) });
    const { steps } = await run.snapshot();
    expect(steps['pay/broken']?.attempts[0]).toMatchObject({ attempt: 1, startedAt: expect.any(Number) });
    expect(steps['pay/broken']?.error).toMatchObject({ attempt: 3 });
    await box.close();
  });

  test('in what a schedule starts its runs with is not told either, and it stays the schedule that it is', async () => {
    const flow = orchestrator('flow', head).track('t', track('t', input));
    await using box = await createSignalbox({ orchestrators: [flow], clock: fakeClock(), redact: ['input.password'] });
    const options = { every: '1h', orchestrator: flow, input: { password: 'hunter2' } } as const;
    const schedule = await box.schedule('hourly', options);
    expect((await schedule.state()).definition.input).toEqual({ password: REDACTED });
    expect((await (await box.schedule('hourly', options)).state()).definition.input).toEqual({ password: REDACTED });
  });
});

describe('what is no secret is told at once', () => {
  test.each<[unknown, string]>([
    ['input.x', 'it takes a list'],
    [[7], 'redact[0] cannot be 7'],
    [[''], 'empty segment'],
    [['a..b'], 'empty segment'],
    [['*'], 'everything would be secret'],
    [['**.*'], 'everything would be secret'],
    [['input.pass*'], 'stands for a whole one'],
    [[/x*/], 'fits nothing at all'],
    [[/(a+)+$/], 'repeats what repeats already'],
    [[{ key: /((\w+)\s?)*/ }], 'repeats what repeats already'],
    [[{ key: 'password' }], 'it takes a path'],
    [[{}], 'it takes a path'],
  ])('%j', async (redact, said) => {
    const thrown = await rejection<Error & { code: string }>(createSignalbox({ redact } as never));
    expect(thrown.code).toBe('definition-invalid');
    expect(thrown.message).toContain(said);
  });

  test('all faults together', async () => {
    const { message } = await rejection(createSignalbox({ redact: ['', 7, /y*/] } as never));
    for (const at of ['redact[0]', 'redact[1]', 'redact[2]']) expect(message).toContain(at);
  });

  test.each([/a+b+/, /(?:abc)+/, /[(+*)]+/, /\(a+\)+/, /(\d{4}-?){4}/, /(a|b)+c/])('%s is a pattern', (pattern) => {
    expect(rulesOf([pattern])?.texts).toHaveLength(1);
  });
});

describe('a value without its secrets', () => {
  const rules = (...given: Redact[]) => rulesOf(given) as RedactionRules;
  const without = (value: Json, ...given: Redact[]) => redacted(rules(...given), value, [['input']], []);

  test('is the same but for these, and never the same object', () => {
    const value = { a: [{ token: 1, b: 2 }], c: { d: null } };
    expect(without(value, 'input.a.*.token')).toEqual({ a: [{ token: REDACTED, b: 2 }], c: { d: null } });
    expect(without(value, '**.token')).toEqual({ a: [{ token: REDACTED, b: 2 }], c: { d: null } });
    expect(without(value, 'input.a.1.token')).toBe(value);
    expect(without(value, 'input.a')).toEqual({ a: REDACTED, c: { d: null } });
    expect(value).toEqual({ a: [{ token: 1, b: 2 }], c: { d: null } });
  });

  test('keeps a key that is called __proto__, and pollutes nothing', () => {
    const value = JSON.parse('{"__proto__": {"token": "x", "polluted": true}, "token": "y"}') as Json;
    const told = without(value, { key: /^token$/ });
    expect(JSON.stringify(told)).toBe(`{"__proto__":{"token":"${REDACTED}","polluted":true},"token":"${REDACTED}"}`);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(told)).toBe(Object.prototype);
  });

  test('is found by a pattern of whatever flags, as often as it stands there', () => {
    const pattern = /secret/giy;
    pattern.lastIndex = 5;
    expect(without(['Secret and secret'], pattern)).toEqual([`${REDACTED} and ${REDACTED}`]);
    expect(without(['$& secret'], /secret/)).toEqual([`$& ${REDACTED}`]);
    expect(pattern.lastIndex).toBe(5);
  });

  test('has none of them, wherever they stood (S34)', () => {
    const secret = 'S3CRET-VALUE';
    const leaf = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constant(`so ${secret} it is`),
    );
    const key = fc.oneof(fc.string(), fc.constant('password'), fc.constant('__proto__'));
    const value = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value')), fc.dictionary(key, tie('value'))),
    })).value;
    fc.assert(
      fc.property(value, (given) => {
        const before = JSON.stringify(given);
        const told = without(given, /S3CRET-VALUE/, '**.password');
        const text = JSON.stringify(told);
        expect(text).not.toContain(secret);
        expect(JSON.stringify(given)).toBe(before);
        const look = (at: unknown): void => {
          if (typeof at !== 'object' || at === null) return;
          for (const [name, member] of Object.entries(at)) {
            if (name === 'password' && !Array.isArray(at)) expect([REDACTED, null]).toContain(member);
            look(member);
          }
        };
        look(told);
        // Twice is once.
        expect(redacted(rules(/S3CRET-VALUE/, '**.password'), told, [['input']], [])).toEqual(told);
        if (!before.includes(secret) && !before.includes('"password"')) expect(told).toBe(given);
      }),
      { numRuns: 300 },
    );
  });
});
