/** Values that nobody should hand over, and somebody does. A new one is a line. */

const cycle: { self?: unknown } = {};
cycle.self = cycle;

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const trap = (what: string) => () => {
  throw new Error(`the trap of "${what}"`);
};

/** An error of which one property cannot be read. */
function unreadable(name: 'message' | 'stack' | 'name' | 'cause'): Error {
  const error = new Error('cannot be read');
  Object.defineProperty(error, name, { get: trap(name) });
  return error;
}

function withSymbol(): Error {
  const error = new Error('a symbol');
  Object.defineProperty(error, 'message', { value: Symbol('message') });
  return error;
}

function causes(depth: number): Error {
  let error = new Error('the first');
  for (let at = 0; at < depth; at += 1) error = new Error(`because of ${at}`, { cause: error });
  return error;
}

function causeOfItself(): Error {
  const error = new Error('of itself');
  error.cause = error;
  return error;
}

class OddError extends Error {
  override toString = trap('toString');
  toJSON = trap('toJSON');
}

const THEN = 'then';
const thenable = (then: (resolve: (value: unknown) => void) => void): object => Object.assign({}, { [THEN]: then });

/** Made anew for each use: some can be used up. */
export const VALUES: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  'a symbol': () => Symbol('odd'),
  'a bigint': () => 10n,
  'not a number': () => Number.NaN,
  'a function': () => () => {},
  'a class instance': () => new Map([[1, 2]]),
  'a cycle': () => cycle,
  'a revoked proxy': revoked,
  'a proxy that throws at everything': () =>
    new Proxy(
      {},
      { get: trap('get'), has: trap('has'), ownKeys: trap('ownKeys'), getPrototypeOf: trap('getPrototypeOf') },
    ),
  'a getter that throws': () => Object.defineProperty({}, 'value', { enumerable: true, get: trap('value') }),
  'a then that throws': () => Object.defineProperty({}, 'then', { get: trap('then') }),
  'a thenable that throws': () => thenable(trap('then')),
  'a thenable that never answers': () => thenable(() => {}),
  'a thenable that gives a promise that rejects': () =>
    thenable((resolve) => resolve(Promise.reject(unreadable('message')))),
  'a promise that rejects with nothing': () => Promise.reject(),
  'a promise that rejects with what cannot be read': () => Promise.reject(revoked()),
  'text without end': () => 'x'.repeat(5_000_000),
  'half a surrogate': () => '\ud800',
  'a control character': () => '\u0000\u001b[2J',
  'an object that is deep': () => {
    let deep: object = {};
    for (let at = 0; at < 5_000; at += 1) deep = { deep };
    return deep;
  },
  'an error whose message cannot be read': () => unreadable('message'),
  'an error whose stack cannot be read': () => unreadable('stack'),
  'an error whose name cannot be read': () => unreadable('name'),
  'an error whose cause cannot be read': () => unreadable('cause'),
  'an error with a symbol for a message': withSymbol,
  'an error that is its own cause': causeOfItself,
  'an error with a thousand causes': () => causes(1_000),
  'an error that cannot be shown': () => new OddError('odd'),
  'an error with a message of five million characters': () => new Error('y'.repeat(5_000_000)),
};
