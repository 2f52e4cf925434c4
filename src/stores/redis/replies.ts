/** What the server answers with, where it is more than a text: lists with scores, and the parts of a run that is open. */

/** What `READ_OPEN` answers with. */
export type OpenReply = readonly [
  start: string | null,
  state: string | null,
  owner: string | null,
  fence: string,
  seq: number,
  signals: readonly (string | null)[],
  numbers: string[],
  steps: readonly (string | null)[],
];

/** A record of a page. */
export type RecordReply = readonly [number: string, run: string, row: string | null];

/** What the server takes for now: seconds, and millionths of one. */
export type Moment = readonly [seconds: string, micros: string];

export function msOf([seconds, micros]: Moment): number {
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

/** Numbers of steps, which are texts over there, in their order. */
export function sorted(numbers: string[]): readonly string[] {
  return numbers.sort((left, right) => Number(left) - Number(right));
}
