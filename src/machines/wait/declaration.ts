/** A wait where it is declared: which signal, what its payload must be, and what happens when the time is up. */
import { type Declaration, isAsync, NO_ORDINALS, type Options, type ReadPort } from '../../core/declaration.ts';
import type { StepDefinition, WaitDefinition, WaitSpec } from '../../definition.ts';
import { fromMs } from '../../duration.ts';
import { show } from '../../errors/index.ts';
import { canonicalText } from '../../json.ts';
import { namesReadBy } from '../../mapping.ts';
import { parentLines } from '../endings.ts';

const KEYS = ['signal', 'payload', 'where', 'timeout', 'onTimeout'];
const INSTEAD_KEYS = ['do', 'input'];
const VALUE_KEYS = ['value'];
/** How long the name of a signal may be. */
const MAX_SIGNAL = 200;

export function readWait(name: unknown, options: unknown, reader: ReadPort): WaitDefinition {
  const given = reader.options(options, `options of a wait`, KEYS);
  return {
    is: 'wait',
    name: name as string,
    signal: given.signal as string,
    payload: given.payload as WaitDefinition['payload'],
    where: given.where as WaitDefinition['where'],
    // One that cannot be read is told as such, and not as one that is missing.
    timeout: given.timeout === undefined ? undefined : reader.duration(given.timeout, 'timeout', 1),
    onTimeout: readOnTimeout(given.onTimeout, reader),
  };
}

function readOnTimeout(given: unknown, reader: ReadPort): WaitDefinition['onTimeout'] {
  if (given === undefined || given === 'fail') return 'fail';
  const what = '"onTimeout" of a wait';
  if (has(given, 'value')) {
    reader.options(given, what, VALUE_KEYS);
    const value = reader.json(given.value, 'value that "onTimeout" gives');
    return value === undefined ? 'fail' : Object.freeze({ value });
  }
  if (has(given, 'do')) {
    const { do: body, input } = reader.options(given, what, INSTEAD_KEYS);
    return reader.step('onTimeout', body, input);
  }
  const expected = `'fail', { value: … } or { do: a task or a track, input: a mapper }`;
  reader.note('bad-option', `Option "onTimeout" cannot be ${show(given)}: it takes ${expected}.`);
  return 'fail';
}

function has(given: unknown, key: string): given is Options {
  return typeof given === 'object' && given !== null && key in given;
}

/** The step that a wait runs when its time is up. */
function insteadOf({ onTimeout }: WaitDefinition): readonly StepDefinition[] {
  return typeof onTimeout === 'object' && 'body' in onTimeout ? [onTimeout] : [];
}

export const waitDeclaration: Declaration<WaitDefinition> = {
  name: 'wait',
  noun: 'step',
  steps: insteadOf,
  reads: ({ where }) => namesReadBy([where]),
  check(wait, checker) {
    const { signal, payload, where, timeout, onTimeout } = wait;
    if (typeof signal !== 'string' || signal === '' || signal.length > MAX_SIGNAL) {
      checker.option('signal', signal, `the name of a signal, like 'confirm', of up to ${MAX_SIGNAL} characters`);
    }
    checker.schema(payload, 'payload', 'optional');
    checker.function(where, 'where');
    if (isAsync(where)) {
      const message =
        'Option "where" is an async function, and nobody could wait for it (S5). Do the waiting in a step after it.';
      checker.fault('bad-option', message);
    }
    if (timeout !== undefined && !(timeout > 0)) {
      checker.option('timeout', timeout, 'a duration above 0; leave it out to wait for ever');
    }
    if (onTimeout !== 'fail' && timeout === undefined) {
      checker.fault(
        'bad-option',
        `What is to happen "onTimeout" never happens without a "timeout". Give the step one.`,
      );
    }
    checker.steps(insteadOf(wait), 'step');
  },
  /** A step for when the time is up is a child, whose mapper is told what one in the place of the wait would be. */
  plan(wait, planner) {
    const uses = insteadOf(wait).map((step) => planner.use(step));
    const after = uses.map(() => NO_ORDINALS);
    return { spec: specOf(wait), ...planner.graph(uses, after), sees: 'above' };
  },
  lines(node) {
    const { signal, timeout, onTimeout, value } = node.spec as WaitSpec;
    const end = onTimeout === 'value' ? canonicalText(value) : onTimeout;
    const limit = timeout === null ? '' : `, ${fromMs(timeout)}, then ${end}`;
    return [...parentLines(node), `for signal ${JSON.stringify(signal)}${limit}`];
  },
};

function specOf({ signal, payload, where, timeout, onTimeout }: WaitDefinition): WaitSpec {
  return Object.freeze({
    signal,
    payload: payload ?? null,
    where: where ?? null,
    timeout: timeout ?? null,
    onTimeout: onTimeout === 'fail' ? onTimeout : 'value' in onTimeout ? 'value' : 'step',
    value: onTimeout !== 'fail' && 'value' in onTimeout ? onTimeout.value : null,
  });
}
