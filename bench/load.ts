/**
 * The work that is measured, apart from who does it. A load is so many runs of so many
 * tracks side by side of so many steps in a row; a step adds one to a number. Whoever
 * does it must arrive at the sum of all steps, so a contender that drops work is found out.
 */

export interface Load {
  readonly runs: number;
  readonly tracks: number;
  readonly steps: number;
}

export interface Count {
  readonly n: number;
}

/** A way to do a load. What is made once stays out of the time; `begin` may set up a repetition, also untimed. */
export interface Contender {
  begin(): Promise<Repetition>;
}

interface Repetition {
  /** Does the whole load; answers with the sum that it arrived at. */
  go(): Promise<number>;
  /** How many commits that took, where there is such a thing; frees what `begin` set up. */
  end(): Promise<number | null>;
}

export type Step = (input: Count) => Promise<Count>;

export function tasksIn({ runs, tracks, steps }: Load): number {
  return runs * tracks * steps;
}

/** When each step of a run of one track began; its number is its place. */
export const stamps = new Float64Array(4_096);

/** The body. In one long track it also notes the time, which costs every contender the same. */
export function stepOf({ runs, tracks, steps }: Load): Step {
  if (runs > 1 || tracks > 1 || steps > stamps.length) return async ({ n }) => ({ n: n + 1 });
  return async ({ n }) => {
    stamps[n] = performance.now();
    return { n: n + 1 };
  };
}
