/**
 * Paths into what a mapper is told: `outputs.hold.id`, which may be written `$.outputs.hold.id`; `[0]` is an item of a list, and
 * `['a.b']` a name that has a dot in it. That is all that a path can say: nothing is evaluated, and only own properties are read.
 */
import { show } from './errors/index.ts';
import { closest } from './names.ts';

/** A name, or the number of an item. */
export type PathStep = string | number;

/** What stands at a path, or why nothing does: how many of its steps led somewhere, and what is wrong with the next one. */
export type Found = { readonly value: unknown } | { readonly steps: number; readonly reason: string };

/** A longer path is a mistake, and so is one with a longer number. */
const LONGEST = 1_000;
// What a name without quotes has none of is what other languages of paths give a meaning to.
const STEP = /\.?([^\s.[\]'"`*?@(){},:|$]+)|\[(0|[1-9]\d{0,8})\]|\['([^']+)'\]|\["([^"]+)"\]/y;

/** The steps of a path, or what is wrong with it, in words. */
export function pathIn(text: string): readonly PathStep[] | string {
  if (text.length > LONGEST) return `it has ${text.length} characters, and ${LONGEST} are allowed`;
  const steps: PathStep[] = [];
  // `$` alone is everything that a mapper is told, and never what anybody is to be handed.
  const start = /^\$(?=\.|\[)/.test(text) ? 1 : 0;
  STEP.lastIndex = start;
  for (let at = start; at < text.length; at = STEP.lastIndex) {
    const match = STEP.exec(text);
    const isBare = match?.[1] !== undefined;
    const hasDot = text[at] === '.';
    // Names are parted by dots; the first one has one only behind the `$`.
    if (match === null || (isBare && hasDot !== at > 0)) return problemAt(text, at);
    const [, bare, index, single, double] = match;
    steps.push(index === undefined ? ((bare ?? single ?? double) as string) : Number(index));
  }
  return steps.length === 0 ? 'it names nothing' : steps;
}

function problemAt(text: string, at: number): string {
  return `it cannot be read from ${show(text.slice(at, at + 20))} on (character ${at + 1})`;
}

/** What stands at a path. What an object only inherits is not there, and neither is what is `undefined`; `null` is. */
export function readPath(from: object, path: readonly PathStep[]): Found {
  let value: unknown = from;
  for (const [steps, step] of path.entries()) {
    const reason = missing(value, step);
    if (reason !== null) return { steps, reason };
    value = (value as { readonly [step: PathStep]: unknown })[step];
  }
  return { value };
}

/** Why there is no such thing in a value; null if there is. */
function missing(value: unknown, step: PathStep): string | null {
  if (typeof value !== 'object' || value === null) return `is ${value === null ? 'null' : `a ${typeof value}`}`;
  if (Array.isArray(value)) {
    if (typeof step === 'number' && step < value.length && value[step] !== undefined) return null;
    return typeof step === 'number'
      ? `is a list of ${value.length}, and has no [${step}]`
      : `is a list, whose items go by their number: [0]`;
  }
  if (typeof step === 'number') return `is no list, and has no [${step}]`;
  if (Object.hasOwn(value, step) && (value as { readonly [name: string]: unknown })[step] !== undefined) return null;
  const guess = closest(step, Object.keys(value));
  return `has no ${show(step)}${guess === null ? '' : ` (did you mean ${show(guess)}?)`}`;
}

const PLAIN = /^[^\s.[\]'"`*?@(){},:|$]+$/;

/** A path as it is written. */
export function pathText(path: readonly PathStep[]): string {
  const parts = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    return PLAIN.test(step) ? `.${step}` : `['${step}']`;
  });
  return parts.join('').replace(/^\./, '');
}
