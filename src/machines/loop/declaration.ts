/** A loop where it is declared: its body, when it ends, and what its rounds add up to. */
import { checkNow, type Declaration, NO_ORDINALS, type ReadPort } from '../../core/declaration.ts';
import type { LoopSpec } from '../../core/children/rounds.ts';
import type { LoopDefinition } from '../../definition.ts';
import { canonicalText, type Json } from '../../json.ts';
import { namesReadBy } from '../../mapping.ts';
import { parentLines } from '../endings.ts';

const KEYS = ['body', 'while', 'until', 'maxIterations', 'onLimit', 'accumulate', 'from', 'keepLast'];
/** So many rounds a loop may have, if nothing else is said. */
const MAX_ITERATIONS = 1_000;

export function readLoop(name: unknown, options: unknown, reader: ReadPort): LoopDefinition {
  const given = reader.options(options, 'options of a loop', KEYS);
  const { maxIterations = MAX_ITERATIONS, onLimit = 'fail' } = given;
  return {
    is: 'loop',
    name: name as string,
    body: reader.use('round', given.body),
    while: given.while as LoopDefinition['while'],
    until: given.until as LoopDefinition['until'],
    maxIterations: maxIterations as number,
    onLimit: onLimit as 'fail',
    accumulate: given.accumulate as LoopDefinition['accumulate'],
    from: reader.json(given.from, 'option "from" of a loop') as Json,
    keepLast: given.keepLast as number | undefined,
  };
}

export const loopDeclaration: Declaration<LoopDefinition> = {
  name: 'loop',
  noun: 'step',
  steps: ({ body }) => [body],
  reads: (loop) => namesReadBy([loop.while, loop.until]),
  check(loop, checker) {
    const { maxIterations, onLimit, accumulate, keepLast, body } = loop;
    if (loop.while !== undefined) checkNow(loop.while, 'while', checker);
    if (loop.until !== undefined) checkNow(loop.until, 'until', checker);
    if (accumulate !== undefined) checkNow(accumulate, 'accumulate', checker);
    if (loop.while === undefined && loop.until === undefined && onLimit !== 'stop') {
      const message = `Nothing ends this loop: give it "while" or "until", or say with "onLimit: 'stop'" that "maxIterations" does.`;
      checker.fault('bad-option', message);
    }
    if (!(Number.isSafeInteger(maxIterations) && maxIterations > 0))
      checker.option('maxIterations', maxIterations, 'a whole number from 1');
    if (onLimit !== 'fail' && onLimit !== 'stop') checker.option('onLimit', onLimit, `'fail' or 'stop'`);
    if (keepLast !== undefined && !(Number.isSafeInteger(keepLast) && keepLast > 0))
      checker.option('keepLast', keepLast, 'a whole number from 1; leave it out to keep all');
    checker.steps([body], 'body');
  },
  plan(loop, planner) {
    const { maxIterations, onLimit, accumulate, from, keepLast } = loop;
    const spec: LoopSpec = {
      while: (loop.while as LoopSpec['while'] | undefined) ?? null,
      until: (loop.until as LoopSpec['until'] | undefined) ?? null,
      maxIterations,
      onLimit,
      accumulate: (accumulate as LoopSpec['accumulate'] | undefined) ?? null,
      from,
      keepLast: keepLast ?? null,
    };
    const children = planner.graph([planner.use(loop.body)], [NO_ORDINALS]);
    return { spec: Object.freeze(spec), ...children, repeats: true, sees: 'above' };
  },
  lines(node) {
    const { maxIterations, onLimit, from, keepLast } = node.spec as LoopSpec;
    const kept = keepLast === null ? '' : `, keeps ${keepLast}`;
    return [...parentLines(node), `up to ${maxIterations} rounds, then ${onLimit}, from ${canonicalText(from)}${kept}`];
  },
};
