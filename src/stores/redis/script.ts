/**
 * What a script in the server is. All begin with `#!lua`, by which a server that is full, read-only or short of
 * replicas refuses a script before it begins, and not in its middle.
 *
 * None looks into what users gave: rows are texts here. KEYS[1] is what all keys begin with. `unpack` takes a few
 * thousand values at the most, so whatever can be long goes in pieces of PIECE.
 */
import { createHash } from 'node:crypto';

/** A script, and the name by which the server remembers it. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** Rows that one reading script answers with at the most: others wait while it runs. */
export const PAGE = 500;

export function script(flags: string, body: string): Script {
  const text = `#!lua${flags}\nlocal base, call, PIECE, PAGE = KEYS[1], redis.call, 1000, ${PAGE}\n${body.trim()}\n`;
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

export const WRITES = '';
/** Also in a server that is full: these make room, or keep alive what can make it. */
export const WRITES_ALWAYS = ' flags=allow-oom';
export const READS = ' flags=no-writes';

/** The score of a step is a number times this, plus its own: of its parent among children, of the event with which it ended among the completed. */
export const SCORE = 67_108_864;
