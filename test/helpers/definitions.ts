/** Definitions drawn at random, from every kind of step that a run has to itself, with policies, caps and lenient steps. */
import { type AnyOrchestrator, orchestrator, task, track } from 'signalbox';
import { Anything, never } from './stage.ts';

const head = { input: Anything, output: Anything, run: never } as const;
const undo = { compensate: () => {} } as const;
const BODIES = [
  task('plain', head),
  task('tried', { ...head, retry: { maxAttempts: 2, delay: '1s' } }),
  task('paid', { ...head, ...undo }),
  task('paidTwice', { ...head, ...undo, retry: { maxAttempts: 2, delay: '1s' } }),
] as const;
const STRATEGIES = ['failFast', 'waitAll', 'bestEffort', 'race', { quorum: 2 }] as const;
const POLICIES = ['failFast', 'continue', 'compensate', 'pause'] as const;

type Dice = (below: number) => number;
// biome-ignore lint/suspicious/noExplicitAny: types follow what is written, and this is thrown
type Loose = any;

function fails(): never {
  throw new Error('it cannot be made');
}

function pick<T>(throws: Dice, from: readonly T[]): T {
  return from[throws(from.length)] as T;
}

function bodyIn(throws: Dice, depth: number): Loose {
  if (depth === 0 || throws(3) > 0) return pick(throws, BODIES);
  return steps(throws, `t${throws(1_000_000)}`, depth - 1);
}

function steps(throws: Dice, name: string, depth: number): Loose {
  let made: Loose = track(name, { input: Anything, ...(throws(6) === 0 ? { deadline: '1m' } : {}) });
  const count = 1 + throws(3);
  for (let at = 0; at < count; at += 1) made = withStep(throws, made, `s${at}`, depth);
  return made;
}

function withStep(throws: Dice, made: Loose, name: string, depth: number): Loose {
  const body = (): Loose => ({ do: bodyIn(throws, depth), input: () => null });
  const strategy = pick(throws, STRATEGIES);
  const concurrency = 1 + throws(2);
  switch (throws(depth === 0 ? 3 : 9)) {
    case 1:
      return made.sleep(name, '5s');
    case 2:
      return made.wait(name, { signal: 'go', ...(throws(2) === 0 ? { timeout: '10s' } : {}) });
    case 3:
      return made.parallel(name, { a: body(), b: body(), c: body() }, { strategy, concurrency });
    case 4:
      return made.map(name, { over: () => [1, 2, 3], each: body(), strategy, concurrency });
    case 5:
      return made.loop(name, { body: body(), while: ({ index }: { readonly index: number }) => index < 2 });
    case 6: {
      const options = throws(2) === 0 ? { onError: body() } : {};
      return made.group(name, (group: Loose) => withStep(throws, withStep(throws, group, 'g0', 0), 'g1', 0), options);
    }
    case 7: {
      const fits = throws(4) > 0;
      const first = [() => fits, body()];
      return made.branch(name, {
        all: throws(2) === 0,
        when: throws(3) === 0 ? [first] : [first, [() => true, body()]],
      });
    }
    default: {
      const lenient = [{}, {}, {}, { optional: true }, { permissive: true }];
      const mapper = throws(12) === 0 ? fails : () => null;
      return made.step(name, bodyIn(throws, depth), mapper, pick(throws, lenient));
    }
  }
}

/** The one of this number. */
export function drawn(number: number, throws: Dice): AnyOrchestrator {
  const onFailure = pick(throws, POLICIES);
  const concurrency = throws(3) === 0 ? 1 : 1 + throws(3);
  let made: Loose = orchestrator(`drawn${number}`, { version: '1', input: Anything, onFailure, concurrency });
  const count = 1 + throws(3);
  for (let at = 0; at < count; at += 1) {
    const after = Array.from({ length: at }, (_, other) => `t${other}`).filter(() => throws(3) === 0);
    made = made.track(`t${at}`, steps(throws, `t${at}`, 2), { after, input: () => null });
  }
  return made;
}
