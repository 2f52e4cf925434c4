/** What a bare machine is given to run a definition without a host: `createActor(trackMachine, { input })`. */
import { toJson } from '../json.ts';
import { bareKinds } from '../machines/by-kind.ts';
import { runsBare } from '../machines/live.ts';
import type { MachineInput } from '../core/stepper.ts';
import type { RunInput } from './needs.ts';
import type { AnyOrchestrator } from './orchestrator.ts';
import { nodeOf } from './ready.ts';
import type { AnyBody, BodyInput } from './types.ts';

/**
 * The input of `taskMachine`, `trackMachine`, `compositeMachine` or `orchestratorMachine` for one of
 * your definitions, for applications that run the machines themselves. A machine that was persisted needs it again.
 *
 * @example
 * const input = machineInput(payment, { id: '17', cents: 4200 });
 * const text = JSON.stringify(createActor(trackMachine, { input }).start().getPersistedSnapshot());
 * createActor(trackMachine, { input, snapshot: JSON.parse(text) }).start();
 */
export function machineInput<D extends AnyBody | AnyOrchestrator>(
  definition: D,
  input: D extends AnyBody ? BodyInput<D> : RunInput<D>,
): MachineInput {
  const node = nodeOf(definition.definition);
  runsBare(node, bareKinds);
  return { node, input: toJson(input, `input of "${definition.name}"`) };
}
