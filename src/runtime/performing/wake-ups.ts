/**
 * Wake-ups in the order in which they are due, with one timer of the clock armed for the earliest. A due time may be
 * further away than the clock can count, or than it is to be trusted; then it is armed in stretches. With nothing
 * due nothing is armed, and the process may exit. It stays armed until
 * whatever is under way has come to its end: the next attempt that is over at once needs no timer of its own.
 */
import { Heap } from '../../heap.ts';

/** One wake-up; its `fire` is null once it has fired or was cancelled. */
export interface WakeUp {
  readonly due: number;
  /** Those of one instant fire in the order in which they were set. */
  readonly order: number;
  fire: (() => void) | null;
}

export interface WakeUpsOptions {
  /** What `due` is compared with. */
  now(): number;
  wakeAfter(ms: number, wake: () => void): () => void;
  /** After so many milliseconds `now` is looked at again, however far away the next one is. */
  readonly stretch: number;
}

/** So many fire in one go. More that are due at one instant let whatever else there is to do have its turn in between. */
const AT_ONCE = 200;

/** So few cancelled wake-ups are not worth the sweeping. */
const SWEEP_FROM = 1_024;

export class WakeUps {
  readonly #options: WakeUpsOptions;
  #heap = new Heap<WakeUp>(byDue);
  #live = 0;
  #order = 0;
  #armedFor = Number.POSITIVE_INFINITY;
  #disarm: (() => void) | null = null;
  #isStopping = false;

  constructor(options: WakeUpsOptions) {
    this.#options = options;
  }

  /** How many are outstanding. */
  get size(): number {
    return this.#live;
  }

  add(due: number, fire: () => void): WakeUp {
    // Compared with NaN nothing is ever due, and one such wake-up would hold up all the others.
    const wakeUp: WakeUp = { due: Number.isNaN(due) ? this.#options.now() : due, order: this.#order, fire };
    this.#order += 1;
    this.#live += 1;
    this.#heap.push(wakeUp);
    if (wakeUp.due < this.#armedFor) this.#arm();
    return wakeUp;
  }

  cancel(wakeUp: WakeUp): void {
    if (wakeUp.fire === null) return;
    wakeUp.fire = null;
    this.#live -= 1;
    if (this.#live === 0) this.#emptied();
    // A timeout is set for every attempt and nearly always cancelled: without sweeping, the heap would fill with them.
    else if (this.#heap.size > SWEEP_FROM && this.#live < this.#heap.size / 2) this.#sweep();
  }

  clear(): void {
    for (const wakeUp of this.#heap) wakeUp.fire = null;
    this.#heap = new Heap<WakeUp>(byDue);
    this.#live = 0;
    this.#stop();
  }

  /** Nothing is outstanding; what is left was cancelled. */
  #emptied(): void {
    if (this.#heap.size > 1) this.#heap = new Heap<WakeUp>(byDue);
    else this.#heap.pop();
    if (this.#disarm === null || this.#isStopping) return;
    this.#isStopping = true;
    queueMicrotask(this.#stopIfEmpty);
  }

  readonly #stopIfEmpty = (): void => {
    this.#isStopping = false;
    if (this.#live === 0) this.#stop();
  };

  #sweep(): void {
    // Nearly in order already: most are timeouts of one length.
    const kept = [...this.#heap].filter(({ fire }) => fire !== null).sort(byDue);
    this.#heap = new Heap<WakeUp>(byDue, kept);
  }

  #arm(): void {
    this.#stop();
    const { now, wakeAfter, stretch } = this.#options;
    for (let next = this.#heap.peek(); next !== undefined; next = this.#heap.peek()) {
      if (next.fire !== null) {
        this.#armedFor = next.due;
        const delay = Math.min(Math.max(0, next.due - now()), stretch);
        this.#disarm = wakeAfter(delay, () => this.#fireDue());
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
    // What is set while these fire waits for the next round, however long ago it was due, and needs no timer before that.
    this.#armedFor = Number.NEGATIVE_INFINITY;
    const now = this.#options.now();
    const round = this.#order;
    const thrown: unknown[] = [];
    let fired = 0;
    for (let next = this.#heap.peek(); next !== undefined && isDue(next, now, round); next = this.#heap.peek()) {
      if (fired === AT_ONCE) break;
      this.#heap.pop();
      const { fire } = next;
      if (fire === null) continue;
      fired += 1;
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

function isDue({ due, order, fire }: WakeUp, now: number, round: number): boolean {
  return fire === null || (due <= now && order < round);
}

function byDue(left: WakeUp, right: WakeUp): number {
  return left.due - right.due || left.order - right.order;
}
