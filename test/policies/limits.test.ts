/**
 * The line for limits, played by chance and by hand: no limit is exceeded (L1), nobody who could begin waits (L2), and
 * who is next (L3). Time is a number that the test moves.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LimitDefinition, WhenFull } from '../../src/limits.ts';
import { Limits } from '../../src/policies/limits/limits.ts';
import type { Claim, Limit, Ticket } from '../../src/policies/limits/ticket.ts';

const cap = (id: string, limit: number, more: Partial<LimitDefinition> = {}, key: string | null = null): Limit => ({
  id: key === null ? id : `${id}/${key}`,
  rule: { limit, per: null, burst: limit, key: undefined, whenFull: 'wait', queue: Number.POSITIVE_INFINITY, ...more },
  called: { of: 'task', name: id, key, limit, per: null },
});
const rate = (id: string, limit: number, per: number, burst = limit, key: string | null = null): Limit =>
  cap(id, limit, { per, burst }, key);

interface Want {
  readonly static?: readonly Limit[];
  readonly keyed?: readonly Limit[];
  readonly group?: string;
  readonly weight?: number;
  readonly priority?: number;
}

/** A line of named bodies; `begun` is what has begun, in order. */
class Play {
  readonly limits: Limits<string>;
  readonly tickets = new Map<string, Ticket<string>>();
  readonly begun: string[] = [];
  now = 0;

  constructor(concurrency = Number.POSITIVE_INFINITY) {
    this.limits = new Limits(concurrency);
  }

  enter(body: string, { static: gates = [], keyed = [], group = 'run', weight = 1, priority = 0 }: Want = {}) {
    const claim: Claim = { queue: this.limits.queueFor(gates), keyed, group, weight, priority };
    const ticket = this.limits.enter(body, claim, this.now);
    this.tickets.set(body, ticket);
    if (ticket.state === 'begun') this.begun.push(body);
    this.drain();
    return ticket;
  }

  leave(body: string): void {
    this.limits.leave(this.tickets.get(body) as Ticket<string>, this.now);
    this.drain();
  }

  drain(): void {
    for (let next = this.limits.next(this.now); next !== null; next = this.limits.next(this.now)) {
      this.begun.push(next.body);
    }
  }

  to(now: number): void {
    this.now = now;
    this.drain();
  }

  /** What has begun since, one at a time: each ends before the next begins. */
  runOut(): readonly string[] {
    const from = this.begun.length;
    for (let at = from - 1; at < this.begun.length; at += 1) this.leave(this.begun[at] as string);
    return this.begun.slice(from);
  }
}

/** What is under each limit, counted apart from the line. */
function overLimit(play: Play, wants: ReadonlyMap<string, Want>, concurrency: number): readonly string[] {
  const running = [...play.tickets.values()].filter(({ state }) => state === 'begun');
  const counts = new Map<string, number>();
  const bounds = new Map<string, number>([['', concurrency]]);
  for (const { body } of running) {
    const { static: gates = [], keyed = [] } = wants.get(body) as Want;
    counts.set('', (counts.get('') ?? 0) + 1);
    for (const { id, rule } of [...gates, ...keyed]) {
      if (rule.per !== null) continue;
      counts.set(id, (counts.get(id) ?? 0) + 1);
      bounds.set(id, rule.limit);
    }
  }
  return [...counts].filter(([id, count]) => count > (bounds.get(id) ?? 0)).map(([id, count]) => `${id}: ${count}`);
}

/** Those in line that no limit keeps there. */
function idle(play: Play, wants: ReadonlyMap<string, Want>, concurrency: number): readonly string[] {
  const running = [...play.tickets.values()].filter(({ state }) => state === 'begun');
  if (running.length >= concurrency) return [];
  const inUse = (id: string): number =>
    running.filter(({ body }) => {
      const { static: gates = [], keyed = [] } = wants.get(body) as Want;
      return [...gates, ...keyed].some((limit) => limit.id === id);
    }).length;
  const waiting = [...play.tickets.values()].filter(({ state }) => state === 'inLine');
  return waiting
    .filter(({ body }) => {
      const { static: gates = [], keyed = [] } = wants.get(body) as Want;
      return [...gates, ...keyed].every(({ id, rule }) => rule.per === null && inUse(id) < rule.limit);
    })
    .map(({ body }) => body);
}

const someCap = fc.integer({ min: 1, max: 3 });

/** A world of few limits and few keys, so that they are reached, and a course through it. */
const worlds = fc.record({
  concurrency: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 4 })),
  task: someCap,
  track: someCap,
  account: someCap,
  tenant: someCap,
  steps: fc.array(
    fc.record({
      leave: fc.nat(2),
      pick: fc.nat(1_000),
      task: fc.boolean(),
      track: fc.boolean(),
      account: fc.nat(3),
      tenant: fc.nat(3),
      group: fc.nat(3),
      priority: fc.nat(2),
    }),
    // Without a size of its own it would be ten steps long.
    { maxLength: 50, size: 'max' },
  ),
});

type World = typeof worlds extends fc.Arbitrary<infer W> ? W : never;

function walk(world: World, keys: 'none' | 'one' | 'two', look: (play: Play, wants: Map<string, Want>) => void): void {
  const play = new Play(world.concurrency);
  const wants = new Map<string, Want>();
  for (const [index, step] of world.steps.entries()) {
    const present = [...play.tickets.values()].filter(({ state }) => state !== 'over');
    if (step.leave === 0 && present.length > 0) {
      play.leave((present[step.pick % present.length] as Ticket<string>).body);
    } else {
      const gates = [
        ...(step.task ? [cap('task', world.task)] : []),
        ...(step.track ? [cap('track', world.track)] : []),
      ];
      const keyed = [
        ...(keys !== 'none' && step.account > 0 ? [cap('account', world.account, {}, `${step.account}`)] : []),
        ...(keys === 'two' && step.tenant > 0 ? [cap('tenant', world.tenant, {}, `${step.tenant}`)] : []),
      ];
      const want = { static: gates, keyed, group: `g${step.group}`, priority: step.priority };
      wants.set(`b${index}`, want);
      play.enter(`b${index}`, want);
    }
    look(play, wants);
  }
}

describe.each(['none', 'one', 'two'] as const)('by chance, keys for each: %s', (keys) => {
  test('no limit is exceeded (L1), and nobody who could begin waits (L2)', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        walk(world, keys, (play, wants) => {
          expect(overLimit(play, wants, world.concurrency)).toEqual([]);
          expect(idle(play, wants, world.concurrency)).toEqual([]);
        });
      }),
      { numRuns: 80 },
    );
  });

  test('when all have left, nothing is remembered', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        let last: Play | undefined;
        walk(world, keys, (play) => {
          last = play;
        });
        if (last === undefined) return;
        for (const body of [...last.tickets.keys()]) last.leave(body);
        const { waiting, running, gates } = last.limits.counts;
        expect([waiting, running]).toEqual([0, 0]);
        // Those of definitions stay.
        expect(gates).toBeLessThanOrEqual(2);
      }),
    );
  });
});

test('by chance: of a group, under the same limits and in one priority, they begin as they came (L3)', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      let last: Play | undefined;
      let asked = new Map<string, Want>();
      walk(world, 'one', (play, wants) => {
        last = play;
        asked = wants;
      });
      const alike = Map.groupBy(last?.begun ?? [], (body) => JSON.stringify(asked.get(body)));
      for (const bodies of alike.values()) {
        expect(bodies).toEqual([...bodies].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))));
      }
    }),
    { numRuns: 80 },
  );
});

test('by chance: nobody begins while one that could and has a higher priority waits (L3)', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      let seen = 0;
      let before: readonly Ticket<string>[] = [];
      walk(world, 'one', (play, wants) => {
        for (const body of play.begun.slice(seen)) {
          const { priority, ...want } = wants.get(body) as Want & { priority: number };
          // Whoever is under the same limits could have begun instead.
          const passedBy = before.filter(({ body: other, state }) => {
            const { priority: theirs, ...same } = wants.get(other) as Want & { priority: number };
            const isAlike = JSON.stringify({ ...same, group: '' }) === JSON.stringify({ ...want, group: '' });
            return state === 'inLine' && isAlike && theirs > priority;
          });
          expect(passedBy.map((each) => each.body)).toEqual([]);
        }
        seen = play.begun.length;
        before = [...play.tickets.values()].filter(({ state }) => state === 'inLine');
      });
    }),
    { numRuns: 80 },
  );
});

describe('fairness', () => {
  const share = (begun: readonly string[], group: string): number => begun.filter((body) => body[0] === group).length;
  const full = (
    play: Play,
    groups: { readonly [group: string]: number },
    want: (name: string) => Want = () => ({}),
  ) => {
    play.enter('first');
    for (const [group, count] of Object.entries(groups)) {
      for (let at = 0; at < count; at += 1) play.enter(`${group}${at}`, { group, ...want(`${group}${at}`) });
    }
  };

  test('a group that came with a thousand does not stand before those that came with ten', () => {
    const play = new Play(1);
    full(play, { a: 1_000, b: 10, c: 10 });

    const begun = play.runOut();

    expect(begun.slice(0, 6)).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'c1']);
    expect(share(begun.slice(0, 30), 'a')).toBe(10);
  });

  test('nor where each of the thousand has a key of its own', () => {
    const play = new Play(1);
    full(play, { a: 1_000, b: 10, c: 10 }, (name) => ({ keyed: [cap('key', 1, {}, name)] }));

    expect(share(play.runOut().slice(0, 30), 'a')).toBe(10);
  });

  test('nor before the limit of one key', () => {
    const play = new Play();
    const want = { keyed: [cap('key', 1, {}, 'same')] };
    full(play, { x: 1, a: 100, b: 10 }, () => want);

    const begun = play.begun.slice(1);
    for (let at = 0; begun.length < 21; at += 1) {
      play.leave(begun[at] as string);
      begun.push(play.begun.at(-1) as string);
    }

    expect(share(begun.slice(1), 'b')).toBe(10);
  });

  test('by chance: in every stretch each gets as many as its weight says, one more or less', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 5 }),
        fc.integer({ min: 1, max: 3 }),
        (weights, concurrency) => {
          const play = new Play(concurrency);
          for (let at = 0; at < concurrency; at += 1) play.enter(`first${at}`);
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          for (const [group, weight] of weights.entries()) {
            for (let at = 0; at < weight * 10; at += 1) play.enter(`${group}-${at}`, { group: `${group}`, weight });
          }
          const begun = play.runOut().slice(-total * 10);
          for (let round = 1; round <= 10; round += 1) {
            for (const [group, weight] of weights.entries()) {
              const count = share(begun.slice(0, round * total), `${group}`);
              expect(Math.abs(count - round * weight)).toBeLessThanOrEqual(weights.length);
            }
          }
        },
      ),
    );
  });

  test('a group that only ever has one in line is not always next', () => {
    const play = new Play(1);
    play.enter('first');
    for (let at = 0; at < 50; at += 1) play.enter(`a${at}`, { group: 'a' });
    play.enter('b0', { group: 'b' });
    let running = 'first';
    for (let at = 1; at < 20; at += 1) {
      play.leave(running);
      running = play.begun.at(-1) as string;
      if (running[0] === 'b') play.enter(`b${at}`, { group: 'b' });
    }

    expect(Math.abs(share(play.begun, 'a') - share(play.begun, 'b'))).toBeLessThanOrEqual(1);
  });

  test('nor if others come and go meanwhile', () => {
    const play = new Play(1);
    play.enter('first');
    for (let at = 0; at < 50; at += 1) play.enter(`a${at}`, { group: 'a' });
    play.enter('b0', { group: 'b' });
    let running = 'first';
    for (let at = 1; at < 20; at += 1) {
      play.leave(running);
      running = play.begun.at(-1) as string;
      for (let other = 0; other < 3; other += 1) {
        play.enter(`c${at}-${other}`, { group: `c${at}-${other}` });
        play.leave(`c${at}-${other}`);
      }
      if (running[0] === 'b') play.enter(`b${at}`, { group: 'b' });
    }

    expect(Math.abs(share(play.begun, 'a') - share(play.begun, 'b'))).toBeLessThanOrEqual(1);
  });

  test('one that was held up by a limit of its own is level with the others afterwards, and not before them', () => {
    const play = new Play(2);
    const shut = { static: [cap('task', 1)], group: 'a' };
    play.enter('a0', shut);
    play.enter('b0', { group: 'b' });
    play.enter('a1', shut);
    for (let at = 1; at < 40; at += 1) play.enter(`b${at}`, { group: 'b' });
    for (let at = 0; at < 20; at += 1) play.leave(`b${at}`);
    for (let at = 2; at < 20; at += 1) play.enter(`a${at}`, { group: 'a' });
    const before = play.begun.length;
    for (let at = 20; at < 30; at += 1) play.leave(play.begun.findLast((body) => body !== 'a0') as string);

    expect(Math.abs(share(play.begun.slice(before), 'a') - 5)).toBeLessThanOrEqual(1);
  });
});

describe('a rate', () => {
  test('lets so many begin at once and then one after the other, and delays the rest', () => {
    const play = new Play();
    const want = { static: [rate('task', 2, 1_000)] };
    for (const body of ['a', 'b', 'c', 'd']) play.enter(body, want);

    expect(play.begun).toEqual(['a', 'b']);
    expect(play.limits.opensAt).toBe(500);
    play.to(499);
    expect(play.begun).toHaveLength(2);
    play.to(500);
    expect(play.begun).toEqual(['a', 'b', 'c']);
    play.leave('a');
    expect(play.begun).toHaveLength(3);
    play.to(1_000);
    expect(play.begun).toEqual(['a', 'b', 'c', 'd']);
    expect(play.limits.opensAt).toBeNull();
  });

  test('is looked at for whoever comes after all that waited for it have left', () => {
    const play = new Play();
    const want = { static: [rate('task', 1, 1_000)] };
    for (const body of ['a', 'b']) play.enter(body, want);
    play.leave('b');
    expect(play.limits.opensAt).toBeNull();
    play.enter('c', want);
    expect(play.limits.opensAt).toBe(1_000);
    play.to(1_000);

    expect(play.begun).toEqual(['a', 'c']);
  });

  test('whoever comes when it has opened, and was not looked at yet, stands behind those who wait', () => {
    const play = new Play();
    const want = { static: [rate('task', 1, 1_000)] };
    for (const body of ['a', 'b']) play.enter(body, want);
    play.now = 1_000;
    play.enter('c', want);

    expect(play.begun).toEqual(['a', 'b']);
  });

  test.each(['static', 'keyed'] as const)(
    'by chance: in no stretch of time do more begin than it says (L1, L2), %s',
    (kind) => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 4 }),
          fc.integer({ min: 1, max: 1_000 }),
          fc.integer({ min: 1, max: 4 }),
          fc.array(fc.tuple(fc.nat(400), fc.nat(3)), { minLength: 1, maxLength: 60, size: 'max' }),
          (limit, per, burst, arrivals) => {
            const play = new Play();
            const times: number[] = [];
            const look = (): void => {
              while (times.length < play.begun.length) times.push(play.now);
            };
            for (const [index, [pause, count]] of arrivals.entries()) {
              const until = play.now + pause;
              for (let at = play.limits.opensAt; at !== null && at <= until; at = play.limits.opensAt) {
                play.to(at);
                look();
              }
              play.to(until);
              look();
              for (let at = 0; at < count; at += 1) {
                const gates = [rate('r', limit, per, burst, kind === 'keyed' ? 'k' : null)];
                play.enter(`${index}-${at}`, kind === 'keyed' ? { keyed: gates } : { static: gates });
              }
              look();
            }
            for (let from = 0; from < times.length; from += 1) {
              for (let to = from; to < times.length; to += 1) {
                const stretch = (times[to] as number) - (times[from] as number);
                expect(to - from + 1).toBeLessThanOrEqual(burst + (stretch * limit) / per + 1e-6);
              }
            }
            // Whoever is left waits for time alone.
            const { waiting } = play.limits.counts;
            expect(waiting === 0 || (play.limits.opensAt ?? -1) > play.now).toBe(true);
          },
        ),
        { numRuns: 100 },
      );
    },
  );

  test('of a key is remembered after its last body has ended, until all of it is there again', () => {
    const play = new Play();
    const want = { keyed: [rate('task', 1, 1_000, 1, 'k')] };
    play.enter('a', want);
    play.leave('a');
    play.enter('b', want);
    expect(play.begun).toEqual(['a']);
    play.to(1_000);
    play.leave('b');
    play.to(5_000);
    for (let at = 0; at < 5; at += 1) {
      play.enter(`other${at}`, { keyed: [cap('task', 1, {}, `${at}`)] });
      play.leave(`other${at}`);
    }
    expect(play.limits.counts.gates).toBe(0);
  });
});

describe('a limit that is reached', () => {
  const under = (whenFull: WhenFull, queue: number) => ({ static: [cap('task', 2, { whenFull, queue })] });

  test('turns the newest away, if that is what it does', () => {
    const play = new Play();
    const want = under('dropNewest', 1);
    for (const body of ['a', 'b', 'c']) expect(play.enter(body, want).refusedBy).toBeNull();
    const { refusedBy, state } = play.enter('d', want);

    expect(refusedBy?.called.name).toBe('task');
    expect(state).toBe('over');
    play.leave('a');
    expect(play.begun).toEqual(['a', 'b', 'c']);
    expect(play.enter('e', want).refusedBy).toBeNull();
  });

  test('lets the newest take the place of the oldest in line', () => {
    const play = new Play();
    const want = under('replaceOldest', 2);
    for (const body of ['a', 'b', 'c', 'd']) play.enter(body, want);
    const { replaced } = play.enter('e', want);

    expect(replaced.map(([{ body }]) => body)).toEqual(['c']);
    expect(play.begun).toEqual(['a', 'b']);
    play.leave('a');
    play.leave('b');
    expect(play.begun).toEqual(['a', 'b', 'd', 'e']);
  });

  test('or of the oldest that runs, where none may stand in line', () => {
    const play = new Play();
    const want = under('replaceOldest', 0);
    for (const body of ['a', 'b']) play.enter(body, want);
    const { replaced } = play.enter('c', want);

    expect(replaced.map(([{ body, state }]) => [body, state])).toEqual([['a', 'over']]);
    expect(play.begun).toEqual(['a', 'b', 'c']);
  });

  test('does so for each key', () => {
    const play = new Play();
    const want = (key: string) => ({ keyed: [cap('task', 1, { whenFull: 'dropNewest', queue: 0 }, key)] });
    expect(play.enter('a', want('x')).refusedBy).toBeNull();
    expect(play.enter('b', want('y')).refusedBy).toBeNull();
    expect(play.enter('c', want('x')).refusedBy?.called.key).toBe('x');
  });
});

describe('who waits before the gate of a key', () => {
  const key = { keyed: [cap('key', 1, {}, 'k')] };

  /** `s` and `t` have waited for the key; there is room for one of them, but not in the box. */
  const sent = (): Play => {
    const play = new Play(2);
    play.enter('r', key);
    play.enter('x');
    play.enter('s', key);
    play.enter('t', key);
    play.enter('y', { priority: 20 });
    play.leave('r');
    expect(play.begun).toEqual(['r', 'x', 'y']);
    return play;
  };

  test('is next when the one that was to be next is gone', () => {
    const play = sent();
    play.leave('s');
    play.leave('x');
    expect(play.begun.at(-1)).toBe('t');
  });

  test('is passed by who has a higher priority, although it was to be next', () => {
    const play = sent();
    play.enter('z', { ...key, priority: 30 });
    play.leave('x');
    expect(play.begun.at(-1)).toBe('z');
    play.enter('b', { ...key, priority: 10 });
    play.leave('z');
    expect(play.begun.at(-1)).toBe('b');
  });
});

test('who waits says for which limit', () => {
  const play = new Play(2);
  const want = { static: [cap('task', 1)], keyed: [cap('key', 1, {}, 'k')] };
  const heldUp = (body: string) => play.limits.heldUpBy(play.tickets.get(body) as Ticket<string>, play.now)?.called;
  play.enter('a', want);
  play.enter('b', want);
  play.enter('c', { static: [cap('task', 1)] });
  expect(heldUp('a')).toBeUndefined();
  expect(heldUp('b')).toMatchObject({ name: 'key', key: 'k' });
  expect(heldUp('c')).toMatchObject({ name: 'task', key: null });
  play.enter('d');
  play.enter('e');
  expect(heldUp('e')).toMatchObject({ of: 'box', limit: 2 });
});

test('two definitions of one name: the lower limit holds', () => {
  const play = new Play();
  play.enter('a', { static: [cap('task', 3)] });
  play.enter('b', { static: [cap('task', 1)] });
  play.enter('c', { static: [cap('task', 3)] });

  expect(play.begun).toEqual(['a']);
});
