/** Hooks as people write them (S31), in a definition or for a box. What is wrong with them is noted, and told with all else. */
import { HOOK_NAMES, type HookDefinition, type HookFilter, type HookName, NO_HOOKS } from '../hooks.ts';
import { show } from '../errors/index.ts';
import type { Options } from '../core/declaration.ts';
import type { Note } from './notes.ts';
import { NO_OPTIONS, readDuration, readOptions } from './reading.ts';

const OF_STEPS: readonly HookName[] = ['beforeStep', 'afterStep', 'onRetry', 'onError', 'onApproval'];
/** Which hooks a definition may have. */
const BELOW: { readonly [what in 'task' | 'track' | 'orchestrator' | 'box']: readonly HookName[] } = {
  task: OF_STEPS,
  track: ['beforeTrack', 'afterTrack', ...OF_STEPS],
  orchestrator: HOOK_NAMES,
  box: HOOK_NAMES,
};

const OPTION_KEYS = ['name', 'only', 'timeout', 'onHookError'];
const FILTER_KEYS = ['orchestrator', 'path', 'task'] as const;
const DEFAULT_TIMEOUT = 5_000;
const MAX_NAME = 200;

/** The `hooks` of a definition, or of a box. */
export function readHooks(given: unknown, of: keyof typeof BELOW, notes: Note[]): readonly HookDefinition[] {
  if (given === undefined) return NO_HOOKS;
  if (!Array.isArray(given)) {
    notes.push({ code: 'bad-option', message: `Option "hooks" cannot be ${show(given)}: it takes a list of hooks.` });
    return NO_HOOKS;
  }
  const owner = of === 'box' ? '' : `${of}.`;
  return Object.freeze(Array.from(given, (one, index) => readHook(one, `${owner}hooks[${index}]`, BELOW[of], notes)));
}

function readHook(given: unknown, what: string, names: readonly HookName[], notes: Note[]): HookDefinition {
  const note = (message: string): void => void notes.push({ code: 'bad-option', message });
  const read = readOptions(given ?? null, `hook ${what}`, [...names, ...OPTION_KEYS], notes);
  const options = own(read);
  const { name = what, onHookError = 'fail' } = options;
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME)
    note(`The name of hook ${what} cannot be ${show(name)}: it takes a text of 1 to ${MAX_NAME} characters.`);
  if (onHookError !== 'fail' && onHookError !== 'ignore')
    note(`Option "onHookError" of hook ${what} cannot be ${show(onHookError)}: it takes 'fail' or 'ignore'.`);
  const calls: { [name in HookName]?: (facts: never) => unknown } = {};
  for (const each of names) {
    const call = options[each];
    if (typeof call === 'function') calls[each] = call as (facts: never) => unknown;
    else if (call !== undefined) note(`Hook ${what} has a "${each}" that is ${show(call)}: it takes a function.`);
  }
  const called = Object.keys(calls) as HookName[];
  // What cannot be called has been told, and so has what is no hook.
  const isTold = Object.keys(read).some((each) => !OPTION_KEYS.includes(each) && options[each] !== undefined);
  if (called.length === 0 && read !== NO_OPTIONS && !isTold)
    note(`Hook ${what} has no function to call. Give it one of ${names.join(', ')}.`);
  const timeout = readDuration(options.timeout, `${what}.timeout`, DEFAULT_TIMEOUT, notes);
  if (!(timeout > 0)) note(`Option "timeout" of hook ${what} cannot be ${show(timeout)}: it takes a duration above 0.`);
  const only = readFilter(options.only, what, notes);
  const beyond = called.filter((each) => !OF_STEPS.includes(each));
  if (only.task !== undefined && beyond.length > 0)
    note(
      `Hook ${what} is only for steps of a task, and its ${beyond.join(', ')} is called for no step. Make two of it.`,
    );
  if (only.path !== undefined && called.some((each) => each.endsWith('Run')))
    note(`Hook ${what} is only for some paths, and a run has none. Leave "path" out, or make two hooks of it.`);
  return Object.freeze({
    name: String(name),
    calls: Object.freeze(calls),
    only,
    timeout,
    ignores: onHookError === 'ignore',
  });
}

function readFilter(given: unknown, what: string, notes: Note[]): HookDefinition['only'] {
  const options = own(readOptions(given, `option "only" of hook ${what}`, FILTER_KEYS, notes));
  const only: { -readonly [key in keyof HookFilter]?: readonly string[] } = {};
  for (const key of FILTER_KEYS) {
    const value = options[key];
    if (value === undefined) continue;
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (list.length > 0 && list.every((one) => typeof one === 'string' && one !== ''))
      only[key] = Object.freeze(list as string[]);
    else
      notes.push({
        code: 'bad-option',
        message: `Option "only.${key}" of hook ${what} cannot be ${show(value)}: it takes a name, or a list of names.`,
      });
  }
  return Object.freeze(only);
}

/** What it says itself: what all objects have inherited must not make a gate lenient, or open. */
function own(options: Options): Options {
  return Object.assign(Object.create(null) as object, options) as Options;
}
