/**
 * What a machine makes of every event, in every state and with several memories, as text that people can read and compare. It says
 * where the machine goes, what changes in its memory, what it wishes, what the history is told, and what a row keeps of it. Memories with
 * which the same comes of an event share a line; events of which nothing comes are counted.
 */
import { isTerminal } from '../../src/events.ts';
import type { PlanNode } from '../../src/definition.ts';
import type { Json } from '../../src/json.ts';
import type { Kind, Memory } from '../../src/core/kind.ts';
import type { Stepper, Wish } from '../../src/core/stepper.ts';
import { tableStepper } from '../../src/core/table.ts';

export interface Event {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** A machine of one node, with everything that is tried on it. */
export interface Scene {
  readonly name: string;
  /** None: as a machine that was given no definition. */
  readonly node: PlanNode | undefined;
  readonly input: Json;
  /** By state: what differs from the memory that it begins with, by what that means. */
  readonly states: { readonly [state: string]: { readonly [name: string]: object } };
  readonly events: readonly Event[];
  /** What is left out of what is said of an event. */
  readonly usual?: object;
}

const AT = { run: 'r', seq: 7, at: 1_000, path: 'p' };

/** A value as people write it. What JSON leaves out or makes into something else is told as it is. */
export function say(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (value === undefined || typeof value === 'number') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  // What is no record is nothing in JSON.
  if (value instanceof Error) return `an error itself: ${value.message}`;
  if (Array.isArray(value)) return value.length > 9 ? `[${value.length} items]` : `[${value.map(say).join(', ')}]`;
  if (value instanceof Map) return `a map of ${value.size}`;
  if ('childByName' in value && value.childByName !== undefined)
    return `node ${say((value as unknown as PlanNode).called)}`;
  const { stack: _, ...plain } = value as { readonly stack?: unknown; readonly [key: string]: unknown };
  if ('code' in plain && 'name' in plain && 'message' in plain) {
    const { code, name, message, ...rest } = plain;
    return `${String(name)}(${[`${String(code)}: ${String(message)}`, ...saidOf(rest)].join(', ')})`;
  }
  return `{${saidOf(plain).join(', ')}}`;
}

function saidOf(values: object): readonly string[] {
  return Object.entries(values).map(([key, each]) => `${key}: ${say(each)}`);
}

/** An event, without what it usually has. */
function sayEvent({ type, ...rest }: Event, usual: object): string {
  const isOdd = ([key, value]: readonly [string, unknown]): boolean =>
    !(key in usual) || (usual as { readonly [key: string]: unknown })[key] !== value;
  const said = saidOf(Object.fromEntries(Object.entries(rest).filter(isOdd)));
  return said.length === 0 ? type : `${type} (${said.join(', ')})`;
}

function sayWish(wish: Wish): string {
  if (wish.type !== 'act') return `${wish.type}s ${wish.src}`;
  return wish.params === undefined ? `wishes ${wish.action}` : `wishes ${wish.action} ${say(wish.params)}`;
}

/** What comes of an event with one memory. */
interface Outcome {
  readonly memory: string;
  /** Where it goes, and what it wishes: outcomes that have this in common are told together. */
  readonly way: string;
  readonly before: Memory;
  readonly after: Memory;
}

function outcomeOf(stepper: Stepper, value: string, memory: string, before: Memory, event: Event): Outcome {
  const wishes: Wish[] = [];
  try {
    const { value: to, context: after, status } = stepper.next(stepper.recall(value, before), event, wishes);
    // What it stops and invokes on the way to another state follows from the two.
    const isUsual = ({ type }: Wish): boolean => type !== 'act' && to !== value;
    const odd = wishes.filter((wish) => !isUsual(wish)).map(sayWish);
    if (status !== (isTerminal(String(to)) ? 'done' : 'active')) odd.push(`is ${status}`);
    return { memory, way: [to === value ? '' : `→ ${String(to)}`, ...odd].filter(Boolean).join('; '), before, after };
  } catch (thrown) {
    return { memory, way: `throws: ${(thrown as Error).message}`, before, after: before };
  }
}

/** How each of some keys changes, if it is the same for all: by so much, or to a value that some had before. */
function commonIn(outcomes: readonly Outcome[], key: string): string | null {
  const alike = (of: (outcome: Outcome) => string): string | null => {
    const [first, ...others] = outcomes.map(of);
    return others.every((other) => other === first) ? (first as string) : null;
  };
  const by = alike(({ before, after }) => {
    const [was, is] = [before[key], after[key]];
    if (typeof was !== 'number' || typeof is !== 'number') return say(Number.NaN);
    return `${is < was ? '−' : '+'}${Math.abs(is - was)}`;
  });
  if (by !== null && by !== 'NaN') return `${key} ${by}`;
  const to = alike(({ after }) => `${key} = ${say(after[key])}`);
  return to;
}

function keysChanged(outcomes: readonly Outcome[]): readonly string[] {
  const keys = outcomes.flatMap(({ before, after }) =>
    [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
      (key) => !Object.is(before[key], after[key]) || key in before !== key in after,
    ),
  );
  return [...new Set(keys)];
}

/** Those with one way are told in one line, or in as many as it takes. */
function told(
  outcomes: readonly Outcome[],
): readonly { readonly memories: readonly string[]; readonly said: string }[] {
  const keys = keysChanged(outcomes);
  const common = keys.map((key) => commonIn(outcomes, key));
  const odd = keys.find((_, at) => common[at] === null);
  if (odd === undefined) {
    const [{ way }] = outcomes as readonly [Outcome];
    const said = [way, ...common].filter(Boolean).join('; ');
    return [{ memories: outcomes.map(({ memory }) => memory), said: said === '' ? 'nothing' : said }];
  }
  const isSame = ({ before, after }: Outcome): boolean => Object.is(before[odd], after[odd]);
  const parts = Map.groupBy(outcomes, (outcome) => (isSame(outcome) ? '' : (commonIn([outcome], odd) ?? '')));
  // By how much it changes may differ, where what it comes to does not, and the other way round.
  if (parts.size === 1) return outcomes.flatMap((outcome) => told([outcome]));
  return [...parts.values()].flatMap(told);
}

/** The moves out of one state: each event with what comes of it, by the memories with which it does. */
function movesIn(kind: Kind, stepper: Stepper, value: string, scene: Scene): readonly string[] {
  const memories = Object.entries(scene.states[value] ?? {});
  const { context: fresh } = stepper.begin({ node: scene.node, input: scene.input }, []);
  const known = kind.machine.states[value]?.ownEvents ?? [];
  const lines: string[] = [];
  let idle = 0;
  let last = '';
  for (const event of scene.events.filter(({ type }) => known.includes(type))) {
    const outcomes = memories.map(([name, memory]) => outcomeOf(stepper, value, name, { ...fresh, ...memory }, event));
    const groups = [...Map.groupBy(outcomes, ({ way }) => way).values()].flatMap(told);
    if (groups.every(({ said }) => said === 'nothing')) {
      idle += 1;
      continue;
    }
    const said = groups.map(({ memories: names, said: what }) =>
      names.length === memories.length ? `    ${what}` : `    ${what}  [${names.join(' | ')}]`,
    );
    // The same as of the event before: both stand above it.
    if (said.join('\n') === last) lines.splice(-said.length, 0, `  ${sayEvent(event, scene.usual ?? {})}`);
    else lines.push(`  ${sayEvent(event, scene.usual ?? {})}`, ...said);
    last = said.join('\n');
  }
  const more = idle === 0 ? [] : [`  of ${idle} others comes nothing`];
  return [
    `${value}, which invokes ${stepper.invokedBy(value)}`,
    ...memories.map(([name, differs]) => `  ${name}: ${say(differs)}`),
    '',
    ...lines,
    ...more,
  ];
}

/** Everything that a scene comes to. What is in `known` already, by where it stands, is not told again. */
export function movesOf(kind: Kind, scene: Scene, known: Map<string, string>): readonly string[] {
  const stepper = tableStepper(kind.machine) as Stepper;
  const wishes: Wish[] = [];
  const { context, value } = stepper.begin({ node: scene.node, input: scene.input }, wishes);
  const { node: _, ...memory } = context;
  const moves = Object.keys(scene.states).flatMap((state) => {
    const lines = movesIn(kind, stepper, state, scene);
    const text = lines.join('\n');
    const where = known.get(text);
    if (where === undefined) known.set(text, `${kind.name}: ${scene.name}`);
    return where === undefined ? ['', ...lines] : ['', `${state}, as of ${where}`];
  });
  const start = `begins in ${String(value)}, ${wishes.map(sayWish).join(', ')}, with ${say(memory)}`;
  return [`### ${scene.name}`, '', start, ...moves, ''];
}

/**
 * What the history is told of every way from one state to another, by a memory in which nothing is empty; what a row keeps of each of
 * some memories; and when a row is written.
 */
export function wordsOf(kind: Kind, memories: { readonly [name: string]: object }, scene: Scene): readonly string[] {
  const stepper = tableStepper(kind.machine) as Stepper;
  const { context: fresh } = stepper.begin({ node: scene.node, input: scene.input }, []);
  const states = Object.keys(kind.machine.states);
  const memory = {
    ...fresh,
    attempt: 2,
    error: 'its error',
    reason: 'its reason',
    output: { paused: { reason: 'why' } },
  };
  const lines = ['### what the history is told, and what is kept', ''];
  for (const to of states) {
    const froms = states.filter((from) => from !== to).map((from) => ({ from, word: wordOf(kind, from, to, memory) }));
    const byWord = Map.groupBy(froms, ({ word }) => word);
    for (const [word, some] of byWord)
      lines.push(`→ ${to}${byWord.size === 1 ? '' : ` from ${some.map(({ from }) => from).join(', ')}`}: ${word}`);
  }
  const bare = [...new Set(states.map((to) => wordOf(kind, 'running', to, { node: null })))];
  // A step may be of a kind that makes no attempts, and says nothing of them.
  lines.push('', ...(kind.noun === 'step' ? [`of a step that remembers nothing: ${bare.join('; ')}`, ''] : []));
  for (const [name, differs] of Object.entries(memories))
    lines.push(`${name}, ${say(differs)}: keeps ${say(kind.keep({ ...fresh, ...differs }))}`);
  const before = { value: 'running', context: fresh, status: 'active' };
  const isNew = (context: object, value = 'running'): boolean =>
    kind.changed(before, { ...before, value, context: { ...fresh, ...context } });
  const keys = Object.keys(fresh).filter((key) => key !== 'node');
  lines.push(
    '',
    `a row is written for another state: ${isNew({}, 'waiting')}; for the same: ${isNew({})}`,
    `and for another ${keys.filter((key) => isNew({ [key]: 'other' })).join(', ') || 'nothing'}`,
    '',
  );
  return lines;
}

function wordOf({ tell }: Kind, from: string, to: string, memory: Memory): string {
  const [soon, never] = [6_000, null].map((due) => {
    const event = tell(AT, from, to, memory, due);
    if (event === null) return 'nothing';
    const { type, run, seq, at, path, ...rest } = event as unknown as typeof AT & { readonly type: string };
    const place = say({ run, seq, at, path }) === say(AT) ? '' : ` of ${say({ run, seq, at, path })}`;
    return `${type}${place} ${saidOf(rest).join(', ')}`.trim();
  }) as [string, string];
  return soon === never ? soon : `${never}; with a timer ${soon}`;
}
