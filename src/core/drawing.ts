/**
 * How a kind is drawn, as it says in its folder (`drawing.ts`): the charts ask for this and name no kind. What a kind leaves out
 * follows from its node in the plan, so a kind that says nothing is drawn all the same.
 */
import type { PlanNode } from '../definition.ts';

/**
 * How the children of a node stand to each other. `graph`: as their dependencies say, one after the other or side by side.
 * `choice`: routes, of which some are taken. `items`, `rounds`: one body, any number of times. `late`: reached when the time is up.
 */
export type Arrangement = 'graph' | 'choice' | 'items' | 'rounds' | 'late';

/** What a kind says of how a node of it is drawn. */
export interface Drawing {
  /** Left out: `items` where children repeat, and otherwise `graph`. */
  readonly arrangement?: Arrangement;
  /** What it is declared with, in a few words: `signal "paid", within 2d`. */
  readonly detail?: string;
  /** Of a choice: more than one route may be taken. */
  readonly several?: boolean;
  /** Of a choice: what it is that no route fits. `last`: the last route is for that. */
  readonly otherwise?: 'last' | 'completes' | 'fails';
  /** What the end of its time is, where it has one; with `child` its child begins. */
  readonly late?: 'completes' | 'fails' | 'child';
  /** It ends the whole run, in this way. */
  readonly ends?: 'completed' | 'failed';
}

/** What a kind is asked. */
export type Drawn = (node: PlanNode) => Drawing;
