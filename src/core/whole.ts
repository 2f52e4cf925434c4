/**
 * Assignments that answer with the whole memory. XState puts what it is answered over what there was; the table, which knows of these,
 * takes it as it is: one copy, made by a literal that begins with the memory, and no function and no store for each key. Worth it for
 * what is done for every step and every child.
 */
type Assignment = (args: never, params: never) => unknown;

const wholes = new WeakSet<Assignment>();

/** Says of an assignment that it leaves nothing out. */
export function whole<A extends Assignment>(assignment: A): A {
  wholes.add(assignment);
  return assignment;
}

export function isWhole(assignment: unknown): assignment is (args: unknown, params: unknown) => unknown {
  return typeof assignment === 'function' && wholes.has(assignment as Assignment);
}
