/** A step that tells the history something of the user's own: within its turn, and so exactly once. */
import { type Kind, kindOf } from '../../core/kind.ts';
import type { RunEvent } from '../../events.ts';
import type { EmitSpec } from '../../leaves.ts';
import { task } from '../task/index.ts';
import { emitMachine } from './machine.ts';

export const emitStep: Kind = kindOf(task, {
  name: 'emit',
  noun: 'step',
  machine: emitMachine,
  acts: {
    emitEvent(port, { path, node, input }) {
      const { event: name } = node.spec as EmitSpec;
      port.tell({ ...port.at(path), type: 'user.emitted', name, data: input } as RunEvent);
    },
  },
});
