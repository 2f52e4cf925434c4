/** The definition that a run is pinned to, or why the run cannot be gone on with: it is not there, or it was changed. */
import type { Plan } from '../../definition.ts';
import { differences, structureOf } from '../../dsl/structure.ts';
import { DefinitionChanged, DefinitionMissing } from '../../errors/index.ts';
import type { RunRow, Store } from '../../store.ts';
import { isEngines, planName } from '../options.ts';

/** The plan of this very version and structure; `plans` has them by `planName`. */
export async function pinnedPlan(
  store: Store,
  plans: ReadonlyMap<string, Plan>,
  { run, orchestrator, version, hash }: RunRow,
): Promise<Plan> {
  const plan = plans.get(planName(orchestrator, version));
  if (plan === undefined) {
    const known = [...plans].flatMap(([name, each]) => (isEngines(each) ? [] : name));
    throw new DefinitionMissing({ orchestrator, version, run, known });
  }
  const { hash: now, lines } = structureOf(plan);
  if (now === hash) return plan;
  const pinned = await store.readDefinition(orchestrator, version, hash);
  throw new DefinitionChanged({ orchestrator, version, run, ...differences(pinned?.lines ?? [], lines) });
}
