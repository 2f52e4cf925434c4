/**
 * Is one build slower than another by more than a bound, or was the machine busy? Both did the same in turns, so each round gives a
 * ratio, and what counts is how many rounds are beyond the bound: a few of them are that by chance, nearly all of them are not.
 */

/** `unclear`: the rounds contradict each other, and more of them, or a quieter machine, would tell. */
export type Verdict = 'within' | 'slower' | 'unclear';

/** A verdict that chance alone would come to in one of twenty such measurements at the most is none. */
const CHANCE = 0.05;

/** What two builds took, round by round; `bound` is what the second may take of the first, as 1.05. */
export function verdictOf(before: readonly number[], after: readonly number[], bound: number): Verdict {
  if (before.length !== after.length || before.length === 0)
    throw new Error(`There are ${before.length} rounds before and ${after.length} after.`);
  const beyond = after.filter((time, round) => time > (before[round] as number) * bound).length;
  if (chanceOf(beyond, before.length) <= CHANCE) return 'slower';
  return chanceOf(before.length - beyond, before.length) <= CHANCE ? 'within' : 'unclear';
}

/** One that is slower by one measure and not by the other is not clearly so. */
export function bothSay(one: Verdict, other: Verdict): Verdict {
  return one === other ? one : 'unclear';
}

/** How likely it is that at least so many of the rounds fall on one side if each falls on either side alike. */
export function chanceOf(least: number, rounds: number): number {
  let ways = 1;
  let all = 0;
  for (let hits = 0; hits <= rounds; hits += 1) {
    if (hits >= least) all += ways;
    ways = (ways * (rounds - hits)) / (hits + 1);
  }
  return all / 2 ** rounds;
}

/** The fewest rounds that can tell anything: with fewer, all of them on one side may be chance. */
export function roundsToTell(): number {
  let rounds = 1;
  while (chanceOf(rounds, rounds) > CHANCE) rounds += 1;
  return rounds;
}
