/** Which stepper a kind gets: the table where the machine is flat, and XState itself otherwise, or if asked for. */
import type { Kinds } from './kind.ts';
import { type Stepper, xstateStepper } from './stepper.ts';
import { tableStepper } from './table.ts';

/** `table` steps flat machines by a compiled table; `xstate` steps every machine by XState's own transition. */
export type Lane = 'table' | 'xstate';

export function steppers(kinds: Kinds, lane: Lane): (kind: string) => Stepper {
  const made = new Map<string, Stepper>();
  return (name) => {
    let stepper = made.get(name);
    if (stepper === undefined) {
      const { machine } = kinds.get(name);
      stepper = (lane === 'table' ? tableStepper(machine) : null) ?? xstateStepper(machine);
      made.set(name, stepper);
    }
    return stepper;
  };
}
