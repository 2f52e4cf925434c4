/**
 * What the worker runs, and how each run must end: flows whose outcome follows from their input.
 * Imports by path, because the worker is plain Node and nothing is built for it.
 */
import { type AnyOrchestrator, compositeTrack, orchestrator, pipe, task, track } from '../../src/index.ts';
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** Takes a number as it is. */
const Count: StandardSchemaV1<number, number> = {
  '~standard': {
    version: 1,
    vendor: 'signalbox tests',
    validate: (value) => (typeof value === 'number' ? { value } : { issues: [{ message: 'it is not a number' }] }),
  },
};

/** What a body or a cleanup tells of itself before it does anything. */
export type Tell = (what: 'begin' | 'cleanup' | 'undo', key: string) => void;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The flow that whoever started it cancels; it has no other end. */
export const CANCELLED = 'held';
/** The flow that goes on when whoever started it sends two signals. */
export const ASKED = 'asked';
/** The flow whose steps start runs of another, and how many there are of those. */
export const FAMILY = 'family';
export const CHILDREN = 2;
/** The flow that fails, and is undone. */
export const UNDONE = 'undone';

/** The flow that whoever started it pauses and lets go on. */
export const PAUSED = 'paused';
/** The flow whose steps stand still until whoever started it says what becomes of each, and what that is. */
export const MENDED = 'mended';
export const MENDS = [
  ['a/again', 'retry'],
  ['a/lost', 'resolve'],
  ['a/given', 'skip'],
] as const;
/** The flow that two people have to let through. */
export const DECIDED = 'decided';
export const DECIDERS = ['mia', 'tom'] as const;
/** The flow that fails, and is made again from a step under another id. */
export const AGAIN = 'again';
export const againOf = (run: string): string => `${run}.again`;
/** The flow with the kinds of step that no other has; one of them ends the run. */
export const OTHERS = 'others';
/** The schedule that runs of `line` are started by. */
export const SCHEDULE = 'tick';

/** The flows, with bodies that tell. */
export function flowsOf(tell: Tell): readonly AnyOrchestrator[] {
  const add = task('add', {
    input: Count,
    output: Count,
    run: async ({ input, key }) => {
      tell('begin', key);
      if (input % 3 === 0) await pause(1 + (input % 5));
      return input + 1;
    },
  });
  const paid = task('paid', {
    input: Count,
    output: Count,
    run: async ({ input, key }) => {
      tell('begin', key);
      return input;
    },
    compensate: {
      run: async ({ input, key }) => {
        tell('undo', key.slice(0, -'~undo'.length));
        if (input % 2 === 0) await pause(2);
      },
      retry: { maxAttempts: 2, delay: 5 },
    },
  });
  const flaky = task('flaky', {
    input: Count,
    output: Count,
    retry: { maxAttempts: 3, delay: 5 },
    run: async ({ input, key, attempt }) => {
      tell('begin', key);
      if (attempt < 3) throw new Error(`attempt ${attempt}`);
      return input * 2;
    },
  });
  const broken = task('broken', {
    input: Count,
    output: Count,
    run: async ({ key }): Promise<number> => {
      tell('begin', key);
      throw new Error('broken');
    },
  });
  const mended = task('mended', {
    input: Count,
    output: Count,
    run: async ({ input, key, attempt }) => {
      tell('begin', key);
      if (attempt === 1) throw new Error('not yet');
      return input + 1;
    },
  });
  const second = task('second', {
    input: Count,
    output: Count,
    run: async ({ input, key, run }) => {
      tell('begin', key);
      if (!run.id.endsWith(againOf(''))) throw new Error('not in the first run');
      return input + 1;
    },
  });
  const endless = task('endless', {
    input: Count,
    output: Count,
    timeout: 15,
    retry: { maxAttempts: 2, delay: 5 },
    run: ({ key }): Promise<number> => {
      tell('begin', key);
      return new Promise(() => {});
    },
    cleanup: ({ key }) => tell('cleanup', key),
  });
  const held = task('held', {
    input: Count,
    output: Count,
    run: ({ key }): Promise<number> => {
      tell('begin', key);
      return new Promise(() => {});
    },
    cleanup: ({ key }) => tell('cleanup', key),
  });
  const head = { version: '1', input: Count } as const;
  const same = ({ input }: { readonly input: number }): number => input;
  const ladder = track('ladder', { input: Count })
    .step('one', add, same)
    .step('two', add, pipe)
    .step('three', add, pipe);
  const one = <const K extends string>(name: K, body: typeof add) =>
    track('single', { input: Count }).step(name, body, same);
  const line = orchestrator('line', head)
    .track('ladder', ladder, { input: same })
    .output(({ outputs }) => outputs.ladder);
  return [
    line,
    orchestrator(FAMILY, head)
      .track(
        'a',
        track('children', { input: Count })
          .run('one', line, same)
          .emit('told', { event: 'half', data: pipe })
          .run('two', line, ({ outputs }) => outputs.one),
        { input: same },
      )
      .output(({ outputs }) => outputs.a),
    orchestrator('graph', head)
      .track('a', one('add', add), { input: same })
      .track('b', ladder, { after: ['a'], input: same })
      .track('c', one('flaky', flaky as never), { after: ['a'], input: same })
      .track('d', one('add', add), { after: ['b', 'c'], input: ({ outputs }) => outputs.b + outputs.c })
      .output(({ outputs }) => outputs.d),
    orchestrator('failing', { ...head, onFailure: 'continue' })
      .track('a', one('broken', broken as never), { input: same })
      .track('b', ladder, { input: same })
      .track('c', one('add', add), { after: ['a'], input: same }),
    orchestrator(UNDONE, { ...head, onFailure: 'compensate' }).track(
      'a',
      track('doing', { input: Count })
        .step('one', paid, same)
        .map('items', { over: () => '1..3', each: paid, concurrency: 2 })
        .step('bad', broken as never, same),
      { input: same },
    ),
    orchestrator('late', { ...head, onFailure: 'continue' })
      .track('a', one('endless', endless as never), { input: same })
      .track('b', ladder, { input: same }),
    // A signal that was taken twice would be the second one, too.
    orchestrator(ASKED, head)
      .track(
        'a',
        track('answers', { input: Count })
          .wait('first', { signal: 'go', payload: Count })
          .step('between', add, ({ outputs }) => outputs.first)
          .wait('second', { signal: 'go', payload: Count, timeout: '1h' })
          .output(({ outputs }) => outputs.between * 1_000 + outputs.second),
        { input: same },
      )
      .output(({ outputs }) => outputs.a),
    orchestrator('mixed', head)
      .track(
        'a',
        track('mixed', { input: Count })
          .branch('way', {
            on: ({ input }) => (input % 2 === 0 ? 'even' : 'odd'),
            routes: { even: { do: add, input: same }, odd: { do: flaky, input: same } },
          })
          .map('items', { over: () => '1..5', each: add, concurrency: 2 })
          .loop('rounds', {
            body: { do: add, input: ({ index }) => index },
            until: ({ index }) => index === 2,
            from: 0,
            accumulate: (sum, { output }) => sum + output,
            keepLast: 1,
          })
          .set('seen', { way: ({ outputs }) => outputs.way })
          .aggregate('sum', {
            output: Count,
            of: ({ outputs, run }) =>
              (run.variables.way as number) +
              outputs.items.reduce((sum, each) => sum + each, 0) +
              outputs.rounds.accumulator,
          }),
        { input: same },
      )
      .output(({ outputs }) => outputs.a),
    orchestrator(PAUSED, head)
      .track('a', ladder, { input: same })
      .track('b', one('flaky', flaky as never), { input: same })
      .output(({ outputs }) => outputs.a + outputs.b),
    orchestrator(MENDED, { ...head, onFailure: 'pause' })
      .track(
        'a',
        track('mended', { input: Count })
          .step('again', mended, same)
          .step('lost', broken, same)
          .step('given', broken, same)
          .step('end', add, ({ outputs }) => outputs.again + outputs.lost + outputs.given),
        { input: same },
      )
      .output(({ outputs }) => outputs.a),
    orchestrator(DECIDED, head)
      .track(
        'a',
        track('decided', { input: Count })
          .approval('both', { ask: 'Well?', propose: same, value: Count, assignees: { users: DECIDERS }, quorum: 2 })
          .step('then', add, ({ outputs }) => outputs.both.value),
        { input: same },
      )
      .output(({ outputs }) => outputs.a),
    orchestrator(AGAIN, { ...head, onFailure: 'continue', concurrency: 1 })
      .track(
        'a',
        track('again', { input: Count }).step('one', add, same).step('two', second, pipe).step('three', add, pipe),
        {
          input: same,
        },
      )
      .track('b', track('beside', { input: Count }).step('one', add, same).step('two', second, pipe), { input: same })
      .output(({ outputs }) => outputs.a + outputs.b),
    orchestrator(OTHERS, head)
      .track(
        'c',
        compositeTrack('pair', {
          input: Count,
          tracks: { x: { do: one('add', add), input: same }, y: { do: ladder, input: same } },
        }),
        { input: same },
      )
      .track(
        'a',
        track('others', { input: Count })
          .group('group', (group) => group.step('one', add, same).step('two', add, pipe))
          .parallel('both', { left: { do: add, input: same }, right: { do: flaky, input: same } })
          .sleep('nap', 5)
          .gate('good', { criteria: { 'both.left': { min: 1, required: true } } })
          .signal('tell', { signal: 'word', to: ({ run }) => run.id, payload: ({ outputs }) => outputs.both.right })
          .wait('word', { signal: 'word', payload: Count })
          .terminate('over', { output: ({ outputs }) => outputs.group + outputs.word })
          .step('never', add, same),
        { after: ['c'], input: same },
      ),
    orchestrator(CANCELLED, head).track('a', one('held', held as never), { input: same }),
  ] as readonly AnyOrchestrator[];
}

/** Status and output of a run of a flow with this input. */
export function endOf(flow: string, input: number, run: string): string {
  if (flow === PAUSED) return `completed ${input + 3 + input * 2}`;
  if (flow === MENDED) return `completed ${input + 1 + 100 + 10 + 1}`;
  if (flow === DECIDED) return `completed ${input + 1}`;
  if (flow === AGAIN) return run.endsWith(againOf('')) ? `completed ${input + 3 + input + 2}` : 'failed null';
  if (flow === OTHERS) return `completed ${input + 2 + input * 2}`;
  if (flow === 'line') return `completed ${input + 3}`;
  if (flow === FAMILY) return `completed ${input + 6}`;
  if (flow === UNDONE) return 'compensated null';
  if (flow === 'graph') return `completed ${input + 3 + input * 2 + 1}`;
  if (flow === 'mixed') return `completed ${(input % 2 === 0 ? input + 1 : input * 2) + 20 + 6}`;
  if (flow === ASKED) return `completed ${(input + 1) * 1_000 + 7}`;
  return flow === CANCELLED ? 'cancelled null' : 'failed null';
}

/** Keys of everything that a run of a flow calls, each once. */
export function keysOf(flow: string, run: string, input: number): readonly string[] {
  const ladder = (path: string) => ['one', 'two', 'three'].map((step) => `begin ${run}/${path}/${step}#1`);
  const tries = (path: string, count: number) =>
    Array.from({ length: count }, (_, index) => `begin ${run}/${path}#${index + 1}`);
  switch (flow) {
    case 'line':
      return ladder('ladder');
    case 'graph':
      return [...tries('a/add', 1), ...ladder('b'), ...tries('c/flaky', 3), ...tries('d/add', 1)];
    case 'failing':
      return [...tries('a/broken', 1), ...ladder('b')];
    case UNDONE: {
      const done = ['a/one', 'a/items/0', 'a/items/1', 'a/items/2'].flatMap((path) => tries(path, 1));
      return [...done, ...done.map((key) => key.replace('begin', 'undo')), ...tries('a/bad', 1)];
    }
    case 'mixed': {
      const way = input % 2 === 0 ? tries('a/way/even', 1) : tries('a/way/odd', 3);
      const items = [0, 1, 2, 3, 4].flatMap((at) => tries(`a/items/${at}`, 1));
      return [...way, ...items, ...[0, 1, 2].flatMap((at) => tries(`a/rounds/${at}`, 1))];
    }
    case PAUSED:
      return [...ladder('a'), ...tries('b/flaky', 3)];
    case MENDED:
      return [...tries('a/again', 2), ...tries('a/lost', 1), ...tries('a/given', 1), ...tries('a/end', 1)];
    case DECIDED:
      return tries('a/then', 1);
    case AGAIN: {
      const went = [...tries('a/two', 1), ...tries('b/two', 1)];
      return run.endsWith(againOf(''))
        ? [...went, ...tries('a/three', 1)]
        : [...went, ...tries('a/one', 1), ...tries('b/one', 1)];
    }
    case OTHERS: {
      const group = ['a/group/one', 'a/group/two', 'a/both/left', 'c/x/add'].flatMap((path) => tries(path, 1));
      return [...group, ...tries('a/both/right', 3), ...ladder('c/y')];
    }
    case ASKED:
      return tries('a/between', 1);
    case FAMILY:
      return [];
    case CANCELLED:
      return [`begin ${run}/a/held#1`, `cleanup ${run}/a/held#1`];
    default: {
      const endless = tries('a/endless', 2);
      return [...endless, ...endless.map((key) => key.replace('begin', 'cleanup')), ...ladder('b')];
    }
  }
}
