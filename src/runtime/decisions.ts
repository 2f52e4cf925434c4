/**
 * Deciding by the path of a step, in a run of which the orchestrator is known: what can be decided there, and what comes with it, is held
 * to what was declared by the compiler. Which approval of the place is meant is looked up here; what comes of it is `approvals.ts`.
 */
import type { AnyDecision, ComesAt } from '../dsl/index.ts';
import { APPROVAL_RECORD, type ApprovalAct, type ApprovalAnswer, approvalId, type CHANGING } from '../people.ts';
import type { Store } from '../store.ts';
import type { DecideOptions } from './approvals.ts';
import { checkPath } from './interventions.ts';

type Payload = 'decision' | 'as' | 'form' | 'value' | 'patch' | 'until';

/** What is said of every decision: who decides, on what, and why. */
type Said<Act extends ApprovalAct> = Omit<DecideOptions, Payload> & { readonly decision: Act };

/** What can be said to an approval of which `P` is known: each decision with what comes with it. */
export type DecisionOf<P> = P extends unknown
  ?
      | { readonly [K in keyof P & ApprovalAct]: Said<K> & { readonly as?: never } & P[K] }[keyof P & ApprovalAct]
      | { readonly [K in keyof P]: Said<'override'> & { readonly as: K } & P[K] }[keyof P]
      | (Said<Exclude<(typeof CHANGING)[number], 'defer'>> & {
          readonly [option in Exclude<Payload, 'decision'>]?: never;
        })
      | (Said<'defer'> & Required<Pick<DecideOptions, 'until'>>)
  : never;

/** What can be said to the approval at a path. */
export type DecisionAt<P extends string, Places> =
  ComesAt<P, Places> extends infer Comes ? (Comes extends AnyDecision ? DecideOptions : DecisionOf<Comes>) : never;

/** Says something to the last approval of a place, or to the one whose number is said: `payment/release#2`. */
export async function decideAt(
  { store, decide }: DecidePort,
  run: string,
  path: string,
  options: DecideOptions,
): Promise<ApprovalAnswer> {
  checkPath(path);
  if (/#\d+$/.test(path)) return decide(`${run}/${path}`, options);
  let number = 1;
  while ((await store.readRecord(run, APPROVAL_RECORD, `${path}#${number + 1}`)) !== null) number += 1;
  return decide(approvalId(run, path, number), options);
}

/** What deciding by path needs. */
export interface DecidePort {
  readonly store: Store;
  readonly decide: (approval: string, options: DecideOptions) => Promise<ApprovalAnswer>;
}
