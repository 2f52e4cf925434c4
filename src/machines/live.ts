/**
 * Where machines that were started with `createActor` meet the engine. A parent's actor stands for a run in memory (`src/live` has it),
 * and what it is told goes to that run first. Its turns are those of every run; what they tell a machine is shown to the actor that
 * stands for it. So whatever is decided is decided in one place, and actors are there to be seen.
 *
 * Machines import this file, and neither the engine nor other machines: those come with the input of the parent above all others.
 */
import type { AnyActorRef, AnyEventObject } from 'xstate';
import type { PlanNode } from '../definition.ts';
import type { Json } from '../json.ts';

/** An actor that is to stand for a run. */
export interface LiveRoot {
  readonly self: AnyActorRef;
  readonly node: PlanNode;
  readonly input: Json;
  /** What was persisted of it; null for one that begins. */
  readonly below: object | null;
  /** Tells whoever listens with `actor.on(…)`. */
  emit(event: AnyEventObject): void;
}

/** The run that an actor stands for. */
export interface LiveRun {
  /** Somebody has sent the actor something. */
  hear(event: AnyEventObject): void;
  /** The state that its machine is in by now, which the actor may not have been shown yet. */
  readonly state: { readonly value: unknown; readonly status: string; readonly context: object };
  /** What is persisted beside it. */
  persist(): object;
  /** The actor was stopped. */
  stop(): void;
}

const beginnings = new WeakMap<PlanNode, (root: LiveRoot) => void>();
const ownBeginnings = new WeakMap<AnyActorRef, (root: LiveRoot) => void>();
const runs = new WeakMap<AnyActorRef, LiveRun>();
const shown = new WeakSet<AnyActorRef>();
const told = new WeakSet<AnyEventObject>();

/** Says how a run of `node` begins whose machine somebody starts. */
export function runsBare(node: PlanNode, begin: (root: LiveRoot) => void): void {
  beginnings.set(node, begin);
}

/** The same for one actor, which is a child run of another. */
export function runsAs(self: AnyActorRef, begin: (root: LiveRoot) => void): void {
  ownBeginnings.set(self, begin);
}

/** Begins the run that an actor stands for, or goes on with it. */
export function beginLive(root: Omit<LiveRoot, 'node'>, node: PlanNode | null): void {
  const begin = node === null ? undefined : (ownBeginnings.get(root.self) ?? beginnings.get(node));
  if (node === null || begin === undefined) throw needsDefinition(root.self);
  begin({ ...root, node });
}

/** From here on the actor stands for this run. */
export function standsFor(self: AnyActorRef, run: LiveRun): void {
  runs.set(self, run);
}

export function runOf(self: AnyActorRef): LiveRun | undefined {
  return runs.get(self);
}

/** The actor shows a part of somebody's run, and decides nothing. */
export function isShown(self: AnyActorRef): boolean {
  return shown.has(self);
}

export function shows(self: AnyActorRef): void {
  shown.add(self);
}

/** Tells an actor what its machine was told in a turn. */
export function tellActor(self: AnyActorRef, event: AnyEventObject): void {
  told.add(event);
  self.send(event);
}

/** Does the event come from a turn? Everything else is somebody's wish. */
export function isTold(event: AnyEventObject): boolean {
  return told.has(event);
}

/** What a machine says that was given no definition, or another one than it was persisted with. */
export function needsDefinition(self: AnyActorRef | undefined, wanted?: string): Error {
  const machine = (self as { readonly logic?: { readonly id?: string } } | undefined)?.logic?.id ?? 'track';
  const whose = wanted === undefined ? '' : ` of ${wanted}`;
  const how = `createActor(${machine}Machine, { input: machineInput(${machine}, input) })`;
  return new Error(`Machine "${machine}" needs the definition${whose}: ${how}.`);
}
