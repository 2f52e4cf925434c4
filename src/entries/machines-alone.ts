/**
 * What of the machines the package's root has, too: the machines by themselves, how they are drawn, and actors that stand for runs of a box.
 * What plays a whole run without one, and what kinds of one's own are made of, is a quarter of all that would be loaded, and few need it:
 * `signalbox/machines` alone has that.
 */
export { chart } from '../charts/chart.ts';
export {
  type Diagram,
  type DiagramBox,
  type DiagramFormat,
  type DiagramLine,
  type DiagramOf,
  type DiagramOptions,
  diagram,
} from '../charts/diagram.ts';
export { actorOf, type SeenContext, type SeenRef, type SeenSnapshot } from '../embedding/actor-of.ts';
export {
  type EmbeddingOptions,
  fromOrchestrator,
  type RunActorContext,
  type RunActorInput,
  type RunActorSnapshot,
  type RunLogic,
} from '../embedding/from-orchestrator.ts';
export type { RunCommand, RunEmitted, RunPort, RunsPort, StartsPort } from '../embedding/port.ts';
export { type OrchestratorMachine, typedMachine } from '../embedding/typed-machine.ts';
export type { Facts, Mapper, PlanNode } from '../definition.ts';
export { type Instant, instantOf } from '../instant.ts';
export { emitMachine } from '../machines/emit/machine.ts';
export { compositeMachine } from '../machines/composite/machine.ts';
export type { Checker, NodeParts, Planner, ReadPort, Use } from '../core/declaration.ts';
export type { Arrival, Children, Family, Finished, KnownChild, Skipped } from '../core/children/children.ts';
export type { Effect, Invoked, Invoker } from '../core/effect.ts';
export type { Act, Kind } from '../core/kind.ts';
export type { TurnPort } from '../core/port.ts';
export type { KindOptions, StepKind } from '../machines/outside.ts';
export { orchestratorMachine } from '../machines/orchestrator/machine.ts';
export type { ParentEvent, ParentMemory } from '../machines/parent-memory.ts';
export { runMachine } from '../machines/run/machine.ts';
export { signalMachine } from '../machines/signal/machine.ts';
export { sleepMachine } from '../machines/sleep/machine.ts';
export type { MachineInput } from '../core/stepper.ts';
export { type TaskEvent, type TaskMemory, taskMachine } from '../machines/task/machine.ts';
export { trackMachine } from '../machines/track/machine.ts';
export { waitMachine } from '../machines/wait/machine.ts';
export { aggregateMachine } from '../machines/aggregate/machine.ts';
export { branchMachine } from '../machines/branch/machine.ts';
export { groupMachine } from '../machines/group/machine.ts';
export { loopMachine } from '../machines/loop/machine.ts';
export { mapMachine } from '../machines/map/machine.ts';
export { parallelMachine } from '../machines/parallel/machine.ts';
export { setMachine } from '../machines/set/machine.ts';
export { terminateMachine } from '../machines/terminate/machine.ts';
