/**
 * The timer service: wake-ups at absolute times, in a heap, with one timer of the clock
 * armed for the earliest. A due time may be further away than the clock can count; then it
 * is armed in stretches. With nothing due nothing is armed, and the process may exit.
 */
import { type Clock, MAX_DELAY } from '../clock.ts';
import { Heap } from '../heap.ts';

interface Timer {
  readonly due: number;
  /** Timers of one instant fire in the order in which they were set. */
  readonly order: number;
  fire: (() => void) | null;
}

/** So few cancelled timers are not worth the sweeping. */
const SWEEP_FROM = 1_024;

export class Timers {
  readonly #clock: Clock;
  readonly #named = new Map<string, Timer>();
  #heap = new Heap<Timer>(byDue);
  /** What waits for time to pass, and not till an hour. */
  readonly #passing = new Set<() => void>();
  #live = 0;
  #order = 0;
  #armedFor = Number.POSITIVE_INFINITY;
  #disarm: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wake-ups are outstanding. */
  get size(): number {
    return this.#live + this.#passing.size;
  }

  /** Calls `fire` at `due`; the answer cancels it. */
  at(due: number, fire: () => void): () => void {
    const timer = this.#add(due, fire);
    return () => this.#cancel(timer);
  }

  /** A wake-up with a name, which replaces the one that had it. */
  set(name: string, due: number, fire: () => void): void {
    this.clear(name);
    const timer = this.#add(due, () => {
      this.#named.delete(name);
      fire();
    });
    this.#named.set(name, timer);
  }

  /** Calls `fire` when so many milliseconds have passed, whatever the hour is by then: somebody may set the clock. No more than a clock can count. */
  after(ms: number, fire: () => void): () => void {
    const cancel = (): void => {
      if (!this.#passing.delete(cancel)) return;
      disarm();
    };
    const disarm = this.#clock.wakeAfter(ms, () => {
      this.#passing.delete(cancel);
      fire();
    });
    this.#passing.add(cancel);
    return cancel;
  }

  has(name: string): boolean {
    return this.#named.has(name);
  }

  clear(name: string): void {
    const timer = this.#named.get(name);
    if (timer === undefined) return;
    this.#named.delete(name);
    this.#cancel(timer);
  }

  /** Clears the wake-ups whose name begins so, but for those that `keep` names. Looks at all of them. */
  clearUnder(prefix: string, keep: (name: string) => boolean): void {
    for (const name of [...this.#named.keys()]) if (name.startsWith(prefix) && !keep(name)) this.clear(name);
  }

  clearAll(): void {
    for (const cancel of [...this.#passing]) cancel();
    this.#clearDue();
  }

  #clearDue(): void {
    for (const timer of this.#heap) timer.fire = null;
    this.#named.clear();
    this.#heap = new Heap<Timer>(byDue);
    this.#live = 0;
    this.#stop();
  }

  #add(due: number, fire: () => void): Timer {
    // Compared with NaN nothing is ever due, and one such timer would hold up all the others.
    const timer: Timer = { due: Number.isNaN(due) ? this.#clock.now() : due, order: this.#order, fire };
    this.#order += 1;
    this.#live += 1;
    this.#heap.push(timer);
    if (timer.due < this.#armedFor) this.#arm();
    return timer;
  }

  #cancel(timer: Timer): void {
    if (timer.fire === null) return;
    timer.fire = null;
    this.#live -= 1;
    if (this.#live === 0) this.#clearDue();
    // A timeout is set for every attempt and nearly always cancelled: without sweeping, the heap would fill with them.
    else if (this.#heap.size > SWEEP_FROM && this.#live < this.#heap.size / 2) this.#sweep();
  }

  #sweep(): void {
    const kept = new Heap<Timer>(byDue);
    for (let timer = this.#heap.pop(); timer !== undefined; timer = this.#heap.pop()) {
      if (timer.fire !== null) kept.push(timer);
    }
    this.#heap = kept;
  }

  #arm(): void {
    this.#stop();
    for (let next = this.#heap.peek(); next !== undefined; next = this.#heap.peek()) {
      if (next.fire !== null) {
        this.#armedFor = next.due;
        const delay = Math.min(Math.max(0, next.due - this.#clock.now()), MAX_DELAY);
        this.#disarm = this.#clock.wakeAfter(delay, () => this.#fireDue());
        return;
      }
      this.#heap.pop();
    }
  }

  #stop(): void {
    this.#disarm?.();
    this.#disarm = null;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #fireDue(): void {
    this.#disarm = null;
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    // What is set while these fire waits for the next round, however long ago it was due.
    const round = this.#order;
    const thrown: unknown[] = [];
    for (let next = this.#heap.peek(); next !== undefined && isDue(next, now, round); next = this.#heap.peek()) {
      this.#heap.pop();
      const { fire } = next;
      if (fire === null) continue;
      next.fire = null;
      this.#live -= 1;
      try {
        fire();
      } catch (error) {
        // Told below, once the others have had their turn.
        thrown.push(error);
      }
    }
    this.#arm();
    if (thrown.length > 0) throw thrown[0];
  }
}

function isDue({ due, order, fire }: Timer, now: number, round: number): boolean {
  return fire === null || (due <= now && order < round);
}

function byDue(left: Timer, right: Timer): number {
  return left.due - right.due || left.order - right.order;
}
