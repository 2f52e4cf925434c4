/**
 * Redaction (S34): which parts of a value are secret, and the value without them. A part is secret by its path, by its key, or because
 * a pattern finds it in a text. What is stored is never touched.
 */
import { DefinitionInvalid, show } from '../errors/index.ts';
import type { Fault } from '../faults.ts';
import type { Json, JsonObject } from '../json.ts';
import { fitsSegments } from '../segments.ts';

/**
 * What is secret: a path (`'input.card.number'`, `'*.password'`, `'outputs.*.token'`), what a pattern finds in any text
 * (`/\b\d{16}\b/`), or whatever stands under a key that a pattern fits (`{ key: /token|secret/i }`).
 */
export type Redact = string | RegExp | { readonly key: RegExp };

/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

export interface RedactionRules {
  /** By segments: `*` is any one, `**` any number of them. */
  readonly paths: readonly (readonly string[])[];
  readonly keys: readonly RegExp[];
  readonly texts: readonly RegExp[];
}

/** What values are looked at under: each is a path of its own. */
export type Roots = readonly (readonly string[])[];

/** Texts that are secret wherever they stand, because they stand at a secret place of the run's own values. */
export type Secrets = readonly string[];

export const NO_SECRETS: Secrets = Object.freeze([]);
/** A shorter text is in too many others. */
const SHORTEST_SECRET = 4;
const MOST_SECRETS = 200;

/** The rules that somebody has declared; null for none. Throws `DefinitionInvalid` with all that is wrong. */
export function rulesOf(given: unknown): RedactionRules | null {
  if (given === undefined) return null;
  const faults: Fault[] = [];
  const fault = (message: string, at = 'redact'): void => void faults.push({ code: 'bad-option', path: at, message });
  const [paths, keys, texts]: [string[][], RegExp[], RegExp[]] = [[], [], []];
  if (!Array.isArray(given)) fault(`Option "redact" cannot be ${show(given)}: it takes a list of paths and patterns.`);
  else {
    for (const [index, one] of Array.from(given as readonly unknown[]).entries()) {
      const at = `redact[${index}]`;
      if (typeof one === 'string') readPath(one, at, paths, fault);
      else if (isPattern(one)) readPattern(one, at, texts, fault);
      else if (typeof one === 'object' && one !== null && 'key' in one && isPattern(one.key))
        readPattern(one.key, at, keys, fault);
      else
        fault(
          `${at} cannot be ${show(one)}: it takes a path like 'input.card.number', a RegExp, or { key: RegExp }.`,
          at,
        );
    }
  }
  if (faults.length > 0) throw new DefinitionInvalid({ definition: 'redact', faults });
  return paths.length + keys.length + texts.length === 0 ? null : { paths, keys, texts };
}

type Tell = (message: string, at: string) => void;

function readPath(text: string, at: string, paths: string[][], fault: Tell): void {
  const segments = text.split('.');
  if (segments.some((segment) => segment === ''))
    return fault(`${at}, the path ${show(text)}, has an empty segment. Write it like 'input.card.number'.`, at);
  if (segments.every((segment) => segment === '*' || segment === '**'))
    return fault(`${at}, the path ${show(text)}, names nothing: everything would be secret.`, at);
  if (segments.some((segment) => segment.includes('*') && !/^\*\*?$/.test(segment)))
    return fault(`${at}, the path ${show(text)}, has a "*" inside a segment: it stands for a whole one.`, at);
  paths.push(segments);
}

function isPattern(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === '[object RegExp]' && value instanceof RegExp;
}

function readPattern(pattern: RegExp, at: string, list: RegExp[], fault: Tell): void {
  const { source, flags } = pattern;
  // A copy: where the last search of somebody else ended is nothing to this one.
  const copy = new RegExp(source, `${flags.replace(/[gy]/g, '')}g`);
  if (isNested(source))
    return fault(
      `${at}, the pattern ${show(String(pattern))}, repeats what repeats already: there are texts that it would take for ever to look through. Say it without one of the two.`,
      at,
    );
  if (copy.test(''))
    return fault(`${at}, the pattern ${show(String(pattern))}, fits nothing at all, and so every text.`, at);
  copy.lastIndex = 0;
  list.push(copy);
}

/** Does a group that repeats without a bound hold something that does? Then a text that nearly fits may take exponential time. */
function isNested(source: string): boolean {
  const groups: boolean[] = [];
  let last = false;
  for (let at = 0; at < source.length; at += 1) {
    const sign = source[at];
    if (sign === '\\') {
      at += 1;
      last = false;
    } else if (sign === '[') {
      while (at < source.length && source[at] !== ']') at += source[at] === '\\' ? 2 : 1;
      last = false;
    } else if (sign === '(') {
      groups.push(false);
      last = false;
    } else if (sign === ')') {
      last = groups.pop() ?? false;
      if (last && groups.length > 0) groups[groups.length - 1] = true;
    } else if (sign === '*' || sign === '+' || (sign === '{' && /^\{\d*,\}/.test(source.slice(at)))) {
      if (last) return true;
      if (groups.length > 0) groups[groups.length - 1] = true;
      last = false;
    } else last = false;
  }
  return false;
}

/** The value without what is secret; itself, if nothing is. */
export function redacted<T>(rules: RedactionRules, value: T, roots: Roots, secrets: Secrets): T {
  return walked({ rules, secrets }, value as Json, roots) as T;
}

interface Walk {
  readonly rules: RedactionRules;
  readonly secrets: Secrets;
}

function walked(walk: Walk, value: Json | undefined, places: Roots): Json | undefined {
  if (typeof value === 'string') return redactedText(walk.rules, value, walk.secrets);
  if (typeof value === 'number') {
    return walk.secrets.includes(String(value)) || matches(walk.rules.texts, String(value)) ? REDACTED : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const isList = Array.isArray(value);
  let copy: [key: string, member: Json][] | null = null;
  const entries = Object.entries(value as { readonly [key: string]: Json });
  for (const [index, [key, member]] of entries.entries()) {
    const below = places.map((place) => [...place, key]);
    const isSecret = below.some((place) => isAt(walk.rules, place)) || (!isList && matches(walk.rules.keys, key));
    const made = isSecret && member !== null ? REDACTED : walked(walk, member, below);
    if (made === member && copy === null) continue;
    copy ??= entries.slice(0, index);
    copy.push([key, made as Json]);
  }
  if (copy === null) return value;
  // Entries, and no assignments: a key may be called `__proto__`.
  return Object.freeze(isList ? copy.map(([, member]) => member) : Object.fromEntries(copy)) as Json;
}

function isAt({ paths }: RedactionRules, place: readonly string[]): boolean {
  return paths.some((path) => fitsSegments(path, place));
}

function matches(patterns: readonly RegExp[], text: string): boolean {
  return patterns.some((pattern) => {
    pattern.lastIndex = 0;
    return pattern.test(text);
  });
}

/** A text without what is secret in it. */
export function redactedText({ texts }: RedactionRules, text: string, secrets: Secrets): string {
  let made = text;
  for (const secret of secrets) if (made.includes(secret)) made = made.replaceAll(secret, () => REDACTED);
  for (const pattern of texts) {
    pattern.lastIndex = 0;
    made = made.replace(pattern, () => REDACTED);
  }
  return made;
}

/** The texts and numbers at the secret places of a value: they are secret in what is said of it, too. */
export function secretsIn(
  rules: RedactionRules,
  value: Json,
  roots: Roots,
  found: Set<string> = new Set(),
): Set<string> {
  if (rules.paths.length + rules.keys.length === 0) return found;
  const gather = (secret: Json): void => {
    if (found.size >= MOST_SECRETS) return;
    if (typeof secret === 'string' || typeof secret === 'number') {
      if (String(secret).length >= SHORTEST_SECRET) found.add(String(secret));
    } else if (typeof secret === 'object' && secret !== null) for (const each of Object.values(secret)) gather(each);
  };
  const look = (at: Json, places: Roots): void => {
    if (typeof at !== 'object' || at === null) return;
    for (const [key, member] of Object.entries(at as JsonObject)) {
      const below = places.map((place) => [...place, key]);
      if (below.some((place) => isAt(rules, place)) || (!Array.isArray(at) && matches(rules.keys, key))) gather(member);
      else look(member, below);
    }
  };
  look(value, roots);
  return found;
}
