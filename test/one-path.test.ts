/**
 * One way to change a run (P145): whoever asks, a handle, another process, a person, a hook or a body that has answered, it comes to the run as a
 * message, a turn takes it, and the committer writes what came of it. Two things are done to the rows of a run beside that, each in a place of its own: a
 * run that nobody can go on with is abandoned, and one that has ended is deleted, or has a refusal noted.
 *
 * A test on the source answers with offences, and the tests behind them prove that it can see one.
 */
import { createSignalbox, orchestrator, type Run, TerminalError, task, track } from 'signalbox';
import { settled } from 'signalbox/testing';
import { describe, expect, test } from 'vitest';
import { commandNamed } from '../src/commands/index.ts';
import { codeOf, importsOf, type Sources, sourcesIn } from './helpers/sources.ts';
import { Anything } from './helpers/stage.ts';
import { counted } from './helpers/stores.ts';

const src = sourcesIn('src');

/** What a store does that is more than an answer, and who may ask it to: files outside of the stores and of what is shipped for tests. */
const WRITERS: { readonly [method: string]: readonly string[] } = {
  // The turns of runs.
  commit: ['runtime/commit/committer.ts'],
  // Beside turns: an end without a definition, a deletion, what was refused after the end.
  abandonRun: ['runtime/ownership/abandon.ts'],
  deleteRun: ['runtime/run.ts', 'runtime/schedules.ts'],
  addRecord: ['runtime/refusals.ts'],
  // Requests to the process that owns a run, which takes them as messages.
  leaveCommand: ['runtime/ownership/exchange.ts'],
  answerCommand: ['runtime/ownership/exchange.ts'],
  takeAnswer: ['runtime/ownership/exchange.ts'],
  // Whose a run is, and what it is pinned to.
  claim: ['cli/narrow.ts', 'runtime/ownership/handover.ts'],
  renew: ['runtime/ownership/exchange.ts'],
  saveDefinitions: ['runtime/box.ts'],
};

/** Who takes a turn: the host, the run without a box, the run that is there for its shapes alone, and the core as a function, which no host calls. */
const TURNS: readonly string[] = [
  'core/step.ts',
  'core/turn.ts',
  'live/run.ts',
  'runtime/host.ts',
  'runtime/shapes.ts',
];
/** Who steps a machine: what a turn is made of, and the run without a box, which shows its steps. */
const STEPS: readonly string[] = ['core/actor.ts', 'core/assemble.ts', 'core/turn.ts', 'live/shown.ts'];

describe('in the source', () => {
  test('every method of a store that writes is in the table, so none is added unseen', () => {
    expect(writingMethods(src.get('store.ts') ?? '').sort()).toEqual(Object.keys(WRITERS).sort());
  });

  test.each(Object.entries(WRITERS))('store.%s is called from %j and from nowhere else (P145)', (method, files) => {
    expect(callersOf(method, src)).toEqual(files);
  });

  test('only the turn steps a machine, and of those who run a box only the host takes a turn (P145)', () => {
    expect(filesWith(/\bnew Turn\(/, src)).toEqual(TURNS);
    expect(filesWith(/\bstepper\.(?:begin|next|recall)\b/, src)).toEqual(STEPS);
    const users = [...src].flatMap(([path, text]) =>
      importsOf(path, text).some(({ target }) => target === 'core/step.ts') ? [path] : [],
    );
    expect(users.filter((path) => path.startsWith('runtime/'))).toEqual([]);
  });

  test('whatever somebody asks of a run is a command of the table, by its type, and no other message is (P145)', () => {
    const asked = typesOf('CommandMessage', src.get('core/message.ts') ?? '');
    expect(asked.length).toBeGreaterThan(8);
    expect([...asked].sort()).toEqual(tableIn(src.get('commands/index.ts') ?? '').sort());
    for (const type of asked) expect(commandNamed(type)?.name).toBe(type);
    // A start comes with the definition, and so to a process that has it; all else finds its way across processes.
    const shared = asked.filter((type) => commandNamed(type)?.shared !== undefined);
    expect(asked.filter((type) => !shared.includes(type))).toEqual(['start']);
    expect(
      [...typesOf('Request', src.get('runtime/ownership/requests.ts') ?? '', src.get('core/message.ts'))].sort(),
    ).toEqual([...shared].sort());
  });
});

describe('the tests see what they forbid', () => {
  test.each([
    'await store.commit([change]);',
    'void this.#options.store.commit(changes);',
    "store['commit'](changes);",
    'const { readRun, commit } = store;',
    'const write = store.commit.bind(store);',
    'store?.commit(changes);',
  ])('a second writer: %s', (text) => {
    expect(callersOf('commit', new Map([['runtime/host.ts', `// store.commit(\n${text}\n`]]))).toEqual([
      'runtime/host.ts',
    ]);
  });

  test('but not a store, a word in a comment, or a method of that name', () => {
    const texts = {
      'stores/memory.ts': 'inner.commit([]);',
      'runtime/a.ts': '/** store.commit( */',
      'cli/b.ts': 'commit() {}',
    };
    expect(callersOf('commit', new Map(Object.entries(texts)))).toEqual([]);
  });

  test('a new method of a store, and a message that no command is for', () => {
    expect(
      writingMethods('export interface Store {\n  readRun(run: string): void;\n  setStatus(run: string): void;\n}\n'),
    ).toEqual(['setStatus']);
    const text = `export type CommandMessage = PauseMessage | OddMessage;
      export interface PauseMessage {\n  readonly type: 'pause' | 'resume';\n}
      export interface OddMessage extends Other {\n  readonly type: 'odd';\n}`;
    expect(typesOf('CommandMessage', text)).toEqual(['pause', 'resume', 'odd']);
  });
});

describe('at work', () => {
  const failing = task('failing', {
    input: Anything,
    output: Anything,
    run: ({ input }) => {
      if (input === 'well') return input;
      throw new TerminalError('no');
    },
  });
  const flow = orchestrator('flow', { version: '1', input: Anything, onFailure: 'pause' }).track(
    't',
    track('t', { input: Anything })
      .step('first', failing, ({ input }) => input)
      .wait('word', { signal: 'word', payload: Anything })
      .approval('asked', { ask: 'Well?', assignees: { users: ['mia'] } }),
    { input: ({ input }) => input },
  );

  test('whatever a run is asked, its store is written by commits alone, but for what is done beside turns (P145)', async () => {
    const { store, calls } = counted();
    await using box = await createSignalbox({ store, orchestrators: [flow], logger: () => {} });
    const begin = async (id: string, input: string): Promise<Run> => {
      const run = (await box.start(flow, { id, input })) as unknown as Run;
      await settled(box);
      return run;
    };
    const written = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
      await settled(box);
      calls();
      const turns = box.counts.turns;
      await work().catch(() => {});
      await settled(box);
      const done = Object.keys(calls()).filter((method) => method in WRITERS);
      // What has changed nothing has been a message all the same.
      return box.counts.turns > turns ? done : [...done, 'and no turn'];
    };
    const why = { reason: 'because' };

    const [stands, waits] = [await begin('stands', 'badly'), await begin('waits', 'well')];
    expect(await written(() => begin('another', 'well'))).toEqual(['commit']);
    expect(await written(() => stands.retry('t/first', why))).toEqual(['commit']);
    expect(await written(() => stands.resolve('t/first', { ...why, output: 1 }))).toEqual(['commit']);
    expect(await written(() => stands.skip('t/word', why))).toEqual(['commit']);
    expect(await written(() => waits.pause())).toEqual(['commit']);
    expect(await written(() => waits.resume())).toEqual(['commit']);
    expect(await written(() => waits.signal('word', 1))).toEqual(['commit']);
    expect(await written(() => waits.decide('t/asked', { decision: 'approve', by: 'tom' }))).toEqual(['commit']);
    expect(await written(() => waits.decide('t/asked', { decision: 'approve', by: 'mia' }))).toEqual(['commit']);
    expect(await waits.status()).toBe('completed');
    expect(await written(() => stands.cancel(why))).toEqual(['commit']);
    expect(await written(() => stands.rerun({ from: 't/first', ...why, id: 'again' }))).toEqual(['commit']);

    // Beside turns, and never while a turn could take it.
    expect(await written(() => stands.retry('t/first', why))).toEqual(['addRecord', 'and no turn']);
    expect(await written(() => box.run('again').abandon(why))).toEqual(['abandonRun', 'addRecord', 'and no turn']);
    expect(await written(() => waits.delete())).toEqual(['deleteRun', 'and no turn']);
    // It has not ended: who wanted it deleted is noted.
    expect(await written(() => box.run('another').delete())).toEqual(['addRecord', 'and no turn']);
  });
});

/** Methods of the port that do more than answer, by the text of `store.ts`. */
function writingMethods(text: string): string[] {
  const answers = /^(?:open|close|listen|read\w*|count\w*)$/;
  const bodies = [...codeOf(text).matchAll(/^export interface (?:Store|Sharing) \{\n([\s\S]*?)^\}/gm)];
  const names = bodies.flatMap(([, body = '']) => [...body.matchAll(/^ {2}(\w+)\??\(/gm)].map(([, name = '']) => name));
  return names.filter((name) => !answers.test(name));
}

/** Who has a method of a store in hand, outside of stores and of what is shipped for tests. */
function callersOf(method: string, sources: Sources): string[] {
  const named = `\\.${method}\\(|\\['${method}'\\]`;
  // A claim is a word of limits and of approvals, too: those have one, and never call it.
  const taken = method === 'claim' ? '' : `|\\.${method}\\b|\\{[^{}]*\\b${method}\\b[^{}]*\\} =`;
  const found = filesWith(new RegExp(`${named}${taken}`), sources);
  return found.filter((path) => !/^(?:stores|testing)\//.test(path));
}

function filesWith(pattern: RegExp, sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => (pattern.test(codeOf(text)) ? [path] : []));
}

/** The values of `type` of each message in a union, whose interfaces stand in `text` or in `beside`. */
function typesOf(union: string, text: string, beside = text): string[] {
  const members = new RegExp(`^export type ${union} =([^;]*);`, 'm').exec(codeOf(text))?.[1]?.match(/\w+/g) ?? [];
  return members.flatMap((name) => {
    const types =
      new RegExp(`export interface ${name} [^{]*\\{[^}]*?readonly type: ([^;]*);`).exec(codeOf(beside))?.[1] ?? '';
    return [...types.matchAll(/'(\w+)'/g)].map(([, type = '']) => type);
  });
}

/** The names in the table of commands. */
function tableIn(text: string): string[] {
  return /const COMMANDS = \{([^}]*)\}/.exec(codeOf(text))?.[1]?.match(/\w+/g) ?? [];
}
