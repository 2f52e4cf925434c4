/**
 * Where identity and chance come from (I4): the only file that makes ids, and the only
 * source of jitter. Chance is a function of a key, so that a retry's delay is the same
 * again after a crash.
 */
import { customRandom, urlAlphabet } from 'nanoid';
import { sha256 } from './sha256.ts';

/** Makes the id of a run that was started without one. */
export type Ids = () => string;

/** Bytes of the platform's, a block at a time: to ask it for each id costs more than all the rest of one. */
const BLOCK = 8_192;
// Said to be pure, for bundlers: where nobody makes ids, none of this is there.
const block = /* @__PURE__ */ new Uint8Array(BLOCK);
let used = BLOCK;

function bytes(count: number): Uint8Array {
  if (used + count > BLOCK) {
    crypto.getRandomValues(block);
    used = 0;
  }
  used += count;
  return block.subarray(used - count, used);
}

/** 21 characters, URL-safe, as unlikely to collide as a UUID. */
export const randomIds: Ids = /* @__PURE__ */ customRandom(urlAlphabet, 21, bytes);

/** A number from 0 up to but not including 1 that depends on `key` alone (FNV-1a, then a finaliser). */
export function chanceOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4_294_967_296;
}

/** How much of the names an id shows, and how many hexadecimal digits tell it from all others. */
const SHOWN_OF_RUN = 100;
const SHOWN_OF_STEP = 60;
const DIGITS = 20;

/**
 * An id that follows from an attempt's key, for what is to be there once however often it is done: a child run, a signal that is
 * sent. Its beginning is for people.
 */
export function stepIdOf(run: string, path: string, attempt: number): string {
  const step = path.slice(path.lastIndexOf('/') + 1);
  const told = `${run.slice(0, SHOWN_OF_RUN)}.${step.slice(0, SHOWN_OF_STEP)}`.toWellFormed();
  return `${told}.${sha256(`${run}/${path}#${attempt}`).slice(0, DIGITS)}`;
}

/** A short form of an id that is too long for what is to be put behind it: its beginning, and what tells it from all others. */
export function shortIdOf(run: string): string {
  return `${run.slice(0, SHOWN_OF_RUN).toWellFormed()}.${sha256(run).slice(0, DIGITS)}`;
}
