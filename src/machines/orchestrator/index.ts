/** An orchestrator: a graph of tracks, and the root of every run. */
import { type Kind, kindOf } from '../../core/kind.ts';
import { undoActs } from '../../core/undo.ts';
import type { JsonObject } from '../../json.ts';
import type { ParentMemory } from '../parent-memory.ts';
import { parentKind } from '../parent-kind.ts';
import { tellParent } from '../telling.ts';
import { orchestratorMachine } from './machine.ts';

export const orchestrator: Kind = kindOf(parentKind, {
  name: 'orchestrator',
  noun: 'run',
  machine: orchestratorMachine,
  keep(memory) {
    const { variables, undo, paused } = memory as unknown as ParentMemory;
    return {
      ...parentKind.keep(memory),
      ...(undo === null ? {} : { undo: undo as unknown as JsonObject }),
      ...(paused ? { paused } : {}),
      ...(Object.keys(variables).length === 0 ? {} : { variables }),
    };
  },
  changed(before, after) {
    const [was, is] = [before.context, after.context];
    const isOther = was.variables !== is.variables || was.undo !== is.undo || was.attempt !== is.attempt;
    return isOther || was.paused !== is.paused || parentKind.changed(before, after);
  },
  acts: { ...parentKind.acts, ...undoActs },
  tell: tellParent('run'),
});
