/** A task: one body, input to output, with its retries and its limits. */
import { actors } from '../../actors/index.ts';
import type { Kind } from '../../core/kind.ts';
import type { JsonObject } from '../../json.ts';
import { tellStep } from '../telling.ts';
import { taskDeclaration } from './declaration.ts';
import { type TaskMemory, taskMachine } from './machine.ts';

const NOTHING: JsonObject = Object.freeze({});

export const task: Kind = {
  ...taskDeclaration,
  machine: taskMachine,
  actors,
  tell: tellStep,
  keep(memory) {
    const { reason } = memory as unknown as TaskMemory;
    return reason === null ? NOTHING : { reason };
  },
  changed: () => true,
};
