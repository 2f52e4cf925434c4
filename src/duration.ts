/**
 * Durations as people write them: `'30s'`, `'1h30m'`, `'2d'`, or a number of milliseconds.
 * Parsed once, when a definition is read; from there on everything is milliseconds.
 */
import { InvalidDuration } from './errors/index.ts';

/** `'250ms'`, `'30s'`, `'1.5h'`, `'1h30m'`, `'7d'`, `'2w'`, or milliseconds as a number. */
export type Duration = number | string;

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/y;

/** Milliseconds of `duration`, or an `InvalidDuration` that names `what` it was meant for. */
export function toMs(duration: Duration, what: string): number {
  const ms = typeof duration === 'number' ? duration : Math.round(parse(duration));
  if (!Number.isFinite(ms) || ms < 0 || ms > Number.MAX_SAFE_INTEGER)
    throw new InvalidDuration({ what, value: duration });
  return ms;
}

function parse(text: unknown): number {
  if (typeof text !== 'string' || text === '') return Number.NaN;
  let ms = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const part = PART.exec(text);
    if (part === null) return Number.NaN;
    ms += Number(part[1]) * UNITS[part[2] as keyof typeof UNITS];
  }
  return ms;
}

/** The shortest common spelling of a duration, for messages: `90000` is `1m30s`. */
export function fromMs(ms: number): string {
  if (ms < 1_000) return `${ms}ms`;
  let rest = ms;
  let text = '';
  for (const [unit, size] of [
    ['d', UNITS.d],
    ['h', UNITS.h],
    ['m', UNITS.m],
    ['s', UNITS.s],
  ] as const) {
    const count = unit === 's' ? Math.round(rest) / size : Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= Math.floor(count) * size;
  }
  return text;
}

/** A duration for a person, in two units at the most: `350 ms`, `1.4 s`, `12 min 5 s`, `46 h`, `3 d 4 h`. */
export function roughly(ms: number): string {
  if (!(ms >= 1_000)) return `${Math.max(0, Math.round(ms) || 0)} ms`;
  if (ms < 59_500) return `${ms < 9_950 ? Math.round(ms / 100) / 10 : Math.round(ms / 1_000)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return pair(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  // Up to two days a person counts in hours.
  return minutes < 48 * 60 ? pair(minutes, 60, 'h', 'min') : pair(Math.round(minutes / 60), 24, 'd', 'h');
}

function pair(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size;
  return `${Math.floor(amount / size)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}
