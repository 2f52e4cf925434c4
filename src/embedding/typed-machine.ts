/** The bare machine of an orchestrator, with the types of one of yours. */
import type { StateMachine } from 'xstate';
import type { AnyOrchestrator, RunOutput } from '../dsl/index.ts';
import { orchestratorMachine } from '../machines/orchestrator/machine.ts';

/** `orchestratorMachine` with another output. */
type WithOutput<M, Output> =
  M extends StateMachine<
    infer Context,
    infer Event,
    infer Children,
    infer Actor,
    infer Action,
    infer Guard,
    infer Delay,
    infer Value,
    infer Tag,
    infer Input,
    infer _Output,
    infer Emitted,
    infer Meta,
    infer Config
  >
    ? StateMachine<
        Context,
        Event,
        Children,
        Actor,
        Action,
        Guard,
        Delay,
        Value,
        Tag,
        Input,
        Output,
        Emitted,
        Meta,
        Config
      >
    : never;

/** The machine of `O`'s runs, as `typedMachine` gives it. */
export type OrchestratorMachine<O extends AnyOrchestrator> = WithOutput<typeof orchestratorMachine, RunOutput<O>>;

/**
 * `orchestratorMachine`, typed for an orchestrator: its output is what a run of it results in. Without a box, nothing is kept.
 *
 * @example
 * const actor = createActor(typedMachine(order), { input: machineInput(order, { cents: 4200 }) }).start();
 * const { receipt } = await toPromise(actor);
 */
export function typedMachine<O extends AnyOrchestrator>(_orchestrator: O): OrchestratorMachine<O> {
  return orchestratorMachine as unknown as OrchestratorMachine<O>;
}
