/** What a bare machine is given to run a definition without a host: `createActor(trackMachine, { input })`. */
import { toJson } from '../json.ts';
import type { MachineInput } from '../core/stepper.ts';
import type { RunInput } from '../dsl/needs.ts';
import type { AnyOrchestrator } from '../dsl/orchestrator.ts';
import { nodeOf } from '../dsl/ready.ts';
import type { AnyBody, BodyInput } from '../dsl/types.ts';
import { runsBare } from '../machines/live.ts';
import { RunOfActor } from './run.ts';

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
  const { version = '' } = definition.definition as { readonly version?: string };
  runsBare(node, (root) => void new RunOfActor(root, { id: 'live', version, metadata: {}, level: 0, kin: new Map() }));
  return { node, input: toJson(input, `input of "${definition.name}"`) };
}
