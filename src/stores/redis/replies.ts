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

/** Numbers of steps, which are texts over there, in their order. */
export function sorted(numbers: string[]): readonly string[] {
  return numbers.sort((left, right) => Number(left) - Number(right));
}

/** Members of a sorted set with their scores. */
export function pairsOf(withScores: readonly string[]): { readonly member: string; readonly at: number }[] {
  return withScores.flatMap((member, index) =>
    index % 2 === 0 ? [{ member, at: Number(withScores[index + 1]) }] : [],
  );
}
