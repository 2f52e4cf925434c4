/**
 * Machines that are made when somebody first looks into them. To XState a machine is its states and transitions, worked out in
 * advance; to do that for every kind of step took a quarter of the time in which the package is imported, and a program uses a few.
 */
import { type AnyStateMachine, createMachine } from 'xstate';

/**
 * A machine of flat states that is known by its name, and made of what `make` answers. Whoever refers to it refers to this one: its methods
 * are bound to it, and its states become its own.
 */
export function madeLate<M extends AnyStateMachine>(id: string, make: (id: string) => M): M {
  const machine = createMachine({ id });
  let made: AnyStateMachine | undefined;
  const whole = (): AnyStateMachine => {
    if (made === undefined) {
      made = make(id) as AnyStateMachine;
      for (const state of [made.root, ...Object.values(made.states)]) state.machine = machine;
    }
    return made;
  };
  // What it is made of are objects; what it is called, and what it can, is there.
  for (const [part, value] of Object.entries(machine))
    if (typeof value === 'object')
      Object.defineProperty(machine, part, {
        get() {
          const value = whole()[part as keyof AnyStateMachine];
          // Once it is there it is asked for with every event.
          Object.defineProperty(machine, part, { value });
          return value;
        },
      });
  return machine as AnyStateMachine as M;
}
